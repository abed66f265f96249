#ifndef RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_MEMORYLAYOUT_H
#define RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_MEMORYLAYOUT_H

#include "Plan.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/MapVector.h"

namespace rarefy::spatten {

/// A part of an argument or a result of the function, in its last dimensions.
struct View {
  /// An argument, or the number of a result behind all arguments.
  unsigned root;
  /// For each dimension of the root.
  SmallVector<int64_t> offsets;

  /// The part at `places` of the last dimensions.
  View at(ArrayRef<int64_t> places) const;
};

/// A tensor in device memory as the host fills it or reads it.
struct HostTensor {
  /// An argument, or the number of a result behind all arguments.
  unsigned root;
  Role role;
  RowFormat format;
  /// The lowest bits of an element that are not stored there.
  unsigned dropped;
  /// The low plane of keys.
  bool isLow = false;
};

/// Where the function's tensors lie in device memory: an argument once for each
/// role that it is read in.
class MemoryLayout {
public:
  MemoryLayout(ProgramBuilder &program, func::FuncOp function)
      : program(program), function(function) {}

  /// Notes that the argument `value` comes from is read as `role`, and what is
  /// inserted into it too. Fails if it has another format in that role.
  LogicalResult assign(AttentionOp reader, Value value, Role role,
                       RowFormat format, unsigned lowBits);
  /// Adds a tensor for each argument in each of its roles, and for the results.
  LogicalResult allocate();

  RowAddresses getHigh(const View &view, Role role) const {
    return getRows(view, tensors.lookup({view.root, role}));
  }
  RowAddresses getLow(const View &view) const {
    return getRows(view, lowPlanes.lookup(view.root));
  }
  /// Whether an argument is read as queries.
  bool isQuery(unsigned root) const {
    return tensors.contains({root, Role::Query});
  }
  /// The address of a tensor that is no rows.
  uint64_t getPlain(unsigned root) const {
    return tensors.lookup({root, Role::Plain}).address;
  }

  /// What copies the rows of `source` to those of `target`, in every role that
  /// the target's root is read in.
  SmallVector<CopyPlan> planCopies(const View &source, const View &target,
                                   RankedTensorType type);

  /// The program's `in` tensors, then its `out` tensors, in their order.
  SmallVector<HostTensor> getHostTensors();

  unsigned getResultRoot(unsigned index) {
    return function.getNumArguments() + index;
  }
  RankedTensorType getType(unsigned root);

private:
  struct Tensor {
    RankedTensorType type; // of the function
    RowFormat format;
    unsigned dropped = 0;
    uint64_t address = 0;
  };
  RowAddresses getRows(const View &view, const Tensor &tensor) const;
  std::string getName(unsigned root);

  ProgramBuilder &program;
  func::FuncOp function;
  llvm::MapVector<std::pair<unsigned, Role>, Tensor> tensors;
  llvm::MapVector<unsigned, Tensor> lowPlanes;
};

/// The argument that `value` is a part of, through slices, insertions and
/// gathers of rows; null if there is none.
BlockArgument findArgument(Value value);

} // namespace rarefy::spatten

#endif // RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_MEMORYLAYOUT_H
