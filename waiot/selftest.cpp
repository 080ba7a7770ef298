// A second firmware image from the same drivers: proves flash and network on a board, for rig/board_test.cpp
// on the host. It programs and reads back a slot, counts its starts in flash, then echoes two TCP connections
// at once. A token in the configuration makes it fail in one of three ways instead.
#include <algorithm>
#include <cmath>

#include "link/messages.h"
#include "waiot/board.h"
#include "waiot/drivers/mmio.h"
#include "waiot/log.h"
#include "waiot/memory.h"
#include "waiot/platform.h"

namespace pipit::waiot {
namespace {

constexpr u32 kChunkBytes = 1024;

u8 pattern(u32 index) { return static_cast<u8>(index * 2'654'435'761u >> 24); }

/// Erases a slot and programs it with odd lengths at odd offsets; then every byte, and a refusal, are
/// checked.
Status check_slot(ports::Flash& flash, u32 offset, u32 size) {
  static u8 chunk[kChunkBytes];
  TRY(flash.erase(offset, size));
  const Bytes erased = flash.view(offset, size);
  if (std::any_of(erased.begin(), erased.end(), [](u8 byte) { return byte != 0xFF; }))
    return Error{Code::io, "an erased sector is not all ones", offset};
  for (u32 at = 0, step = 1; at < size; step = step * 5 % 1021) {
    const u32 count = std::min(step, size - at);
    for (u32 i = 0; i < count; ++i) chunk[i] = pattern(at + i);
    TRY(flash.program(offset + at, {chunk, count}));
    at += count;
  }
  const Bytes all = flash.view(offset, size);
  for (u32 i = 0; i < size; ++i)
    if (all[i] != pattern(i)) return Error{Code::io, "a byte reads back wrong", offset + i};
  const u8 zero_to_one[] = {static_cast<u8>(~pattern(0))};
  if (flash.program(offset, zero_to_one).ok())
    return Error{Code::io, "programming set a cleared bit", offset};
  if (flash.erase(offset + 1, flash.sector_bytes()).ok() ||
      flash.erase(flash.size_bytes(), flash.sector_bytes()).ok())
    return Error{Code::io, "a bad range was erased", offset};
  return {};
}

void time_programming(ports::Flash& flash, u32 offset, u32 size) {
  static u8 block[16 * kChunkBytes];
  for (u32 i = 0; i < sizeof block; ++i) block[i] = pattern(i);
  if (!flash.erase(offset, size).ok()) return;
  const u64 start = board::clock().instructions();
  const u64 start_ms = board::clock().uptime_ms();
  for (u32 at = 0; at < size; at += sizeof block)
    if (!flash.program(offset + at, block).ok()) return;
  Line() << "selftest: programmed bytes " << size << " instructions " << board::clock().instructions() - start
         << " uptime_ms " << board::clock().uptime_ms() - start_ms;
}

/// One byte is cleared at each start; how many there are already is the count of earlier starts.
u32 count_starts(ports::Flash& flash) {
  const u32 offset = board::kFlashMap.state_offset;
  const Bytes marks = flash.view(offset, flash.sector_bytes());
  const u32 earlier = std::find(marks.begin(), marks.end(), 0xFF) - marks.begin();
  const u8 mark = 0;
  if (Status status = flash.program(offset + earlier, {&mark, 1}); !status.ok())
    Line() << "selftest: start count: " << status.error();
  return earlier;
}

/// Sends back what arrives on one connection, and how it ended.
struct Echo {
  ports::TcpStream& stream;
  u32 index;
  u8 held[kChunkBytes];
  u32 size = 0, sent = 0, total = 0;
  bool done = false;

  /// True when bytes moved.
  bool step() {
    if (done) return false;
    if (sent == size) {
      size = stream.receive({held, sizeof held});
      sent = 0;
      total += size;
    }
    const usize moved = stream.send({held + sent, size - sent});
    sent += moved;
    const auto state = stream.state();
    if (state == ports::TcpStream::State::open || state == ports::TcpStream::State::connecting)
      return moved != 0;
    done = true;
    Line() << "selftest: stream " << index
           << (state == ports::TcpStream::State::closed ? " closed" : " failed") << " after " << total
           << " bytes";
    stream.close();
    return true;
  }
};

/// Division by its definition, over operands of every width; subtraction by cases that a wrong sign would
/// show. Some boards bring their own routines for them.
bool check_arithmetic(ports::Entropy& entropy) {
  for (u32 i = 0; i < 4096; ++i) {
    u64 operands[2];
    entropy.fill({reinterpret_cast<u8*>(operands), sizeof operands});
    const u64 dividend = operands[0] >> i % 64, divisor = operands[1] >> i / 64 % 64 | 1;
    const u64 quotient = dividend / divisor, remainder = dividend % divisor;
    if (remainder >= divisor || quotient * divisor + remainder != dividend) return false;
    const i64 left = static_cast<i64>(dividend), right = -static_cast<i64>(divisor >> 1 | 1);
    if (left / right * right + left % right != left || (left % right < 0) != (left < 0 && left % right != 0))
      return false;
  }
  volatile f64 zero = 0, nought = 0, one = 1, huge = 1e300, tiny = 1e-300;
  volatile f32 third = 1.0f / 3, half = 0.5f;
  return one - huge == -huge && zero - tiny == -tiny && !std::signbit(zero - nought) &&
         std::signbit(-zero - nought) && half - third == 0.5f - 1.0f / 3 && third - half == 1.0f / 3 - 0.5f;
}

/// How much is executed while there is nothing to do: little, when sleeping works.
void measure_idle(Platform& platform) {
  constexpr u32 kIdleMs = 1000;
  const u64 start = board::clock().instructions();
  const u64 start_ms = board::clock().uptime_ms();
  while (board::clock().uptime_ms() - start_ms < kIdleMs) {
    platform.network.poll();
    board::idle();
  }
  Line() << "selftest: idle instructions " << board::clock().instructions() - start << " uptime_ms "
         << board::clock().uptime_ms() - start_ms;
}

[[gnu::noinline]] u32 recurse(u32 depth) {
  volatile u8 frame[256] = {};
  return depth == 0 ? 0 : recurse(depth - 1) + frame[depth % sizeof frame] + 1;
}

/// Bugs on purpose: each ends in a report and a reset.
void fail(std::string_view how) {
  constexpr usize kNothingThere = 0x9000'0000;
  if (how == "fault") Registers(kNothingThere).write(0, 1);
  if (how == "overflow") Line() << "selftest: recursed to " << recurse(1000);
  if (how == "check") PIPIT_CHECK(how.empty());
}

void run(Platform& platform) {
  ports::Flash& flash = board::flash();
  link::DeviceConfig config;
  if (Status status = link::decode_config(flash.view(board::kFlashMap.config_offset, 2048), config);
      !status.ok()) {
    Line() << "selftest: configuration: " << status.error();
    return;
  }
  fail(config.token);
  Line() << "selftest: arithmetic " << (check_arithmetic(platform.entropy) ? "ok" : "wrong");
  Line() << "selftest: earlier starts " << count_starts(flash) << " persistent " << u32{flash.persistent()};
  const Status slot = check_slot(flash, board::kFlashMap.slots_offset, board::kFlashMap.slot_bytes);
  if (slot.ok())
    Line() << "selftest: flash ok";
  else
    Line() << "selftest: flash: " << slot.error();
  time_programming(flash, board::kFlashMap.slots_offset, 256u << 10);

  while (!platform.network.up()) {
    platform.network.poll();
    board::idle();
  }
  platform.announce_address();
  measure_idle(platform);
  static Echo echoes[] = {{platform.network.stream(0), 0}, {platform.network.stream(1), 1}};
  (void)echoes[0].stream.connect(config.broker_host, config.broker_port);
  (void)echoes[1].stream.connect(config.blob_host, config.blob_port);
  while (!echoes[0].done || !echoes[1].done) {
    platform.network.poll();
    bool moved = false;
    for (Echo& echo : echoes) moved |= echo.step();
    if (!moved) board::idle();
  }
  Line() << "selftest: done, stack peak " << memory::stack_peak_bytes() << " network peak "
         << platform.network.heap_peak_bytes() << " dropped " << platform.network.frames_dropped();
}

}  // namespace
}  // namespace pipit::waiot

int main() {
  auto& platform = pipit::waiot::start_platform("selftest");
  pipit::waiot::run(platform);
  for (;;) {
    platform.network.poll();
    pipit::waiot::board::idle();
  }
}
