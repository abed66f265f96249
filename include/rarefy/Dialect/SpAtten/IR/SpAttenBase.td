#ifndef RAREFY_DIALECT_SPATTEN_IR_SPATTENBASE_TD
#define RAREFY_DIALECT_SPATTEN_IR_SPATTENBASE_TD

include "rarefy/ISA/ISABase.td"

def SpAtten_Dialect : Dialect {
  let name = "spatten";
  let cppNamespace = "::rarefy::spatten";
  let summary = "Instructions of the modeled SpAtten accelerator";
  let description = [{
    Each op is one 128-bit instruction of a model of the accelerator of Wang,
    Zhang and Han, "SpAtten: Efficient Sparse Attention Architecture with
    Cascade Token and Head Pruning", HPCA 2021, arXiv 2012.09852. The paper
    publishes the engines and no instruction set: this one is the model's own.

    **Order.** A front end reads instructions in order. It executes those of
    control itself and hands every other one to the queue of its engine. An
    engine executes its queue in order; engines run in parallel. An instruction
    starts when it can take one count from every semaphore in `wait`, and adds
    one to every semaphore in `signal` when its result is there; the results of
    an engine come in the order of its queue. An instruction that a row does not
    need, `load_key_lsb` or one with `requantized`, is over when it starts, but
    not before those of its row. `sync` and `fence` hold the front end. A
    semaphore holds 65,535 counts. The program must mean the same as its
    instructions one after the other. The paper's fetcher serves its sources in
    turn: the keys of a row need not wait until the values or the low bits of the
    row before are known to be needed, so these have queues of their own.

    | engine | instructions | paper |
    |---|---|---|
    | fetch | `load_*` but the next two, `copy` | IV-A, IV-D |
    | fetch_key_lsb | `load_key_lsb` | IV-A, IV-D |
    | fetch_value | `load_value` | IV-A, IV-D |
    | score | `score` | IV-E |
    | softmax | `softmax`, `check` | IV-F |
    | value_topk | `topk_values` | IV-B |
    | weight | `weight` | IV-G |
    | accumulate | `add_*`, `clear_*`, `scale_tokens`, `protect` | IV-A |
    | topk | `topk_tokens`, `topk_heads`, `keep_*` | IV-B |
    | store | `store_*` | IV-A |
    | product | `multiply` | V-B |

    **State.** Sixteen base registers of 48 bits, zero at first. Sixteen handles
    each of lines of the key and of the value SRAM. Eight row slots, each with
    two lanes, hold a query, its scores, its probabilities, its output; a slot
    also holds the selected positions of values. Two would do for the throughput
    of each engine alone, but a row is some hundred cycles in the softmax, and as
    long in all engines behind it: with eight on their way, also a short one is
    there when an engine is done. Lane 1 serves the second head of a fused pair:
    two heads whose keys and values of 6 bits lie interleaved in memory, so that
    a row is whole 32-byte transactions. The importance of 2,048 tokens and of 64
    heads, the lists of kept tokens and heads, and the current head.

    **Numbers.** Operands have 12 bits. A score is an exact sum of products in 32
    bits. `softmax` scales it to binary32, subtracts the largest, raises to a
    power by a Taylor polynomial of order 5, and rounds the probability to 11
    fractional bits, at most 2047. An output is the sum of probabilities times
    values, rounded to the values' 12-bit unit.
  }];
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

/// An instruction that engine `engine_` executes; every one of them can wait
/// for semaphores and signal some.
class SpAtten_Inst<string mnemonic, int opcode, string engine_,
                   list<Field> layout>
    : InstructionOp<SpAtten_Dialect, mnemonic, opcode, !listconcat([
        Set<"wait", 16, "semaphores to take a count from first">,
        Set<"signal", 16, "semaphores to add a count to at the end">],
        layout)> {
  string engine = engine_;
  let extraClassDeclaration = [{
    static constexpr ::rarefy::spatten::Engine engine =
        ::rarefy::spatten::Engine::}] # engine_ # [{;
  }];
}

/// An instruction that the front end executes in one cycle.
class SpAtten_Control<string mnemonic, int opcode, list<Field> layout>
    : InstructionOp<SpAtten_Dialect, mnemonic, opcode, layout> {
  let extraClassDeclaration = [{
    static constexpr ::rarefy::spatten::Engine engine =
        ::rarefy::spatten::Engine::Control;
  }];
}

//===----------------------------------------------------------------------===//
// Fields that instructions share
//===----------------------------------------------------------------------===//

def Base : Field<"base", 4, "base register of the address in memory">;
def Offset : Field<"offset", 32, "bytes added to the base">;
def Slot : Field<"slot", 3, "row slot">;
def Lane : Field<"lane", 1, "head of a fused pair">;
def Buffer : Field<"buffer", 4, "handle of SRAM lines">;
def Keys : Field<"keys", 12, "number of keys", 1, 2048>;
def Values : Field<"values", 12, "number of values", 1, 2048>;
def Tokens : Field<"tokens", 12, "number of tokens", 1, 2048>;
def Heads : Field<"heads", 7, "number of heads", 1, 64>;
def Fused : Flag<"fused", "two heads lie interleaved">;
def Bits : Field<"bits", 4, "bits of an element in memory", 2, 12>;
def Shift : Field<"shift", 4, "zero bits put below an element", 0, 10>;
def Gather : Flag<"gather", "read the rows of the kept tokens alone">;
def Requantized : Flag<"requantized",
    "do nothing unless `check` found that the row needs more bits">;

#endif // RAREFY_DIALECT_SPATTEN_IR_SPATTENBASE_TD
