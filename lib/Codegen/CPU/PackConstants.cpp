// Constant matrices in the order in which the micro-kernel reads them.

#include "TargetOption.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "rarefy/Codegen/CPU/Contraction.h"
#include "rarefy/Codegen/CPU/Passes.h"
#include <algorithm>
#include <cstring>

namespace rarefy {
#define GEN_PASS_DEF_RAREFYCPUPACKCONSTANTS
#include "rarefy/Codegen/CPU/Passes.h.inc"

namespace {
/// The bytes of a constant, element after element; empty if it has none.
ArrayRef<char> getBytes(Attribute attr) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return blob ? blob->getData() : ArrayRef<char>();
  }
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  return dense && !dense.isSplat() ? dense.getRawData() : ArrayRef<char>();
}

struct Layout {
  /// Positions in the constant's shape of the columns, the summed dimension,
  /// and the rest.
  unsigned column, k;
  SmallVector<unsigned> others;
  int64_t width;
};

/// Copies `from` of `shape` into panels.
void copyToPanels(ArrayRef<char> from, char *to, ArrayRef<int64_t> shape,
                  const Layout &layout, int64_t bytes) {
  SmallVector<int64_t> strides = computeSuffixProduct(shape);
  int64_t outer = 1;
  for (unsigned dim : layout.others)
    outer *= shape[dim];
  int64_t columns = shape[layout.column], depth = shape[layout.k];
  int64_t columnStep = strides[layout.column] * bytes;
  for (int64_t o = 0; o < outer; ++o) {
    int64_t base = 0, rest = o;
    for (unsigned dim : llvm::reverse(layout.others)) {
      base += rest % shape[dim] * strides[dim];
      rest /= shape[dim];
    }
    for (int64_t first = 0; first < columns; first += layout.width)
      for (int64_t k = 0; k < depth; ++k) {
        const char *row = from.data() + (base + first * strides[layout.column] +
                                         k * strides[layout.k]) *
                                            bytes;
        int64_t count = std::min(layout.width, columns - first);
        if (columnStep == bytes)
          std::memcpy(to, row, count * bytes);
        else
          for (int64_t i = 0; i < count; ++i)
            std::memcpy(to + i * bytes, row + i * columnStep, bytes);
        std::memset(to + count * bytes, 0, (layout.width - count) * bytes);
        to += layout.width * bytes;
      }
  }
}

struct RarefyCPUPackConstants
    : impl::RarefyCPUPackConstantsBase<RarefyCPUPackConstants> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<CPUTarget> target = getTarget(getOperation(), cpu);
    if (failed(target))
      return signalPassFailure();
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](linalg::GenericOp op) {
      if (!op.hasPureTensorSemantics())
        return;
      FailureOr<Contraction> c = Contraction::match(op);
      if (succeeded(c))
        pack(*c, *target, rewriter);
    });
  }

private:
  void pack(Contraction &c, const CPUTarget &target, IRRewriter &rewriter) {
    auto constant = c.rhs->get().getDefiningOp<arith::ConstantOp>();
    auto type = dyn_cast<RankedTensorType>(c.rhs->get().getType());
    AffineMap map = c.getMap(c.rhs);
    if (!constant || !type || !map.isProjectedPermutation())
      return;
    int64_t bits = type.getElementTypeBitWidth();
    ArrayRef<char> bytes = getBytes(constant.getValue());
    if (bits % 8 || (int64_t)bytes.size() != type.getNumElements() * bits / 8)
      return;
    Layout layout;
    SmallVector<AffineExpr> exprs;
    SmallVector<int64_t> shape;
    for (unsigned i = 0; i < map.getNumResults(); ++i) {
      unsigned dim = map.getDimPosition(i);
      if (dim == c.column) {
        layout.column = i;
      } else if (dim == c.k) {
        layout.k = i;
      } else {
        layout.others.push_back(i);
        exprs.push_back(map.getResult(i));
        shape.push_back(type.getDimSize(i));
      }
    }
    int64_t columns = type.getDimSize(layout.column);
    unsigned sumBits = c.getSumType().getIntOrFloatBitWidth();
    layout.width = chooseKernel(target, sumBits, columns).columns();
    AffineExpr column = rewriter.getAffineDimExpr(c.column);
    llvm::append_values(exprs, column.floorDiv(layout.width),
                        rewriter.getAffineDimExpr(c.k), column % layout.width);
    llvm::append_values(shape, llvm::divideCeil(columns, layout.width),
                        type.getDimSize(layout.k), layout.width);
    auto packed = RankedTensorType::get(shape, type.getElementType());
    DenseResourceElementsAttr &value =
        done[{constant.getValue(), map,
              static_cast<int64_t>(c.column) << 32 | c.k, layout.width}];
    if (!value) {
      AsmResourceBlob blob = HeapAsmResourceBlob::allocate(
          packed.getNumElements() * bits / 8, 64, /*dataIsMutable=*/true);
      copyToPanels(bytes, blob.getMutableData().data(), type.getShape(), layout,
                   bits / 8);
      value = DenseResourceElementsAttr::get(packed, "packed", std::move(blob));
    }
    rewriter.setInsertionPoint(constant);
    Value panels =
        arith::ConstantOp::create(rewriter, constant.getLoc(), value);
    rewriter.modifyOpInPlace(c.op, [&] {
      SmallVector<AffineMap> maps = c.op.getIndexingMapsArray();
      maps[c.rhs->getOperandNumber()] =
          AffineMap::get(map.getNumDims(), 0, exprs, rewriter.getContext());
      c.op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
      c.rhs->set(panels);
    });
    if (constant->use_empty())
      rewriter.eraseOp(constant);
  }

  /// Packed constants by origin and layout.
  DenseMap<std::tuple<Attribute, AffineMap, int64_t, int64_t>,
           DenseResourceElementsAttr>
      done;
};
} // namespace
} // namespace rarefy
