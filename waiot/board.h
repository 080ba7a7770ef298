#pragma once
#include "ports/clock.h"
#include "ports/console.h"
#include "ports/flash.h"
#include "ports/network.h"
#include "wasm/native/format.h"

/// The firmware's view of the board it was linked for: boards/<name>/board.cpp defines these functions, once
/// a board.
namespace pipit::waiot {

/// An Ethernet controller, polled by the one main loop. Frames are without their check sequence.
class Nic {
 public:
  /// Longest frame: 14 bytes of header, 1500 of payload.
  static constexpr usize kMaxFrameBytes = 1514;

  virtual ports::MacAddress mac() const = 0;
  /// Sends one frame, given in pieces; false when the device has no room for it now.
  virtual bool send(std::span<const Bytes> pieces) = 0;
  /// The oldest waiting frame, in memory of the driver's until the next call; empty when none is waiting.
  virtual Bytes receive() = 0;
  /// True while a frame is waiting: asked with interrupts off before the processor is put to sleep.
  virtual bool waiting() = 0;

 protected:
  ~Nic() = default;
};

namespace board {

/// Where in board::flash() things lie; everything is a multiple of the sector size.
struct FlashMap {
  u32 config_offset;  ///< link::DeviceConfig, written once by whoever commissions the device
  u32 seed_offset;    ///< kSeedBytes random bytes from the same hand, fresh at each power-up
  u32 state_offset;   ///< two sectors for the agent's own records
  u32 slots_offset;   ///< the first application slot; the second follows it
  u32 slot_bytes;
};
constexpr u32 kSeedBytes = 32;

extern const char* const kName;  ///< "virt-rv32"
extern const char* const kArch;  ///< "riscv32"
extern const FlashMap kFlashMap;
extern const wasm::native::Target kNativeTarget;  ///< whose code the processor runs

/// Brings up UART, tick, flash and network controller; after it everything below may be used.
void init();
ports::Clock& clock();
ports::Console& console();
ports::Flash& flash();
/// nullptr when the controller does not answer.
Nic* nic();
/// A number that two start-ups are unlikely to share: a real-time clock where there is one, else a counter.
u64 noise();
/// Sleeps until an interrupt (a frame, or the tick that is always armed); returns at once while a frame is
/// waiting.
void idle();
/// Restarts the firmware as after a power-up of the processor.
[[noreturn]] void reset();

}  // namespace board
}  // namespace pipit::waiot
