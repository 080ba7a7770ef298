#pragma once
#include <optional>

#include "bench/mewz/machine.h"

/// What pipit bench mewz starts.
namespace pipit::bench {

/// A small machine with one of the mewz preset's kernels.
rig::VmOptions machine(const std::string& kernel, const std::string& initrd, const std::string& arguments,
                       bool network = false);
/// An archive in `folder` of a module of the host build's and its native code; empty when they are not built.
std::string archive_of(const std::string& module, const std::string& folder);

/// Mewz, step by step; the first is the floor, the smallest kernel that prints a byte. Files go to `folder`.
std::vector<Subject> start_up(const std::string& folder);
/// Linux from `kernel` with an initial RAM disk that has nothing but an init.
std::optional<Subject> linux_to_init(const std::string& kernel, const std::string& folder);
/// Large models as applications to their first answer; what is missing goes to `skipped`.
std::vector<Subject> models(const std::string& folder, std::vector<std::string>& skipped);

}  // namespace pipit::bench
