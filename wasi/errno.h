#pragma once
#include "base/result.h"

namespace pipit::wasi {

/// WASI preview 1 `errno`, the values that Pipit answers (wasi_snapshot_preview1.witx). The host room passes
/// further ones through as numbers.
enum class Errno : u16 {
  success = 0,
  toobig = 1,
  acces = 2,
  again = 6,
  badf = 8,
  busy = 10,
  canceled = 11,
  exist = 20,
  fault = 21,
  fbig = 22,
  ilseq = 25,
  intr = 27,
  inval = 28,
  io = 29,
  isdir = 31,
  loop = 32,
  mfile = 33,
  mlink = 34,
  msgsize = 35,
  nametoolong = 37,
  nfile = 41,
  nodev = 43,
  noent = 44,
  nomem = 48,
  nospc = 51,
  nosys = 52,
  notdir = 54,
  notempty = 55,
  notsock = 57,
  notsup = 58,
  nxio = 60,
  overflow = 61,
  perm = 63,
  pipe = 64,
  range = 68,
  rofs = 69,
  spipe = 70,
  txtbsy = 74,
  xdev = 75,
  notcapable = 76,
  /// Not an answer: the call cannot be answered yet and is to be asked again (HostAction::pending).
  pending = 0xFFFF,
};

/// wasi-nn's `nn_errno` (wasi_ephemeral_nn.witx).
enum class NnErrno : u16 {
  success = 0,
  invalid_argument = 1,
  invalid_encoding = 2,
  missing_memory = 3,
  busy = 4,
  runtime_error = 5,
  unsupported_operation = 6,
  too_large = 7,
  not_found = 8,
  pending = 0xFFFF,  ///< as in Errno
};

/// The errno a port's error becomes.
constexpr Errno to_errno(Code code) {
  constexpr Errno kTable[] = {
      Errno::inval,     // malformed
      Errno::notsup,    // unsupported
      Errno::inval,     // invalid_argument
      Errno::msgsize,   // out_of_range
      Errno::nomem,     // out_of_memory
      Errno::noent,     // not_found
      Errno::exist,     // already_exists
      Errno::acces,     // denied
      Errno::inval,     // digest_mismatch
      Errno::again,     // unavailable
      Errno::again,     // timeout
      Errno::canceled,  // cancelled
      Errno::io,        // io
      Errno::io,        // internal
  };
  return kTable[static_cast<u8>(code)];
}

/// The nn_errno an error of the model engine becomes.
constexpr NnErrno to_nn_errno(Code code) {
  switch (code) {
    case Code::malformed: return NnErrno::invalid_encoding;
    case Code::unsupported: return NnErrno::unsupported_operation;
    case Code::invalid_argument:
    case Code::out_of_range: return NnErrno::invalid_argument;
    case Code::out_of_memory: return NnErrno::too_large;
    case Code::not_found: return NnErrno::not_found;
    case Code::unavailable: return NnErrno::busy;
    default: return NnErrno::runtime_error;
  }
}

}  // namespace pipit::wasi
