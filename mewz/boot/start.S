# From the PVH entry (32 bit, paging off, %ebx -> hvm_start_info) to mewz_main in long mode: Xen's x86/HVM direct boot
# ABI (pvh.markdown), Intel SDM volume 3 §10.8.5.

    .section .note.pvh, "a", @note
    .align 4
    .long 4, 8, 18                  # name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad _start

    .set CR0_PG_WP_NE_MP_PE, 0x80010023
    .set CR4_PAE_OSFXSR_OSXMMEXCPT, 0x620
    .set MSR_EFER, 0xC0000080
    .set EFER_LME_NXE, 0x900
    .set MSR_FS_BASE, 0xC0000100
    .set PAGE_PRESENT_WRITE, 0x3
    .set PAGE_PRESENT_WRITE_LARGE, 0x83
    .set CANARY_OFFSET, 0x28        # where code for Linux (musl's) looks for the stack canary, from %fs

    .set MAIN_STACK_TOP, 0x11000    # cpu/stacks.h: a guard page, then 64 KB

    .section .text.boot, "ax"
    .code32
    .globl _start
_start:
    cli
    cld
    mov %ebx, %ebp                  # start info
    mov $mewz_stacks + MAIN_STACK_TOP, %esp
    # Until address_space.cpp builds the real tables, the first gigabyte is mapped as it lies, in pages of 2 MB.
    mov $boot_pdpt + PAGE_PRESENT_WRITE, %eax
    mov %eax, boot_pml4
    mov $boot_pd + PAGE_PRESENT_WRITE, %eax
    mov %eax, boot_pdpt
    mov $boot_pd, %edi
    mov $PAGE_PRESENT_WRITE_LARGE, %eax
1:  mov %eax, (%edi)
    add $8, %edi
    add $0x200000, %eax
    cmp $0x40000000, %eax
    jb 1b
    mov $boot_pml4, %eax
    mov %eax, %cr3
    mov $CR4_PAE_OSFXSR_OSXMMEXCPT, %eax
    mov %eax, %cr4
    mov $MSR_EFER, %ecx
    rdmsr
    or $EFER_LME_NXE, %eax
    wrmsr
    mov $CR0_PG_WP_NE_MP_PE, %eax
    mov %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $8, $1f

    .code64
1:  mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    mov $mewz_stacks + MAIN_STACK_TOP, %rsp
    # A canary before the first function that uses it: time, mixed (SplitMix64's finaliser), its lowest byte zero so
    # that no string runs over it.
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
    movabs $0xBF58476D1CE4E5B9, %rcx
    mov %rax, %rdx
    shr $30, %rdx
    xor %rdx, %rax
    imul %rcx, %rax
    xor %al, %al
    mov %rax, __stack_chk_guard
    mov %rax, mewz_thread_block + CANARY_OFFSET
    mov $mewz_thread_block, %eax
    xor %edx, %edx
    mov $MSR_FS_BASE, %ecx
    wrmsr
    mov %ebp, %edi
    xor %ebp, %ebp                  # where backtraces end
    call mewz_main
2:  cli
    hlt
    jmp 2b

    .section .rodata
    .balign 8
boot_gdt:
    .quad 0, 0x00AF9B000000FFFF, 0x008F93000000FFFF    # null, 64-bit code, data (no B bit: cpu/tables.cpp)
boot_gdt_pointer:
    .word boot_gdt_pointer - boot_gdt - 1
    .long boot_gdt

    .bss
    .balign 4096
boot_pml4: .skip 4096
boot_pdpt: .skip 4096
boot_pd:   .skip 4096
    .balign 64
mewz_thread_block: .skip 64
    .globl __stack_chk_guard
__stack_chk_guard: .skip 8
    .section .note.GNU-stack, "", @progbits
