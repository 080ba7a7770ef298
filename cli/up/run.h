#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/up/feeder.h"
#include "cli/up/kubectl.h"
#include "cli/up/observer.h"
#include "cli/up/oracle.h"
#include "cli/up/progress.h"
#include "cli/up/report.h"
#include "rig/board.h"
#include "rig/services.h"

/// `pipit up`: the main job on real parts, as a list of steps over one Run.
namespace pipit::up {

struct Options {
  std::string root;                 ///< the checkout
  std::string program;              ///< this binary
  std::string name;                 ///< of the run; its state folder
  std::vector<std::string> boards;  ///< rig::BoardKind names, one device each
  u32 images = 500;
  double rate = 10;  ///< frames a second to each device
  bool json = false;
  std::function<bool()> interrupted;
};

/// One device of the fleet: a board, and how to start it again.
struct Device {
  std::string name;
  rig::BoardOptions options;
  std::optional<rig::Board> board;
};

/// What the steps share. Members end in the reverse of this order: the feeder first, the control plane last.
struct Run {
  Run(Options wishes, rig::State claimed, std::FILE* out, int steps)
      : options(std::move(wishes)), progress(steps, out), state(std::move(claimed)) {}
  ~Run();
  Run(const Run&) = delete;

  Options options;
  Progress progress;
  Report report;
  rig::State state;
  std::string token;
  std::string model_file;             ///< the planned model
  std::vector<std::string> packages;  ///< OCI layouts of versions 1, 2 and 3
  std::optional<rig::ControlPlane> plane;
  std::optional<rig::Broker> broker;
  std::optional<rig::Registry> registry;
  std::optional<rig::Gateway> gateway;
  u16 blob_port = 0;  ///< where boards fetch from; the gateway's own unless a test stands in between
  std::vector<Device> devices;
  std::unique_ptr<Observer> observer;
  std::unique_ptr<Oracle> oracle;
  model::Dataset images;  ///< the test set
  std::unique_ptr<Feeder> feeder;

  Kubectl kubectl() const { return Kubectl(plane->admin_config()); }
  std::vector<std::string> device_names() const;
  std::string path(const std::string& leaf) const { return options.root + "/" + leaf; }
  /// Runs this program's own subcommand with --output=json.
  support::Result<support::Json> pipit(std::vector<std::string> arguments) const;
  /// Polls until `done`. The error says what was waited for; also when a service ended or the user pressed
  /// Ctrl-C.
  support::Status wait(const std::string& what, int timeout_s, const std::function<bool()>& done);
  /// What became of the frames [from, to) of a device; waits for missing answers up to `patience_s`.
  support::Result<FeedResult> evaluate(const std::string& device, u32 from, u32 to, int patience_s);
  /// Starts a device's QEMU; stops it as a power cut does.
  support::Status power_on(Device& device);
  void power_off(Device& device);
  /// Name of a service that ended by itself, or nullptr.
  const char* broken();
};

/// The image a version is deployed as.
inline std::string image_of(int version) { return "pipit.local/fashion:" + std::to_string(version) + ".0.0"; }

// The steps, in their order; one file each.
support::Status prepare_model(Run& run);
support::Status build_packages(Run& run);
support::Status start_services(Run& run);
support::Status start_fleet(Run& run);
support::Status deploy(Run& run);
support::Status feed_images(Run& run);
support::Status roll_out(Run& run);
support::Status roll_out_trap(Run& run);
support::Status cut_power(Run& run);

/// All of it. The report is printed by the caller.
class Job {
 public:
  static support::Result<std::unique_ptr<Job>> create(Options options);
  /// Stops at the first step that cannot go on; its error is in the report's failures then.
  void execute();
  Run& run() { return *run_; }
  /// Until Ctrl-C, or until a service ends.
  void stay();

 private:
  std::unique_ptr<Run> run_;
};

}  // namespace pipit::up
