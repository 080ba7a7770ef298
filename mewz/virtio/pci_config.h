#pragma once
#include "base/types.h"

/// PCI configuration space by ports 0xCF8 and 0xCFC (PCI Local Bus 3.0 §3.2.2.3.2), and base addresses for
/// functions that firmware gave none.
namespace pipit::mewz::pci {

/// Where a function is. Only bus 0 is looked at: that is where hypervisors put their devices.
struct Function {
  u8 device, number;
};

u32 read32(Function function, u32 offset);
u16 read16(Function function, u32 offset);
u8 read8(Function function, u32 offset);
void write32(Function function, u32 offset, u32 value);
void write16(Function function, u32 offset, u16 value);

/// False when the machine has no such bus.
bool present();

/// Calls use(context, function) for every function of bus 0.
void each_function(void (*use)(void* context, Function function), void* context);

struct Bar {
  u64 address = 0;  ///< 0: it is not memory, or there is no room for it
  u64 bytes = 0;
};
/// The memory that base address register `index` (0 to 5) decodes. Gives it an address when it has none.
Bar memory_bar(Function function, u32 index);

/// The next capability of kind `id` behind the one at `after` (0: the first); 0 when there is none.
u32 find_capability(Function function, u8 id, u32 after);

}  // namespace pipit::mewz::pci
