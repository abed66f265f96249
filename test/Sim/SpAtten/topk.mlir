// Selections cost what quick-select does on average over its pivots, or on the
// data; the kept ones then leave 8 in a cycle.
// RUN: rarefy-sim %s --config=%src/configs/spatten.yaml --set topk.rounds=expected --stats=json --trace=%t.json | FileCheck %s --check-prefix=CHECK
// RUN: FileCheck %s --check-prefix=WIDE < %t.json
// RUN: rarefy-sim %s --config=%src/configs/spatten.yaml --set topk.rounds=expected --set topk.parallelism=1 --trace=%t.1.json | FileCheck %s --check-prefix=TABLE
// RUN: FileCheck %s --check-prefix=NARROW < %t.1.json
// RUN: rarefy-sim %s --config=%src/configs/spatten.yaml --trace=%t.2.json --print=4 | FileCheck %s --check-prefix=DATA
// RUN: FileCheck %s --check-prefix=EQUAL < %t.2.json

// 512 of 1024: 258.2 cycles; 204 of 1024: 232.1; 20 of 102: 44.9.
// WIDE: "topk_tokens", "ts": {{.*}}, "dur": 0.322
// WIDE: "topk_tokens", "ts": {{.*}}, "dur": 0.258
// WIDE: "topk_tokens", "ts": {{.*}}, "dur": 0.048
// All of them: no round.
// WIDE: "topk_tokens", "ts": {{.*}}, "dur": 0.128
// With one comparator 3468.0, 3072.8 and 307.2.
// NARROW: "topk_tokens", "ts": {{.*}}, "dur": 3.532
// NARROW: "topk_tokens", "ts": {{.*}}, "dur": 3.099
// NARROW: "topk_tokens", "ts": {{.*}}, "dur": 0.310
// Counters that are all equal are found in one round: 64 and 3 cycles.
// EQUAL: "topk_tokens", "ts": {{.*}}, "dur": 0.131
// CHECK: "topk_rounds": {{[0-9.]+}},
// CHECK-NEXT: "topk_selections": 3
// TABLE: top-k: 3 selections
// DATA: kept: 20xui16 [0, 1, 2, 3, ...]
// DATA: top-k: 3 selections, 3 rounds
isa.program @topk for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @kept out at 0 : tensor<20xui16>
  spatten.topk_tokens candidates = 1024, keep = 512, all
  spatten.topk_tokens candidates = 1024, keep = 204, all
  spatten.topk_tokens candidates = 102, keep = 20, all
  spatten.keep_tokens signal = [1]
  spatten.topk_tokens candidates = 1024, keep = 1024, all
  spatten.sync wait = [1]
  spatten.store_list tokens = 20
  spatten.halt
}
