#ifndef RAREFY_DIALECT_RAREFY_TRANSFORMS_PASSES_TD
#define RAREFY_DIALECT_RAREFY_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def RarefyDecompose : Pass<"rarefy-decompose"> {
  let summary = "Replace each `rarefy` op by its definition";
  let description = [{
    Calls `decomposeOperation` on every op of the `rarefy` dialect. What it
    returns is the op's meaning in upstream dialects: a CPU path that is always
    there, and the reference that every faster lowering is compared with.
  }];
  let dependentDialects = [
    "arith::ArithDialect", "linalg::LinalgDialect", "math::MathDialect",
    "scf::SCFDialect", "tensor::TensorDialect"];
}

#endif // RAREFY_DIALECT_RAREFY_TRANSFORMS_PASSES_TD
