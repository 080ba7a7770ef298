@ Vector table, reset and fault entry of a Cortex-M4F, Armv7-M ARM (DDI 0403) B1.5.

    .syntax unified
    .section .vectors, "a"
    .globl _vectors
_vectors:
    .word _stack_top
    .word _reset
    .word _fault        @ NMI
    .word _fault        @ HardFault
    .word _fault        @ MemManage
    .word _fault        @ BusFault
    .word _fault        @ UsageFault
    .rept 8
    .word _fault
    .endr
    .word waiot_tick    @ SysTick, exception 15
    .rept 13
    .word _fault
    .endr
    .word waiot_ethernet  @ interrupt 13
    .rept 18
    .word _fault
    .endr

    .text
    .thumb_func
    .globl _reset
_reset:
    @ Full access to the FPU's coprocessors 10 and 11, B3.2.20, before any code may touch a float register.
    ldr r0, =0xE000ED88
    ldr r1, [r0]
    orr r1, r1, #(0xF << 20)
    str r1, [r0]
    dsb
    isb
    bl waiot_prepare_memory
    bl main
    b _reset

@ The exception frame lies on the main stack, the only one in use. When that stack itself overflowed, the report must
@ not need it: start over at its top, which only the report uses from here on.
    .thumb_func
_fault:
    mov r0, sp
    ldr r1, =_stack_bottom
    cmp r0, r1
    bhs 1f
    mov r0, #0
    ldr sp, =_stack_top
1:  b waiot_fault
