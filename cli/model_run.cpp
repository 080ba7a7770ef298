// pipit model run: one inference, or accuracy over a data set.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/endian.h"
#include "cli/model_common.h"
#include "support/files.h"

namespace pipit::cli {
namespace {

using support::Error;
using support::Json;
using support::Result;
using support::Status;

struct Arguments {
  std::string model, input, output;
  DatasetArguments dataset;
  u32 index = 0;
  bool indexed = false;
  u32 count = 0;
};

bool starts_with(Bytes data, std::string_view prefix) {
  return data.size() >= prefix.size() && std::memcmp(data.data(), prefix.data(), prefix.size()) == 0;
}

/// The elements of a .npy file (NumPy format 1 to 3); the type must be the model's. Row-major only.
Result<std::vector<u8>> npy_elements(const std::vector<u8>& file, const nn::TensorInfo& info) {
  const usize length_bytes = file.size() > 6 && file[6] == 1 ? 2 : 4;
  if (file.size() < 8 + length_bytes) return Error(Code::malformed, "the .npy header is cut off");
  const usize length = length_bytes == 2 ? load_le<u16>(&file[8]) : load_le<u32>(&file[8]);
  const usize start = 8 + length_bytes;
  if (length > file.size() - start) return Error(Code::malformed, "the .npy header is cut off");
  const std::string header(file.begin() + static_cast<std::ptrdiff_t>(start),
                           file.begin() + static_cast<std::ptrdiff_t>(start + length));
  const char* wanted = info.dtype == DType::f32 ? "'<f4'" : info.dtype == DType::i8 ? "'|i1'" : "";
  if (*wanted == 0 || header.find(wanted) == header.npos)
    return Error(Code::invalid_argument,
                 std::string("the .npy elements are not ") + model::dtype_name(info.dtype));
  if (header.find("'fortran_order': False") == header.npos)
    return Error(Code::unsupported, "the .npy array is in Fortran order");
  return std::vector<u8>(file.begin() + static_cast<std::ptrdiff_t>(start + length), file.end());
}

Result<std::vector<u8>> read_input(const Arguments& arguments, const nn::TensorInfo& info) {
  std::vector<u8> file = TRY(support::read_file(arguments.input));
  if (starts_with(file, "\x93NUMPY")) file = TRY(npy_elements(file, info));
  if (file.size() != info.bytes)
    return Error(Code::invalid_argument, arguments.input + " holds " + std::to_string(file.size()) +
                                             " bytes, the model's input " + shape_text(info) + " is " +
                                             std::to_string(info.bytes));
  return file;
}

Status print_result(const Arguments& arguments, const Session& session, const model::Session& inference,
                    Bytes output, i32 expected) {
  if (!arguments.output.empty()) TRY(support::write_file(arguments.output, output));
  const nn::TensorInfo info = inference.model().output(0);
  const std::vector<f32> values = model::real_values(info, output);
  const u32 best = model::argmax(info, output);
  const auto labels =
      arguments.dataset.name == "fashion-mnist" ? model::fashion_labels() : std::span<const char* const>{};
  const std::string label = best < labels.size() ? labels[best] : "";
  if (session.output == Output::json) {
    Json json = {{"type", shape_text(info)}, {"argmax", best}, {"values", values}};
    if (!label.empty()) json["label"] = label;
    if (expected >= 0) json["expected"] = expected;
    std::printf("%s\n", support::dump(json, 2).c_str());
    return {};
  }
  std::printf("%s:", shape_text(info).c_str());
  for (usize i = 0; i < std::min<usize>(values.size(), 16); ++i)
    std::printf(" %g", static_cast<f64>(values[i]));
  std::printf("%s\nargmax %u%s%s", values.size() > 16 ? " …" : "", best, label.empty() ? "" : " ",
              label.c_str());
  if (expected >= 0) std::printf(", labelled %d", expected);
  std::printf("\n");
  return {};
}

Status run_once(const Arguments& arguments, const Session& session, Bytes file) {
  model::Session inference = TRY(model::Session::create(file));
  const std::vector<u8> input = TRY(read_input(arguments, inference.model().input(0)));
  const Bytes output = TRY(inference.run(Bytes(input)));
  return print_result(arguments, session, inference, output, -1);
}

Status run_image(const Arguments& arguments, const Session& session, Bytes file) {
  const model::Dataset dataset = TRY(open_dataset(arguments.dataset, model::Split::test));
  if (arguments.index >= dataset.count)
    return Error(Code::out_of_range, "--index " + std::to_string(arguments.index) + " of " +
                                         std::to_string(dataset.count) + " images");
  model::Session inference = TRY(model::Session::create(file));
  const Bytes output = TRY(inference.run(std::span<const f32>(dataset.input(arguments.index))));
  const i32 expected = dataset.labels.empty() ? -1 : dataset.labels[arguments.index];
  return print_result(arguments, session, inference, output, expected);
}

Status run_all(const Arguments& arguments, const Session& session, Bytes file) {
  const model::Dataset dataset = TRY(open_dataset(arguments.dataset, model::Split::test));
  const u32 count = arguments.count == 0 ? dataset.count : std::min(arguments.count, dataset.count);
  const model::Accuracy measured = TRY(accuracy("images", file, dataset, count));
  if (session.output == Output::json)
    std::printf("%s\n", support::dump({{"images", measured.total},
                                       {"right", measured.right},
                                       {"accuracy_percent", measured.percent()}},
                                      2)
                            .c_str());
  else
    std::printf("%u of %u images right: %.2f %%\n", measured.right, measured.total, measured.percent());
  return {};
}

Status run(const Arguments& arguments, const Session& session) {
  const std::vector<u8> file = TRY(load_planned(arguments.model));
  if (!arguments.input.empty()) return run_once(arguments, session, file);
  if (!arguments.dataset.given())
    return Error(Code::invalid_argument, "nothing to run on; give --input FILE, --dataset or --images");
  return arguments.indexed ? run_image(arguments, session, file) : run_all(arguments, session, file);
}

}  // namespace

void register_model_run(CLI::App& parent, Session& session) {
  CLI::App* command = parent.add_subcommand("run", "one inference, or accuracy over a data set");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("model", arguments->model, ".onnx or .pipm")->required();
  command->add_option("--input", arguments->input, "input tensor: raw little-endian elements, or .npy");
  command->add_option("-o,--out", arguments->output, "file for the raw output tensor");
  add_dataset_options(*command, arguments->dataset, "--dataset");
  const auto* index = command->add_option("--index", arguments->index, "only this image of the data set");
  command->add_option("--count", arguments->count, "only the first images of the data set");
  set_action(*command, session, "pipit model run fashion.pipm --dataset=fashion-mnist --index 7",
             [arguments, index, &session] {
               arguments->indexed = index->count() > 0;
               return run(*arguments, session);
             });
}

}  // namespace pipit::cli
