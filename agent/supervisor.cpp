#include "agent/supervisor.h"

#include <algorithm>

namespace pipit::agent {

using link::AppState;
using link::Reason;

namespace {

constexpr u64 kSettledMs = 5'000;    ///< an application that never reads counts as up after running so long
constexpr u64 kPatienceMs = 10'000;  ///< longest wait for the active one to be between two frames

}  // namespace

void Supervisor::boot() {
  const StoredState& stored = parts_.store.state();
  boot_count_ = stored.boot_count + 1;
  const u8 slot = stored.active_slot;
  link::Desired launch;
  const bool known = slot != kNoSlot && link::decode(stored.launch, launch).ok() && launch.app;
  const Bytes manifest = known ? parts_.store.manifest(slot) : Bytes{};
  if (known && !manifest.empty() && next().adopt(launch, manifest)) {
    parts_.uplink.note("starting the stored application");
    generation_ = launch.generation;
    slot_ = slot;
    enter(Phase::checking);
  }
  // The record is written from the copy in memory: flash cannot be read while it is written.
  const Bytes encoded = phase_ == Phase::checking ? next().launch().encoded : Bytes{};
  const Status saved = parts_.store.save(boot_count_, encoded.empty() ? kNoSlot : slot, encoded);
  if (!saved.ok()) parts_.uplink.note("flash: this start-up could not be counted");
}

void Supervisor::enter(Phase phase) {
  phase_ = phase;
  phase_ms_ = parts_.clock.uptime_ms();
  if (next().state() == AppState::failed) return;
  switch (phase) {
    case Phase::checking:
    case Phase::reusing: next().set_state(AppState::verifying); break;
    case Phase::erasing:
    case Phase::fetching: next().set_state(AppState::fetching); break;
    default: break;
  }
  parts_.uplink.status_changed();
}

void Supervisor::drop_next() {
  if (phase_ == Phase::fetching) parts_.fetch.cancel();
  phase_ = Phase::idle;
  frames_dropped_ += parts_.frames.close_all(next().index());
  if (next().state() != AppState::none) parts_.uplink.status_changed();
  next().clear();
  total_bytes_ = fetched_before_ = 0;
}

void Supervisor::next_failed() {
  if (phase_ == Phase::fetching) parts_.fetch.cancel();
  phase_ = Phase::idle;
  frames_dropped_ += parts_.frames.close_all(next().index());
  char text[200];
  TextWriter out(text);
  out << next().launch().name.view() << " " << next().launch().version.view()
      << " failed: " << link::reason_text(next().failure().reason) << ": " << next().failure().message.view();
  parts_.uplink.note(out.text());
  parts_.uplink.status_changed();
}

void Supervisor::desire(const link::Desired& desired) {
  if (generation_ != desired.generation) parts_.uplink.status_changed();
  generation_ = desired.generation;
  if (!desired.app) {
    stop_all(true);
    return;
  }
  const Sha256::Digest package = sha256(desired.manifest);
  if (active().same(desired, package) && active().state() != AppState::stopped) {
    drop_next();  // back to what runs
    return;
  }
  if (phase_ != Phase::leaving && next().same(desired, package)) return;
  drop_next();
  if (!next().adopt(desired, desired.manifest)) {
    next_failed();
    return;
  }
  enter(Phase::checking);
}

void Supervisor::stop_all(bool forget) {
  drop_next();
  handover_open_ = any_result_ = false;
  if (active().alive()) {
    parts_.uplink.note("the application is stopped");
    active().end(AppState::stopped);
    parts_.uplink.status_changed();
  } else if (has_active()) {
    active().set_state(AppState::stopped);
    parts_.uplink.status_changed();
  }
  frames_dropped_ += parts_.frames.close_all(active().index());
  if (!forget || parts_.store.state().active_slot == kNoSlot) return;
  if (!parts_.store.save(boot_count_, kNoSlot, {}).ok())
    parts_.uplink.note("flash: what is desired could not be stored");
}

bool Supervisor::step() {
  bool busy = next_step();
  busy |= run(active());
  if (phase_ == Phase::ready) busy |= run(next());
  if (phase_ == Phase::ready && successor_ready()) take_over();
  if (phase_ == Phase::leaving) leave_step();
  arena_peak_bytes_ =
      std::max(arena_peak_bytes_, parts_.apps[0]->memory_used() + parts_.apps[1]->memory_used());
  return busy;
}

bool Supervisor::run(App& app) {
  if (!app.alive()) return false;
  const bool busy = app.step(parts_.fuel_slice);
  if (app.alive()) return busy;
  parts_.uplink.status_changed();
  if (&app == &active()) {
    frames_dropped_ += parts_.frames.close_all(app.index());
    char text[200];
    TextWriter out(text);
    out << app.launch().name.view() << (app.state() == AppState::exited ? " has exited" : " trapped: ")
        << app.failure().message.view();
    parts_.uplink.note(out.text());
  } else if (app.state() == AppState::failed) {
    next_failed();
  }
  return false;
}

/// One step of the successor's way into flash and memory; true while more can be done at once.
bool Supervisor::next_step() {
  switch (phase_) {
    case Phase::checking: check_step(); return true;
    case Phase::reusing: reuse_step(); return true;
    case Phase::erasing: erase_step(); return true;
    case Phase::fetching: fetch_step(); return parts_.fetch.step();
    case Phase::starting: start_step(); return true;
    default: return false;
  }
}

void Supervisor::check_step() {
  if (!next().check(parts_.store)) {
    next_failed();
    return;
  }
  // A package that is stored already is not fetched again: a restart, or the way back to the version before.
  for (u32 slot = 0; slot < kSlots; ++slot) {
    const Bytes stored = parts_.store.manifest(slot);
    if (distrust_[slot] || stored.empty() || sha256(stored) != next().launch().package) continue;
    slot_ = slot;
    check_.start(slot);
    enter(Phase::reusing);
    return;
  }
  // What the active application runs from stays, whatever becomes of its successor.
  slot_ = active().state() != AppState::none && active().state() != AppState::stopped ? 1 - active().slot()
          : parts_.store.state().active_slot == kNoSlot ? slot_
                                                        : 1u - parts_.store.state().active_slot;
  erased_bytes_ = 0;
  enter(Phase::erasing);
}

void Supervisor::reuse_step() {
  link::Manifest manifest;
  if (!parts_.store.decode(next().manifest(), manifest).ok()) return;  // adopt() has decoded the same bytes
  switch (check_.step(parts_.store, manifest)) {
    case SlotCheck::Result::busy: return;
    case SlotCheck::Result::good: enter(Phase::starting); return;
    case SlotCheck::Result::bad:
      distrust_[slot_] = true;
      parts_.uplink.note("a stored package is damaged and is fetched again");
      enter(Phase::checking);
  }
}

void Supervisor::erase_step() {
  link::Manifest manifest;
  if (!parts_.store.decode(next().manifest(), manifest).ok()) return;
  total_bytes_ = 0;
  for (u32 i = 0; i < manifest.blob_count; ++i) total_bytes_ += manifest.blobs[i].size;
  const auto done = parts_.store.erase_step(slot_, Store::blobs_bytes(manifest), erased_bytes_);
  if (!done.ok()) {
    next().fail(Reason::storage_failed, done.error());
    next_failed();
  } else if (*done) {
    blob_ = 0;
    fetched_before_ = 0;
    enter(Phase::fetching);
    fetch_blob(manifest);
  }
}

void Supervisor::fetch_blob(const link::Manifest& manifest) {
  const link::Blob& blob = manifest.blobs[blob_];
  parts_.fetch.start(blob.digest, blob.size, parts_.store.blob_offset(slot_, manifest, blob_));
}

void Supervisor::fetch_step() {
  if (parts_.fetch.state() == Fetch::State::failed) {
    const Failure& why = parts_.fetch.failure();
    next().fail(why.reason, why.message.view());
    next_failed();
    return;
  }
  if (parts_.fetch.state() != Fetch::State::done) return;
  link::Manifest manifest;
  if (!parts_.store.decode(next().manifest(), manifest).ok()) return;
  fetched_before_ += manifest.blobs[blob_].size;
  parts_.uplink.status_changed();
  if (++blob_ < manifest.blob_count) {
    fetch_blob(manifest);
    return;
  }
  parts_.fetch.cancel();  // closes the connection, whose buffers the board can use
  if (const Status sealed = parts_.store.seal(slot_, next().manifest()); !sealed.ok()) {
    next().fail(Reason::storage_failed, sealed.error());
    next_failed();
    return;
  }
  distrust_[slot_] = false;
  enter(Phase::starting);
}

void Supervisor::start_step() {
  if (!next().start(parts_.store, slot_)) {
    next_failed();
    return;
  }
  enter(Phase::ready);
}

Platform::Trial Supervisor::trial() {
  return parts_.platform == nullptr ? Platform::Trial::none : parts_.platform->trial(next().index());
}

/// Whom the active one has replaced runs on while it has something to finish.
void Supervisor::leave_step() {
  App& old = next();
  if (old.alive()) (void)old.step(parts_.fuel_slice);
  if (old.alive() && parts_.platform->leaving(old.index())) return;
  phase_ = Phase::idle;
  old.clear();
}

/// Whether the successor can take over now.
bool Supervisor::successor_ready() {
  const u64 now = parts_.clock.uptime_ms();
  if (next().alive()) switch (trial()) {
      case Platform::Trial::none: break;
      case Platform::Trial::running:
        if (!active().alive()) return true;  // there is nobody to go back to
        return false;
      case Platform::Trial::failed:
        next().fail(Reason::unresponsive, "it took connections and did not answer");
        next_failed();
        return false;
      case Platform::Trial::passed:
        if (!active().reached_first_read()) return true;  // no frame to wait for
    }
  if (next().state() == AppState::exited && active().alive()) {
    phase_ = Phase::idle;  // it left before it had anything to take over; the active one goes on
    frames_dropped_ += parts_.frames.close_all(next().index());
    return false;
  }
  if (next().alive() && !next().reached_first_read() && now - next().started_ms() < kSettledMs) return false;
  return !active().alive() || active().waiting_for_frame() || now - phase_ms_ > kPatienceMs + kSettledMs;
}

void Supervisor::take_over() {
  const Launch& launch = next().launch();
  const StoredState& stored = parts_.store.state();
  const bool known = stored.active_slot == next().slot() && as_text(stored.launch) == as_text(launch.encoded);
  if (!known) {
    const Status saved = parts_.store.save(boot_count_, static_cast<u8>(next().slot()), launch.encoded);
    if (!saved.ok()) {
      next().fail(Reason::storage_failed, saved.error());
      next_failed();
      return;
    }
  }
  phase_ = Phase::idle;
  handover_open_ = active().alive() && any_result_;
  frames_dropped_ += parts_.frames.close_all(active().index());
  const bool finishes = active().alive() && parts_.platform != nullptr;
  if (!finishes) active().clear();
  active_ = 1 - active_;
  if (parts_.platform != nullptr) parts_.platform->take_over(active().index());
  if (finishes) phase_ = Phase::leaving;
  active_fetched_bytes_ = fetched_before_;
  if (active().alive()) active().set_state(AppState::running);
  char text[160];
  TextWriter out(text);
  out << active().launch().name.view() << " " << active().launch().version.view() << " has taken over";
  parts_.uplink.note(out.text());
  parts_.uplink.status_changed();
}

// ---- what applications ask for

Result<u32> Supervisor::open_sensor(App& app, std::string_view name) {
  return parts_.frames.open(name, app.index());
}

Result<bool> Supervisor::read_frame(App& app, u32 handle, MutBytes out, ports::FrameInfo& info) {
  // Frames are the active one's; once a successor is up they wait for it.
  const bool leaving = phase_ == Phase::ready && next().alive() && next().reached_first_read();
  if (&app != &active() || leaving) return false;
  return parts_.frames.pop(handle, out, info);
}

Result<bool> Supervisor::publish(App& app, std::string_view name, u32 sequence, Bytes payload) {
  if (&app != &active()) return false;  // it has not taken over
  const u64 now = parts_.clock.instructions();
  const Launch& launch = app.launch();
  if (!parts_.uplink.telemetry(
          {launch.desired.instance, launch.version.view(), name, sequence, now, payload}))
    return false;
  first_result(now);
  ++frames_answered_;
  last_result_instructions_ = now;
  frames_since_result_ = 0;
  any_result_ = true;
  return true;
}

void Supervisor::first_result(u64 now) {
  if (!handover_open_) return;
  handover_open_ = false;
  ++handovers_;
  handover_instructions_ = now - last_result_instructions_;
  handover_frames_delayed_ = frames_since_result_;
  parts_.uplink.status_changed();
}

void Supervisor::print(App& app, bool error, std::string_view line) {
  parts_.uplink.log({app.launch().desired.instance, app.next_line(), error, parts_.clock.uptime_ms(), line});
}

void Supervisor::frame(std::string_view name, const link::SensorFrame& frame) {
  ++frames_received_;
  ++frames_since_result_;
  if (!parts_.frames.push(name, frame, parts_.clock.uptime_ms())) ++frames_dropped_;
}

void Supervisor::fill(link::DeviceStatus& out) {
  out.boot_count = boot_count_;
  out.generation = generation_;
  active().fill(out.active);
  out.active.fetched_bytes = active_fetched_bytes_;
  if (phase_ != Phase::leaving) next().fill(out.next);
  if (next().state() == AppState::fetching || next().failure().reason == Reason::fetch_failed) {
    out.next.total_bytes = total_bytes_;
    out.next.fetched_bytes = fetched_before_ + (phase_ == Phase::fetching ? parts_.fetch.fetched_bytes() : 0);
  }
  out.frames_received = frames_received_;
  out.frames_dropped = frames_dropped_;
  out.frames_answered = frames_answered_;
  out.handovers = handovers_;
  out.handover_instructions = handover_instructions_;
  out.handover_frames_delayed = handover_frames_delayed_;
  out.arena_peak_bytes = static_cast<u32>(arena_peak_bytes_);
}

}  // namespace pipit::agent
