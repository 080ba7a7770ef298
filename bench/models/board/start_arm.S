@ Vectors and reset of a Cortex-M4F, Armv7-M ARM (DDI 0403) B1.5; any fault ends in an endless loop that QEMU's
@ caller sees as a timeout.
    .syntax unified
    .section .start, "a"
    .word _stack_top
    .word _reset
    .rept 14
    .word _fault
    .endr
    .text
    .thumb_func
_reset:
    ldr r0, =0xE000ED88     @ full access to the FPU, B3.2.20
    ldr r1, [r0]
    orr r1, r1, #(0xF << 20)
    str r1, [r0]
    dsb
    isb
    bl main
    .thumb_func
_fault:
    b _fault
