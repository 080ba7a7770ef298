#include "cli/package/build.h"

#include <algorithm>

#include "cli/package/model_file.h"
#include "cli/package/native.h"
#include "nn/nn.h"
#include "support/files.h"
#include "wasi/context.h"

namespace pipit::package {

using support::Error;
using support::Result;

namespace {

/// The models to attach, each as (name, path).
Result<std::vector<Recipe::Model>> chosen_models(const BuildOptions& options, const Recipe& recipe) {
  std::vector<Recipe::Model> models = recipe.models;
  for (Recipe::Model& model : models)
    if (!model.file.starts_with('/')) model.file = options.folder + "/" + model.file;
  for (const Recipe::Model& replacement : options.models) {
    const auto found = std::ranges::find(models, replacement.name, &Recipe::Model::name);
    if (found != models.end())
      found->file = replacement.file;
    else
      models.push_back(replacement);
  }
  const usize most = link::kMaxBlobs - 1;
  if (models.size() > most)
    return Error(Code::out_of_range, "at most " + std::to_string(most) + " models in this package");
  return models;
}

/// Reads and verifies the models; adds up what their activations need.
support::Status load_models(const std::vector<Recipe::Model>& models, bool unchecked, BuildReport& report) {
  for (const Recipe::Model& model : models) {
    auto data = TRY(load_model_file(model.file, !unchecked));
    const auto planned = nn::PlannedModel::load(data);
    if (planned.ok()) report.arena_bytes += wasi::execution_bytes(*planned);
    report.package.models.push_back({model.name, std::move(data)});
  }
  return {};
}

Result<std::vector<u8>> encode_manifest(const BuildReport& report, u64 sequence) {
  link::Manifest manifest;
  manifest.name = report.name;
  manifest.version = report.version;
  manifest.sequence = sequence;
  manifest.memory_bytes = report.memory_bytes;
  manifest.stack_bytes = report.engine_stack_bytes;
  manifest.arena_bytes = report.arena_bytes;
  manifest.blobs[manifest.blob_count++] =
      registry::blob_entry(link::BlobKind::module, report.package.module, {});
  for (const registry::NamedModel& model : report.package.models)
    manifest.blobs[manifest.blob_count++] =
        registry::blob_entry(link::BlobKind::model, model.data, model.name);
  for (const registry::NativeModule& native : report.package.natives)
    manifest.natives[manifest.native_count++] = TRY(native_entry(native, report.engine_stack_bytes));
  if (report.imports.size() > manifest.imports.size())
    return Error(Code::out_of_range,
                 "the module imports more than " + std::to_string(manifest.imports.size()) + " functions");
  for (const std::string& import : report.imports) manifest.imports[manifest.import_count++] = import;
  u8 buffer[4096];
  const Bytes encoded = TRY(link::encode(manifest, buffer));
  return std::vector<u8>(encoded.begin(), encoded.end());
}

/// Compiles the module, or takes the one that the recipe brings.
support::Status make_module(const BuildOptions& options, const Recipe& recipe, BuildReport& report) {
  if (!recipe.module.empty()) {
    report.package.module = TRY(support::read_file(options.folder + "/" + recipe.module));
    return {};
  }
  CompiledModule module = TRY(compile(options.folder, recipe));
  report.warnings = std::move(module.warnings);
  report.package.module = std::move(module.bytes);
  return {};
}

}  // namespace

Result<BuildReport> build(const BuildOptions& options) {
  Recipe recipe = TRY(read_recipe(options.folder));
  if (!options.version.empty()) recipe.version = options.version;
  recipe.defines.insert(recipe.defines.end(), options.defines.begin(), options.defines.end());

  BuildReport report;
  report.name = recipe.name;
  report.version = recipe.version;
  report.memory_bytes = recipe.memory_bytes;
  report.engine_stack_bytes = recipe.engine_stack_bytes;
  TRY(load_models(TRY(chosen_models(options, recipe)), options.unchecked, report));
  TRY(make_module(options, recipe, report));
  auto facts = check_module(report.package.module, recipe.memory_bytes);
  if (!facts.ok() && !options.unchecked) return facts.take_error().in(recipe.name);
  if (facts.ok()) {
    report.imports = std::move(facts->imports);
    report.static_bytes = facts->static_bytes;
  }
  TRY(compile_natives(options.targets, report));
  report.package.manifest = TRY(encode_manifest(report, recipe.sequence));
  return report;
}

}  // namespace pipit::package
