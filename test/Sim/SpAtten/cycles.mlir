// One row of 16 keys, its cycles worked by hand, with the paper's memory:
// RUN: rarefy-sim %s --config=%src/configs/spatten.yaml --set memory.mode=nominal --inputs=random \
// RUN:   --stats=json --trace=%t.json | FileCheck %s
// RUN: rarefy-sim %s --config=%src/configs/spatten.yaml --inputs=random | FileCheck %s --check-prefix=TABLE
// RUN: rarefy-sim %s --config=%src/configs/spatten.yaml --inputs=random --set memory.mode=nominal | FileCheck %s --check-prefix=NOMINAL
// RUN: %python -m json.tool %t.json > /dev/null
// RUN: rarefy-sim %s --config=%src/configs/spatten.yaml --set memory.mode=nominal --inputs=random --time 2>&1 \
// RUN:   >/dev/null | FileCheck %s --check-prefix=TIME
// RUN: FileCheck %s --check-prefix=TRACE < %t.json

// The front end hands over an instruction in the cycle after it read it: the
// query, number 5 of the program, starts in cycle 5 and the keys in cycle 6.
// 16 rows of 64 bytes are 32 transactions, two for each channel: the requests
// take 2 cycles; data comes 19 cycles after its request, the last in cycle 26.
// 16 keys are 2 lines: 2 cycles and 8 of the pipeline, until cycle 36.
// Softmax: 2 in, 87, 2 out, until 127; the check 4 more.
// All values are kept: no round, 2 lines, until 133.
// The values come at 133 + 20 = 153; 2 lines and 6 for the output are 161.
// The output is 4 transactions of different channels: 19 cycles, until 180.
// TRACE: "name": "load_key", "ts": 0.006, "dur": 0.002, "args": {"instruction": 6}
// TRACE: "name": "score", "ts": 0.026, "dur": 0.002
// TRACE: "name": "softmax", "ts": 0.036, "dur": 0.002
// TRACE: "name": "topk_values", "ts": 0.131, "dur": 0.002
// TRACE: "name": "weight", "ts": 0.153, "dur": 0.002
// TRACE: "name": "store_output", "ts": 0.161, "dur": 0.001
// CHECK: "busy": {
// CHECK: "fetch": 4,
// CHECK: "fetch_value": 2,
// CHECK: "score": 2,
// CHECK: "softmax": 3,
// CHECK: "store": 1,
// CHECK: "value_topk": 2,
// CHECK: "weight": 2
// CHECK: "cycles": 180,
// CHECK: "dram_bytes": 2336,
// CHECK: "stall": {
// CHECK: "weight": {
// CHECK-NEXT: "empty": {{[0-9]+}},
// CHECK-NEXT: "memory": 0,
// CHECK-NEXT: "waiting_for": {
// CHECK-NEXT: "fetch_value": {{[0-9]+}}
// TIME: {{^}}180 cycles simulated in {{[0-9.]+}} s: {{[0-9.]+}} million a second{{$}}
// NOMINAL: spatten, nominal memory of 512 bytes a cycle: {{[0-9]+}} cycles
// TABLE: spatten, timing memory: {{[0-9]+}} cycles
// TABLE: engine
// TABLE: score 1 2
// TABLE: key_msb 1024 0
// TABLE: output 0 128
// TABLE: rows: 1 checked, 0 needed more bits; top-k: 0 selections, 0 rounds
// TABLE: energy in nJ: dram
isa.program @row for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @data in at 0 : tensor<2176xi8> = dense<1> : tensor<2176xi8>
  isa.tensor @query in at 4096 : tensor<64xi16>
  isa.tensor @scale in at 8192 : tensor<1xf32>
  isa.tensor @out out at 12288 : tensor<64xi16>
  spatten.bind_key lines = 2
  spatten.bind_value lines = 2
  spatten.set_base base = 1, address = 4096
  spatten.load_scales base = 1, offset = 4096
  spatten.load_query base = 1
  spatten.load_key keys = 16, bits = 8, shift = 4, signal = [1]
  spatten.score keys = 16, wait = [1], signal = [2]
  spatten.softmax keys = 16, wait = [2]
  spatten.check signal = [3]
  spatten.topk_values keys = 16, keep = 16, wait = [3], signal = [4]
  spatten.load_value values = 16, bits = 8, shift = 4, offset = 1024, selected, wait = [4], signal = [5]
  spatten.weight values = 16, selected, compact, wait = [5], signal = [6]
  spatten.store_output base = 1, offset = 8192, wait = [6]
  spatten.halt
}
