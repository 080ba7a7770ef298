#pragma once
#include "wasi/context.h"
#include "wasm/instance.h"

namespace pipit::agent {

/// What a platform adds to applications beyond what every device has: files, sockets, compiled code. A
/// microcontroller has none. Applications are named by their index, 0 or 1.
class Platform {
 public:
  /// Completes what `index` is about to be instantiated with. `native` is the module compiled for this
  /// platform, empty where the package has none. The error is the application's.
  virtual Status equip(u32 index, const wasm::ValidModule& module, Bytes native, wasi::Context& context,
                       wasm::InstanceConfig& config) = 0;
  /// `index` has ended and nothing of it runs any more: takes back all that equip() gave. `failed`: it may be
  /// started again soon.
  virtual void retire(u32 index, bool failed) = 0;

  /// A successor on its way to take over what others connect to.
  enum class Trial : u8 {
    none,     ///< it serves nobody, as far as is known
    running,  ///< it is given connections, and nothing is known yet
    passed,
    failed,  ///< it does not answer
  };
  virtual Trial trial(u32 index) = 0;
  /// `index` has taken over; the other one may finish what it has begun.
  virtual void take_over(u32 index) = 0;
  /// Whether `index`, which was replaced, still has something to finish.
  virtual bool leaving(u32 index) = 0;

 protected:
  ~Platform() = default;
};

}  // namespace pipit::agent
