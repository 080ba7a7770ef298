# Reset of QEMU's virt machine, machine mode.
    .section .start, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, _stack_top
    call main
1:  j 1b
