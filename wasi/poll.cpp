#include "wasi/poll.h"

#include "wasi/sockets.h"
#include "wasi/tables.h"

namespace pipit::wasi {
namespace {

constexpr u32 kRealtime = 0, kMonotonic = 1, kProcess = 2, kThread = 3, kClockCount = 4;
constexpr u64 kNever = ~u64{0};

// Layouts of wasi_snapshot_preview1.witx.
constexpr usize kSubscriptionBytes = 48, kEventBytes = 32;
enum : u8 { kEventClock = 0, kEventRead = 1, kEventWrite = 2 };

struct Subscription {
  u64 userdata;
  u8 type;
  u32 id;  ///< clock id or descriptor
  u64 timeout_ns;
  bool absolute;
};

Subscription parse(const u8* at) {
  return {.userdata = load_le<u64>(at),
          .type = at[8],
          .id = load_le<u32>(at + 16),
          .timeout_ns = load_le<u64>(at + 24),
          .absolute = (load_le<u16>(at + 40) & 1) != 0};
}

/// What one subscription says now.
struct Readiness {
  bool ready;
  Errno error = Errno::success;
  u64 remaining_ns = kNever;  ///< of a clock that is not there yet
};

Readiness clock_readiness(Context& context, const Subscription& subscription) {
  u64 now = 0;
  const Errno error = clock_now(context, subscription.id, now);
  if (error != Errno::success) return {true, error};
  u64 passed = now;
  if (!subscription.absolute) {
    u64 uptime = 0;
    (void)clock_now(context, kMonotonic, uptime);
    passed = uptime - (context.poll_started_ns - 1);
  }
  if (passed >= subscription.timeout_ns) return {true};
  return {false, Errno::success, subscription.timeout_ns - passed};
}

Readiness readiness(Context& context, const Subscription& subscription) {
  if (subscription.type == kEventClock) return clock_readiness(context, subscription);
  if (subscription.type > kEventWrite) return {true, Errno::inval};
  const Descriptor* descriptor = find_descriptor(context, subscription.id);
  if (descriptor == nullptr) return {true, Errno::badf};
  if ((descriptor->rights & right::kPoll) == 0) return {true, Errno::notcapable};
  if (descriptor->kind == Descriptor::Kind::socket)
    return {socket_ready(context, *descriptor, subscription.type == kEventWrite)};
  const bool waits =
      descriptor->kind == Descriptor::Kind::input && subscription.type == kEventRead && context.in != nullptr;
  return {!waits || context.in->ready()};
}

void store_event(u8* at, const Subscription& subscription, Errno error) {
  std::memset(at, 0, kEventBytes);
  store_le(at, subscription.userdata);
  store_le(at + 8, static_cast<u16>(error));
  at[10] = subscription.type;
  if (subscription.type != kEventClock && error == Errno::success) store_le(at + 16, u64{1});
}

}  // namespace

Errno clock_now(Context& context, u32 id, u64& now_ns) {
  if (id >= kClockCount) return Errno::inval;
  if (context.clock == nullptr) return Errno::nosys;
  ports::Clock& clock = *context.clock;
  switch (id) {
    case kRealtime: now_ns = clock.realtime_ns(); break;
    case kMonotonic: now_ns = clock.uptime_ns(); break;
    case kProcess:
    default: now_ns = clock.cpu_ns(id == kThread);
  }
  return Errno::success;
}

Errno clock_resolution(Context& context, u32 id, u64& resolution_ns) {
  if (id >= kClockCount) return Errno::inval;
  if (context.clock == nullptr) return Errno::nosys;
  resolution_ns = context.clock->resolution_ns();
  return Errno::success;
}

/// (subscriptions, out: events, count, out: events stored)
Errno poll_oneoff(Call& call) {
  Context& context = call.context;
  const u32 count = call.arg(2);
  if (count == 0 || count > kMaxVectors) return Errno::inval;
  MutBytes subscriptions, events;
  if (!call.bytes(call.arg(0), static_cast<u32>(count * kSubscriptionBytes), subscriptions) ||
      !call.bytes(call.arg(1), static_cast<u32>(count * kEventBytes), events) ||
      !call.store(call.arg(3), u32{0}))
    return Errno::fault;

  u64 uptime = 0;
  if (context.clock != nullptr) (void)clock_now(context, kMonotonic, uptime);
  if (context.poll_started_ns == 0) context.poll_started_ns = uptime + 1;
  // An event is stored only for what is ready, so a call that stays pending has written none.
  u64 nearest = kNever;
  u32 stored = 0;
  context.poll_reads_input = false;
  for (u32 i = 0; i < count; ++i) {
    const Subscription subscription = parse(&subscriptions[i * kSubscriptionBytes]);
    const Readiness now = readiness(context, subscription);
    if (now.ready) store_event(&events[stored++ * kEventBytes], subscription, now.error);
    context.poll_reads_input |= !now.ready && subscription.type == kEventRead;
    if (now.remaining_ns < nearest) nearest = now.remaining_ns;
  }
  if (stored == 0) {
    context.poll_deadline_ns = nearest > kNever - uptime ? kNever : uptime + nearest;
    return Errno::pending;
  }
  context.poll_started_ns = context.poll_deadline_ns = 0;
  return call.store(call.arg(3), stored) ? Errno::success : Errno::fault;
}

}  // namespace pipit::wasi
