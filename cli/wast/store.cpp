#include "cli/wast/store.h"

#include <sys/mman.h>

namespace pipit::wast {

namespace {
constexpr usize kSpaceBytes = (usize{4} << 30) + (usize{256} << 20);  ///< the largest memory and all else
constexpr u32 kStackBytes = 1u << 20;
constexpr u32 kTableHeadroom = 1u << 17;

/// Address space that modules have given back. Emulators keep books on every page that was ever reserved.
std::vector<void*>& spare_spaces() {
  static std::vector<void*> spaces;
  return spaces;
}

void* take_space() {
  std::vector<void*>& spare = spare_spaces();
  if (spare.empty())
    return mmap(nullptr, kSpaceBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                0);
  void* space = spare.back();
  spare.pop_back();
  return space;
}

}  // namespace

support::Result<std::unique_ptr<LoadedModule>> LoadedModule::create(std::vector<u8> bytes,
                                                                    const Backend& backend) {
  void* space = take_space();
  if (space == MAP_FAILED)
    return support::Error(Code::out_of_memory, "cannot reserve address space for a module's memory");
  return std::unique_ptr<LoadedModule>(
      new LoadedModule(std::move(bytes), backend, {static_cast<u8*>(space), kSpaceBytes}));
}

LoadedModule::~LoadedModule() {
  // Zeroes again, or else of no use to another.
  if (madvise(space_.data(), space_.size(), MADV_DONTNEED) == 0)
    spare_spaces().push_back(space_.data());
  else
    munmap(space_.data(), space_.size());
}

Status LoadedModule::load(const wasm::Limits& limits) {
  module_ = std::make_unique<wasm::ValidModule>(TRY(wasm::ValidModule::load(bytes_, arena_, limits)));
  return {};
}

support::Status LoadedModule::instantiate(wasm::Linker& linker, std::span<const wasm::HostTable> host) {
  const void* code = backend_.prepare == nullptr ? nullptr : TRY(backend_.prepare(*module_, arena_));
  instance_ = TRY(wasm::Instance::create(*module_, host,
                                         {.engine = backend_.engine,
                                          .code = code,
                                          .memory_space = backend_.guarded ? memories_.space() : nullptr,
                                          .zeroed_arena = true,
                                          .table_headroom = kTableHeadroom,
                                          .stack_bytes = kStackBytes,
                                          .linker = &linker},
                                         arena_));
  return {};
}

Result<wasm::Extern> Store::find(std::string_view module, std::string_view name) {
  const auto found = registered_.find(module);
  if (found == registered_.end()) return Error{Code::not_found, "no module is registered under that name"};
  return wasm::find_export(*found->second, name);
}

}  // namespace pipit::wast
