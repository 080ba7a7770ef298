#include "waiot/drivers/lan9118.h"

#include "base/endian.h"

namespace pipit::waiot {
namespace {

// System registers, data sheet chapter 5.3.
constexpr u32 kRxData = 0x00;
constexpr u32 kTxData = 0x20;
constexpr u32 kRxStatus = 0x40;
constexpr u32 kTxStatus = 0x48;
constexpr u32 kInterruptConfig = 0x54;
constexpr u32 kInterruptStatus = 0x58;
constexpr u32 kInterruptEnable = 0x5C;
constexpr u32 kByteTest = 0x64;
constexpr u32 kFifoInterrupt = 0x68;
constexpr u32 kRxConfig = 0x6C;
constexpr u32 kTxConfig = 0x70;
constexpr u32 kHardwareConfig = 0x74;
constexpr u32 kRxControl = 0x78;
constexpr u32 kRxFifoInfo = 0x7C;
constexpr u32 kTxFifoInfo = 0x80;
constexpr u32 kMacCommand = 0xA4;
constexpr u32 kMacData = 0xA8;

constexpr u32 kByteTestValue = 0x8765'4321;
constexpr u32 kInterruptConfigPushPull = 1u << 0;
constexpr u32 kInterruptConfigActiveHigh = 1u << 4;
constexpr u32 kInterruptConfigEnable = 1u << 8;
constexpr u32 kInterruptRxStatusLevel = 1u << 3;
constexpr u32 kHardwareSoftReset = 1u << 0;
constexpr u32 kHardwareMustBeOne = 1u << 20;
constexpr u32 kHardwareTxFifo5K = 5u << 16;
constexpr u32 kTxConfigOn = 1u << 1;
constexpr u32 kRxControlFastForward = 1u << 31;
constexpr u32 kMacCommandBusy = 1u << 31;
constexpr u32 kMacCommandRead = 1u << 30;

// MAC registers, chapter 5.4, behind kMacCommand.
constexpr u32 kMacControl = 1;
constexpr u32 kMacAddressHigh = 2;
constexpr u32 kMacAddressLow = 3;
constexpr u32 kMacControlReceive = 1u << 2;
constexpr u32 kMacControlTransmit = 1u << 3;
constexpr u32 kMacControlFullDuplex = 1u << 20;

// Transmit commands A and B, chapter 3.12.2; receive status, 3.13.3.
constexpr u32 kTxFirstSegment = 1u << 13;
constexpr u32 kTxLastSegment = 1u << 12;
constexpr u32 kTxOffsetShift = 16;
constexpr u32 kTxCommandBytes = 8;
constexpr u32 kRxStatusError = 1u << 15;
constexpr u32 kRxLengthShift = 16;
constexpr u32 kRxLengthMask = 0x3FFF;
constexpr u32 kCheckSequenceBytes = 4;

// The frame receive() lent out. A board has one such chip; here, and not in the object, which has an initial
// value that flash would have to hold.
alignas(4) u8 g_frame[Nic::kMaxFrameBytes + kCheckSequenceBytes + 2];  // in whole words

}  // namespace

Result<u32> Lan9118::read_mac_register(u32 index) {
  registers_.write(kMacCommand, kMacCommandBusy | kMacCommandRead | index);
  if (!wait_until([&] { return (registers_.read(kMacCommand) & kMacCommandBusy) == 0; }))
    return Error{Code::unavailable, "network controller stays busy", index};
  return registers_.read(kMacData);
}

Status Lan9118::write_mac_register(u32 index, u32 value) {
  registers_.write(kMacData, value);
  registers_.write(kMacCommand, kMacCommandBusy | index);
  if (!wait_until([&] { return (registers_.read(kMacCommand) & kMacCommandBusy) == 0; }))
    return Error{Code::unavailable, "network controller stays busy", index};
  return {};
}

Status Lan9118::init() {
  if (registers_.read(kByteTest) != kByteTestValue) return Error{Code::unavailable, "no LAN9118 answers"};
  registers_.write(kHardwareConfig, kHardwareSoftReset);
  if (!wait_until([&] { return (registers_.read(kHardwareConfig) & kHardwareSoftReset) == 0; }))
    return Error{Code::unavailable, "network controller stays in reset"};
  registers_.write(kHardwareConfig, kHardwareTxFifo5K | kHardwareMustBeOne);

  // The chip took its address from its EEPROM (QEMU: from -nic mac=) while it was reset.
  const u32 low = TRY(read_mac_register(kMacAddressLow));
  const u32 high = TRY(read_mac_register(kMacAddressHigh));
  store_le<u32>(mac_.data(), low);
  store_le<u16>(mac_.data() + 4, static_cast<u16>(high));

  registers_.write(kTxConfig, kTxConfigOn);
  registers_.write(kRxConfig, 0);
  TRY(write_mac_register(kMacControl, kMacControlFullDuplex | kMacControlTransmit | kMacControlReceive));

  // One interrupt: a frame's status is waiting.
  registers_.write(kInterruptConfig,
                   kInterruptConfigEnable | kInterruptConfigActiveHigh | kInterruptConfigPushPull);
  registers_.write(kFifoInterrupt, 0);
  registers_.write(kInterruptStatus, ~u32{0});
  registers_.write(kInterruptEnable, kInterruptRxStatusLevel);
  return {};
}

void Lan9118::on_interrupt() { registers_.write(kInterruptStatus, kInterruptRxStatusLevel); }

bool Lan9118::waiting() { return ((registers_.read(kRxFifoInfo) >> 16) & 0xFF) != 0; }

bool Lan9118::send(std::span<const Bytes> pieces) {
  u32 total = 0, room = 0;
  for (const Bytes piece : pieces) {
    total += piece.size();
    room += piece.size() + kTxCommandBytes + 2 * 3;  // alignment at both ends
  }
  while (((registers_.read(kTxFifoInfo) >> 16) & 0xFF) != 0) registers_.read(kTxStatus);
  if (total > kMaxFrameBytes || (registers_.read(kTxFifoInfo) & 0xFFFF) < room) return false;
  for (usize i = 0; i < pieces.size(); ++i) {
    const usize address = reinterpret_cast<usize>(pieces[i].data());
    const u32 offset = address % 4;
    const u32 size = pieces[i].size();
    registers_.write(kTxData, (i == 0 ? kTxFirstSegment : 0) | (i + 1 == pieces.size() ? kTxLastSegment : 0) |
                                  offset << kTxOffsetShift | size);
    registers_.write(kTxData, total);
    // The chip skips `offset` bytes of the first word itself: whole words are read around the piece.
    auto* word = reinterpret_cast<const u32*>(address - offset);
    for (u32 left = (size + offset + 3) / 4; left != 0; --left) registers_.write(kTxData, *word++);
  }
  return true;
}

Bytes Lan9118::receive() {
  while (waiting()) {
    const u32 status = registers_.read(kRxStatus);
    const u32 size = (status >> kRxLengthShift) & kRxLengthMask;
    if ((status & kRxStatusError) != 0 || size > sizeof g_frame || size < kCheckSequenceBytes) {
      registers_.write(kRxControl, kRxControlFastForward);
      wait_until([&] { return (registers_.read(kRxControl) & kRxControlFastForward) == 0; });
      continue;
    }
    for (u32 at = 0; at < size; at += 4) store_le<u32>(g_frame + at, registers_.read(kRxData));
    return {g_frame, size - kCheckSequenceBytes};
  }
  return {};
}

}  // namespace pipit::waiot
