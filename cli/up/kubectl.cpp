#include "cli/up/kubectl.h"

#include "support/process.h"

namespace pipit::up {

using support::Error;
using support::Json;
using support::Result;

Result<std::string> Kubectl::run(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = {"kubectl", "--kubeconfig", kubeconfig_};
  command.insert(command.end(), arguments.begin(), arguments.end());
  support::ProcessOutput output = TRY(support::run(command));
  if (output.exit_code == 0) return std::move(output.out);
  std::string line = "kubectl";
  for (const std::string& argument : arguments) line += " " + argument;
  return Error(Code::io, line + " failed: " + output.err);
}

Result<Json> Kubectl::get(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "get");
  arguments.insert(arguments.end(), {"-o", "json"});
  const std::string text = TRY(run(arguments));
  return support::parse_json(text);
}

std::string condition(const Json& object, std::string_view type) {
  const Json* conditions = support::find(object, {"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return "";
  for (const Json& entry : *conditions)
    if (support::text_at(entry, {"type"}) == type) return support::text_at(entry, {"status"});
  return "";
}

}  // namespace pipit::up
