// docs/operators.md: what ONNX's node tests say of each operator, and what becomes C and Wasm.
#include <algorithm>
#include <map>

#include "compiler/model/emit_c/writer.h"
#include "compiler/model/emit_wasm/operators.h"
#include "compiler/model/import_onnx.h"
#include "compiler/model/onnx_file.h"
#include "compiler/model/onnx_suite.h"
#include "nn/general/general.h"

namespace pipit::model {
namespace {

struct Row {
  u32 agree = 0, wrong = 0, refused = 0, emitted = 0;

  void count(const SuiteResult& test) {
    ++(test.verdict == SuiteVerdict::agrees ? agree : test.verdict == SuiteVerdict::wrong ? wrong : refused);
    emitted += test.emits ? 1 : 0;
  }
  std::string cells() const {
    std::string text;
    for (u32 value : {agree, wrong, refused, emitted}) text += " " + std::to_string(value) + " |";
    return text + "\n";
  }
};

bool names(const std::string& list, const std::string& word) {
  return (" " + list + " ").find(" " + word + " ") != std::string::npos;
}

std::string introduction(const Row& total, usize tests) {
  const auto number = [](usize value) { return std::to_string(value); };
  return "# ONNX operators\n\nWritten by `pipit model info --operators --markdown` from a run of ONNX's own "
         "node tests (Debian's `libonnx-testdata`):\n" +
         number(total.agree) + " of " + number(tests) + " agree, " + number(total.wrong) + " are wrong, " +
         number(total.refused) +
         " are refused. A test counts for every operator in its graph; an operator\nwithout tests is newer "
         "than the data or has none. Of those that agree, " +
         number(total.emitted) +
         " can also be written as C and as Wasm\n(`pipit model compile`): the last column. The others take a "
         "shape from a value that only arrives at run time, or one of\ntheir functions has no C kernel "
         "yet. Operator sets 7 to " +
         number(onnx_file::kNewestOpset) +
         " are read.\n\n| Operator | agree | wrong | refused | C, Wasm |\n|---|---:|---:|---:|---:|\n";
}

std::string types_text(const std::vector<DType>& types) {
  std::string text;
  for (DType type : types)
    text += (text.empty() ? "" : ", ") + std::string(type == nn::kAnyDType ? "any" : dtype_name(type));
  return text;
}

/// What the emitters' tables hold.
std::string planned_operators() {
  std::string text =
      "\n## Operators of planned models as C and Wasm\n\nElement types of the first input that have a C "
      "kernel, and those with SIMD in Wasm besides; functions of `general` follow.\n\n"
      "| Operator | C | SIMD |\n|---|---|---|\n";
  for (const auto& traits : nn::format::kOperatorTraits) {
    std::vector<DType> plain;
    for (const auto& emitter : c::emitters())
      if (emitter.opcode == traits.opcode) plain.push_back(emitter.dtype);
    text += "| " + std::string(traits.name) + " | " + types_text(plain) + " | " +
            types_text(wasm::types_of(traits.opcode)) + " |\n";
  }
  text += "\nFunctions of `general` with a C kernel, for the element types and shapes that it takes:";
  const auto emitted = c::emitted_functions();
  for (const char* name : emitted) text += std::string(" ") + name;
  text += ".\n\nWithout one:";
  for (u32 number = 1; nn::general::find_function(number) != nullptr; ++number) {
    const std::string name = nn::general::find_function(number)->name;
    if (std::ranges::find(emitted, name) == emitted.end()) text += " " + name;
  }
  return text +
         "; of those above, half precision (models of it are computed in single precision), LpPool, Resize "
         "that "
         "crops, and\nlogarithms, powers and remainders of double precision.\n";
}

}  // namespace

std::string operators_document(const std::vector<SuiteResult>& node_tests) {
  std::map<std::string, Row> rows;
  for (const auto& name : importable_operators()) rows[name];
  Row total;
  for (const auto& test : node_tests) {
    total.count(test);
    for (auto& [name, row] : rows)
      if (names(test.operators, name)) row.count(test);
  }
  std::string text = introduction(total, node_tests.size());
  for (const auto& [name, row] : rows) text += "| " + name + " |" + row.cells();
  text += "\n## Refused\n\n";
  for (const auto& test : node_tests)
    if (test.verdict == SuiteVerdict::refused) text += "- `" + test.name + "`: " + test.why + "\n";
  return text + planned_operators();
}

}  // namespace pipit::model
