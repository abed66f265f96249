// A fence waits for the engines that it names alone, worked by hand with the
// paper's memory.
// RUN: rarefy-sim %s --config=%src/configs/spatten.yaml --set memory.mode=nominal --inputs=random \
// RUN:   --stats=json --trace=%t.json | FileCheck %s
// RUN: FileCheck %s --check-prefix=TRACE < %t.json

// 4,096 bytes are 8 transactions for each channel, the last of which is there
// 19 cycles after its request, in cycle 27. Scaling takes 1024 / 16 cycles, until
// 91; the front end passes its fence, and what it reads in 92 starts in 93. Of
// the selection, only the last fence waits for the end.
// TRACE: "name": "load_tokens", "ts": 0.001, "dur": 0.008
// TRACE: "name": "scale_tokens", "ts": 0.027, "dur": 0.064
// TRACE: "name": "topk_tokens", "ts": 0.093
// TRACE: "name": "load_query", "ts": 0.094, "dur": 0.001
// TRACE: "name": "load_query", "ts": 0.115, "dur": 0.001
// CHECK: "control": {
// CHECK: "waiting_for": {
// CHECK-NEXT: "accumulate": 89,
// CHECK-NEXT: "fetch": 19,
// CHECK-NEXT: "topk": {{[0-9]+}}
isa.program @fence for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @counters in at 0 : tensor<1024xi32>
  isa.tensor @query in at 4096 : tensor<64xi16>
  spatten.load_tokens tokens = 1024, signal = [1]
  spatten.scale_tokens tokens = 1024, factor = 0.5, wait = [1], signal = [2]
  spatten.fence engines = [accumulate]
  spatten.topk_tokens candidates = 1024, keep = 512, all
  spatten.load_query offset = 4096
  spatten.fence engines = [fetch]
  spatten.load_query slot = 1, offset = 4096
  spatten.fence
  spatten.halt
}
