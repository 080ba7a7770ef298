/* What wabt's wasm2c made of a kernel, behind the interface of a kernel: kernel.h comes from wasm2c -n
 * kernel. */
#include "kernel.h"

static Z_kernel_instance_t instance;

__attribute__((constructor)) static void instantiate(void) {
  wasm_rt_init();
  Z_kernel_init_module();
  Z_kernel_instantiate(&instance);
}

void kernel_init(void) { Z_kernelZ_kernel_init(&instance); }
void kernel_run(void) { Z_kernelZ_kernel_run(&instance); }
u64 kernel_checksum(void) { return Z_kernelZ_kernel_checksum(&instance); }
