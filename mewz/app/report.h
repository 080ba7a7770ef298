#pragma once
#include "mewz/app/image.h"
#include "mewz/boot/boot.h"
#include "wasm/native/native.h"

/// What is said about the application: what runs, why it does not, where it trapped.
namespace pipit::mewz {

/// The one application and when it was ready, for reports.
struct Running {
  wasm::Instance* instance = nullptr;
  const AppImage* image = nullptr;
  const Machine* machine = nullptr;
  const wasm::native::NativeCode* native = nullptr;  ///< none: interpreted
  u64 ready_tsc = 0;
  bool announced = false, traced = false;
};
Running& running();

/// Says what is wrong with the image and stops the machine.
[[noreturn]] void refuse(const AppImage& image, const Error& error);
/// The same for an error of Instance::create(), whose `where` may be an import's number.
[[noreturn]] void explain_link_error(const AppImage& image, const wasm::ValidModule& module,
                                     const Error& error);
/// What runs, and how long it took to get there; only once. Digesting and saying so takes longer than
/// starting did: it is done when the application has been let go, and has waited, computed for a while, or
/// ended.
void announce();
/// For the report of a fault: what ran.
void describe_application();
/// What trapped, and who called it.
void print_trap(wasm::Instance& instance);

}  // namespace pipit::mewz
