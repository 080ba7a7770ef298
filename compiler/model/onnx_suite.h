#pragma once
#include <functional>
#include <string>
#include <vector>

#include "support/error.h"

/// ONNX's own backend tests (Debian's libonnx-testdata), for the tests and for docs/operators.md.
namespace pipit::model {

enum class SuiteVerdict { agrees, wrong, refused };

struct SuiteResult {
  std::string name;
  std::string operators;  ///< of the model's graph, sorted, separated by spaces
  SuiteVerdict verdict = SuiteVerdict::refused;
  std::string why;
  bool emits = false;         ///< whether the model, where it agrees, can be written as C and as Wasm
  std::string why_not_emits;  ///< the first reason where it cannot
};

/// "/usr/share/libonnx-testdata/data"
const char* onnx_suite_folder();

/// Runs every test of a group ("node", "simple", "pytorch-converted", …), sorted by name, each with all its
/// data sets, by DynamicModel. Agreement is ONNX's own: same type and shape, every element within 1e-7 + 1e-3
/// × |expected|. not_found where the group's folder is not there.
support::Result<std::vector<SuiteResult>> run_onnx_suite(const std::string& group,
                                                         const std::string& only = "");

/// docs/operators.md: every operator that can be imported with its node tests, then what is refused and why.
std::string operators_document(const std::vector<SuiteResult>& node_tests);

}  // namespace pipit::model
