// Modules of loop nests as C compilers write them, and as nobody should: counters that come round, begin near
// 2^32 or end at nothing, rows that overlap, exits in the middle, addresses that leave memory halfway.
// Binaryen's random modules hardly ever have such loops, and these are what the native compiler rearranges.
#include "support/files.h"
#include "support/process.h"
#include "tests/differential/differential.h"
#include "tests/differential/nest_frame.h"
#include "tests/differential/nest_writer.h"

namespace pipit::differential {

using support::Json;

std::string NestWriter::statements(u32 depth) {
  std::string text;
  const bool goes_on = depth < kDeepest && (depth == 0 || !once_in(3));
  if (depth != 0 && (!goes_on || once_in(3))) text += statement(depth) + "\n";
  if (goes_on) text += nest(depth) + "\n";
  if (depth != 0 && once_in(3)) text += statement(depth) + "\n";
  if (depth < kDeepest && once_in(6)) text += nest(depth) + "\n";
  return text;
}

std::string NestWriter::nest(u32 depth) {
  const std::string d = std::to_string(depth);
  is_wide_[depth] = once_in(8);
  is_small_[depth] = false;
  const bool wide = is_wide_[depth];
  // The form is chosen first: what stands inside may ask what the counter is.
  const std::mt19937 before = random_;
  if (!wide) (void)rounds(depth, "");
  random_ = before;
  random_.discard(64);
  std::string body = statements(depth + 1);
  static const std::vector<i64> kSteps = {16, 16, 32, 320, -16};
  if (!is_plain_)
    body += "(local.set $p" + d + " (i32.add (local.get $p" + d + ") " + constant(pick(kSteps)) + "))\n";
  const std::mt19937 after = random_;
  random_ = before;
  is_wide_[depth] = wide;
  std::string text = wide ? rounds64(depth, body) : rounds(depth, body);
  random_ = after;
  if (!is_plain_ && once_in(2))
    text = "(local.set $p" + d + " " + constant(i64{16} * below(2000)) + ")\n" + text;
  return text;
}

std::string NestWriter::function(u32 number) {
  kind_ = &kinds()[below(static_cast<u32>(kinds().size()))];
  chosen_.push_back(kind_);
  is_plain_ = !once_in(3);
  may_leave_ = once_in(3);
  arrays_.clear();
  for (u32 i = 0; is_plain_ && i < 3; ++i) {
    std::string offset;
    arrays_.push_back(address(0, 16, offset));
  }
  std::string text =
      "(func (export \"f" + std::to_string(number) + "\") (param $a i32) (param $b i32) (result i64)\n";
  for (u32 i = 0; i < kDeepest; ++i) {
    const std::string d = std::to_string(i);
    text += joined({" (local $i", d, " i32) (local $w", d, " i64) (local $p", d, " i32)"});
  }
  text += std::string(" (local $s ") + kind_->type + ")\n" + statements(0);
  return text + "(local.get $s) " + kind_->result + ")\n";
}

std::string NestWriter::module() {
  std::string text = kFrame;
  for (u32 i = 0; i < kFunctions; ++i) text += function(i);
  return text + ")\n";
}

static Json argument(u32 bits) { return {{"type", "i32"}, {"bits", std::to_string(bits)}}; }

support::Result<Json> plan_nests(u32 seed, const std::string& folder) {
  NestWriter writer(seed);
  const std::string text = writer.module(), base = folder + "/nests-" + std::to_string(seed);
  TRY(support::write_file(base + ".wat", {reinterpret_cast<const u8*>(text.data()), text.size()}));
  const auto output = TRY(support::run({"wat2wasm", "--enable-all", base + ".wat", "-o", base + ".wasm"}));
  if (output.exit_code != 0) return support::Error(Code::internal, "wat2wasm: " + output.err);
  std::mt19937 random(seed);
  Json calls = Json::array();
  const auto call = [&](const std::string& name, const Json& args, const Json& results) {
    calls.push_back({{"name", name}, {"args", args}, {"results", results}});
  };
  static constexpr u32 kPlaces[] = {0,      16,     4096,        32'768,      65'536 - 4096, 65'536 - 64,
                                    65'520, 65'536, 0x7FFF'FFF0, 0x8000'0000, 0xFFFF'FFF0,   0xFFFF'F000};
  for (u32 i = 0; i < NestWriter::kFunctions; ++i) {
    const std::string fill = writer.chosen()[i]->fill;
    for (u32 times = 0; times < 6; ++times) {
      const u32 place = random() % 2 == 0 ? 16 * (random() % 2048) : kPlaces[random() % std::size(kPlaces)];
      const u32 count = random() % 8 == 0 ? 0xFFFF'FFF0 : 16 * (random() % 32);
      call("fill_" + fill, Json::array(), Json::array());
      call("f" + std::to_string(i), {argument(place), argument(count)}, {"i64"});
      call("seen_" + fill, Json::array(), {"i64", "i32"});
    }
    if (random() % 8 == 0) call("grow", Json::array(), {"i32"});
  }
  return Json{{"path", base + ".wasm"}, {"calls", calls}};
}

}  // namespace pipit::differential
