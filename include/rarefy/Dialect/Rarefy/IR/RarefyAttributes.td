#ifndef RAREFY_DIALECT_RAREFY_IR_RAREFYATTRIBUTES_TD
#define RAREFY_DIALECT_RAREFY_IR_RAREFYATTRIBUTES_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def Rarefy_PlanesAttr : AttrDef<Rarefy_Dialect, "Planes"> {
  let mnemonic = "planes";
  let summary = "Integers kept as a plane of high and a plane of low bits";
  let description = [{
    Progressive quantization (SpAtten section III-D): keys of `msb + lsb` bits,
    `key = high * 2^lsb + low` with `low` not negative. Scores are computed from
    the high bits, `high * 2^lsb`. A row whose largest probability is then below
    `threshold` is computed again from all bits, once; what it had is discarded.

    Example:
    ```mlir
    #rarefy.planes<msb = 6, lsb = 4, threshold = 5.000000e-02>
    ```
  }];
  let parameters = (ins "unsigned":$msb, "unsigned":$lsb, APFloatParameter<"">:$threshold);
  let assemblyFormat = [{
    `<` `msb` `=` $msb `,` `lsb` `=` $lsb `,` `threshold` `=`
    custom<Threshold>($threshold) `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The threshold in units of a probability, 2^-11.
    int64_t getThresholdSteps() const;
  }];
}

#endif // RAREFY_DIALECT_RAREFY_IR_RAREFYATTRIBUTES_TD
