set(board_drivers uart16550.cpp clint.cpp plic.cpp cfi_flash.cpp virtio_net.cpp)
