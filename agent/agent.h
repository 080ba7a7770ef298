#pragma once
#include "agent/session.h"

/// The device agent: one set of sources for microcontroller, kernel and Linux. See README.md for how a
/// platform embeds it.
namespace pipit::agent {

/// How much memory what gets, in bytes. The defaults suit a microcontroller with 256 KB of RAM.
struct AgentSizes {
  u32 app_arena_bytes = 56 * 1024;    ///< one of two: everything one application needs
  u32 mqtt_receive_bytes = 4096;      ///< the largest message that can arrive
  u32 mqtt_send_bytes = 6144;         ///< messages that wait to be sent or acknowledged
  u32 fetch_bytes = 1024;             ///< one read from the blob server
  u32 fetch_range_bytes = 16 * 1024;  ///< asked for by one request; costs no memory
  u32 frame_bytes = 1024;             ///< the largest frame
  u32 frame_count = 12;               ///< frames that wait for an application
  u32 fuel_slice = 5'000;             ///< of one application, between two looks at the network
};

/// What a platform hands over. Ports and texts outlive the agent.
struct AgentConfig {
  ports::Clock* clock = nullptr;
  ports::Entropy* entropy = nullptr;  ///< the boot id comes from it: two start-ups must not give the same
  ports::Console* console = nullptr;  ///< a line for each step of a deployment
  ports::Flash* flash = nullptr;
  ports::Network* network = nullptr;  ///< stream 0 goes to the broker, stream 1 to the blob server
  MemoryProbe* memory = nullptr;      ///< optional
  Platform* platform = nullptr;       ///< optional
  NativeSupport native;               ///< default: everything runs from its module
  StoreLayout layout;
  link::DeviceConfig device;
  std::string_view board, arch, firmware;
  u32 ram_bytes = 0;
  AgentSizes sizes;
};

class Agent {
 public:
  /// Bytes that create() takes of its arena, at most.
  static constexpr usize memory_bytes(const AgentSizes& sizes);

  /// Opens the store, counts this start-up and begins with the stored application, if any. Errors:
  /// invalid_argument (the flash layout), out_of_memory.
  static Result<Agent*> create(const AgentConfig& config, Arena& arena);

  /// One turn: moves packets, talks to the gateway, fetches, runs applications for a slice each. Never blocks
  /// for longer than one erase of a flash sector. True while there is work that waits for nobody; when false
  /// the platform may sleep until its next interrupt or tick.
  bool step();

  /// "waiot-123456"
  std::string_view device() const { return session_.device(); }
  u64 boot_id() const { return session_.boot_id(); }
  bool admitted() const { return session_.admitted(); }
  bool refused() const { return session_.refused(); }
  bool connected() const { return session_.connected(); }
  /// As it would be published; views last until the next step().
  link::DeviceStatus status() const;

  struct Parts {
    Store store;
    FrameQueue frames;
    MutBytes fetch, receive, send;
    MutBytes arenas[2];
  };
  /// For create() alone.
  Agent(const AgentConfig& config, const Parts& parts);
  Agent(const Agent&) = delete;

 private:
  ports::Network& network_;
  DeviceClock clock_;
  Store store_;
  FrameQueue frames_;
  Fetch fetch_;
  Session session_;
  // Each application knows its host by reference, so all is built in place.
  App apps_[2];
  Supervisor supervisor_;
};

constexpr usize Agent::memory_bytes(const AgentSizes& sizes) {
  constexpr usize kAlignment = 16;
  return sizeof(Agent) + 2 * usize{sizes.app_arena_bytes} + sizes.mqtt_receive_bytes + sizes.mqtt_send_bytes +
         sizes.fetch_bytes + FrameQueue::bytes(sizes.frame_count, sizes.frame_bytes) + 8 * kAlignment;
}

}  // namespace pipit::agent
