#pragma once
#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/Analysis/AliasAnalysis.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>

#include <vector>

#include "base/types.h"

/// One loop that becomes a wide one: `find` decides (widen_find.cpp), `apply` does it (widen_apply.cpp).
namespace pipit::aot {

/// Rounds that may become one.
constexpr u32 kMostRounds = 8;

inline bool is_vector(const llvm::Value& value) { return llvm::isa<llvm::FixedVectorType>(value.getType()); }
inline u32 lanes_of(const llvm::Type* type) {
  return llvm::cast<llvm::FixedVectorType>(type)->getNumElements();
}

/// A sum of integers that goes round: nothing else in the loop sees it.
struct Sum {
  llvm::PHINode* phi;
  llvm::Instruction* last;
  llvm::Instruction* total =
      nullptr;  ///< behind the loop, the sum of all lanes, if that is all that is asked for
};

/// Where an access of vectors leads: so many bytes further in every round.
struct Place {
  llvm::Instruction* access;
  const llvm::SCEV* start;
  i64 step;
  u64 bytes;
};

class Widening {
 public:
  Widening(llvm::Loop& loop, llvm::ScalarEvolution& evolution, llvm::AAResults& aliases,
           const llvm::DataLayout& layout)
      : loop_(loop), evolution_(evolution), aliases_(aliases), layout_(layout), body_(*loop.getHeader()) {}

  /// Whether the loop can be widened, and is worth it, in registers of so many bits. `adds_products`: the
  /// processor adds pairs of products of 16 bits.
  bool find(u32 register_bits, bool adds_products);
  void apply(llvm::DominatorTree& tree, llvm::LoopInfo& loops);

 private:
  bool take_phi(llvm::PHINode& phi);
  bool take_sum(llvm::PHINode& phi);
  bool take(llvm::Instruction& instruction);
  bool take_access(llvm::Instruction& access);
  bool is_lane_wise(const llvm::Instruction& instruction) const;
  bool only_sums_leave() const;
  bool keeps_order() const;
  bool meets_later(const Place& first, const Place& second) const;
  void find_total(Sum& sum) const;
  bool multiplies_short(const Sum& sum) const;

  llvm::Value* wide(llvm::IRBuilder<>& b, llvm::Value* value);
  llvm::Value* side_by_side(llvm::IRBuilder<>& b, llvm::ArrayRef<llvm::Value*> parts) const;
  llvm::Value* part(llvm::IRBuilder<>& b, llvm::Value* value, u32 round) const;
  llvm::Value* widen(llvm::IRBuilder<>& b, llvm::Instruction& instruction);
  llvm::Value* widen_load(llvm::IRBuilder<>& b, llvm::LoadInst& load);
  void widen_store(llvm::IRBuilder<>& b, llvm::StoreInst& store);
  llvm::Value* widen_shuffle(llvm::IRBuilder<>& b, llvm::ShuffleVectorInst& shuffle);
  llvm::Value* pointer_of(llvm::IRBuilder<>& b, llvm::Instruction& access, u32 round);
  const Place* place_of(const llvm::Instruction& access) const;
  llvm::Type* wider(llvm::Type* type) const {
    return llvm::FixedVectorType::get(llvm::cast<llvm::FixedVectorType>(type)->getElementType(),
                                      lanes_of(type) * rounds_);
  }
  void fill(llvm::BasicBlock& block, llvm::BasicBlock& before);
  llvm::Value* join(llvm::IRBuilder<>& b, const Sum& sum);

  llvm::Loop& loop_;
  llvm::ScalarEvolution& evolution_;
  llvm::AAResults& aliases_;
  const llvm::DataLayout& layout_;
  llvm::BasicBlock& body_;
  u32 rounds_ = 0;  ///< that become one
  const llvm::SCEV* count_ = nullptr;
  std::vector<std::pair<llvm::PHINode*, const llvm::SCEVAddRecExpr*>> counters_;
  std::vector<Sum> sums_;
  std::vector<Place> places_;
  llvm::SmallPtrSet<const llvm::Instruction*, 16> chain_;         ///< additions to sums
  llvm::DenseMap<llvm::Value*, llvm::Value*> scalars_, vectors_;  ///< what stands for them in the wide loop
  llvm::BasicBlock* before_ = nullptr;
};

}  // namespace pipit::aot
