// Copies of rows, products with weights, and state.
// RUN: rarefy-sim %s --config=%src/configs/spatten.yaml --print=18 | FileCheck %s

// Every second row is copied, then the last copy once more. The rows of the
// matrix are 3, 3, 3, 3 and -2, -2, -2, -2 in 4 bits.
// CHECK: rows: 3x16xi16 [1, 1, {{.*}}, 1, 1, 3, 3, ...]
// CHECK: product: 2xi32 [6741, -4494]
// CHECK: state: 16xi16 [3, 3, {{.*}}]
// CHECK: copy 96 96
// CHECK: macs: 0 score, 0 weight, 8 product
isa.program @matrix for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @vector in at 0 : tensor<4xi16> = dense<[100, -200, 300, 2047]> : tensor<4xi16>
  isa.tensor @matrix in at 64 : tensor<2x4xi4> = dense<[[3, 3, 3, 3], [-2, -2, -2, -2]]> : tensor<2x4xi4>
  isa.tensor @ones in at 96 : tensor<16xi16> = dense<1> : tensor<16xi16>
  isa.tensor @twos in at 128 : tensor<16xi16> = dense<2> : tensor<16xi16>
  isa.tensor @threes in at 160 : tensor<16xi16> = dense<3> : tensor<16xi16>
  isa.tensor @rows out at 256 : tensor<3x16xi16>
  isa.tensor @product out at 192 : tensor<2xi32>
  isa.tensor @state state at 352 : tensor<16xi16>
  spatten.set_base base = 1, address = 256
  spatten.set_base base = 2, address = 96
  spatten.copy base = 1, from = 2, rows = 2, stride = 32, from_stride = 64
  spatten.set_base base = 3, address = 352
  spatten.set_base base = 4, address = 288
  spatten.copy base = 3, from = 4
  spatten.load_vector base = 0, elements = 4, signal = [1]
  spatten.sync wait = [1]
  spatten.multiply offset = 64, bits = 4, rows = 2, columns = 4, signal = [2]
  spatten.sync wait = [2]
  spatten.store_vector offset = 192, elements = 2
  spatten.halt
}
