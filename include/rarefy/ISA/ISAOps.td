#ifndef RAREFY_ISA_ISAOPS_TD
#define RAREFY_ISA_ISAOPS_TD

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def ISA_Dialect : Dialect {
  let name = "isa";
  let cppNamespace = "::rarefy::program";
  let summary = "Programs of accelerators, whatever their instruction set";
  let description = [{
    A program is a list of instructions, each an op of the dialect that is the
    instruction set, and of the tensors that it finds in device memory. It is
    what a program file holds: one can be written from the other.
  }];
}

def ISA_ProgramOp : Op<ISA_Dialect, "program", [
    IsolatedFromAbove, NoRegionArguments, NoTerminator, SingleBlock, Symbol,
    SymbolTable]> {
  let summary = "A program of an accelerator";
  let description = [{
    Holds `isa.tensor` ops, then instructions of the dialect `target` in the
    order in which the front end reads them. `config` names the hardware
    parameters that the program was made for, and their values: it runs on a
    machine that agrees with every one of them.

    Example:
    ```mlir
    isa.program @idle for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
        rows_per_line = 8 : i64, max_keys = 1024 : i64} {
      spatten.halt
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$target,
                       DictionaryAttr:$config);
  let regions = (region SizedRegion<1>:$bodyRegion);
  let assemblyFormat =
      "$sym_name `for` $target $config attr-dict-with-keyword $bodyRegion";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// The parameter `name` of the configuration, if it has it.
    std::optional<int64_t> getParameter(::llvm::StringRef name);
  }];
}

def ISA_Direction : I32EnumAttr<"Direction", "who writes a tensor", [
    I32EnumAttrCase<"In", 0, "in">, I32EnumAttrCase<"Out", 1, "out">,
    I32EnumAttrCase<"State", 2, "state">]> {
  let cppNamespace = "::rarefy::program";
}

def ISA_TensorOp : Op<ISA_Dialect, "tensor", [
    HasParent<"ProgramOp">, Symbol]> {
  let summary = "A tensor in device memory";
  let description = [{
    The elements lie row by row from byte `address` on, in two's complement and
    without gaps: those of 6 bits, for example, take 6 bits each, the first one
    in the lowest bits of the first byte. An `in` tensor is written by the host
    before the program runs, an `out` tensor is read by it afterwards; a `state`
    tensor stays from run to run and is zero at first. A tensor with a `value` is
    part of the program, and `in`.

    Example:
    ```mlir
    isa.program @one for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
        rows_per_line = 8 : i64, max_keys = 1024 : i64} {
      isa.tensor @key in at 4096 : tensor<12x1024x64xi6>
      isa.tensor @scale in at 0 : tensor<2xf32> = dense<0.125> : tensor<2xf32>
      spatten.halt
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, ISA_Direction:$direction,
                       ConfinedAttr<I64Attr, [IntNonNegative]>:$address,
                       TypeAttrOf<AnyStaticShapeTensor>:$type,
                       OptionalAttr<ElementsAttr>:$value);
  let assemblyFormat = [{
    $sym_name $direction `at` $address `:` $type (`=` $value^)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Bytes that the tensor takes, rounded up to whole ones.
    uint64_t getSizeInBytes();
  }];
}

class ISA_HostTensorOf<list<Type> types>
    : AnyTypeOf<[RankedTensorOf<types>, StridedMemRefOf<types>]>;
def ISA_HostTensor
    : ISA_HostTensorOf<[I8, I16, I32, I64, F16, BF16, F32, F64]>;

def ISA_LaunchOp : Op<ISA_Dialect, "launch", [
    AttrSizedOperandSegments, DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Run a program of an accelerator on tensors of the host";
  let description = [{
    `ins` are the `in` tensors of the program that have no value, in their order,
    `outs` its `out` tensors, which are written as a whole. Shapes are those of
    the program. An integer of the host may be wider than the device's: device
    memory packs numbers, and a number that does not fit is an error when the
    program runs. It has a sign unless the device's has none. A launch finds the device as the configuration leaves it, so
    the program has no `state` tensors.

    Example:
    ```mlir
    isa.program @idle for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
        rows_per_line = 8 : i64, max_keys = 1024 : i64} {
      isa.tensor @key in at 0 : tensor<8x64xi6>
      isa.tensor @output out at 4096 : tensor<8x64xi16>
      spatten.halt
    }

    func.func @main(%key: tensor<8x64xi8>, %init: tensor<8x64xi16>) -> tensor<8x64xi16> {
      %0 = isa.launch @idle ins(%key : tensor<8x64xi8>) outs(%init : tensor<8x64xi16>) -> tensor<8x64xi16>
      return %0 : tensor<8x64xi16>
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$program,
                       Variadic<ISA_HostTensor>:$inputs,
                       Variadic<ISA_HostTensor>:$inits);
  let results = (outs Variadic<ISA_HostTensor>:$results);
  let assemblyFormat = [{
    $program (`ins` `(` $inputs^ `:` type($inputs) `)`)?
    (`outs` `(` $inits^ `:` type($inits) `)`)? attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitsMutable(); }
  }];
}

#endif // RAREFY_ISA_ISAOPS_TD
