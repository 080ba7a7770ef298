// Runs the planned model that QEMU's loader has put into memory and prints the instructions of every operator
// and a checksum of every output. Input byte i is 7 i + 3, so that the host can compute the same; or what the
// loader has put at _input_start, behind its size in bytes. Of an output of up to 16 bytes these are printed
// as well.
#include <cstring>

#include "base/crc32.h"
#include "bench/models/board/counter.h"
#include "bench/models/board/line.h"
#include "nn/model_view.h"
#include "nn/nn.h"

extern "C" pipit::u8 _model_start[], _input_start[], _arena_start[], _arena_end[];

namespace pipit {
namespace {

void set_inputs(nn::Executor& executor, const nn::PlannedModel& model, MutBytes buffer) {
  for (u32 input = 0; input < model.input_count(); ++input) {
    const nn::TensorInfo info = model.input(input);
    if (info.bytes > buffer.size()) fail({Code::out_of_memory, "input", info.bytes});
    for (u32 i = 0; i < info.bytes; ++i) buffer[i] = static_cast<u8>(7 * i + 3);
    if (info.dtype == DType::f32)
      for (u32 i = 0; i < info.bytes / 4; ++i) {
        const f32 value = static_cast<f32>(static_cast<u8>(7 * i + 3)) / 256.0f;
        std::memcpy(&buffer[4 * i], &value, sizeof value);
      }
    u32 given = 0;  // memory that nothing was loaded to is zero
    std::memcpy(&given, _input_start, sizeof given);
    if (input == 0 && given == info.bytes) std::memcpy(buffer.data(), _input_start + sizeof given, given);
    const auto set = executor.set_input(input, info.dtype, buffer.first(info.bytes));
    if (!set.ok()) fail(set.error());
  }
}

void measure() {
  const auto& header = *reinterpret_cast<const nn::format::Header*>(_model_start);
  const Bytes file(_model_start, header.file_bytes);
  const auto model = nn::PlannedModel::load(file);
  if (!model.ok()) fail(model.error());
  const MutBytes memory(_arena_start, static_cast<usize>(_arena_end - _arena_start));
  auto executor = nn::Executor::create(*model, memory);
  if (!executor.ok()) fail(executor.error());
  set_inputs(*executor, *model, memory.subspan(model->arena_bytes()));

  counter::start();
  const nn::ModelView view(file);
  u64 total = 0;
  for (u32 index = 0;; ++index) {
    const u32 begin = counter::now();
    const auto more = executor->step();
    const u32 spent = counter::between(begin, counter::now());
    if (!more.ok()) fail(more.error());
    total += spent;
    Line()
        .text("operator")
        .number(index)
        .number(spent)
        .text(" ")
        .text(nn::format::opcode_name(view.op(index).opcode))
        .print();
    if (!*more) break;
  }
  for (u32 output = 0; output < model->output_count(); ++output) {
    const Bytes bytes = executor->output(output);
    Line().text("crc32").number(output).number(crc32(bytes)).print();
    if (bytes.size() > 16) continue;
    Line line;
    line.text("bytes").number(output);
    for (const u8 byte : bytes) line.number(byte);
    line.print();
  }
  Line()
      .text("thousands")
      .number(static_cast<u32>(total / 1000))
      .number(static_cast<u32>(model->macs() / 1000))
      .print();
}

}  // namespace

}  // namespace pipit

int main() {
  pipit::measure();
  pipit::semihosting::exit(0);
}
