// Runs the planned model that QEMU's loader has put into memory over a sequence of inputs, what it remembers
// being kept, and the whole sequence once more after it has forgotten. _input_start holds the number of
// inputs, the bytes of one, and the inputs; prints the instructions and a checksum of output 0 for each.
#include "base/crc32.h"
#include "base/endian.h"
#include "bench/models/board/counter.h"
#include "bench/models/board/line.h"
#include "nn/format.h"
#include "nn/nn.h"

extern "C" pipit::u8 _model_start[], _input_start[], _arena_start[], _arena_end[];

namespace pipit {
namespace {

constexpr usize kHeaderBytes = 8;

void infer(nn::Executor& executor, u32 index, DType dtype, Bytes input) {
  const auto set = executor.set_input(0, dtype, input);
  if (!set.ok()) fail(set.error());
  const u32 begin = counter::now();
  const auto ran = executor.run();
  const u32 spent = counter::between(begin, counter::now());
  if (!ran.ok()) fail(ran.error());
  Line().text("inference").number(index).number(spent).number(crc32(executor.output(0))).print();
}

void run() {
  const auto& header = *reinterpret_cast<const nn::format::Header*>(_model_start);
  const auto model = nn::PlannedModel::load({_model_start, header.file_bytes});
  if (!model.ok()) fail(model.error());
  auto executor = nn::Executor::create(*model, {_arena_start, static_cast<usize>(_arena_end - _arena_start)});
  if (!executor.ok()) fail(executor.error());
  const u32 count = load_le<u32>(_input_start), bytes = load_le<u32>(_input_start + 4);
  counter::start();
  for (u32 sequence = 0; sequence < 2; ++sequence) {
    for (u32 i = 0; i < count; ++i)
      infer(*executor, i, model->input(0).dtype, {_input_start + kHeaderBytes + usize{i} * bytes, bytes});
    executor->forget();
  }
}

}  // namespace
}  // namespace pipit

int main() {
  pipit::run();
  pipit::semihosting::exit(0);
}
