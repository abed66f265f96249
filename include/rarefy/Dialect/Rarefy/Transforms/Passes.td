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
  let options = [Option<"attention", "attention", "bool", /*default=*/"true",
    "Replace attention too">];
  let dependentDialects = [
    "arith::ArithDialect", "linalg::LinalgDialect", "math::MathDialect",
    "scf::SCFDialect", "tensor::TensorDialect"];
}

def RarefyRaiseAttention : Pass<"rarefy-raise-attention"> {
  let summary = "Replace subgraphs that compute attention by `rarefy.attention`";
  let description = [{
    Finds products of a softmax and a tensor whose scores come from another
    product, by their structure: contractions and their indexing maps, scalar
    ops in the bodies of structured ops or on tensors, reshapes. What exporters
    write in between is read off: a scale before, behind or split over the
    operands of the first product; masks that are added or that select, of which
    `where(keep, 0, -inf)` becomes a boolean mask and a constant lower triangle
    becomes `causal`; a softmax that is spelled out; the guard against rows of
    NaN; heads split by reshapes and transpositions, keys transposed or not; key
    heads that are repeated.

    Dimensions of size 1 are left out of the batch. A row without any key, NaN
    or the mean of the values before, yields zeros. All other ops stay.

    Remarks: passed for each attention, missed for a softmax that multiplies a
    tensor and yet is none, with the op that is in the way, and an analysis if a
    function has neither.
  }];
  let dependentDialects = [
    "RarefyDialect", "arith::ArithDialect", "linalg::LinalgDialect",
    "tensor::TensorDialect"];
}

#endif // RAREFY_DIALECT_RAREFY_TRANSFORMS_PASSES_TD
