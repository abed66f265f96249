#ifndef RAREFY_CODEGEN_CPU_PASSES_TD
#define RAREFY_CODEGEN_CPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def RarefyCPUPrepare : Pass<"rarefy-cpu-prepare", "ModuleOp"> {
  let summary = "Reduce tensor code to linalg.generic and a few tensor ops";
  let description = [{
    Decomposes aggregate ops (linalg.softmax, tensor.concat, linalg.pack, ...),
    turns every named linalg op into linalg.generic and jumps between blocks
    into scf, and says of each public function that it has a C interface and
    leaves its arguments' data alone. An op that no later pass has a way down
    for is an error.
  }];
  let dependentDialects = [
    "bufferization::BufferizationDialect", "linalg::LinalgDialect",
    "LLVM::LLVMDialect", "math::MathDialect", "scf::SCFDialect",
    "tensor::TensorDialect", "ub::UBDialect"];
}

def RarefyCPUWidenSums : Pass<"rarefy-cpu-widen-sums"> {
  let summary = "Add floats up in f64";
  let description = [{
    Each linalg.generic on tensors that adds floats up does so in f64, with the
    factors of products widened before they are multiplied, and is rounded once,
    at the end. Its results are then as good as independent of the order of
    additions: what a comparison needs.
  }];
  let dependentDialects = ["arith::ArithDialect", "linalg::LinalgDialect"];
}

def RarefyCPUUnfoldGathers : Pass<"rarefy-cpu-unfold-gathers"> {
  let summary = "Read gathered constants of products in place";
  let description = [{
    A product of matrices that meets a `rarefy.gather` of a constant - the weights
    of the heads that pruning kept - becomes a loop over the gathered dimension,
    in which each product reads its part of the constant where it is. No weight is
    copied, and the work of what was dropped is not done. Runs before the gather
    is decomposed.
  }];
  let dependentDialects = [
    "arith::ArithDialect", "linalg::LinalgDialect", "scf::SCFDialect",
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

def CPUOption : Option<"cpu", "cpu", "std::string", /*default=*/"\"native\"",
  "Processor to generate code for, as LLVM names it, or native">;
def ParallelOption : Option<"parallel", "parallel", "bool", /*default=*/"true",
  "Share loops that are worth it among threads">;

def RarefyCPULowerContractions : Pass<"rarefy-cpu-lower-contractions"> {
  let summary = "Turn sums of products on buffers into micro-kernels";
  let description = [{
    Takes any linalg.generic on memrefs whose body is `acc + lhs * rhs`, the
    inputs perhaps widened first, and whose result's innermost dimension of more
    than one element is contiguous and missing from one input: products of
    matrices and vectors with batch dimensions, transposed operands, several
    row, column or summed dimensions, and convolutions; static or dynamic. It
    becomes loops around a micro-kernel: sums of a block of rows x columns in
    vector registers, one fused multiply-add per vector and row for each step of
    the summed dimension. Block sizes follow from the target's registers and
    caches, and from the shape. A right-hand side that is indexed by
    [.., column floordiv p, k, column mod p] is read as packed panels; any other
    is copied into panels of that form on the stack, unless there are few rows.

    A linalg.generic or linalg.fill directly in front that sets the result to
    zero becomes the initial value of the sums; it stays for where a summed
    dimension of unknown size is empty.

    Work above the target's threshold becomes an scf.parallel, unless it is
    already in a parallel loop. What is not taken is left, with a remark.
  }];
  let options = [CPUOption, ParallelOption];
  let dependentDialects = [
    "affine::AffineDialect", "arith::ArithDialect", "memref::MemRefDialect",
    "scf::SCFDialect", "vector::VectorDialect"];
}

def RarefyCPUVectorize : Pass<"rarefy-cpu-vectorize"> {
  let summary = "Turn linalg ops on buffers into loops over vectors";
  let description = [{
    Emits the loops of each linalg op on memrefs. The loop dimension along which
    the operands cost least to read and write becomes vectors: for a parallel
    one, results are vectors; for a summed one, sums are, several at a time, and
    are added up at the end. What is left of a dimension runs with fewer lanes,
    the last elements as scalars. Operands that are not contiguous are read and
    written element by element. Sizes may be dynamic.

    Work above the target's threshold becomes an scf.parallel over outer
    dimensions, unless it is already in a parallel loop. An op that stays scalar
    gets a remark with the reason.
  }];
  let options = [CPUOption, ParallelOption];
  let dependentDialects = [
    "affine::AffineDialect", "arith::ArithDialect", "memref::MemRefDialect",
    "scf::SCFDialect", "vector::VectorDialect"];
}

def RarefyCPUPackConstants : Pass<"rarefy-cpu-pack-constants", "ModuleOp"> {
  let summary = "Lay constant right-hand sides out as the micro-kernel reads them";
  let description = [{
    Replaces a constant matrix of a contraction by one of panels, [columns / p, k,
    p], where p is the width of the target's micro-kernel; columns that are
    missing in the last panel are zero. The op then indexes it by [column floordiv
    p, k, column mod p], which says the same thing, so that any lowering of it
    stays correct.
  }];
  let options = [CPUOption];
  let dependentDialects = ["arith::ArithDialect", "linalg::LinalgDialect"];
}

def RarefyCPUSplitFills : Pass<"rarefy-cpu-split-fills"> {
  let summary = "Give each use of a filled tensor a fill of its own";
  let description = [{
    One tensor of zeros that starts several sums would be filled once and copied
    for each; filled anew it needs no copy, and a micro-kernel needs no fill
    either.
  }];
  let dependentDialects = ["linalg::LinalgDialect", "tensor::TensorDialect"];
}

def RarefyCPUOutline : Pass<"rarefy-cpu-outline", "ModuleOp"> {
  let summary = "Give each computation a function, equal ones the same";
  let description = [{
    Turns the ops on buffers (linalg ops, attention, and loops that share work
    among threads) of a function that has several into calls of private
    functions. Layers of a network repeat each other: ops that differ in nothing
    but the buffers call the same function and are compiled once. The others get
    one too, because LLVM's time grows faster than the size of a function. An op
    that sets a product's result to zero moves in front of the product first,
    and into the function with it.
  }];
  let dependentDialects = ["func::FuncDialect"];
}

def RarefyCPUPlanMemory : Pass<"rarefy-cpu-plan-memory"> {
  let summary = "Give a function's temporaries one allocation";
  let description = [{
    Temporaries of static size that are allocated and freed in the body of a
    function become views of one buffer. Those that are not in use at the same
    time share memory.
  }];
  let dependentDialects = ["arith::ArithDialect", "memref::MemRefDialect"];
}

def RarefyCPULowerAttention : Pass<"rarefy-cpu-lower-attention"> {
  let summary = "Turn attention on buffers into loops that store no matrix of scores";
  let description = [{
    Takes rarefy.attention on memrefs. Heads are shared among threads; in each,
    keys and values are packed once, and blocks of rows, sized for the target's
    first-level cache, go through scores, softmax, importance and output before
    the next. The two products of a block become linalg.generic on packed
    panels, for rarefy-cpu-lower-contractions; the rest is vectors. Importance
    is summed for each head and then over heads, in an order that does not
    depend on threads.
  }];
  let options = [CPUOption, ParallelOption];
  let dependentDialects = [
    "arith::ArithDialect", "linalg::LinalgDialect", "math::MathDialect",
    "memref::MemRefDialect", "scf::SCFDialect", "vector::VectorDialect"];
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

def RarefyCPULowerScopes : Pass<"rarefy-cpu-lower-scopes"> {
  let summary = "Inline memref.alloca_scope, saving the stack around it";
  let description = [{
    A memref.alloca_scope may hold one block only, so it must be gone before
    loops become branches. Runs after loops are given to OpenMP, which adds
    scopes of its own.
  }];
  let dependentDialects = ["LLVM::LLVMDialect"];
}

def RarefyCPUFinalize : Pass<"rarefy-cpu-finalize"> {
  let summary = "Say in the LLVM dialect which processor functions are for";
  let description = [{
    Gives each function the target's name, features and vector width, and
    rewrites masked accesses that LLVM would legalise into calls of functions
    that C runtimes lack. On a processor without fused multiply-add, a product
    and a sum take its place.
  }];
  let options = [CPUOption];
  let dependentDialects = ["LLVM::LLVMDialect"];
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
