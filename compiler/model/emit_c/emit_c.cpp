#include "compiler/model/emit_c/emit_c.h"

#include <algorithm>
#include <cctype>

#include "compiler/model/emit_c/custom.h"
#include "compiler/model/emit_c/dialect.h"
#include "compiler/model/emit_c/kernels.h"
#include "compiler/model/emit_c/writer.h"
#include "compiler/model/general.h"
#include "nn/nn.h"
#include "nn/shapes.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using support::Status;

bool is_identifier(const std::string& text) {
  return !text.empty() && std::isdigit(static_cast<u8>(text[0])) == 0 &&
         std::ranges::all_of(text, [](char c) { return c == '_' || std::isalnum(static_cast<u8>(c)) != 0; });
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

constexpr const char* kIfDsp = "#if defined(__ARM_FEATURE_DSP)\n";
constexpr const char* kUnlessDsp = "#if !defined(__ARM_FEATURE_DSP)\n";

class Emitter {
 public:
  Emitter(const nn::PlannedModel& model, std::string prefix, const Dialect* dialect)
      : model_(model),
        view_(model.file()),
        prefix_(std::move(prefix)),
        dialect_(dialect),
        writer_(view_, dialect != nullptr) {}

  Result<CModel> run() {
    for (u32 index = 0; index < model_.operator_count(); ++index) write_operator(index);
    TRY(refusal());
    for (u32 i = 0; i < model_.input_count(); ++i) TRY(check_type(model_.input(i)));
    for (u32 i = 0; i < model_.output_count(); ++i) TRY(check_type(model_.output(i)));
    CModel out;
    out.arena_bytes = model_.arena_bytes();
    out.scratch_bytes = writer_.scratch_bytes();
    out.dsp_scratch_bytes = writer_.dsp_scratch_bytes();
    out.state_bytes = view_.header().state_bytes;
    out.constant_bytes = writer_.constant_bytes();
    out.operators = operators_;
    for (u32 i = 0; i < model_.input_count(); ++i)
      out.functions.push_back(prefix_ + "_input" + std::to_string(i));
    for (u32 i = 0; i < model_.output_count(); ++i)
      out.functions.push_back(prefix_ + "_output" + std::to_string(i));
    out.functions.push_back(prefix_ + "_run");
    if (view_.header().state_bytes > 0) out.functions.push_back(prefix_ + "_reset");
    out.header = header();
    out.source = source();
    out.constants = writer_.take_blob();
    return out;
  }

 private:
  static std::string name_of(const nn::Node& node) {
    std::string name = nn::format::opcode_name(node.opcode());
    if (node.opcode() != static_cast<u8>(nn::format::Opcode::general)) return name;
    return name + " function " + function_name(node.attributes<nn::format::GeneralAttributes>());
  }
  static std::string shape_of(const nn::format::TensorRecord& tensor) {
    return to_string(Shape(tensor.dims, tensor.dims + tensor.rank));
  }

  static Status check_type(const nn::TensorInfo& info) {
    if (c::type_name(static_cast<u32>(info.dtype)) != nullptr) return {};
    return Error(Code::unsupported, "an input or output of an element type that generated C does not have");
  }

  static bool has_types(const nn::Node& node) {
    bool all = c::type_name(node.output().dtype) != nullptr;
    for (u32 i = 0; i < node.input_count(); ++i) all = all && c::type_name(node.input(i).dtype) != nullptr;
    return all;
  }

  void write_operator(u32 index) {
    const nn::Node node(view_, index, nullptr);
    const auto* emitter = c::find_emitter(node);
    const bool known = has_types(node);
    if (known && dialect_ != nullptr && dialect_->write(writer_, node)) return;
    if (emitter == nullptr || !known) {
      if (first_refused_.empty())
        first_refused_ = name_of(node) + " (operator " + std::to_string(index) + ", which makes " +
                         shape_of(node.output()) + ")";
      else if (std::ranges::find(refused_, name_of(node)) == refused_.end())
        refused_.push_back(name_of(node));
      return;
    }
    if (node.opcode() == static_cast<u8>(nn::format::Opcode::custom)) {
      const std::string name = node.attributes<nn::format::CustomAttributes>().name;
      if (std::ranges::find(operators_, name) == operators_.end()) operators_.push_back(name);
    }
    emitter->write(writer_, node);
  }

  Status refusal() const {
    if (first_refused_.empty()) return {};
    std::string others;
    for (const std::string& name : refused_) others += (others.empty() ? "; nor have " : ", ") + name;
    return Error(Code::unsupported, first_refused_ +
                                        " has no C kernel; add one to compiler/model/emit_c/kernels, or "
                                        "bring the operator as one of your own" +
                                        others);
  }

  static std::string shape_of(const nn::TensorInfo& info) {
    std::string text;
    for (u32 axis = 0; axis < info.rank; ++axis)
      text += (axis == 0 ? "" : ", ") + std::to_string(info.dims[axis]);
    return "{" + text + "}";
  }

  std::string macros(const std::string& name, const nn::TensorInfo& info) const {
    const u32 count = info.bytes / dtype_bytes(info.dtype);
    const std::string line = "#define " + upper(prefix_) + "_" + name;
    return line + "_SHAPE " + shape_of(info) + "\n" + line + "_ELEMENTS " + std::to_string(count) + "\n" +
           line + "_SCALE " + c::literal(info.scale) + "\n" + line + "_ZERO_POINT " +
           c::literal(info.zero_point) + "\n";
  }

  std::string define(const char* name, u64 value) const {
    return "#define " + upper(prefix_) + "_" + name + " " + std::to_string(value) + "\n";
  }

  std::string scratch_bytes() const {
    const std::string plain = define("SCRATCH_BYTES", writer_.scratch_bytes()),
                      dsp = define("SCRATCH_BYTES", writer_.dsp_scratch_bytes());
    return plain == dsp ? plain : kIfDsp + dsp + "#else\n" + plain + "#endif\n";
  }

  std::string header() const {
    const std::string guard = upper(prefix_) + "_H";
    std::string text = "/* Generated by `pipit model compile --emit=c` from the model \"" +
                       std::string(model_.name()) +
                       "\". Real = scale * (q - zero point);\n * a scale of 0 is a tensor that is not "
                       "quantised. */\n#ifndef " +
                       guard + "\n#define " + guard + "\n\n#include <stdint.h>\n\n";
    text +=
        "/* RAM: the arena holds inputs, outputs and everything between them, and behind that what the model "
        "remembers\n * from one inference to the next. Flash, besides the code: constants. */\n";
    text += define("ARENA_BYTES", model_.arena_bytes()) + scratch_bytes() +
            define("STATE_BYTES", view_.header().state_bytes) +
            define("CONSTANT_BYTES", writer_.constant_bytes()) + define("MACS", model_.macs()) + "\n";
    std::string functions;
    for (u32 i = 0; i < model_.input_count(); ++i) {
      const auto info = model_.input(i);
      text += macros("INPUT" + std::to_string(i), info);
      functions += "/* Where to write input " + std::to_string(i) + "; " + prefix_ +
                   "_run consumes it. */\n" + c::type_name(static_cast<u32>(info.dtype)) + "* " + prefix_ +
                   "_input" + std::to_string(i) + "(void);\n";
    }
    for (u32 i = 0; i < model_.output_count(); ++i) {
      const auto info = model_.output(i);
      text += macros("OUTPUT" + std::to_string(i), info);
      functions += "/* Valid until the next input is written. */\nconst " +
                   std::string(c::type_name(static_cast<u32>(info.dtype))) + "* " + prefix_ + "_output" +
                   std::to_string(i) + "(void);\n";
    }
    const char* reset =
        "/* Forgets what the model remembers of its inferences: the next one is the first of a sequence. "
        "*/\nvoid ";
    if (view_.header().state_bytes > 0) functions += reset + prefix_ + "_reset(void);\n";
    return text + "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n" + functions +
           "/* One inference. Not reentrant. */\nvoid " + prefix_ +
           "_run(void);\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
  }

  std::string accessor(const char* kind, u32 index, const nn::format::TensorRecord& tensor,
                       bool writable) const {
    const std::string type = std::string(writable ? "" : "const ") + c::type_name(tensor.dtype) + "*";
    return type + " " + prefix_ + "_" + kind + std::to_string(index) + "(void) { return (" + type +
           ")(arena.bytes + " + std::to_string(tensor.offset) + "); }\n";
  }

  std::string kernel_text(const CKernel& kernel) const {
    const std::string name(kernel.name);
    std::string text = std::string(kernel.text) + "\n";
    if (writer_.kernels().contains(name)) return text;
    if (writer_.dsp_kernels().contains(name)) return std::string(kIfDsp) + text + "#endif\n\n";
    if (writer_.elsewhere_kernels().contains(name)) return std::string(kUnlessDsp) + text + "#endif\n\n";
    return "";
  }

  std::string kernels(std::span<const CKernel> all) const {
    std::string text;
    for (const CKernel& kernel : all) text += kernel_text(kernel);
    return text;
  }

  /// The constants of a dialect.
  std::string apart() const {
    return "\n_Alignas(64) static const uint8_t constants[] = {\n#embed \"" + prefix_ +
           ".bin\" suffix(,) if_empty()\n  0};\n";
  }

  /// `aligned` is how a dialect aligns memory.
  std::string scratch(const std::string& aligned) const {
    const std::string bytes = "[" + upper(prefix_) + "_SCRATCH_BYTES]";
    if (writer_.dsp_scratch_bytes() == 0) return "";
    const std::string dsp = "static int8_t scratch" + bytes + " __attribute__((aligned(8)));\n";
    const std::string plain =
        writer_.scratch_bytes() > 0 ? "#else\n" + aligned + "static int8_t scratch" + bytes + ";\n" : "";
    return kIfDsp + dsp + plain + "#endif\n";
  }

  std::string source() const {
    std::string text =
        "/* Generated by `pipit model compile --emit=c`; see " + prefix_ + ".h. */\n#include \"" + prefix_ +
        ".h\"\n\n#include <string.h>\n\n/* Results are the same bits everywhere only where products and sums "
        "are rounded one by one. */\n#pragma STDC FP_CONTRACT OFF\n\n/* Memory holds one "
        "element type after the other: no access moves from one operator to the next. */\n"
        "#define IN_ORDER __asm__ volatile(\"\" ::: \"memory\")\n\n";
    text += kernels(c_kernels());
    if (dialect_ != nullptr) text += kernels(dialect_->kernels);
    for (const std::string& declaration : writer_.declarations()) text += declaration + "\n";
    if (dialect_ != nullptr) text += apart();
    // Vectors want alignment, and may read, never write, a few bytes past the last tensor.
    const std::string aligned = dialect_ != nullptr ? "_Alignas(64) " : "";
    text += "\n" + aligned + "static union {\n  uint64_t align;\n  uint8_t bytes[" +
            std::to_string(std::max(model_.arena_bytes(), 1u) + (dialect_ != nullptr ? 16 : 0)) +
            "];\n} arena;\n";
    text += scratch(aligned);
    text += "\n" + writer_.constants() + "\n";
    for (u32 i = 0; i < model_.input_count(); ++i)
      text += accessor("input", i, view_.tensor(view_.inputs()[i]), true);
    for (u32 i = 0; i < model_.output_count(); ++i)
      text += accessor("output", i, view_.tensor(view_.outputs()[i]), false);
    return text + memory() + "\nvoid " + prefix_ + "_run(void) {\n  IN_ORDER;\n" + first_run() +
           writer_.body() + "}\n";
  }

  /// The states are the arena's last bytes. They begin at their zero points: memory that the program starts
  /// with is right where all of them are 0, else the first inference sets them.
  bool begins_at_zero() const {
    bool all = true;
    for_each_state([&](const nn::format::TensorRecord& state) { all = all && state.zero_point == 0; });
    return all;
  }
  template <class Visit>
  void for_each_state(Visit visit) const {
    for (u32 id = 0; id < view_.header().tensor_count; ++id)
      if (nn::is_state(view_.tensor(id))) visit(view_.tensor(id));
  }
  std::string first_run() const {
    return view_.header().state_bytes == 0 || begins_at_zero()
               ? ""
               : "  if (!is_reset) " + prefix_ + "_reset();\n";
  }
  std::string memory() const {
    if (view_.header().state_bytes == 0) return "";
    std::string text, body;
    for_each_state([&](const nn::format::TensorRecord& state) {
      body += "  memset(arena.bytes + " + std::to_string(state.offset) + ", " + c::literal(state.zero_point) +
              ", " + std::to_string(state.bytes) + ");\n";
    });
    if (!begins_at_zero()) {
      text = "\nstatic uint8_t is_reset;\n";
      body += "  is_reset = 1;\n";
    }
    return text + "\nvoid " + prefix_ + "_reset(void) {\n" + body + "}\n";
  }

  const nn::PlannedModel& model_;
  nn::ModelView view_;
  std::string prefix_;
  const Dialect* dialect_;
  c::Writer writer_;
  std::vector<std::string> operators_;
  std::string first_refused_;  ///< with its place
  std::vector<std::string> refused_;
};

}  // namespace

Result<CModel> emit_c(Bytes pipm, const std::string& prefix, const Dialect* dialect) {
  if (!is_identifier(prefix))
    return Error(Code::invalid_argument,
                 "'" + prefix + "' is no C identifier; give another name with --name");
  const auto loaded = nn::PlannedModel::load(pipm);
  if (!loaded.ok()) return Error(loaded.error());
  return Emitter(*loaded, prefix, dialect).run();
}

}  // namespace pipit::model
