// What only a run finds out: programs for other machines, operands that are
// gone.
// RUN: split-file %s %t
// RUN: not rarefy-sim %t/none.mlir --config=%src/configs/spatten.yaml --inputs=random 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not rarefy-sim %t/parameter.mlir --config=%src/configs/spatten.yaml --inputs=random 2>&1 | FileCheck %s --check-prefix=PARAMETER
// RUN: not rarefy-sim %t/shift.mlir --config=%src/configs/spatten.yaml --inputs=random 2>&1 | FileCheck %s --check-prefix=SHIFT
// RUN: not rarefy-sim %t/selected.mlir --config=%src/configs/spatten.yaml --inputs=random 2>&1 | FileCheck %s --check-prefix=SELECTED
// RUN: not rarefy-sim %t/vector.mlir --config=%src/configs/spatten.yaml --inputs=random 2>&1 | FileCheck %s --check-prefix=VECTOR
// RUN: not rarefy-sim %t/file.mlir --config=%src/configs/spatten.yaml --inputs=random 2>&1 | FileCheck %s --check-prefix=FILE

//--- none.mlir
// NONE: error: {{.*}}.mlir: expected one 'isa.program', found 0

//--- parameter.mlir
// PARAMETER: error: {{.*}}.mlir: the program was made for a machine with 'colours', which is not known
isa.program @parameter for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64, colours = 3 : i64} {
  spatten.halt
}

//--- shift.mlir
// SHIFT: error: {{.*}}.mlir: instruction 8 ('spatten.load_key_lsb'): expects keys with at least 4 zero bits below, found 3
isa.program @shift for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @data in at 0 : tensor<1024xi8> = dense<0> : tensor<1024xi8>
  spatten.bind_key lines = 2
  spatten.load_scales
  spatten.load_query
  spatten.load_key keys = 1, bits = 8, shift = 3, signal = [1]
  spatten.score keys = 1, wait = [1], signal = [2]
  spatten.softmax keys = 1, wait = [2]
  spatten.check threshold = 2048, signal = [3]
  spatten.load_key_lsb keys = 1, bits = 4, wait = [3]
  spatten.halt
}

//--- selected.mlir
// The second softmax leaves less than what was selected from.
// SELECTED: error: {{.*}}.mlir: instruction 13 ('spatten.weight'): expects a probability for each selected position, found 4
isa.program @selected for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @query in at 0 : tensor<64xi16> = dense<64> : tensor<64xi16>
  isa.tensor @key in at 128 : tensor<6x8xi64> = dense<[[0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1]]> : tensor<6x8xi64>
  isa.tensor @value in at 512 : tensor<6x64xi8> = dense<0> : tensor<6x64xi8>
  isa.tensor @scale in at 1024 : tensor<1xf32> = dense<1.0> : tensor<1xf32>
  spatten.bind_key lines = 2
  spatten.bind_value lines = 2
  spatten.load_scales offset = 1024
  spatten.load_query
  spatten.load_key offset = 128, keys = 6, bits = 8, signal = [1]
  spatten.score keys = 6, wait = [1], signal = [2]
  spatten.softmax keys = 6, wait = [2], signal = [3]
  spatten.topk_values keys = 6, keep = 2, wait = [3], signal = [4]
  spatten.load_value offset = 512, values = 2, bits = 8, selected, wait = [4], signal = [5]
  spatten.sync wait = [5]
  spatten.score keys = 4, signal = [2]
  spatten.softmax keys = 4, wait = [2], signal = [3]
  spatten.weight values = 2, selected, compact
  spatten.halt
}

//--- vector.mlir
// Rows of 4 elements; the vector begins with the second one.
// VECTOR: error: {{.*}}.mlir: instruction 1 ('spatten.load_vector'): expects numbers of 12 bits, found -32768 in place 6 of tensor 'rows': a NaN, or a number of more bits than are read{{$}}
isa.program @vector for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @other in at 0 : tensor<8xi64> = dense<0> : tensor<8xi64>
  isa.tensor @rows in at 64 : tensor<2x4xi16> = dense<[[0, 0, -32768, 0], [1, 2, -32768, 3]]> : tensor<2x4xi16>
  spatten.load_vector offset = 72, elements = 4
  spatten.halt
}

//--- file.mlir
// FILE: error: tensor 'tiny' has elements that no array holds
isa.program @file for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @tiny in at 0 : tensor<2xf8E4M3FN>
  spatten.halt
}
