#pragma once
#include <array>

#include "base/result.h"
#include "base/types.h"

/// What the kernel is told on its command line: words separated by spaces, most of them key=value. In values
/// %XX stands for the byte with that hexadecimal number, so that they may contain spaces.
namespace pipit::mewz {

/// One virtio-mmio transport, as QEMU and Firecracker announce it: "virtio_mmio.device=512@0xfeb00e00:12".
struct TransportAddress {
  u64 address;
  u32 bytes;
  u32 line;  ///< global interrupt
};

/// An IPv4 address given by hand: "ip=10.0.2.15/24,10.0.2.2".
struct StaticAddress {
  std::array<u8, 4> address, gateway;
  u8 prefix_bits;
  bool given;
};

/// Where a server listens: "10.0.2.2:1883".
struct Endpoint {
  std::array<u8, 4> host{};
  u16 port = 0;
};

/// A directory of the host's over 9P: "mount=TAG:/guest/path".
struct Mount {
  std::string_view tag, path;
};

/// Memory as a directory, empty at first: "tmpfs=/guest/path,BYTES".
struct Scratch {
  std::string_view path;
  u64 bytes;  ///< that files, and what is known of them, may take
};

struct CommandLine {
  static constexpr u32 kMaxArguments = 64, kMaxTransports = 32, kMaxMounts = 8, kMaxScratch = 4;
  static constexpr u32 kMaxText = 8192;
  static constexpr u64 kLeastScratchBytes = 64u << 10, kMostScratchBytes = u64{1} << 30;

  std::string_view app;                       ///< app=NAME: which member of an archive to run
  std::string_view arguments[kMaxArguments];  ///< arg=TEXT each, after argv[0]
  u32 argument_count = 0;
  std::string_view environment[kMaxArguments];  ///< env=KEY=VALUE each
  u32 environment_count = 0;
  TransportAddress transports[kMaxTransports];
  u32 transport_count = 0;
  Mount mounts[kMaxMounts];
  u32 mount_count = 0;
  Scratch scratch[kMaxScratch];
  u32 scratch_count = 0;
  StaticAddress address{};          ///< without it: DHCP
  std::array<u8, 4> name_server{};  ///< dns=A.B.C.D; zeros: what DHCP says
  u32 stack_bytes = 1u << 20;       ///< stack=BYTES of the engine
  bool no_files = false;            ///< nofiles: no directory but those of mount=
  bool trace = false;               ///< trace: tell more of what happens
  bool agent = false;               ///< agent: be a Node instead of running one application
  Endpoint broker, blobs;           ///< broker=IP:PORT, blobs=IP:PORT: the gateway, for the agent
  std::string_view token;           ///< token=TEXT: the device's, for the agent
  /// Members of an archive, in DER, for the agent's link: tls.ca=NAME tls.certificate=NAME tls.key=NAME.
  std::string_view tls_authority, tls_certificate, tls_key;
  /// tls.broker=NAME tls.blobs=NAME: what the certificate of each must be for; empty: its address.
  std::string_view tls_broker, tls_blobs;
  u16 tls_port = 0;  ///< tls.port=PORT: where the agent says what it does; 0: nowhere

  char text[kMaxText];  ///< where the decoded values lie
  u32 text_bytes = 0;
};

/// What the first line of a disk with configuration says.
constexpr std::string_view kConfigMagic = "#mewz\n";
constexpr u32 kMaxConfigBytes = 8192;

/// The same words from a file, one a line: key=value, where spaces need no %20. Lines that are empty or begin
/// with "#" say nothing; a zero byte, or the end, ends it. Errors: as parse_command_line(), Error::where
/// counts from the file's beginning; out_of_range beyond kMaxConfigBytes.
Status parse_config(std::string_view file, CommandLine& out);

/// Reads `words`. Errors: invalid_argument or out_of_range; Error::where is the byte at which the bad word
/// begins.
Status parse_command_line(std::string_view words, CommandLine& out);

}  // namespace pipit::mewz
