#ifndef RAREFY_DIALECT_SPATTEN_IR_SPATTENOPS_TD
#define RAREFY_DIALECT_SPATTEN_IR_SPATTENOPS_TD

include "rarefy/Dialect/SpAtten/IR/SpAttenControlOps.td"

//===----------------------------------------------------------------------===//
// Fetch: tensors from memory
//===----------------------------------------------------------------------===//

def SpAtten_LoadQueryOp : SpAtten_Inst<"load_query", 0x10, "Fetch", [
    Slot, Lane, Base, Offset]> {
  let summary = "Read a query";
  let description = [{
    Reads one vector of 16-bit elements, each a 12-bit number, as the query
    of a row.

    Example:
    ```mlir
    spatten.load_query slot = 1, base = 1, offset = 128, wait = [1], signal = [2]
    ```
  }];
}

def SpAtten_LoadKeyOp : SpAtten_Inst<"load_key", 0x11, "Fetch", [
    Base, Buffer, Keys, Bits, Shift, Fused, Gather, Offset]> {
  let summary = "Read keys";
  let description = [{
    Reads `keys` rows of vectors of `bits` bits, the first ones or, with
    `gather`, those of the kept tokens, puts `shift` zero bits below each
    element, and writes them to the lines of `buffer`. With `fused`, a row
    holds the vectors of two heads.

    Example:
    ```mlir
    spatten.load_key base = 2, keys = 921, bits = 6, shift = 4, fused, gather, signal = [3]
    ```
  }];
}

def SpAtten_LoadKeyLsbOp : SpAtten_Inst<"load_key_lsb", 0x12, "FetchKeyLsb", [
    Base, Buffer, Keys, Bits, Slot, Lane, Gather, Offset]> {
  let summary = "Read the low bits of keys";
  let description = [{
    If `check` set the flag of the row, and no row before had this done for
    `buffer`, reads `keys` rows of vectors of `bits` bits and writes them below
    what `spatten.load_key` left there: progressive quantization, section III-D
    of the paper.

    Example:
    ```mlir
    spatten.load_key_lsb base = 3, keys = 921, bits = 4, gather, signal = [4]
    ```
  }];
}

def SpAtten_LoadValueOp : SpAtten_Inst<"load_value", 0x13, "FetchValue", [
    Base, Buffer, Values, Bits, Shift, Fused, Gather, Slot,
    Flag<"selected", "read the rows that `topk_values` selected">, Offset]> {
  let summary = "Read values";
  let description = [{
    As `spatten.load_key`, into the value SRAM. With `selected`, the rows
    are those at the positions that `spatten.topk_values` left in `slot`,
    among the kept tokens if `gather` is there too.

    Example:
    ```mlir
    spatten.load_value base = 4, values = 184, bits = 6, shift = 6, fused, gather, selected, signal = [7]
    ```
  }];
}

def SpAtten_LoadScalesOp : SpAtten_Inst<"load_scales", 0x14, "Fetch", [
    Base, Heads, Offset]> {
  let summary = "Read the scales of scores";
  let description = [{
    Reads one binary32 number for each head: what an integer score is
    multiplied by, the scales of query and key over the square root of their
    length.

    Example:
    ```mlir
    spatten.load_scales base = 5, heads = 12
    ```
  }];
}

def SpAtten_LoadTokensOp : SpAtten_Inst<"load_tokens", 0x15, "Fetch", [
    Base, Tokens, Offset]> {
  let summary = "Read the importance of tokens";
  let description = [{
    Reads 32-bit counters, in units of 2^-11.

    Example:
    ```mlir
    spatten.load_tokens base = 6, tokens = 1024
    ```
  }];
}

def SpAtten_LoadHeadsOp : SpAtten_Inst<"load_heads", 0x16, "Fetch", [
    Base, Heads, Offset]> {
  let summary = "Read the importance of heads";
  let description = [{
    Reads 64-bit counters, in units of an output.

    Example:
    ```mlir
    spatten.load_heads base = 6, heads = 12
    ```
  }];
}

def SpAtten_LoadListOp : SpAtten_Inst<"load_list", 0x17, "Fetch", [
    Base, Tokens, Offset]> {
  let summary = "Read the list of kept tokens";
  let description = [{
    Reads `tokens` positions of 16 bits, in rising order.

    Example:
    ```mlir
    spatten.load_list base = 6, tokens = 204
    ```
  }];
}

def SpAtten_LoadVectorOp : SpAtten_Inst<"load_vector", 0x18, "Fetch", [
    Base, Field<"elements", 13, "number of elements", 1, 4096>, Offset]> {
  let summary = "Read the vector that a matrix meets";
  let description = [{
    Reads 16-bit elements, each a 12-bit number.

    Example:
    ```mlir
    spatten.load_vector base = 6, elements = 1024
    ```
  }];
}

def SpAtten_CopyOp : SpAtten_Inst<"copy", 0x19, "Fetch", [
    Base, Field<"from", 4, "base register of the source">,
    Field<"rows", 7, "rows to copy", 1, 64>,
    Field<"transactions", 6, "32-byte transactions of a row", 1, 63>,
    Field<"stride", 32, "bytes from row to row">,
    Field<"from_stride", 32, "bytes from row to row of the source">]> {
  let summary = "Copy rows within memory";
  let description = [{
    Reads `rows` rows of `transactions` times 32 bytes, then writes them: for
    example a new token behind the keys of each head.

    Example:
    ```mlir
    spatten.copy base = 1, from = 7, rows = 6, transactions = 3, stride = 98304, from_stride = 96
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Rows of attention
//===----------------------------------------------------------------------===//

def SpAtten_ScoreOp : SpAtten_Inst<"score", 0x20, "Score", [
    Slot, Lane, Buffer, Keys, Requantized]> {
  let summary = "Multiply a query with keys";
  let description = [{
    Each of `keys` scores of the row is the exact sum of the products of the
    query with one key: with the bits that `spatten.load_key` left or, with
    `requantized`, also with those that `spatten.load_key_lsb` wrote below.
    These are columns of the SRAM of their own, so that rows that need them and
    rows that do not can share a buffer.

    Example:
    ```mlir
    spatten.score slot = 0, buffer = 0, keys = 921, wait = [2, 3], signal = [5]
    ```
  }];
}

def SpAtten_SoftmaxOp : SpAtten_Inst<"softmax", 0x21, "Softmax", [
    Slot, Lane, Keys, Requantized]> {
  let summary = "Turn scores into probabilities";
  let description = [{
    Turns the scores of a row, times the scale of its head, into
    probabilities of 11 fractional bits.

    Example:
    ```mlir
    spatten.softmax slot = 0, keys = 921, wait = [5], signal = [6]
    ```
  }];
}

def SpAtten_CheckOp : SpAtten_Inst<"check", 0x22, "Softmax", [
    Slot, Lane, Field<"threshold", 12, "in units of 2^-11", 0, 2048>]> {
  let summary = "Decide whether a row needs more bits";
  let description = [{
    Sets the flag of the row if its largest probability is below
    `threshold`, and clears it otherwise. With 0 no row needs more bits,
    with 2048 every one does.

    Example:
    ```mlir
    spatten.check slot = 0, threshold = 102
    ```
  }];
}

def SpAtten_TopkValuesOp : SpAtten_Inst<"topk_values", 0x23, "ValueTopK", [
    Slot, Keys, Field<"keep", 12, "positions to select", 1, 2048>,
    Flag<"fused", "select for both lanes">]> {
  let summary = "Select the values that matter";
  let description = [{
    Selects the positions of the `keep` largest of `keys` probabilities, in
    rising order; of equal ones the first. With `fused` it sorts by the sum
    of both lanes.

    Example:
    ```mlir
    spatten.topk_values slot = 0, keys = 921, keep = 184, fused
    ```
  }];
}

def SpAtten_WeightOp : SpAtten_Inst<"weight", 0x24, "Weight", [
    Slot, Lane, Buffer, Values,
    Flag<"selected", "take the selected probabilities">,
    Flag<"compact", "the buffer holds the selected rows alone">]> {
  let summary = "Weight values with probabilities";
  let description = [{
    Sums `values` rows of `buffer`, each times its probability: the first
    ones or, with `selected`, those at the selected positions, which with
    `compact` lie in `buffer` one after the other.

    Example:
    ```mlir
    spatten.weight slot = 0, buffer = 0, values = 184, selected, compact
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Importance
//===----------------------------------------------------------------------===//

def SpAtten_AddTokensOp : SpAtten_Inst<"add_tokens", 0x30, "Accumulate", [
    Slot, Lane, Keys]> {
  let summary = "Add probabilities to the importance of tokens";
  let description = [{
    Adds each of the `keys` probabilities of the row to the importance of
    its token, the kept token at the same place of the list (section III-A
    of the paper). A counter stops at its largest number.

    Example:
    ```mlir
    spatten.add_tokens slot = 0, keys = 921
    ```
  }];
}

def SpAtten_AddHeadOp : SpAtten_Inst<"add_head", 0x31, "Accumulate", [
    Slot, Lane]> {
  let summary = "Add an output to the importance of its head";
  let description = [{
    Adds the absolute values of the output of the row to the importance of
    the current head.

    Example:
    ```mlir
    spatten.add_head slot = 0
    ```
  }];
}

def SpAtten_ClearTokensOp : SpAtten_Inst<"clear_tokens", 0x32, "Accumulate", [
    Tokens]> {
  let summary = "Forget the importance of tokens";
  let description = [{
    Sets the importance of the first `tokens` tokens to zero.

    Example:
    ```mlir
    spatten.clear_tokens tokens = 1024
    ```
  }];
}

def SpAtten_ClearHeadsOp : SpAtten_Inst<"clear_heads", 0x33, "Accumulate", [
    Heads]> {
  let summary = "Forget the importance of heads";
  let description = [{
    Sets the importance of the first `heads` heads to zero.

    Example:
    ```mlir
    spatten.clear_heads heads = 12
    ```
  }];
}

def SpAtten_ScaleTokensOp : SpAtten_Inst<"scale_tokens", 0x34, "Accumulate", [
    Tokens, Real<"factor", "what to multiply by">]> {
  let summary = "Scale the importance of tokens";
  let description = [{
    Multiplies the importance of the first `tokens` tokens by `factor` and
    rounds it to the nearest, ties to even.

    Example:
    ```mlir
    spatten.scale_tokens tokens = 1024, factor = 0.5
    ```
  }];
}

def SpAtten_ProtectOp : SpAtten_Inst<"protect", 0x35, "Accumulate", [
    Field<"token", 11, "position of the token">]> {
  let summary = "Keep a token whatever its importance";
  let description = [{
    The next `spatten.topk_tokens` takes this token first.

    Example:
    ```mlir
    spatten.protect token = 0
    ```
  }];
}

def SpAtten_TopkTokensOp : SpAtten_Inst<"topk_tokens", 0x38, "TopK", [
    Field<"candidates", 12, "number of candidates", 1, 2048>,
    Field<"keep", 12, "tokens to keep", 1, 2048>,
    Flag<"all", "of the first tokens, kept or not">]> {
  let summary = "Select the tokens to keep";
  let description = [{
    Selects the `keep` most important of `candidates` tokens: the kept ones
    or, with `all`, the first ones, whether they were kept or not. Takes
    effect with `spatten.keep_tokens`.

    Example:
    ```mlir
    spatten.topk_tokens candidates = 921, keep = 716
    ```
  }];
}

def SpAtten_TopkHeadsOp : SpAtten_Inst<"topk_heads", 0x39, "TopK", [
    Field<"candidates", 7, "number of candidates", 1, 64>,
    Field<"keep", 7, "heads to keep", 1, 64>]> {
  let summary = "Select the heads to keep";
  let description = [{
    Selects the `keep` most important of the kept heads, of which there must
    be `candidates`. Takes effect with `spatten.keep_heads`.

    Example:
    ```mlir
    spatten.topk_heads candidates = 12, keep = 10
    ```
  }];
}

def SpAtten_KeepTokensOp : SpAtten_Inst<"keep_tokens", 0x3a, "TopK", []> {
  let summary = "Put a selection of tokens into effect";
  let description = [{
    The tokens that the last `spatten.topk_tokens` selected become the list
    of kept tokens.

    Example:
    ```mlir
    spatten.keep_tokens
    ```
  }];
}

def SpAtten_KeepHeadsOp : SpAtten_Inst<"keep_heads", 0x3b, "TopK", []> {
  let summary = "Put a selection of heads into effect";
  let description = [{
    The heads that the last `spatten.topk_heads` selected become the list of
    kept heads.

    Example:
    ```mlir
    spatten.keep_heads
    ```
  }];
}

def SpAtten_KeepAllTokensOp : SpAtten_Inst<"keep_all_tokens", 0x3c, "TopK", [
    Tokens]> {
  let summary = "Keep every token";
  let description = [{
    The first `tokens` tokens become the list of kept tokens.

    Example:
    ```mlir
    spatten.keep_all_tokens tokens = 993
    ```
  }];
}

def SpAtten_KeepAllHeadsOp : SpAtten_Inst<"keep_all_heads", 0x3d, "TopK", [
    Heads]> {
  let summary = "Keep every head";
  let description = [{
    The first `heads` heads become the list of kept heads.

    Example:
    ```mlir
    spatten.keep_all_heads heads = 12
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Results to memory
//===----------------------------------------------------------------------===//

def SpAtten_StoreOutputOp : SpAtten_Inst<"store_output", 0x40, "Store", [
    Base, Slot, Lane, Offset]> {
  let summary = "Write the output of a row";
  let description = [{
    Writes the output of a row as 16-bit elements.

    Example:
    ```mlir
    spatten.store_output slot = 0, base = 8, offset = 128
    ```
  }];
}

def SpAtten_StoreTokensOp : SpAtten_Inst<"store_tokens", 0x41, "Store", [
    Base, Tokens, Offset]> {
  let summary = "Write the importance of tokens";
  let description = [{
    Writes 32-bit counters, in units of 2^-11.

    Example:
    ```mlir
    spatten.store_tokens base = 9, tokens = 1024
    ```
  }];
}

def SpAtten_StoreHeadsOp : SpAtten_Inst<"store_heads", 0x42, "Store", [
    Base, Heads, Offset]> {
  let summary = "Write the importance of heads";
  let description = [{
    Writes 64-bit counters, in units of an output.

    Example:
    ```mlir
    spatten.store_heads base = 9, heads = 12
    ```
  }];
}

def SpAtten_StoreListOp : SpAtten_Inst<"store_list", 0x43, "Store", [
    Base, Tokens, Offset]> {
  let summary = "Write the list of kept tokens";
  let description = [{
    Writes the first `tokens` positions of the list, 16 bits each.

    Example:
    ```mlir
    spatten.store_list base = 9, tokens = 204
    ```
  }];
}

def SpAtten_StoreVectorOp : SpAtten_Inst<"store_vector", 0x44, "Store", [
    Base, Field<"elements", 16, "number of elements", 1, 65535>, Offset]> {
  let summary = "Write the product of a matrix";
  let description = [{
    Writes 32-bit elements.

    Example:
    ```mlir
    spatten.store_vector base = 9, elements = 1024
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Products with weights
//===----------------------------------------------------------------------===//

def SpAtten_MultiplyOp : SpAtten_Inst<"multiply", 0x50, "Product", [
    Base, Bits, Field<"rows", 16, "rows of the matrix", 1, 65535>,
    Field<"columns", 13, "columns of the matrix", 1, 4096>, Offset]> {
  let summary = "Multiply a matrix with a vector";
  let description = [{
    Reads a matrix row by row, `bits` bits to an element, and multiplies it
    with the vector that `spatten.load_vector` left: exact sums in 32 bits.
    Fully connected layers on both multiplier arrays, section V-B of the
    paper.

    Example:
    ```mlir
    spatten.multiply base = 10, bits = 8, rows = 1024, columns = 1024
    ```
  }];
}

#endif // RAREFY_DIALECT_SPATTEN_IR_SPATTENOPS_TD
