# Reset and trap entry of QEMU's virt machine, RISC-V privileged specification 1.12, machine mode only.

    .section .text.start, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, _stack_top
    la t0, _trap
    csrw mtvec, t0
    # Hart 0 is the only one the firmware uses.
    csrr t0, mhartid
1:  beqz t0, 2f
    wfi
    j 1b
2:  call waiot_prepare_memory
    call main
    j 2b

# Saves every register that a C function may change; a fault's report shows all of them. An overflowed stack has no
# room for that: the report then starts over at its top.
    .text
    .balign 4
_trap:
    csrw mscratch, t0
    la t0, _stack_bottom + 128
    bltu sp, t0, 3f
    csrr t0, mscratch
    addi sp, sp, -128
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sw x\n, (\n * 4)(sp)
    .endr
    addi t0, sp, 128
    sw t0, 8(sp)
    mv a0, sp
    call waiot_trap
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    lw x\n, (\n * 4)(sp)
    .endr
    addi sp, sp, 128
    mret
3:  la sp, _stack_top
    call waiot_stack_overflow
