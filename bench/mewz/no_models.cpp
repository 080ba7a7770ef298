// Where the model compiler is not built.
#include "bench/mewz/subjects.h"

namespace pipit::bench {

std::vector<Subject> models(const std::string& folder, std::vector<std::string>& skipped) {
  skipped.push_back("ResNet-50 and MobileNetV2: this build has no model compiler");
  return {};
}

}  // namespace pipit::bench
