set(board_drivers uart16550.cpp clint.cpp plic.cpp cfi_flash.cpp virtio_net.cpp)
set(board_sources small_libgcc.cpp)
set_source_files_properties(small_libgcc.cpp PROPERTIES COMPILE_OPTIONS "-fno-lto;-fno-builtin")
