#include <csignal>
#include <cstdio>
#include <thread>

#include "cli/up/run.h"

namespace pipit::up {

using support::Result;

namespace {

struct Step {
  const char* title;
  support::Status (*execute)(Run& run);
};
constexpr Step kSteps[] = {
    {"model: calibrate, quantise to int8, plan", prepare_model},
    {"application: build three versions", build_packages},
    {"services: Kubernetes, MQTT, registry, gateway", start_services},
    {"fleet: boot the boards", start_fleet},
    {"kubectl apply -f examples/fashion/fashion.yaml", deploy},
    {"feed: test images to every device", feed_images},
    {"kubectl set image: version 2.0.0 under load", roll_out},
    {"kubectl set image: version 3.0.0, which traps", roll_out_trap},
    {"power cut", cut_power},
};

}  // namespace

Result<std::unique_ptr<Job>> Job::create(Options options) {
  rig::State state = TRY(rig::State::open(options.name));
  TRY(state.claim());
  auto job = std::make_unique<Job>();
  std::FILE* out = options.json ? stderr : stdout;
  job->run_ =
      std::make_unique<Run>(std::move(options), std::move(state), out, static_cast<int>(std::size(kSteps)));
  return job;
}

void Job::execute() {
  for (const Step& step : kSteps) {
    run_->progress.step(step.title);
    const support::Status status = step.execute(*run_);
    if (!status.ok()) {
      run_->report.failures.push_back(std::string(step.title) + ": " + status.error().text);
      run_->progress.say("FAILED: " + status.error().text);
      break;
    }
  }
  run_->progress.finish();
  if (run_->feeder) run_->feeder->stop();
}

void Job::stay() {
  const std::string config = run_->plane ? run_->plane->admin_config() : "";
  std::printf(
      "\nThe fleet stays up. To look around:\n"
      "  export KUBECONFIG=%s\n"
      "  kubectl get nodes -o wide\n"
      "  kubectl get pods -o wide\n"
      "  kubectl logs -l app=fashion -f\n"
      "  kubectl describe node %s\n"
      "Ports and processes: %s\n"
      "End it with Ctrl-C here, or ./pipit down elsewhere.\n",
      config.c_str(), run_->devices.empty() ? "" : run_->devices[0].name.c_str(),
      run_->state.path("state.json").c_str());
  std::fflush(stdout);
  while (!run_->options.interrupted()) {
    if (const char* service = run_->broken()) {
      std::fprintf(stderr, "pipit: %s ended by itself; see %s\n", service, run_->state.path("log").c_str());
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

Run::~Run() {
  feeder.reset();
  observer.reset();
  for (Device& device : devices) power_off(device);
}

}  // namespace pipit::up
