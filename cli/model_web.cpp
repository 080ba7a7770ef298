#include "cli/model_web.h"

#include <filesystem>

#include "compiler/model/emit_web/emit_web.h"
#include "support/files.h"
#include "support/unfinished.h"

namespace pipit::cli {
namespace {

using support::Error;
using support::Result;
using support::Status;

/// Formats that every browser shows.
bool is_shown(const std::string& path) {
  for (const char* end : {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"})
    if (path.ends_with(end)) return true;
  return false;
}

/// What a data set knows: how pixels become inputs, and one picture of every class.
Status take_dataset(const std::string& name, model::WebPage& page) {
  const model::Dataset data = TRY(model::read_dataset(TRY(model::find_dataset(name, model::Split::test))));
  page.mean = {data.mean, data.mean, data.mean};
  page.deviation = {data.deviation, data.deviation, data.deviation};
  page.dark_ground = true;  // as all of the MNIST family
  const auto labels = model::fashion_labels();
  page.labels.assign(labels.begin(), labels.end());
  for (u32 label = 0; label < labels.size(); ++label)
    for (u32 index = 0; index < data.count; ++index)
      if (data.labels[index] == label) {
        const auto pixels = data.image(index);
        page.samples.push_back({"sample" + std::to_string(label) + ".bmp",
                                model::write_bmp(pixels, data.columns, data.rows, 1)});
        break;
      }
  return {};
}

}  // namespace

void add_web_options(CLI::App& command, WebArguments& arguments) {
  const auto* group = "web";
  command.add_option("--title", arguments.title, "the model's name on the page; default: --name")
      ->group(group);
  command.add_option("--labels", arguments.labels, "names of the classes, one a line")->group(group);
  command.add_option("--sample", arguments.samples, "a picture to offer; more than once for more")
      ->group(group);
  command
      .add_option("--dataset", arguments.dataset,
                  "labels, normalisation and samples from this machine's data set: fashion-mnist")
      ->group(group);
  command
      .add_option(
          "--pixel-mean", arguments.mean,
          "of pixel / 255, one number or three: the input is (pixel / 255 - mean) / std; without it a "
          "float input is pixel / 255, an integer input the pixel (int8: less 128)")
      ->group(group);
  command.add_option("--pixel-std", arguments.deviation, "the standard deviation it is divided by")
      ->group(group);
  command
      .add_flag("--dark-ground", arguments.dark_ground,
                "the model knows light things on dark: pictures with a light border are inverted")
      ->group(group);
}

Result<std::vector<std::string>> write_web(Bytes pipm, const WebArguments& arguments,
                                           const std::string& folder) {
  model::WebPage page;
  if (!arguments.dataset.empty()) TRY(take_dataset(arguments.dataset, page));
  page.name = arguments.title;
  page.dark_ground = page.dark_ground || arguments.dark_ground;
  if (!arguments.labels.empty()) page.labels = TRY(read_labels(arguments.labels));
  if (!arguments.mean.empty() || !arguments.deviation.empty()) {
    page.mean = TRY(parse_colours(arguments.mean, 0));
    page.deviation = TRY(parse_colours(arguments.deviation, 1));
    for (f32 deviation : *page.deviation)
      if (!(deviation > 0)) return Error(Code::invalid_argument, "the standard deviation must be positive");
  }
  for (const std::string& path : arguments.samples) {
    if (!is_shown(path))
      return Error(Code::invalid_argument,
                   path + ": no browser shows it; give a PNG, JPEG, BMP, GIF or WebP file");
    page.samples.push_back({std::filesystem::path(path).filename(), TRY(support::read_file(path))});
  }
  const auto files = TRY(model::emit_web(pipm, page, {arguments.relaxed_simd}));
  const support::Unfinished until_all_are_there;
  std::vector<std::string> written;
  for (const model::WebFile& file : files) {
    written.push_back(folder + "/" + file.path);
    TRY(support::write_file(written.back(), file.bytes));
  }
  return written;
}

}  // namespace pipit::cli
