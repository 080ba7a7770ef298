#include "mewz/net/testing/fake_machine.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <random>

#include "mewz/clock.h"
#include "mewz/devices/power.h"
#include "mewz/devices/uart16550.h"
#include "mewz/entropy.h"

namespace pipit::mewz {
namespace testing {
namespace {

constexpr usize kHeaderBytes = 12;  // virtio_net_hdr
constexpr u8 kDataValid = 2;

template <class T>
T& at(u64 address, usize index = 0) {
  return reinterpret_cast<T*>(address)[index];
}

struct Descriptor {
  u64 address;
  u32 bytes;
  u16 flags, next;
};

}  // namespace

FakeCard& card() {
  static FakeCard the_card;
  return the_card;
}

u64& now_ms() {
  static u64 now = 1000;
  return now;
}

bool FakeCard::next(Queue& queue, u16& head) const {
  if (queue.taken == at<u16>(queue.at.available, 1)) return false;
  head = at<u16>(queue.at.available, 2 + queue.taken++ % queue.size);
  return true;
}

void FakeCard::give_back(Queue& queue, u32 head, u32 bytes) {
  const usize slot = queue.given++ % queue.size;
  at<u32>(queue.at.used + 4, 2 * slot) = head;
  at<u32>(queue.at.used + 4, 2 * slot + 1) = bytes;
  at<u16>(queue.at.used, 1) = queue.given;
}

bool FakeCard::receive(const Frame& frame, bool checksum_good) {
  u16 head = 0;
  if (!next(queues_[0], head)) return false;
  const Descriptor& buffer = at<Descriptor>(queues_[0].at.descriptors, head);
  const usize bytes = std::min<usize>(frame.size(), buffer.bytes - kHeaderBytes);
  auto* const to = reinterpret_cast<u8*>(buffer.address);
  std::memset(to, 0, kHeaderBytes);
  if (checksum_good) to[0] = kDataValid;
  if (bytes != 0) std::memcpy(to + kHeaderBytes, frame.data(), bytes);
  give_back(queues_[0], head, static_cast<u32>(kHeaderBytes + bytes));
  return true;
}

std::vector<FakeCard::Frame> FakeCard::sent() {
  std::vector<Frame> out;
  for (u16 head; next(queues_[1], head);) {
    Frame frame;
    for (u16 i = head;;) {
      const Descriptor& piece = at<Descriptor>(queues_[1].at.descriptors, i);
      const auto* const from = reinterpret_cast<const u8*>(piece.address);
      frame.insert(frame.end(), from, from + piece.bytes);
      if ((piece.flags & 1) == 0) break;
      i = piece.next;
    }
    frame.erase(frame.begin(), frame.begin() + kHeaderBytes);
    out.push_back(std::move(frame));
    give_back(queues_[1], head, 0);
  }
  return out;
}

void FakeCard::lie(u32 id, u32 bytes) { give_back(queues_[0], id, bytes); }

}  // namespace testing

Transport* find_device(VirtioDevice) { return &testing::card(); }

TscClock& clock() {
  static TscClock the_clock;
  return the_clock;
}
u64 TscClock::uptime_ns() { return testing::now_ms() * 1'000'000; }
u64 TscClock::realtime_ns() { return uptime_ns(); }

KernelEntropy& entropy() {
  static KernelEntropy the_entropy;
  return the_entropy;
}
void KernelEntropy::fill(MutBytes out) {
  const u32 seed = 7;
  static std::mt19937 random(seed);
  for (u8& byte : out) byte = static_cast<u8>(random());
}

Uart16550& console() {
  static Uart16550 the_console(0);
  return the_console;
}
void Uart16550::write(Bytes text) { (void)::write(STDERR_FILENO, text.data(), text.size()); }

void stop(u32 code) { _exit(static_cast<int>(code)); }

}  // namespace pipit::mewz
