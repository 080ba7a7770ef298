# Firmware of QEMU's microvm for a PVH kernel: from the reset vector to the kernel's entry in a dozen blocks of code. QEMU has put
# the kernel where it runs; everything else is asked of fw_cfg by DMA (QEMU's specs/fw_cfg.rst), whose requests lie here ready
# made, and handed on as Xen's hvm_start_info (x86/HVM direct boot ABI, pvh.markdown). The 64 KB are memory that QEMU shows at
# the end of the address space, where the processor starts, and below 1 MB; on microvm they can be written. Address line 20
# is on from reset, the interrupt controllers and the timer are the kernel's to set up.

    .set BASE, 0xF0000              # where we see ourselves
    .set FW_CFG_DMA_LOW, 0x518      # with the high half, which stays 0, at 0x514; both take big-endian
    .set DMA_READ, 2
    .set DMA_SELECT, 8
    .set INITRD_ADDRESS, 0x0A       # items of fw_cfg's
    .set INITRD_SIZE, 0x0B
    .set INITRD_DATA, 0x12
    .set KERNEL_ENTRY, 0x10
    .set COMMAND_LINE, 0x15
    .set DIRECTORY, 0x19
    .set DIRECTORY_BYTES, 4096      # 63 files; QEMU has some 15
    .set FILE_BYTES, 64             # size and item, both big-endian, 2 bytes, name
    .set COMMAND_LINE_BYTES, 4096
    .set RANGE_BYTES, 20            # of "etc/e820": address, bytes, type; in a start info 4 more
    .set START_INFO_RANGE_BYTES, 24
    .set MB, 0x100000
    .set SERIAL_PORT, 0x3F8
    .set DEBUG_EXIT_PORT, 0xF4
    .set EXIT_MISCONFIGURED, 78

    .macro be32 value
    .byte (\value) >> 24 & 0xFF, (\value) >> 16 & 0xFF, (\value) >> 8 & 0xFF, (\value) & 0xFF
    .endm
    # Asks fw_cfg for what the request `name` says. QEMU answers before the next instruction.
    .macro request name
    mov $((\name - image) & 0xFF) << 24 | ((\name - image) >> 8 & 0xFF) << 16 | (BASE >> 16) << 8, %eax
    out %eax, %dx
    .endm
    .macro dma control, bytes, to
    be32 \control
    be32 \bytes
    be32 0
    be32 \to
    .endm
    .macro dma_item item, bytes, to
    dma (\item) << 16 | DMA_SELECT | DMA_READ, \bytes, \to
    .endm

    .text
image:
# What fw_cfg is asked, and where the answers go. Reading on behind an item's end gives zeroes.
ask_entry:        dma_item KERNEL_ENTRY, 4, BASE + (entry - image)
ask_command_line: dma_item COMMAND_LINE, COMMAND_LINE_BYTES, BASE + (command_line - image)
ask_address:      dma_item INITRD_ADDRESS, 4, BASE + (module - image)
ask_size:         dma_item INITRD_SIZE, 4, BASE + (module_bytes - image)
ask_initrd:       dma_item INITRD_DATA, 0, 0                # size and address filled in
ask_directory:    dma_item DIRECTORY, DIRECTORY_BYTES, BASE + (directory - image)
ask_range:        dma 0, RANGE_BYTES, BASE + (ranges - image)   # item filled in

    .balign 16
start_info:
    .long 0x336EC578, 1, 0                                  # magic, version, flags
module_count:
    .long 0
    .quad BASE + (module - image), BASE + (command_line - image), 0, BASE + (ranges - image)
range_count:
    .long 0, 0
module:
    .quad 0                                                 # address
module_bytes:
    .quad 0, 0, 0
entry:
    .long 0

    .balign 8
gdt:
    .quad 0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF         # null, flat code and data of 32 bits
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long BASE + (gdt - image)

no_kernel:
    .ascii "mewz: firmware: QEMU has no kernel or no memory for us (-kernel)\nmewz: exit 78\n"
    .set NO_KERNEL_BYTES, . - no_kernel

    .org 0x1000
command_line:
    .skip COMMAND_LINE_BYTES
directory:                          # how many, then files
    .skip DIRECTORY_BYTES + 4
    .long 0, 0                      # behind them what is found when QEMU has none: an empty one
    .asciz "etc/e820"
    .balign 64
ranges:

    .org 0xF000                     # code, in a page that nobody writes
    .code16
start:
    lgdtl %cs:gdt_pointer - image
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    mov $16, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    ljmpl $8, $BASE + (protected - image)

    .code32
protected:
    mov $FW_CFG_DMA_LOW, %edx
    request ask_entry
    request ask_command_line
    request ask_address
    request ask_size
    request ask_directory
    mov BASE + (module - image), %eax
    bswap %eax
    mov %eax, BASE + (ask_initrd - image) + 12
    mov BASE + (module_bytes - image), %eax
    cmp $1, %eax                    # a module when there are bytes
    sbb %ecx, %ecx
    inc %ecx
    mov %ecx, BASE + (module_count - image)
    bswap %eax
    mov %eax, BASE + (ask_initrd - image) + 4
    request ask_initrd

    mov $BASE + (directory - image) + 4 - FILE_BYTES, %esi
1:  add $FILE_BYTES, %esi
    cmpl $0x2F637465, 8(%esi)       # "etc/"
    jne 1b
    cmpl $0x30323865, 12(%esi)      # "e820"
    jne 1b
    cmpb $0, 16(%esi)
    jne 1b
    mov (%esi), %eax
    bswap %eax
    mov $RANGE_BYTES, %ecx
    xor %edx, %edx
    div %ecx
    mov %eax, BASE + (range_count - image)
    mov %eax, %ecx
    mov 4(%esi), %ax                # the item, as it is
    mov %ax, BASE + (ask_range - image)
    movw $(DMA_SELECT | DMA_READ) << 8, BASE + (ask_range - image) + 2
    mov $FW_CFG_DMA_LOW, %edx
    mov $BASE + (ranges - image), %edi
    jecxz stop
2:  request ask_range
    add $START_INFO_RANGE_BYTES, %edi
    mov %edi, %eax
    bswap %eax
    mov %eax, BASE + (ask_range - image) + 12
    movl $DMA_READ << 24, BASE + (ask_range - image)
    dec %ecx
    jnz 2b
    # The first range begins at 0, as microvm's always does; the first megabyte is not for the kernel: we are in it.
    addl $MB, BASE + (ranges - image)
    subl $MB, BASE + (ranges - image) + 8

    mov BASE + (entry - image), %eax
    mov $BASE + (start_info - image), %ebx
    test %eax, %eax
    jz stop
    jmp *%eax

stop:
    mov $SERIAL_PORT, %edx
    mov $BASE + (no_kernel - image), %esi
    mov $NO_KERNEL_BYTES, %ecx
    rep outsb
    mov $EXIT_MISCONFIGURED, %eax
    out %eax, $DEBUG_EXIT_PORT
3:  hlt
    jmp 3b

    .org 0xFFF0                     # where a processor starts, in real mode
    .code16
    jmp start
    .org 0x10000
    .section .note.GNU-stack, "", @progbits
