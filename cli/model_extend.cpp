// --operators and --target of every `pipit model` command: what others bring.
#include <memory>
#include <optional>

#include "cli/model_common.h"
#include "compiler/model/extend/accelerator.h"
#include "compiler/model/extend/operator_folder.h"
#include "nn/custom/custom.h"
#include "rig/matrix_engine/matrix_engine.h"

namespace pipit::cli {
namespace {

using support::Status;

std::optional<model::Target> g_target;

/// This machine has no such hardware: the rig's model of it answers at the driver's registers.
void attach_hardware(const model::Target& target) {
  const pipit_operator* driver = nn::find_custom_operator(target.accelerator->driver_operator);
  if (driver == nullptr || driver->registers == nullptr || target.accelerator != &model::kMatrixEngine)
    return;
  static rig::MatrixEngine engine;
  *driver->registers = engine.registers();
}

void require(const char* option, const Status& done) {
  if (!done.ok()) throw CLI::ValidationError(option, done.error().text);
}

Status choose_target(const std::string& text) {
  g_target = TRY(model::parse_target(text));
  attach_hardware(*g_target);
  return {};
}

Status load_operators(const std::string& folder) {
  TRY(model::load_operator_folder(folder));
  return {};
}

std::string target_help() {
  std::string text = "accelerator that takes what it can, NAME[:ATTRIBUTE=VALUE,...]; there are:";
  for (const model::Accelerator* accelerator : model::accelerators()) {
    text += std::string(" ") + accelerator->name + " (" + accelerator->summary;
    for (const auto& attribute : accelerator->attributes)
      text += std::string("; ") + attribute.name + ": " + attribute.summary;
    text += ")";
  }
  return text;
}

}  // namespace

const model::Target* chosen_target() { return g_target ? &*g_target : nullptr; }

void add_extension_options(CLI::App& command) {
  command
      .add_option_function<std::vector<std::string>>(
          "--operators",
          [](const std::vector<std::string>& folders) {
            for (const auto& folder : folders) require("--operators", load_operators(folder));
          },
          "folder of an operator of your own (docs/operators-of-your-own.md); may be repeated")
      ->type_name("FOLDER")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->trigger_on_parse();
  command
      .add_option_function<std::string>(
          "--target", [](const std::string& text) { require("--target", choose_target(text)); },
          target_help())
      ->type_name("NAME")
      ->trigger_on_parse();
}

}  // namespace pipit::cli
