#ifndef RAREFY_CONVERSION_PASSES_TD
#define RAREFY_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def SpAttenOptions {
  list<Option> options = [
    Option<"config", "config", "std::string", /*default=*/"",
      "File with the parameters of the machine, configs/spatten.yaml for example">,
    ListOption<"set", "set", "std::string",
      "Parameters that replace those of the file, each as key=value">];
}

def RarefyOutlineAttention
    : Pass<"rarefy-outline-attention", "::mlir::ModuleOp"> {
  let summary = "Move attention that SpAtten takes to functions of its own";
  let description = [{
    Every `rarefy.attention` on i16 that the machine takes becomes a call of a
    private function that holds it alone and has the attribute
    `spatten.program`, for `convert-rarefy-to-spatten`. Attentions of equal types
    and attributes share one. Importance starts at zero there, and the host adds
    what it was before. Batches of one are reshaped away.

    Remarks: passed for each attention that moves, with its program, missed for
    each that stays, with the reason, and missed if there is no attention.

    Example:
    ```mlir
    func.func @layer(%q: tensor<2x8x16xi16>, %k: tensor<2x8x16xi16>, %v: tensor<2x8x16xi16>,
        %o: tensor<2x8x16xi16>) -> tensor<2x8x16xi16> {
      %0 = rarefy.attention ins(%q, %k, %v : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
        outs(%o : tensor<2x8x16xi16>) {scale = 1.0e-6 : f32} -> tensor<2x8x16xi16>
      return %0 : tensor<2x8x16xi16>
    }
    ```
  }];
  let options = SpAttenOptions.options;
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def ConvertRarefyToSpAtten : Pass<"convert-rarefy-to-spatten", "::mlir::ModuleOp"> {
  let summary = "Turn functions into programs of SpAtten";
  let description = [{
    Every function of the module with the unit attribute `spatten.program` becomes
    an `isa.program` of its name. Its tensors lie in device memory: arguments are
    `in` tensors, results `out` tensors. It consists of `rarefy.attention` on
    i16, and of what leads tokens and heads from one to the next: `rarefy.topk`
    of an importance, `rarefy.gather` by such positions, `rarefy.scatter` of an
    importance of tokens, slices and insertions at constant offsets. Importance
    is carried in the counters of the device, positions in its lists of kept
    tokens and heads. The largest i32 without sign, inserted in place of a
    token's importance, protects the token in the selection behind it. An
    importance that no selection and no result reads is not counted.

    An argument that is read as keys becomes the tensor `name.msb`, and
    `name.lsb` with the low bits if their `planes` have any; one read as values
    becomes `name.value`. They have 64 elements in a row, and an element has as
    many bits as the attention reads, unless rows would not be whole 32-byte
    transactions. Such elements lie in pairs of heads, [..., heads / 2, tokens, 2,
    64], where heads come in pairs; what still is no whole transaction gets more
    bits, which values and low planes fill from above, and keys from below. A
    function that does not fit the configuration, or has an op that the device
    lacks, is refused with the reason.

    The rows of a head share its keys and values, which are loaded once; the low
    plane of keys is for the first row that needs it, and there for the others.
    Kept heads are computed one after the other, in a loop; their outputs lie
    close together.

    Where the function is called, the call becomes an `isa.launch`, with the
    host's code in front of it that makes these tensors of the arguments, and
    behind it what takes the results out of the device's. An element of more bits
    than the attention reads is refused when the program runs; a key that the
    device's memory would take nevertheless becomes -32768 in front of it.

    Remarks: analysis for a module in which no function has the attribute.

    Example:
    ```mlir
    func.func @row(%q: tensor<2x1x64xi16>, %k: tensor<2x96x64xi16>, %v: tensor<2x96x64xi16>)
        -> tensor<2x1x64xi16> attributes {spatten.program} {
      %o = tensor.empty() : tensor<2x1x64xi16>
      %0 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x96x64xi16>, tensor<2x96x64xi16>)
        outs(%o : tensor<2x1x64xi16>) {scale = 1.0e-6 : f32, value_bits = 8,
          planes = #rarefy.planes<msb = 8, lsb = 4, threshold = 0.1>} -> tensor<2x1x64xi16>
      return %0 : tensor<2x1x64xi16>
    }
    ```
  }];
  let options = SpAttenOptions.options;
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect", "::rarefy::program::ISADialect",
    "::rarefy::spatten::SpAttenDialect"];
}

def ConvertLaunchToLLVM : Pass<"convert-launch-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Call the runtime where programs are launched";
  let description = [{
    Every `isa.launch` on buffers becomes a call of `rarefyLaunch`, see
    `rarefy/Conversion/Launch.h`. Its program is there as a constant: the bytes of
    the file that `rarefy-translate --export-program` writes. An operand that is
    no dense buffer is copied. Programs leave the module, also those that nobody
    launches.

    Example:
    ```mlir
    isa.program @idle for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
        rows_per_line = 8 : i64, max_keys = 1024 : i64} {
      isa.tensor @key in at 0 : tensor<8x64xi6>
      spatten.halt
    }

    func.func @main(%key: memref<8x64xi8>) {
      isa.launch @idle ins(%key : memref<8x64xi8>)
      return
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect"];
}

#endif // RAREFY_CONVERSION_PASSES_TD
