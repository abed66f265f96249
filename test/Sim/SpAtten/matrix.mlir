// Copies, values that stay in the SRAM, products with weights, and state.
// RUN: rarefy-sim %s --config=%src/configs/spatten.yaml --print=4 | FileCheck %s

// The rows of the matrix are 3, 3, 3, 3 and -2, -2, -2, -2 in 4 bits.
// CHECK: copied: 4xi16 [100.00, -200.00, 300.00, 2047.00]
// CHECK: product: 2xi32 [6741.00, -4494.00]
// CHECK: state: 4xi16 [300.00, 2047.00, 0.00, 0.00]
// CHECK: copy 12 12
// CHECK: macs: 0 score, 0 weight, 8 product
isa.program @matrix for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @vector in at 0 : tensor<4xi16> = dense<[100, -200, 300, 2047]> : tensor<4xi16>
  isa.tensor @matrix in at 64 : tensor<2x4xi4> = dense<[[3, 3, 3, 3], [-2, -2, -2, -2]]> : tensor<2x4xi4>
  isa.tensor @copied out at 128 : tensor<4xi16>
  isa.tensor @product out at 192 : tensor<2xi32>
  isa.tensor @state state at 256 : tensor<4xi16>
  spatten.set_base base = 1, address = 128
  spatten.copy base = 1, bytes = 8
  spatten.copy base = 1, offset = 128, from_offset = 4, bytes = 4
  spatten.load_vector base = 1, elements = 4, signal = [1]
  spatten.sync wait = [1]
  spatten.multiply offset = 64, bits = 4, rows = 2, columns = 4, signal = [2]
  spatten.sync wait = [2]
  spatten.store_vector base = 1, offset = 64, elements = 2
  spatten.halt
}
