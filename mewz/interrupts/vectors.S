# One entry a vector: makes the frames alike (some exceptions push an error code, Intel SDM volume 3 §6.13), saves
# everything the interrupted code may have in registers, and calls mewz_interrupt.

    .text
    .altmacro
    .macro ENTRY number
vector_entry_\number:
    .if (\number == 8) || ((\number >= 10) && (\number <= 14)) || (\number == 17) || (\number == 21) || (\number == 29) || (\number == 30)
    .else
    push $0
    .endif
    push $\number
    jmp save_and_call
    .endm

    .set i, 0
    .rept 48
    ENTRY %i
    .set i, i + 1
    .endr

save_and_call:
    .irp register, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
    push %\register
    .endr
    mov %rsp, %rdi
    mov %rsp, %rbx
    # The kernel itself has no 256-bit code, so the upper halves of the vector registers stay what they were.
    sub $512, %rsp
    and $-16, %rsp
    fxsave (%rsp)
    cld
    call mewz_interrupt
    fxrstor (%rsp)
    mov %rbx, %rsp
    .irp register, r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax
    pop %\register
    .endr
    add $16, %rsp
    iretq

    .section .rodata
    .balign 8
    .globl mewz_vector_entries
    .macro ADDRESS number
    .quad vector_entry_\number
    .endm
mewz_vector_entries:
    .set i, 0
    .rept 48
    ADDRESS %i
    .set i, i + 1
    .endr
    .section .note.GNU-stack, "", @progbits
