// One allocation a call for a function's temporaries.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "rarefy/Codegen/CPU/Passes.h"
#include <algorithm>

namespace rarefy {
#define GEN_PASS_DEF_RAREFYCPUPLANMEMORY
#include "rarefy/Codegen/CPU/Passes.h.inc"

namespace {
constexpr int64_t alignment = 64;

struct Temporary {
  memref::AllocOp alloc;
  memref::DeallocOp dealloc;
  int64_t bytes, offset = 0;
  /// Positions in the block of the first and the last op.
  unsigned begin, end;
};

int64_t bytesOf(MemRefType type) {
  int64_t bits =
      type.getElementType().isIndex() ? 64 : type.getElementTypeBitWidth();
  // LLVM pads elements of odd sizes: at most to the next power of two.
  int64_t bytes = llvm::PowerOf2Ceil(llvm::divideCeil(bits, 8));
  return llvm::alignTo(type.getNumElements() * bytes, alignment);
}

SmallVector<Temporary> findTemporaries(Block &block) {
  DenseMap<Operation *, unsigned> positions;
  for (auto [i, op] : llvm::enumerate(block))
    positions[&op] = i;
  SmallVector<Temporary> found;
  for (auto alloc : block.getOps<memref::AllocOp>()) {
    MemRefType type = alloc.getType();
    if (!type.hasStaticShape() || !type.getLayout().isIdentity() ||
        !type.getElementType().isIntOrIndexOrFloat())
      continue;
    memref::DeallocOp dealloc;
    unsigned count = 0;
    for (Operation *user : alloc->getUsers())
      if (auto op = dyn_cast<memref::DeallocOp>(user)) {
        dealloc = op;
        ++count;
      }
    if (count == 1 && dealloc->getBlock() == &block)
      found.push_back({alloc, dealloc, bytesOf(type), 0, positions[alloc],
                       positions[dealloc]});
  }
  return found;
}

/// Places large ones first, each at the lowest offset that is free while it is
/// in use. Returns the size of the whole.
int64_t assignOffsets(SmallVectorImpl<Temporary> &temporaries) {
  llvm::sort(temporaries, [](const Temporary &a, const Temporary &b) {
    return std::pair(b.bytes, a.begin) < std::pair(a.bytes, b.begin);
  });
  int64_t total = 0;
  SmallVector<Temporary *> placed;
  for (Temporary &next : temporaries) {
    for (Temporary *other : placed) // In order of offset.
      if (other->begin < next.end && next.begin < other->end &&
          other->offset < next.offset + next.bytes &&
          next.offset < other->offset + other->bytes)
        next.offset = other->offset + other->bytes;
    total = std::max(total, next.offset + next.bytes);
    placed.push_back(&next);
    llvm::sort(placed, [](Temporary *a, Temporary *b) {
      return a->offset < b->offset;
    });
  }
  return total;
}

struct RarefyCPUPlanMemory
    : impl::RarefyCPUPlanMemoryBase<RarefyCPUPlanMemory> {
  void runOnOperation() override {
    auto func = dyn_cast<FunctionOpInterface>(getOperation());
    if (!func || func.isExternal() || !func.getFunctionBody().hasOneBlock())
      return;
    Block &block = func.getFunctionBody().front();
    SmallVector<Temporary> temporaries = findTemporaries(block);
    if (temporaries.size() < 2)
      return;
    int64_t total = assignOffsets(temporaries);
    IRRewriter b(&getContext());
    b.setInsertionPointToStart(&block);
    auto arena = memref::AllocOp::create(
        b, func.getLoc(), MemRefType::get({total}, b.getI8Type()),
        b.getI64IntegerAttr(alignment));
    b.setInsertionPoint(block.getTerminator());
    memref::DeallocOp::create(b, func.getLoc(), arena);
    for (Temporary &temporary : temporaries) {
      memref::AllocOp alloc = temporary.alloc;
      b.setInsertionPoint(alloc);
      Value offset =
          arith::ConstantIndexOp::create(b, alloc.getLoc(), temporary.offset);
      b.eraseOp(temporary.dealloc);
      b.replaceOpWithNewOp<memref::ViewOp>(alloc, alloc.getType(), arena,
                                           offset, ValueRange());
    }
  }
};
} // namespace
} // namespace rarefy
