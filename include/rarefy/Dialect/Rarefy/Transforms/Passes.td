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

/// How much of an axis each layer keeps.
class Rarefy_KeepOptions<string what, string front> {
  list<Option> options = [
    ListOption<"keep", "keep", "double",
      "Ratio of the " # what # " that each layer works on, the first on all; the last goes for all layers behind, and so does a single one">,
    ListOption<"counts", "counts", "int64_t",
      "The same as numbers of " # what>,
    Option<"mean", "mean", "double", /*default=*/"0.5",
      "Without a list, and without both start and end: mean ratio over all layers">,
    Option<"start", "start", "double", /*default=*/"0",
      "Without a list: ratio of the first layer behind the front (0: from mean and end)">,
    Option<"end", "end", "double", /*default=*/"0",
      "Without a list: ratio of the last layer (0: from mean and start)">,
    Option<"front", "front", "double", /*default=*/"" # front,
      "Without a list: part of the layers, in front, that keep all">
  ];
}

def RarefyPruneTokens : Pass<"rarefy-prune-tokens"> {
  let summary = "Prune tokens in cascade by the attention that they get";
  let description = [{
    Cascade token pruning of SpAtten, section III-A. Each self-attention adds to
    its keys' importance, which is carried from layer to layer. Where the next
    layer is to work on fewer tokens, `rarefy.topk` chooses the most important
    behind the attention, and everything behind that point works on them alone:
    the attention's own output is compacted at once, so that its projection and
    the feed-forward network shrink too, and the residual stream where it joins.
    Survivors have the same values as if the compaction stood at the end of the
    layer.

    Without a list the schedule is the paper's (section V-A): the front of the
    layers keeps all, the others interpolate from `start` to `end`. An option
    that would do nothing beside another is refused. A ratio is one of the
    original number of tokens, rounded up. The first layer works on all tokens,
    as nothing is known about them yet: `keep=0.5` is the same as `keep=1,0.5`.
    Layers count from 1, and a remark names the one that tokens are dropped
    behind.

    Tokens are followed through indexing maps, reshapes and slices.
    - Tensors that join are gathered; masks along rows and keys.
    - A sum over tokens is multiplied by how many there were over how many are
      left, so that means stay means; keys that are masked for every row count
      as neither. A maximum is taken over the survivors.
    - The slice of one position needs that position protected.
    - A result that has tokens gets back its full size, with zeros for the
      pruned ones. The size of a tensor means the full one wherever the program
      computes with it.
    - Keys that are masked for every row score below all others.
    If one op cannot be followed, the function stays as it is.

    Batches choose tokens each for itself. Remarks: passed for each compaction
    and for the function, missed with the op that is in the way.
  }];
  let options = Rarefy_KeepOptions<"tokens", "0.15">.options # [
    ListOption<"protect", "protect", "int64_t",
      "Positions that survive in any case; negative ones count from the end">];
  let dependentDialects = [
    "RarefyDialect", "arith::ArithDialect", "linalg::LinalgDialect",
    "tensor::TensorDialect"];
}

def RarefyPruneHeads : Pass<"rarefy-prune-heads"> {
  let summary = "Prune heads in cascade by what they contribute";
  let description = [{
    Cascade head pruning of SpAtten, section III-B. Attentions add to their
    heads' importance, which is carried from layer to layer; where the next layer
    is to work on fewer heads, `rarefy.topk` chooses. A head that is pruned is
    not computed in any later layer: the projections of queries, keys and values
    contract with a `rarefy.gather` of their weights along the dimension of the
    heads, biases and masks likewise, and so does the projection behind the
    attention. A projection that queries, keys and values share is taken apart
    where it is sliced. A layer's own output keeps all heads that it computed.

    Without a list the schedule is the paper's (section V-A), with a larger
    front. A batch has one choice of heads, by the sum over it. Several query
    heads that share one of keys and values cannot be chosen from; a single head
    of keys and values can serve fewer. If one op cannot be followed, the
    function stays as it is.

    Remarks: passed for each choice and for the function, missed with the op that
    is in the way, and missed for an op that computes dropped heads all the same,
    as they can only be gathered out of its result.
  }];
  let options = Rarefy_KeepOptions<"heads", "0.3">.options;
  let dependentDialects = [
    "RarefyDialect", "arith::ArithDialect", "linalg::LinalgDialect",
    "tensor::TensorDialect"];
}

def RarefyPruneValues : Pass<"rarefy-prune-values"> {
  let summary = "Let only the largest probabilities of a row meet the values";
  let description = [{
    Local value pruning of SpAtten, section III-C: sets `keep_values` of each
    attention. A ratio is one of the attention's keys, rounded up; after token
    pruning these are the survivors. An attention that would keep all stays as
    it is, and so does one with a dynamic number of keys under a ratio.
  }];
  let options = [
    ListOption<"keep", "keep", "double",
      "Ratio of the keys of each layer; the last goes for all layers behind (default: 0.5)">,
    ListOption<"counts", "counts", "int64_t", "The same as numbers of keys">];
  let dependentDialects = ["RarefyDialect"];
}

def RarefyObserveAttention : Pass<"rarefy-observe-attention"> {
  let summary = "Report how large the operands of each attention get";
  let description = [{
    Gives a function with attention on floats one more result, the last, of the
    name `attention_ranges`: tensor<layers x 3 x f32>, for each attention in
    order the largest |x| of its query, key and value, NaN if one has NaN. Scales
    of `rarefy-quantize-attention` come from these, over samples.

    A function that is called, or has attention in control flow, is refused.
  }];
  let dependentDialects = [
    "arith::ArithDialect", "linalg::LinalgDialect", "math::MathDialect",
    "tensor::TensorDialect"];
}

def RarefyQuantizeAttention
    : Pass<"rarefy-quantize-attention", "::mlir::ModuleOp"> {
  let summary = "Compute attention in the integers of SpAtten's datapath";
  let description = [{
    Every attention on floats becomes one on i16. Its operands are quantized
    symmetrically (SpAtten section III-D): an element is
    `clamp(roundeven(x / scale))` with as many steps below zero as above, of 12
    bits for queries, the high and low bits together for keys, and `value-bits`
    for values, which are the high ones of 12. `scale` of the attention takes up
    the scales of query and key, its output is multiplied by that of the value.
    A NaN becomes -32768, which is no number of 12 bits: an accelerator refuses
    it, definitions take its low bits.
    Importance, in units of 2^-11 for tokens, is converted and added to what
    earlier layers found on floats, so that cascades that were pruned before stay
    as they are. `keep_values` stays too.

    `scales` is a JSON file, as `rarefy.calibrate` of the Python package writes:
    a list with an object for each attention on floats of the module, in order,
    those that are left alone too. They hold for the numbers of bits and
    behind the passes that they were made for. The file does not tell these: a
    list of the right length is taken, also for a model that was pruned in
    another way.

    ```
    [{"query": 0.002, "key": 0.03, "value": 0.01}, ...]
    ```

    A layer has one scale for each of its tensors, not one for each head. Heads
    of a layer come from one projection and one normalised input, so that their
    ranges differ little; importance of heads adds |output| and is compared
    across them, in one unit; and behind pruned heads, whose numbers are only
    known when the program runs, scales by head would have to be gathered like
    weights, in front of the device.

    An attention with a mask of floats, or with a depth that is dynamic or above
    64, stays as it is. Remarks: passed for each attention that is quantized,
    with its scales, missed for each that is not, with the reason.
  }];
  let options = [
    Option<"keyBits", "key-bits", "std::string", /*default=*/"\"8\"",
      "Bits of keys: a number, or high and low ones as 6+4, of which rows read the low ones only if need be">,
    Option<"valueBits", "value-bits", "unsigned", /*default=*/"8",
      "Bits of values">,
    Option<"threshold", "threshold", "double", /*default=*/"0.1",
      "Rows whose largest probability is below this read the low bits of keys, if key-bits has any">,
    Option<"scales", "scales", "std::string", /*default=*/"",
      "JSON file with the scales of each attention">];
  let dependentDialects = [
    "RarefyDialect", "arith::ArithDialect", "linalg::LinalgDialect",
    "math::MathDialect", "tensor::TensorDialect"];
}

#endif // RAREFY_DIALECT_RAREFY_TRANSFORMS_PASSES_TD
