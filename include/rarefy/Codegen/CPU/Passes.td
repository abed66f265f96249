#ifndef RAREFY_CODEGEN_CPU_PASSES_TD
#define RAREFY_CODEGEN_CPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def RarefyCPUPrepare : Pass<"rarefy-cpu-prepare", "ModuleOp"> {
  let summary = "Reduce tensor code to linalg.generic and a few tensor ops";
  let description = [{
    Decomposes aggregate ops (linalg.softmax, tensor.concat, linalg.pack, ...),
    turns every named linalg op into linalg.generic, and says of each public
    function that it has a C interface and leaves its arguments' data alone.
  }];
  let dependentDialects = [
    "bufferization::BufferizationDialect", "linalg::LinalgDialect",
    "LLVM::LLVMDialect", "math::MathDialect", "scf::SCFDialect",
    "tensor::TensorDialect"];
}

def RarefyCPUFuse : Pass<"rarefy-cpu-fuse"> {
  let summary = "Fuse element-wise ops on tensors";
  let description = [{
    Fuses an element-wise producer into its consumers where that repeats no
    work: into another element-wise op, into a reduction that reads each element
    once, and, if it only moves data, into a contraction.
  }];
  let dependentDialects = ["affine::AffineDialect", "linalg::LinalgDialect"];
}

def RarefyCPULowerCopies : Pass<"rarefy-cpu-lower-copies"> {
  let summary = "Turn strided memref.copy into linalg.generic";
  let description = [{
    A copy between contiguous buffers stays, and becomes a memcpy. Any other
    becomes a linalg.generic, which vectorises, rather than a call into MLIR's
    runtime library.
  }];
  let dependentDialects = ["linalg::LinalgDialect"];
}

def RarefyCPUApproximateMath : Pass<"rarefy-cpu-approximate-math"> {
  let summary = "Replace math functions by polynomials";
  let description = [{
    Expands exp, log, tanh, erf and their kin on f32, f16 and bf16 (computed in
    f32), scalar or vector, to arithmetic that vectorises. What stays is called
    from the C library.
  }];
  let dependentDialects = [
    "arith::ArithDialect", "math::MathDialect", "vector::VectorDialect"];
}

#endif // RAREFY_CODEGEN_CPU_PASSES_TD
