#ifndef RAREFY_DIALECT_SPATTEN_IR_SPATTENCONTROLOPS_TD
#define RAREFY_DIALECT_SPATTEN_IR_SPATTENCONTROLOPS_TD

include "rarefy/Dialect/SpAtten/IR/SpAttenBase.td"

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

def SpAtten_HaltOp : SpAtten_Control<"halt", 0x01, []> {
  let summary = "End the program";
  let description = [{
    Waits until every engine is idle, then ends the program.

    Example:
    ```mlir
    spatten.halt
    ```
  }];
}

def SpAtten_SetBaseOp : SpAtten_Control<"set_base", 0x02, [
    Base, Field<"address", 48, "byte address">]> {
  let summary = "Set a base register";
  let description = [{
    Puts `address` into base register `base`.

    Example:
    ```mlir
    spatten.set_base base = 1, address = 4096
    ```
  }];
}

def SpAtten_AddBaseOp : SpAtten_Control<"add_base", 0x03, [
    Base, Field<"stride", 48, "bytes, modulo 2^48">]> {
  let summary = "Advance a base register";
  let description = [{
    Adds `stride` to base register `base`, modulo 2^48.

    Example:
    ```mlir
    spatten.add_base base = 1, stride = 96
    ```
  }];
}

def SpAtten_HeadBaseOp : SpAtten_Control<"head_base", 0x04, [
    Base, Field<"from", 4, "base register of head 0">,
    Field<"stride", 32, "bytes from head to head">]> {
  let summary = "Point a base register at the current head";
  let description = [{
    Puts the address of base register `from` plus the current head times
    `stride` into base register `base`.

    Example:
    ```mlir
    spatten.head_base base = 2, from = 1, stride = 65536
    ```
  }];
}

def SpAtten_SetHeadOp : SpAtten_Control<"set_head", 0x05, [
    Field<"head", 6, "number of the head">]> {
  let summary = "Choose the current head";
  let description = [{
    Makes `head` the current one: the row of `load_scales` that `softmax`
    takes and the counter that `add_head` adds to. Lane 1 is the head after
    it.

    Example:
    ```mlir
    spatten.set_head head = 3
    ```
  }];
}

def SpAtten_BindKeyOp : SpAtten_Control<"bind_key", 0x06, [
    Buffer, Field<"line", 12, "first line">,
    Field<"lines", 12, "number of lines", 1, 2048>]> {
  let summary = "Give lines of the key SRAM a handle";
  let description = [{
    Until it is bound again, handle `buffer` stands for `lines` lines of the
    key SRAM from `line` on. What other handles held there is lost.

    Example:
    ```mlir
    spatten.bind_key buffer = 0, line = 0, lines = 128
    ```
  }];
}

def SpAtten_BindValueOp : SpAtten_Control<"bind_value", 0x07, [
    Buffer, Field<"line", 12, "first line">,
    Field<"lines", 12, "number of lines", 1, 2048>]> {
  let summary = "Give lines of the value SRAM a handle";
  let description = [{
    As `spatten.bind_key`, for the value SRAM.

    Example:
    ```mlir
    spatten.bind_value buffer = 0, line = 0, lines = 128
    ```
  }];
}

def SpAtten_LoopOp : SpAtten_Control<"loop", 0x08, [
    Field<"count", 16, "times to run the body", 1, 65535>]> {
  let summary = "Run a body several times";
  let description = [{
    Runs the instructions up to the matching `spatten.end_loop` `count`
    times. Loops nest four deep.

    Example:
    ```mlir
    spatten.loop count = 12
    ```
  }];
}

def SpAtten_LoopHeadsOp : SpAtten_Control<"loop_heads", 0x09, []> {
  let summary = "Run a body once for each kept head";
  let description = [{
    Runs the instructions up to the matching `spatten.end_loop` for each
    head in the list of kept heads, in rising order, as the current one.

    Example:
    ```mlir
    spatten.loop_heads
    ```
  }];
}

def SpAtten_EndLoopOp : SpAtten_Control<"end_loop", 0x0a, []> {
  let summary = "End the body of a loop";
  let description = [{
    Ends the body of the innermost open loop.

    Example:
    ```mlir
    spatten.end_loop
    ```
  }];
}

def SpAtten_CreditOp : SpAtten_Control<"credit", 0x0b, [
    Set<"signal", 16, "semaphores to add to">,
    Field<"count", 8, "counts to add", 1, 255>]> {
  let summary = "Add counts to semaphores";
  let description = [{
    Adds `count` to every semaphore in `signal`, so that the first users of
    a double buffer do not wait.

    Example:
    ```mlir
    spatten.credit signal = [2], count = 2
    ```
  }];
}

def SpAtten_SyncOp : SpAtten_Control<"sync", 0x0c, [
    Set<"wait", 16, "semaphores to take a count from">]> {
  let summary = "Hold the front end";
  let description = [{
    The front end goes on when it could take one count from every semaphore
    in `wait`.

    Example:
    ```mlir
    spatten.sync wait = [4, 5]
    ```
  }];
}

def SpAtten_FenceOp : SpAtten_Control<"fence", 0x0d, [
    NamedSet<"engines", ["fetch", "fetch_key_lsb", "fetch_value", "score",
                         "softmax", "value_topk", "weight", "accumulate",
                         "topk", "store", "product"],
             "engines to wait for, all if empty">]> {
  let summary = "Wait for engines";
  let description = [{
    The front end goes on when every engine in `engines` is idle, or every
    engine of the machine if the set is empty.

    Example:
    ```mlir
    spatten.fence engines = [accumulate, topk]
    ```
  }];
}

#endif // RAREFY_DIALECT_SPATTEN_IR_SPATTENCONTROLOPS_TD
