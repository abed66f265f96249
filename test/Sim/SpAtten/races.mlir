// An instruction that does not wait for what it needs is an error: the program
// would mean something else than its instructions one after the other.
// RUN: split-file %s %t
// RUN: not rarefy-sim %t/scores.mlir --config=%src/configs/spatten.yaml --set memory.mode=nominal 2>&1 | FileCheck %s --check-prefix=SCORES
// RUN: not rarefy-sim %t/query.mlir --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=QUERY
// RUN: not rarefy-sim %t/overwrite.mlir --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=OVERWRITE
// RUN: not rarefy-sim %t/bytes.mlir --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=BYTES
// RUN: not rarefy-sim %t/heads.mlir --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=HEADS

//--- scores.mlir
// SCORES: error: {{.*}}.mlir: instruction 4 ('spatten.score'): reads query of slot 0, lane 0 in cycle 4, which instruction 2 ('spatten.load_query') writes until cycle 21; expects to wait for a semaphore
isa.program @scores for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @data in at 0 : tensor<1024xi8> = dense<0> : tensor<1024xi8>
  spatten.bind_key lines = 2
  spatten.load_query
  spatten.load_key keys = 8, bits = 8
  spatten.score keys = 8
  spatten.halt
}

//--- query.mlir
// The query waits for nothing, and overtakes the score of the row before.
// QUERY: error: {{.*}}.mlir: instruction 5 ('spatten.load_query'): writes query of slot 0, lane 0 in cycle {{[0-9]+}}, which instruction 4 ('spatten.score') reads later
isa.program @query for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @data in at 0 : tensor<1024xi8> = dense<0> : tensor<1024xi8>
  spatten.bind_key lines = 2
  spatten.load_query
  spatten.load_key keys = 8, bits = 8, signal = [1]
  spatten.score keys = 8, wait = [1]
  spatten.load_query
  spatten.halt
}

//--- overwrite.mlir
// OVERWRITE: error: {{.*}}.mlir: instruction 6 ('spatten.load_key'): writes key lines 0 to 1 in cycle {{[0-9]+}}, which instruction 4 ('spatten.score') reads later
isa.program @overwrite for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @data in at 0 : tensor<1024xi8> = dense<0> : tensor<1024xi8>
  spatten.bind_key lines = 4
  spatten.load_query
  spatten.load_key keys = 8, bits = 8, signal = [1]
  spatten.score keys = 8, wait = [1]
  spatten.bind_key buffer = 1, lines = 2
  spatten.load_key buffer = 1, keys = 8, bits = 8
  spatten.halt
}

//--- bytes.mlir
// BYTES: error: {{.*}}.mlir: instruction 3 ('spatten.load_tokens'): reads bytes 8 to 15 in cycle 3, which instruction 2 ('spatten.store_tokens') writes until cycle {{[0-9]+}}
isa.program @bytes for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @state state at 0 : tensor<4xui32>
  spatten.clear_tokens tokens = 4
  spatten.store_tokens tokens = 4
  spatten.load_tokens offset = 8, tokens = 2
  spatten.halt
}

//--- heads.mlir
// HEADS: error: {{.*}}.mlir: instruction 2 ('spatten.loop_heads'): reads list of heads in cycle 1, which instruction 1 ('spatten.keep_all_heads') writes later
isa.program @heads for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  spatten.keep_all_heads heads = 4
  spatten.loop_heads
  spatten.end_loop
  spatten.halt
}
