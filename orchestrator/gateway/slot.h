#pragma once
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/gateway/images.h"
#include "orchestrator/gateway/pod_spec.h"

namespace pipit::gateway {

/// The application a device was told to run, and the Pod it came from; it outlives the Pod during a
/// hand-over.
struct SlotApp {
  std::string uid, name_space, name;
  std::optional<Owner> owner;
  std::string image_digest;
  u32 attempt = 0;
  std::vector<std::string> arguments, environment;

  std::string key() const { return name_space + "/" + name; }
  /// Whether the device need not be told anything new.
  bool same_run(const SlotApp& other) const {
    return uid == other.uid && attempt == other.attempt && image_digest == other.image_digest;
  }
};

SlotApp slot_app(const PodView& view, const std::string& image_digest, u32 attempt);

/// What the gateway wants of one device.
struct Slot {
  std::optional<SlotApp> app;
  u64 generation = 0;
  std::vector<u8> message;  ///< the encoded Desired, as published (retained)

  /// A hand-over under way: `app`'s Pod is going or gone.
  struct Departure {
    bool asking = false;   ///< a look-up runs
    bool decided = false;  ///< the first answer came: keep, since a stop ends the departure
    i64 keep_until_ms = 0;
    i64 ask_ms = 0;  ///< next look-up
  };
  std::optional<Departure> departure;
  std::string previous;  ///< "namespace/name" whose application answered before `app`, until it is told
  i64 due_ms = 0;        ///< when time alone may change something; 0: never
};

/// Encodes what `slot.app` says, with its generation. The manifest is the package's, as it is.
support::Result<std::vector<u8>> encode_desired(const Slot& slot, Bytes manifest);

/// A generation above every earlier one, over restarts of gateway and device.
u64 next_generation(u64 own, u64 reported, i64 now_ms);

/// What survives a restart of the gateway.
support::Json to_json(const Slot& slot);
Slot slot_from(const support::Json& json);

}  // namespace pipit::gateway
