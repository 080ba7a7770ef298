#pragma once
#include "mewz/app/image.h"
#include "mewz/boot/boot.h"
#include "mewz/boot/command_line.h"
#include "ports/files.h"

namespace pipit::mewz {

/// Runs the device agent, so that the machine is a Node like a board: applications come over the network and
/// are replaced without a restart. Needs a started network; stops the machine when it cannot begin. Files for
/// TLS are looked for in `sources`; `files` are what applications are granted.
[[noreturn]] void run_node(const CommandLine& command, const Sources& sources, const Machine& machine,
                           ports::Files& files);

}  // namespace pipit::mewz
