#pragma once
#include <map>
#include <vector>

#include "wasm/instruction.h"
#include "wasm/module_impl.h"

/// Tables whose elements are known when the module is compiled: nobody else sees them, no instruction writes
/// to them, and constant segments fill them. That is what compilers make of function pointers.
namespace pipit::aot {

/// What is known of every table of a module.
class FixedTables {
 public:
  /// Function at each element that has one, by element.
  using Elements = std::map<u32, u32>;

  FixedTables() = default;
  /// `written`: by table, whether an instruction may write to it.
  FixedTables(const wasm::ModuleImpl& module, std::vector<bool> written);
  /// Null for a table that may change.
  const Elements* find(u32 table) const;

 private:
  std::vector<bool> fixed_;
  std::vector<Elements> elements_;
};

/// Notes the table that an instruction writes to.
void note_table_write(const wasm::Instruction& in, std::vector<bool>& written);

}  // namespace pipit::aot
