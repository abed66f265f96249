#ifndef RAREFY_ISA_ISAINTERFACES_TD
#define RAREFY_ISA_ISAINTERFACES_TD

include "mlir/IR/OpBase.td"

def InstructionOpInterface : OpInterface<"InstructionOpInterface"> {
  let description = [{ An operation that is one machine instruction. }];
  let cppNamespace = "::rarefy::program";
  let methods = [
    StaticInterfaceMethod<"The opcode, in the lowest bits of the word.",
                          "uint64_t", "getOpcode">,
    StaticInterfaceMethod<"The operand fields, lowest bits first.",
                          "::llvm::ArrayRef<::rarefy::program::Field>", "getFields">,
  ];
}

#endif // RAREFY_ISA_ISAINTERFACES_TD
