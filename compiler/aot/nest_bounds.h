#pragma once
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>

/// Between which bounds values in a loop nest lie, known before the nest is entered.
namespace pipit::aot {

class NestBounds {
 public:
  /// Of `nest` and the loops in it. With `assumes`, bounds of a nest that is one loop may rest on
  /// assumption().
  NestBounds(llvm::ScalarEvolution& evolution, llvm::Loop& nest, bool assumes)
      : evolution_(evolution),
        nest_(nest),
        predicated_(evolution, nest),
        assumes_(assumes && nest.isInnermost()) {}

  /// The most that `value`, computed in `loop` of the nest, can be while the nest runs, as an expression of
  /// what is known before it; null when that cannot be told. Of a pointer into linear memory: its distance
  /// from the start of memory. Holds where assumption() does.
  const llvm::SCEV* most(llvm::Value* value, const llvm::Loop& loop);
  /// From where to where that pointer into linear memory leads while the nest runs: distances from the start
  /// of memory, as far as they are constants.
  llvm::ConstantRange range(llvm::Value* pointer, const llvm::Loop& loop);
  const llvm::SCEVPredicate& assumption() const { return predicated_.getPredicate(); }

 private:
  const llvm::SCEV* rounds(const llvm::Loop& loop);
  enum class Side : bool { least, most };
  const llvm::SCEV* end_of(const llvm::SCEVAddRecExpr& sequence, const llvm::Loop& loop, Side side);
  const llvm::SCEV* follow(llvm::Value* value, const llvm::Loop& loop, Side side);

  llvm::ScalarEvolution& evolution_;
  llvm::Loop& nest_;
  llvm::PredicatedScalarEvolution predicated_;
  bool assumes_;
};

}  // namespace pipit::aot
