// TensorFlow Lite Micro's signal library: custom operators of a microphone's front end.
#include <map>

#include "compiler/model/flexbuffer.h"
#include "compiler/model/import_tflite_operators.h"

namespace pipit::model {
namespace {

using nn::general::Audio;
using support::Result;
using support::Status;

/// The values of named options, in the order of the names.
Result<std::vector<i64>> options_of(const TfliteImport& in, std::initializer_list<const char*> names) {
  const std::map<std::string, f64> options = TRY(read_flexbuffer_map(in.node.custom_options));
  std::vector<i64> values;
  for (const char* name : names) {
    const auto found = options.find(name);
    if (found == options.end()) return in.malformed(std::string("option '") + name + "' is missing");
    if (!(found->second >= -2147483648.0 && found->second <= 2147483647.0))
      return in.malformed(std::string("option '") + name + "' is out of range");
    values.push_back(static_cast<i64>(found->second));
  }
  return values;
}

/// Adds a step that makes output `index`, whose type and shape are the file's; emit_pipm's loader compares
/// them with the step's own.
void emit_step(TfliteImport& in, Audio step, std::vector<TensorId> operands,
               const std::vector<i64>& ints = {}, usize index = 0) {
  in.graph.append({Op::general,
                   in.graph[in.outputs[index]].name,
                   std::move(operands),
                   in.outputs[index],
                   general(step, ints),
                   {}});
}

template <Audio step>
Status import_with(TfliteImport& in, std::initializer_list<const char*> names) {
  emit_step(in, step, in.inputs, TRY(options_of(in, names)));
  return {};
}

Status import_window(TfliteImport& in) { return import_with<Audio::window>(in, {"shift"}); }
Status import_rfft(TfliteImport& in) {
  if (in.operand(0).dtype != DType::i16)
    return in.unsupported(std::string("a transform of ") + dtype_name(in.operand(0).dtype));
  return import_with<Audio::rfft>(in, {"fft_length"});
}
Status import_energy(TfliteImport& in) {
  return import_with<Audio::energy>(in, {"start_index", "end_index"});
}
Status import_filter_bank(TfliteImport& in) { return import_with<Audio::filter_bank>(in, {"num_channels"}); }
Status import_square_root(TfliteImport& in) {
  emit_step(in, Audio::square_root, in.inputs);
  return {};
}
Status import_pcan(TfliteImport& in) { return import_with<Audio::pcan>(in, {"snr_shift"}); }
Status import_logarithm(TfliteImport& in) {
  return import_with<Audio::logarithm>(in, {"input_correction_bits", "output_scale"});
}

Status check_two_outputs(const TfliteImport& in) {
  return in.outputs.size() == 2 ? Status{} : in.malformed("needs two outputs");
}

/// The samples scaled up, and by how many bits.
Status import_auto_scale(TfliteImport& in) {
  TRY(check_two_outputs(in));
  emit_step(in, Audio::headroom, {in.inputs[0]}, {}, 1);
  emit_step(in, Audio::scale_up, {in.inputs[0], in.outputs[1]});
  return {};
}

/// The signal less its noise, and the noise, whose estimate is kept from one inference to the next.
Status import_subtraction(TfliteImport& in) {
  TRY(check_two_outputs(in));
  const std::vector<i64> ints =
      TRY(options_of(in, {"smoothing_bits", "smoothing", "one_minus_smoothing", "alternate_smoothing",
                          "alternate_one_minus_smoothing", "clamping", "min_signal_remaining",
                          "spectral_subtraction_bits"}));
  Tensor state{in.name + ".noise", DType::u32, in.operand(0).shape};
  state.state = true;
  const TensorId noise = in.graph.add_tensor(std::move(state));
  emit_step(in, Audio::noise, {in.inputs[0], noise}, ints, 1);
  emit_step(in, Audio::subtract, {in.inputs[0], in.outputs[1]}, ints);
  return {};
}

constexpr TfliteRule kSignalRules[] = {
    {"SignalEnergy", 1, 1, import_energy},
    {"SignalFftAutoScale", 1, 1, import_auto_scale},
    {"SignalFilterBank", 6, 6, import_filter_bank},
    {"SignalFilterBankLog", 1, 1, import_logarithm},
    {"SignalFilterBankSpectralSubtraction", 1, 1, import_subtraction},
    {"SignalFilterBankSquareRoot", 2, 2, import_square_root},
    {"SignalPCAN", 3, 3, import_pcan},
    {"SignalRfft", 1, 1, import_rfft},
    {"SignalWindow", 2, 2, import_window},
};

}  // namespace

std::span<const TfliteRule> signal_tflite_rules() { return kSignalRules; }

}  // namespace pipit::model
