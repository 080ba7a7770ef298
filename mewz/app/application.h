#pragma once
#include "mewz/app/image.h"
#include "mewz/boot/boot.h"
#include "mewz/boot/command_line.h"
#include "wasi/context.h"

namespace pipit::mewz {

/// What the kernel does between two slices of an application: moves packets. True when something happened
/// that the application may be waiting for.
using Service = bool (*)();
/// Whether that has something to do; asked with interrupts off, before sleeping.
using Waiting = bool (*)();

/// Told when the application begins and when it has ended by itself.
using Tell = void (*)(std::string_view when);

/// Ports that start-up found; null where the machine has nothing of the kind.
struct AppPorts {
  ports::Console* out = nullptr;
  ports::Console* err = nullptr;
  wasi::Input* in = nullptr;
  ports::Files* files = nullptr;
  ports::Sockets* sockets = nullptr;
  Service service = nullptr;
  Waiting waiting = nullptr;
  Tell tell = nullptr;
};

/// Runs the application to its end and stops the machine with its exit code: its own, 134 after a trap, 65
/// when it cannot run at all.
[[noreturn]] void run_application(const AppImage& image, const CommandLine& command, const AppPorts& ports,
                                  const Machine& machine);

}  // namespace pipit::mewz
