// kubectl apply, until every device runs the application and its log can be read.
#include "cli/up/pods.h"
#include "cli/up/run.h"

namespace pipit::up {

using support::Error;

support::Status deploy(Run& run) {
  const Kubectl kubectl = run.kubectl();
  TRY(kubectl.run({"apply", "-f", run.path("examples/fashion/fashion.yaml")}));
  TRY(run.wait("every device to run " + image_of(1), 120,
               [&] { return all_running(kubectl, run.device_names(), image_of(1)); }));
  // One image to each device, so that the application has something to say.
  run.feeder = std::make_unique<Feeder>(*run.observer, run.images, run.device_names(), run.options.rate);
  run.feeder->start();
  TRY(run.wait("a first frame", 10, [&] { return run.feeder->next() > 0; }));
  run.feeder->stop();
  for (const PodState& pod : TRY(pods(kubectl))) {
    std::string log;
    TRY(run.wait("the log of " + pod.name, 30, [&] {
      auto text = kubectl.run({"logs", pod.name});
      if (text.ok()) log = std::move(*text);
      return log.find("fashion 1.0.0: frame 0 is a ") != std::string::npos;
    }));
    run.progress.say("kubectl logs " + pod.name + " (" + pod.node + "): " + log.substr(0, log.find('\n')));
  }
  return {};
}

}  // namespace pipit::up
