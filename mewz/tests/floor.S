# The smallest kernel there can be: one byte on the console, then sleep. What any kernel's start is measured against.

    .section .note.pvh, "a", @note
    .align 4
    .long 4, 8, 18
    .asciz "Xen"
    .quad _start
    .section .text.boot, "ax"
    .code32
    .globl _start
_start:
    mov $0x3F8, %dx
    mov $'M', %al
    out %al, %dx
1:  hlt
    jmp 1b
    .section .note.GNU-stack, "", @progbits
