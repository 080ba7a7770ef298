#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/types.h"

/// What was measured, and how it is printed.
namespace pipit::bench {

constexpr const char* kBoards[] = {"mps2-an386", "virt-rv32"};

/// Instructions of an inference on a board, as a planned model and as generated C.
struct BoardRow {
  std::string board;
  std::optional<f64> planned, generated;
  u32 stack_bytes = 0;  ///< most that generated C used
};

/// One form of a model, ours and theirs.
struct Contest {
  std::optional<f64> ours_ms, theirs_ms;
  std::string why;  ///< a number is missing
  f64 ratio() const { return ours_ms.value_or(0) / theirs_ms.value_or(1); }
};

/// Our forms of one float model, sampled in turn: CPU milliseconds.
struct Forms {
  f64 real_ms, static_ms, dynamic_ms;
  f64 static_gain() const { return real_ms / static_ms; }
  f64 dynamic_gain() const { return real_ms / dynamic_ms; }
};

struct Row {
  std::string name;
  u64 macs = 0;
  u32 file_bytes = 0, arena_bytes = 0;  ///< of the int8 form as a planned model
  Contest real, integer;
  std::optional<Forms> forms;
  std::optional<i32> difference;  ///< largest of integer outputs, ours from ONNX Runtime's
  std::vector<BoardRow> boards;   ///< of the int8 form
  std::string boards_why;         ///< there is none
};

/// Where and when, for people who compare.
struct Surroundings {
  std::string date, processor, compiler, qemu, onnxruntime;
  static Surroundings here();
};

void print_json(const std::vector<Row>& rows);
void print_table(const std::vector<Row>& rows);
/// docs/performance-models.md
void print_markdown(const std::vector<Row>& rows, const Surroundings& where);

}  // namespace pipit::bench
