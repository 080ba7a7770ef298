// Mewz: start-up, then the one application.
#include <cstring>

#include "mewz/app/application.h"
#include "mewz/app/disks.h"
#include "mewz/app/mounts.h"
#include "mewz/boot/boot.h"
#include "mewz/clock.h"
#include "mewz/devices/power.h"
#include "mewz/devices/uart16550.h"
#include "mewz/entropy.h"
#include "mewz/files/memory_files.h"
#include "mewz/files/mounted_files.h"
#include "mewz/log.h"
#include "mewz/memory/kernel_map.h"
#include "mewz/memory/late.h"
#include "mewz/net/interface.h"
#include "mewz/net/sockets.h"
#include "mewz/node/node.h"
#include "mewz/virtio/random_device.h"
#include "mewz/virtio/transport.h"

extern "C" pipit::u8 _network_start[], _network_cleared[];

namespace pipit::mewz {
namespace {

constinit Late<CommandLine> g_command;

[[noreturn]] void give_up(StopCode code, std::string_view what, const Error& error) {
  Line() << what << ": " << error;
  stop(code);
}

/// A machine without a network card is one whose applications have no sockets.
void start_network(AppPorts& ports) {
  const Status status = network().init(*g_command);
  if (!status.ok() && status.error().code == Code::unavailable) return;
  if (!status.ok()) give_up(StopCode::misconfigured, "network", status.error());
  // The table of sockets, which no loader cleared (boot/link.ld).
  std::memset(_network_start, 0, static_cast<pipit::usize>(_network_cleared - _network_start));
  ports.sockets = &sockets(Owner::first);
  ports.service = [] { return network().poll(); };
  if (g_command->trace)
    ports.tell = [](std::string_view when) {
      const auto usage = network().usage();
      Line() << "network at the " << when << ": " << usage.connections << " connections, " << usage.segments
             << " segments, " << usage.buffers << " buffers, " << usage.send_bytes << " bytes to send, "
             << usage.receive_buffers << " frames held";
    };
  ports.waiting = [] { return network().waiting(); };
}

void mount(MemoryFiles* root, MountedFiles& mounted) {
  if (const Status status = attach_mounts(*g_command, root, mounted); !status.ok())
    give_up(StopCode::misconfigured, "mount", status.error());
}

/// The archives' files, and what they are laid out from.
struct ArchivedFiles {
  const AppImage& image;
  MemoryFiles files;
};

void lay_archives(void* context) {
  auto& [image, files] = *static_cast<ArchivedFiles*>(context);
  files.date_root();
  for (const Bytes archive : image.archive_span())
    if (const auto laid = files.add_archive(archive); !laid.ok())
      give_up(StopCode::bad_input, "archive", laid.error());
}

}  // namespace
}  // namespace pipit::mewz

extern "C" [[noreturn]] void mewz_main(pipit::u64 start_info_address) {
  using namespace pipit::mewz;
  const Machine& machine = boot(start_info_address);
  if (const pipit::Status status = parse_command_line(machine.info.arguments(), g_command.build());
      !status.ok())
    give_up(StopCode::misconfigured, "start-up", status.error());
  entropy().init(machine.cpu.rdrand);
  discover_devices(*g_command);
  Sources sources;
  if (const MemoryRange& disk = machine.info.module; disk.bytes != 0)
    sources.all[sources.count++] = {reinterpret_cast<const pipit::u8*>(disk.start), disk.bytes};
  if (const pipit::Status status = attach_disks(sources, *g_command); !status.ok())
    give_up(StopCode::misconfigured, "disk", status.error());
  if (const auto fed = feed_from_device(); !fed.ok() && fed.error().code != pipit::Code::unavailable)
    Line() << "random numbers: " << fed.error();
  if (!entropy().seeded()) Line() << "random numbers: no generator in this machine, only time varies them";
  AppPorts ports{.out = &console(), .err = &console()};
  start_network(ports);
  static MountedFiles mounted;
  if (g_command->agent) {
    describe(machine);
    mount(nullptr, mounted);
    run_node(*g_command, sources, machine, mounted);
  }

  const auto image = open_image(sources, g_command->app);
  if (!image.ok()) give_up(StopCode::bad_input, "application", image.error());
  static ArchivedFiles files{*image, {pages(), clock()}};
  // Many applications never look at a file. Directories of the host's show in the archives' own, so they come
  // after.
  if (g_command->mount_count == 0)
    mounted.before_first_use(lay_archives, &files);
  else
    lay_archives(&files);
  mount(g_command->no_files ? nullptr : &files.files, mounted);
  ports.files = &mounted;
  run_application(*image, *g_command, ports, machine);
}
