// Arrays have fixed places in the linear memory of most small modules, which native compilers know and Wasm
// does not say. Where the addresses of two accesses can be bounded, by constants and by how often loops run,
// and the bounds do not meet, LLVM is told that they never alias; then it vectorises without testing for it.
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/MDBuilder.h>

#include <algorithm>
#include <map>

#include "compiler/aot/nest_bounds.h"
#include "compiler/aot/optimise.h"

namespace pipit::aot {

using namespace llvm;

namespace {

/// Each access names all regions but its own.
constexpr usize kMostRegions = 32;
/// More is no array but a value of which only some bits are known.
constexpr u64 kLargestRegion = u64{256} << 20;

/// An access and the bytes that it may touch, from the start of memory.
struct Extent {
  Instruction* access;
  u64 begin, end;
  usize number;  ///< in the order of the function
};

std::vector<Extent> extents(Function& function, ScalarEvolution& evolution, const LoopInfo& loops) {
  std::vector<Extent> found;
  std::map<Loop*, NestBounds> nests;
  for (Instruction& instruction : instructions(function)) {
    if (!is_linear(instruction)) continue;
    Value* pointer = getLoadStorePointerOperand(&instruction);
    const SCEV* address = evolution.getSCEV(pointer);
    if (!is_memory_base(evolution.getPointerBase(address))) continue;
    Loop* loop = loops.getLoopFor(instruction.getParent());
    const auto in_nest = [&] {
      Loop* nest = loop->getOutermostLoop();
      return nests.try_emplace(nest, evolution, *nest, false).first->second.range(pointer, *loop);
    };
    const ConstantRange range =
        loop != nullptr ? in_nest() : evolution.getUnsignedRange(evolution.removePointerBase(address));
    const u64 most = range.getUnsignedMax().getLimitedValue();
    // Anywhere, as far as is known: it would make one region of all.
    if (most - range.getUnsignedMin().getLimitedValue() > kLargestRegion) continue;
    const u64 bytes = function.getDataLayout().getTypeStoreSize(getLoadStoreType(&instruction));
    found.push_back({&instruction, range.getUnsignedMin().getLimitedValue(), most + bytes, found.size()});
  }
  return found;
}

}  // namespace

PreservedAnalyses SeparateRegions::run(Function& function, FunctionAnalysisManager& analyses) {
  std::vector<Extent> all = extents(function, analyses.getResult<ScalarEvolutionAnalysis>(function),
                                    analyses.getResult<LoopAnalysis>(function));
  std::sort(all.begin(), all.end(), [](const Extent& a, const Extent& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.number < b.number;
  });
  std::vector<std::vector<Instruction*>> regions;
  u64 end = 0;
  for (const Extent& extent : all) {
    if (regions.empty() || extent.begin >= end) regions.emplace_back();
    regions.back().push_back(extent.access);
    end = std::max(end, extent.end);
  }
  if (regions.size() < 2 || regions.size() > kMostRegions) return PreservedAnalyses::all();
  LLVMContext& context = function.getContext();
  MDBuilder metadata(context);
  MDNode* domain = metadata.createAnonymousAliasScopeDomain("memory");
  std::vector<Metadata*> scopes;
  scopes.reserve(regions.size());
  for (usize i = 0; i < regions.size(); ++i)
    scopes.push_back(metadata.createAnonymousAliasScope(domain, "region"));
  for (usize i = 0; i < regions.size(); ++i) {
    std::vector<Metadata*> others = scopes;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    for (Instruction* access : regions[i]) {
      access->setMetadata(LLVMContext::MD_alias_scope, MDNode::get(context, {scopes[i]}));
      access->setMetadata(LLVMContext::MD_noalias, MDNode::get(context, others));
    }
  }
  PreservedAnalyses kept;
  kept.preserveSet<CFGAnalyses>();
  return kept;
}

}  // namespace pipit::aot
