#ifndef RAREFY_DIALECT_RAREFY_IR_RAREFYOPS_TD
#define RAREFY_DIALECT_RAREFY_IR_RAREFYOPS_TD

include "mlir/Dialect/Linalg/IR/LinalgInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/TilingInterface.td"

def Rarefy_Dialect : Dialect {
  let name = "rarefy";
  let cppNamespace = "::rarefy";
  let summary = "Operations of sparse and quantized transformers on tensors";
  let description = [{
    Attention that reports how much each token and head mattered, the selection
    of the ones to keep, and the ops that compact a tensor to them and put it
    back. Cascade token and head pruning and local value pruning follow Wang,
    Zhang and Han, "SpAtten: Efficient Sparse Attention Architecture with
    Cascade Token and Head Pruning", HPCA 2021, arXiv 2012.09852.

    Every op is destination style and defines itself by its decomposition to
    upstream dialects.

    Arguments and results of a function can say more than their types do, which
    rarefy-run and the Python package show: `rarefy.name` is a string,
    `rarefy.dims` a list with a string for each dimension, `rarefy.unsigned` a
    unit attribute of integers. Sizes of one name, not empty, are equal in all
    arguments, which a call checks; those of results are not checked. Other
    attributes that begin with `rarefy.` are errors.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"];
}

include "rarefy/Dialect/Rarefy/IR/RarefyAttributes.td"

class Rarefy_Op<string mnemonic, list<Trait> traits = []>
    : Op<Rarefy_Dialect, mnemonic, traits # [
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>,
        DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>,
        DeclareOpInterfaceMethods<TilingInterface, [
          "getLoopIteratorTypes", "getIterationDomain", "getTiledImplementation",
          "getResultTilePosition", "generateResultTileValue"]>]> {
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

class Rarefy_ShapedOf<list<Type> types>
    : AnyTypeOf<[RankedTensorOf<types>, StridedMemRefOf<types>]>;
def Rarefy_Float : Rarefy_ShapedOf<[F16, BF16, F32]>;
def Rarefy_Element : Rarefy_ShapedOf<[F16, BF16, F32, I16]>;
def Rarefy_TokenImportance : Rarefy_ShapedOf<[F32, I32]>;
def Rarefy_HeadImportance : Rarefy_ShapedOf<[F32, I64]>;
def Rarefy_Scores : Rarefy_ShapedOf<[F32, I32, I64]>;
def Rarefy_Flags : Rarefy_ShapedOf<[I1]>;
def Rarefy_Mask : Rarefy_ShapedOf<[F16, BF16, F32, I1]>;
def Rarefy_F32 : Rarefy_ShapedOf<[F32]>;
def Rarefy_Positions : Rarefy_ShapedOf<[I32]>;
def Rarefy_Any : Rarefy_ShapedOf<[AnyType]>;

def Rarefy_AttentionOp : Rarefy_Op<"attention", [AttrSizedOperandSegments]> {
  let summary = "Scaled dot-product attention, with the importance of tokens and heads";
  let description = [{
    For every batch and head:

    ```
    scores = scale * query * key^T + mask        rows x keys, in f32
    prob   = softmax(scores) along keys
    output = prob * value                        rows x value depth
    ```

    `query` is [batch.., heads, rows, depth], `key` [batch.., kv heads, keys,
    depth], `value` [batch.., kv heads, keys, value depth]; query head h reads
    key and value head h / (heads / kv heads). `mask` broadcasts from the right
    to [batch.., heads, rows, keys], a dimension of static size 1 to any size: a
    float mask is added to the scaled scores, a boolean mask keeps where it is
    true. With `causal`, row i sees key j where j <= i + keys - rows. A row that
    sees no key gives zeros.

    With `keep_values = k`, only the k largest probabilities of a row meet
    `value`, the earliest key winning a tie; they are not renormalised (local
    value pruning, SpAtten section III-C).

    The two importance results accumulate into their initial values (SpAtten
    section III-A and III-B, algorithm 2): `token_importance` [batch.., keys]
    adds each key's probabilities over heads and rows, before local value
    pruning; `head_importance` [batch.., heads] adds |output| over rows and
    depth.

    On i16 it computes in the numbers of SpAtten's datapath, exactly: the low 12
    bits of an element count, a score is a sum of products in i32, a probability
    a multiple of 2^-11 up to 2047 of them, rounded to even from binary32 with
    e^x by a Taylor polynomial of order 5 and the sum in units of 2^-30, and the
    output the sum of probability times value, rounded to the unit of `value`
    and kept within 12 bits. Importance is then i32 without sign, in units of
    2^-11, up to its largest number, and i64. Of such an attention,

    - `planes` gives the keys fewer bits, of which a row at first reads the high
      ones alone, see `#rarefy.planes`; `refetched` [batch.., heads, rows] says
      which rows read the others too;
    - `value_bits` is how many of the 12 bits of a value count, the high ones;
    - `keep_group = g` has each g heads select values together, by the sum of
      their probabilities: two heads in one row of memory are fetched together.

    It tiles over batches, heads and rows. These loops are parallel for the
    output, but sequential where they add to an importance. A tile of a causal
    attention reads only the keys that its last row sees.

    Example:
    ```mlir
    %0:2 = rarefy.attention ins(%q, %k, %v : tensor<12x64x32xf32>, tensor<12x64x32xf32>, tensor<12x64x32xf32>)
      outs(%o : tensor<12x64x32xf32>) token_importance(%t : tensor<64xf32>) {scale = 0.125 : f32}
      -> tensor<12x64x32xf32>, tensor<64xf32>
    ```
  }];
  let arguments = (ins
    Rarefy_Element:$query, Rarefy_Element:$key, Rarefy_Element:$value,
    Optional<Rarefy_Mask>:$mask, Rarefy_Element:$output_init,
    Optional<Rarefy_TokenImportance>:$token_importance_init,
    Optional<Rarefy_HeadImportance>:$head_importance_init,
    Optional<Rarefy_Flags>:$refetched_init,
    F32Attr:$scale, UnitAttr:$causal,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$keep_values,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$keep_group,
    OptionalAttr<Rarefy_PlanesAttr>:$planes,
    OptionalAttr<ConfinedAttr<I64Attr, [IntMinValue<2>, IntMaxValue<12>]>>:$value_bits);
  let results = (outs Variadic<Rarefy_Any>:$results);
  let assemblyFormat = [{
    `ins` `(` $query `,` $key `,` $value `:` type($query) `,` type($key) `,` type($value) `)`
    (`mask` `(` $mask^ `:` type($mask) `)`)?
    `outs` `(` $output_init `:` type($output_init) `)`
    (`token_importance` `(` $token_importance_init^ `:` type($token_importance_init) `)`)?
    (`head_importance` `(` $head_importance_init^ `:` type($head_importance_init) `)`)?
    (`refetched` `(` $refetched_init^ `:` type($refetched_init) `)`)?
    attr-dict (`->` type($results)^)?
  }];
  let builders = [OpBuilder<(ins
    "TypeRange":$results, "Value":$query, "Value":$key, "Value":$value,
    "Value":$mask, "Value":$output, "Value":$tokenImportance,
    "Value":$headImportance, "FloatAttr":$scale, "UnitAttr":$causal,
    "IntegerAttr":$keepValues), [{
      build($_builder, $_state, results, query, key, value, mask, output,
            tokenImportance, headImportance, /*refetched=*/Value(), scale,
            causal, keepValues, /*keepGroup=*/IntegerAttr(), PlanesAttr(),
            /*valueBits=*/IntegerAttr());
    }]>];
  let extraClassDeclaration = [{
    MutableOperandRange getDpsInitsMutable();
    /// The results on tensors; null where the op has none (or is on memrefs).
    Value getOutput();
    Value getTokenImportance();
    Value getHeadImportance();
    Value getRefetched();
    /// Whether it computes in the integers of SpAtten's datapath.
    bool isInteger() {
      return getElementTypeOrSelf(getQuery()).isInteger();
    }
    /// Number of batch dimensions, in front of heads, rows and depth.
    int64_t getBatchRank() {
      return cast<ShapedType>(getQuery().getType()).getRank() - 3;
    }
  }];
}

def Rarefy_TopKOp : Rarefy_Op<"topk"> {
  let summary = "Positions of the k largest scores, in original order";
  let description = [{
    For every batch, the positions of the k largest of `scores` [batch.., n] in
    ascending order of position; of equal scores the earliest wins (the rule of
    SpAtten's top-k engine, section IV-B). k is the size of the last dimension
    of `init` [batch.., k], which must not exceed n. NaN is smaller than any
    number; integers have no sign. It tiles over batches.

    Example:
    ```mlir
    %0 = rarefy.topk ins(%scores : tensor<2x64xf32>) outs(%init : tensor<2x16xi32>) -> tensor<2x16xi32>
    ```
  }];
  let arguments = (ins Rarefy_Scores:$scores, Rarefy_Positions:$init);
  let results = (outs Optional<Rarefy_Positions>:$result);
  let assemblyFormat = [{
    `ins` `(` $scores `:` type($scores) `)` `outs` `(` $init `:` type($init) `)`
    attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
}

def Rarefy_GatherOp : Rarefy_Op<"gather"> {
  let summary = "Compact a tensor along one dimension to some positions";
  let description = [{
    `result[b.., x.., i, y..] = source[b.., x.., positions[b.., i], y..]` where i
    is the index along `dim`. `positions` is [batch.., k]; its batch dimensions
    are the leading ones of `source`. A position outside `source` is undefined
    behaviour. A tile of one position is a slice of `source`, not a copy.

    Example:
    ```mlir
    %0 = rarefy.gather dim 1 ins(%x, %p : tensor<2x64x128xf32>, tensor<2x16xi32>)
      outs(%init : tensor<2x16x128xf32>) -> tensor<2x16x128xf32>
    ```
  }];
  let arguments = (ins Rarefy_Any:$source, Rarefy_Positions:$positions,
                       Rarefy_Any:$init,
                       ConfinedAttr<I64Attr, [IntNonNegative]>:$dim);
  let results = (outs Optional<Rarefy_Any>:$result);
  let assemblyFormat = [{
    `dim` $dim `ins` `(` $source `,` $positions `:` type($source) `,` type($positions) `)`
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
}

def Rarefy_ScatterOp : Rarefy_Op<"scatter"> {
  let summary = "Put a compacted tensor back at its positions";
  let description = [{
    `init` with `source` put back along `dim`:
    `result[b.., x.., positions[b.., i], y..] = source[b.., x.., i, y..]`; what no
    position names keeps the value of `init`. `positions` is [batch.., k]; its
    batch dimensions are the leading ones of `source`, and it names no position
    twice. A position outside `init` is undefined behaviour.

    Example:
    ```mlir
    %0 = rarefy.scatter dim 1 ins(%x, %p : tensor<2x16x128xf32>, tensor<2x16xi32>)
      outs(%init : tensor<2x64x128xf32>) -> tensor<2x64x128xf32>
    ```
  }];
  let arguments = (ins Rarefy_Any:$source, Rarefy_Positions:$positions,
                       Rarefy_Any:$init,
                       ConfinedAttr<I64Attr, [IntNonNegative]>:$dim);
  let results = (outs Optional<Rarefy_Any>:$result);
  let assemblyFormat = [{
    `dim` $dim `ins` `(` $source `,` $positions `:` type($source) `,` type($positions) `)`
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
}

#endif // RAREFY_DIALECT_RAREFY_IR_RAREFYOPS_TD
