// Adapter: yaml-cpp reports by exceptions, which end here.
#include "orchestrator/kube/yaml.h"

#include <yaml-cpp/yaml.h>

namespace pipit::kube {

namespace {
constexpr int kMaxDepth = 64;
constexpr int kMaxNodes = 100'000;

struct TooLarge {};

support::Json convert(const YAML::Node& node, int depth, int& budget) {
  if (depth > kMaxDepth || --budget < 0) throw TooLarge{};
  switch (node.Type()) {
    case YAML::NodeType::Scalar: return node.Scalar();
    case YAML::NodeType::Sequence: {
      support::Json out = support::Json::array();
      for (const auto& item : node) out.push_back(convert(item, depth + 1, budget));
      return out;
    }
    case YAML::NodeType::Map: {
      support::Json out = support::Json::object();
      for (const auto& item : node) out[item.first.Scalar()] = convert(item.second, depth + 1, budget);
      return out;
    }
    default: return nullptr;
  }
}
}  // namespace

support::Result<support::Json> parse_yaml(std::string_view text) {
  try {
    int budget = kMaxNodes;
    return convert(YAML::Load(std::string(text)), 0, budget);
  } catch (const YAML::Exception& error) {
    return support::Error(Code::malformed, error.what());
  } catch (const TooLarge&) {
    return support::Error(Code::malformed, "document is too deep or too large");
  }
}

}  // namespace pipit::kube
