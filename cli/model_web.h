#pragma once
#include <string>
#include <vector>

#include "cli/model_common.h"

/// `pipit model compile --emit=web`.
namespace pipit::cli {

struct WebArguments {
  std::string title, labels, dataset, mean, deviation;
  std::vector<std::string> samples;
  bool dark_ground = false, relaxed_simd = false;
};
void add_web_options(CLI::App& command, WebArguments& arguments);

/// Writes a folder that classifies pictures in the browser; yields its files.
support::Result<std::vector<std::string>> write_web(Bytes pipm, const WebArguments& arguments,
                                                    const std::string& folder);

}  // namespace pipit::cli
