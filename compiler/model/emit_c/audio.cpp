// The microphone front end: what the numbers of a step mean stands in nn/general/audio.cpp.
#include "nn/general/audio.h"
#include "compiler/model/emit_c/arguments.h"
#include "compiler/model/emit_c/general.h"
#include "nn/general/kinds.h"

namespace pipit::model::c {
namespace {

using namespace nn::format;
using nn::elements;
using nn::last_dim;
using nn::Node;
using nn::general::Audio;

std::string how(const Node& node, u32 index) {
  return literal(node.attributes<GeneralAttributes>().ints[index]);
}
std::string count(const TensorRecord& tensor) { return number(elements(tensor)); }

void window(Writer& out, const Node& node) {
  out.need({"audio_window"});
  out.call("audio_window", {out.input(node, 0), count(node.output()), out.input(node, 1),
                            number(last_dim(node.output())), how(node, 1), out.output(node)});
}
void headroom(Writer& out, const Node& node) {
  out.need({"bits_of", "audio_headroom"});
  out.call("*" + out.output(node) + " = audio_headroom", {out.input(node, 0), count(node.input(0))});
}
void scale_up(Writer& out, const Node& node) {
  out.need({"audio_scale_up"});
  out.call("audio_scale_up",
           {out.input(node, 0), count(node.output()), out.input(node, 1), out.output(node)});
}

/// A row's transform; the turns that it asks for are those of three quarters of a circle.
void rfft(Writer& out, const Node& node) {
  const u32 samples = last_dim(node.input(0)),
            length = static_cast<u32>(node.attributes<GeneralAttributes>().ints[1]);
  std::string turns;
  for (u32 index = 0; index < length * 3 / 4; ++index) {
    const auto turn = nn::general::rfft_turn_of(index, length);
    turns += (index == 0       ? ""
              : index % 8 == 0 ? ",\n  "
                               : ", ") +
             literal(i32{turn.real}) + ", " + literal(i32{turn.imaginary});
  }
  const std::string table = out.constant("int16_t", "[" + number(length * 3 / 2) + "]", turns);
  out.need({"rfft_types", "rfft_turn", "rfft_i16"});
  for (u32 row = 0; row < elements(node.input(0)) / samples; ++row)
    out.call("rfft_i16", {out.input(node, 0) + " + " + number(row * samples), number(samples), number(length),
                          table, out.output(node) + " + " + number(row * (length + 2))});
}

void energy(Writer& out, const Node& node) {
  out.need({"audio_energy"});
  out.call("audio_energy", {out.input(node, 0), count(node.output()), number(last_dim(node.output())),
                            how(node, 1), how(node, 2), out.output(node)});
}
void filter_bank(Writer& out, const Node& node) {
  out.need({"audio_filter_bank"});
  out.call(
      "audio_filter_bank",
      {out.input(node, 0), count(node.input(0)), out.input(node, 1), out.input(node, 2), count(node.input(1)),
       out.input(node, 3), out.input(node, 4), out.input(node, 5), count(node.output()), out.output(node)});
}
void square_root(Writer& out, const Node& node) {
  out.need({"audio_square_root"});
  out.call("audio_square_root",
           {out.input(node, 0), count(node.output()), out.input(node, 1), out.output(node)});
}

/// Of noise and subtract: the node's numbers, as both kernels read them.
std::string numbers(Writer& out, const Node& node) {
  std::string values;
  for (u32 index = 0; index < 9; ++index) values += (index == 0 ? "" : ", ") + how(node, index);
  return out.constant("int32_t", "[9]", values);
}
void noise(Writer& out, const Node& node) {
  out.need({"audio_noise"});
  out.call("audio_noise", {out.input(node, 0), count(node.output()), numbers(out, node), out.state(node, 1),
                           out.output(node)});
}
void subtract(Writer& out, const Node& node) {
  out.need({"audio_subtract"});
  out.call("audio_subtract", {out.input(node, 0), count(node.output()), numbers(out, node),
                              out.input(node, 1), out.output(node)});
}
void pcan(Writer& out, const Node& node) {
  out.need({"bits_of", "audio_pcan"});
  out.call("audio_pcan", {out.input(node, 0), count(node.output()), out.input(node, 1), out.input(node, 2),
                          how(node, 1), out.output(node)});
}
void logarithm(Writer& out, const Node& node) {
  out.need({"bits_of", "audio_logarithm"});
  out.call("audio_logarithm",
           {out.input(node, 0), count(node.output()), how(node, 1), how(node, 2), out.output(node)});
}

/// In the order of Audio.
constexpr void (*kSteps[])(Writer& out, const Node& node) = {
    window, headroom, scale_up, rfft, energy, filter_bank, square_root, noise, subtract, pcan, logarithm};
static_assert(sizeof kSteps / sizeof kSteps[0] == static_cast<u32>(Audio::count_));

}  // namespace

void audio(Writer& out, const Node& node) { kSteps[node.attributes<GeneralAttributes>().ints[0]](out, node); }

}  // namespace pipit::model::c
