// Every virtio device of the machine, however it is reached.
#include "mewz/log.h"
#include "mewz/memory/late.h"
#include "mewz/virtio/mmio_transport.h"
#include "mewz/virtio/pci_transport.h"

namespace pipit::mewz {
namespace {

constexpr u32 kMaxPci = 16;

constinit Late<MmioTransport> g_mmio[CommandLine::kMaxTransports];
constinit Late<PciTransport> g_pci[kMaxPci];
constinit u32 g_pci_count = 0;

struct Slot {
  Transport* transport;
  bool taken;
};
constinit Slot g_slots[CommandLine::kMaxTransports + kMaxPci] = {};
constinit u32 g_count = 0;

void add(Transport& transport) { g_slots[g_count++] = {&transport, false}; }

void add_pci(pci::Function function) {
  if (g_pci_count == kMaxPci || !PciTransport::recognises(function)) return;
  PciTransport& transport = g_pci[g_pci_count].build();
  if (const Status status = transport.open(function); !status.ok()) {
    Line() << "virtio device " << u32{function.device} << "." << u32{function.number} << ": "
           << status.error();
    return;
  }
  ++g_pci_count;
  add(transport);
}

}  // namespace

Result<u64> agree_on(u64 offered, u64 required, u64 optional) {
  required |= kFeatureVersion1;
  if ((offered & required) != required)
    return Error{Code::unsupported, "virtio device lacks a feature we need"};
  return offered & (required | optional);
}

void discover_devices(const CommandLine& command) {
  for (u32 i = 0; i < command.transport_count; ++i) {
    MmioTransport& transport = g_mmio[i].build();
    if (const Status status = transport.open(command.transports[i]); !status.ok()) {
      Line line;
      line << "virtio at ";
      line.hex(command.transports[i].address) << ": " << status.error();
    } else if (transport.device() != VirtioDevice::none) {
      add(transport);
    }
  }
  if (command.transport_count == 0 && pci::present())
    pci::each_function([](void*, pci::Function function) { add_pci(function); }, nullptr);
}

Transport* find_device(VirtioDevice kind) {
  for (Slot& slot : std::span(g_slots, g_count)) {
    if (slot.taken || slot.transport->device() != kind) continue;
    slot.taken = true;
    return slot.transport;
  }
  return nullptr;
}

}  // namespace pipit::mewz
