#include "wasi/tables.h"

#include "wasi/sockets.h"

namespace pipit::wasi {

HostTables::HostTables(Context& context)
    : tables_{{preview1_functions(), &context},
              {file_functions(), &context},
              {socket_functions(), &context},
              {nn_functions(), &context},
              {device_functions(), &context}} {
  seed_descriptors(context);
}

u64 tables_id() {
  constexpr u64 kPrime = 0x100'0000'01B3;
  return (((kPreview1Id * kPrime ^ kFilesId) * kPrime ^ kSocketsId) * kPrime ^ kNnId) * kPrime ^ kDeviceId;
}

bool offers(std::string_view module, std::string_view name) {
  for (Functions table :
       {preview1_functions(), file_functions(), socket_functions(), nn_functions(), device_functions()})
    for (const wasm::HostFunction& function : table)
      if (module == function.module && name == function.name) return true;
  return false;
}

}  // namespace pipit::wasi
