set(board_drivers cmsdk_uart.cpp systick.cpp ram_flash.cpp lan9118.cpp)
