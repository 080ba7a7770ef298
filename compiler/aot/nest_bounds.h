#pragma once
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>

#include <vector>

#include "base/types.h"

/// Between which bounds values in a loop nest lie, known before the nest is entered.
namespace pipit::aot {

/// The most that a value can be, as an expression of what is known before the nest.
struct Most {
  const llvm::SCEV* value = nullptr;  ///< null: it cannot be told
  /// The value itself, not computed in 32 bits but in as many as it takes; null: it is as it stands. They are
  /// the same where `value` is below 2^32 and none of `least` below 0.
  const llvm::SCEV* exact = nullptr;
  std::vector<const llvm::SCEV*> least;
};

class NestBounds {
 public:
  static constexpr u32 kNumberBits = 34;
  /// Of `nest` and the loops in it. With `assumes`, bounds of a nest that is one loop may rest on
  /// assumption().
  NestBounds(llvm::ScalarEvolution& evolution, llvm::Loop& nest, bool assumes)
      : evolution_(evolution),
        nest_(nest),
        predicated_(evolution, nest),
        assumes_(assumes && nest.isInnermost()) {}

  /// The most that `value`, computed in `loop` of the nest, can be while the nest runs. Of a pointer into
  /// linear memory: its distance from the start of memory. Of others it must be known that they are less than
  /// 2^kNumberBits, so that they do not come round. Holds where assumption() does.
  Most most(llvm::Value* value, const llvm::Loop& loop);
  /// From where to where that pointer into linear memory leads while the nest runs: distances from the start
  /// of memory, as far as they are constants.
  llvm::ConstantRange range(llvm::Value* pointer, const llvm::Loop& loop);
  const llvm::SCEVPredicate& assumption() const { return predicated_.getPredicate(); }

 private:
  const llvm::SCEV* rounds(const llvm::Loop& loop);
  enum class Side : bool { least, most };
  const llvm::SCEV* end_of(const llvm::SCEVAddRecExpr& sequence, const llvm::Loop& loop, Side side);
  const llvm::SCEV* follow(const llvm::SCEV* expression, const llvm::Loop& loop, Side side);
  const llvm::SCEV* follow_assuming(llvm::Value* value);
  const llvm::SCEV* unlimited(const llvm::SCEV* narrow, u32 bits);
  const llvm::SCEV* unlimited_parts(const llvm::SCEV* wide, u32 bits, std::vector<const llvm::SCEV*>& parts);
  Most most_exact(const llvm::SCEV* plain, const llvm::Loop& loop);

  llvm::ScalarEvolution& evolution_;
  llvm::Loop& nest_;
  llvm::PredicatedScalarEvolution predicated_;
  bool assumes_;
};

}  // namespace pipit::aot
