#include "mewz/app/report.h"

#include "base/sha256.h"
#include "mewz/clock.h"
#include "mewz/devices/power.h"
#include "mewz/log.h"
#include "wasm/native/callers.h"

namespace pipit::mewz {
namespace {

constinit Running g_running{};

void print_place(Line& line, const wasm::Instance& instance, wasm::CallFrame frame) {
  const std::string_view function = instance.module().function_name(frame.func);
  line << (function.empty() ? "an unnamed function" : function) << " (function " << frame.func
       << ") at offset ";
  line.hex(frame.offset);
}

/// One line a call, innermost first; of a deep stack the innermost ones.
struct CallPrinter {
  static constexpr u32 kMostLines = 24;
  const wasm::Instance& instance;
  u32 calls = 0;

  void print(wasm::CallFrame frame) {
    if (++calls > kMostLines) return;
    Line line;
    line << "    #" << calls << " ";
    print_place(line, instance, frame);
  }
};

}  // namespace

Running& running() { return g_running; }

void refuse(const AppImage& image, const Error& error) {
  Line() << image.name << ": " << error;
  stop(StopCode::bad_input);
}

void explain_link_error(const AppImage& image, const wasm::ValidModule& module, const Error& error) {
  if (error.where < module.import_count()) {
    const auto import = module.import(error.where);
    Line() << image.name << ": import " << import.module << "." << import.name << ": "
           << code_name(error.code) << ": " << error.message;
    stop(StopCode::bad_input);
  }
  refuse(image, error);
}

void print_trap(wasm::Instance& instance) {
  const wasm::Trap& trap = instance.trap();
  {
    Line line;
    line << "trap: " << wasm::trap_text(trap.kind) << " in ";
    print_place(line, instance, {trap.func, trap.offset});
  }
  CallPrinter printer{instance};
  const wasm::CallVisitor visitor = {
      [](void* to, wasm::CallFrame frame) { static_cast<CallPrinter*>(to)->print(frame); }, &printer};
  if (g_running.native != nullptr)
    wasm::native::visit_callers(instance.impl(), g_running.native->module, visitor);
  else
    wasm::visit_callers_in_place(instance.impl(), visitor);
  if (printer.calls > CallPrinter::kMostLines)
    Line() << "    and " << printer.calls - CallPrinter::kMostLines << " calls more";
}

void announce() {
  if (g_running.announced) return;
  g_running.announced = true;
  describe(*g_running.machine);
  const AppImage& image = *g_running.image;
  char hex[65];
  TextWriter text(hex);
  text.hex(sha256(image.module));
  Line() << image.name << (image.native.empty() ? " interpreted, " : " native, ") << u64{image.module.size()}
         << " bytes, sha256 " << text.text() << "; ready "
         << (g_running.ready_tsc - g_running.machine->main_tsc) / (clock().tsc_hz() / 1'000'000)
         << " us after main";
}

void describe_application() {
  if (g_running.instance == nullptr) return;
  announce();
  Line() << "while the application ran, fuel used " << g_running.instance->fuel_used();
}

}  // namespace pipit::mewz
