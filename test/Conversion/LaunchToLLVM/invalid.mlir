// RUN: rarefy-opt %s --convert-launch-to-llvm -split-input-file -verify-diagnostics

isa.program @p for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  isa.tensor @x in at 0 : tensor<4xi16>
  spatten.halt
}
func.func @f(%x: tensor<4xi16>) {
  // expected-error@+1 {{expects buffers, found 'tensor<4xi16>'}}
  isa.launch @p ins(%x : tensor<4xi16>)
  return
}

// -----

isa.program @p for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects a dense value, found dense_resource<r>}}
  isa.tensor @x in at 0 : tensor<4xi16> = dense_resource<r> : tensor<4xi16>
  spatten.halt
}
func.func @f() {
  isa.launch @p
  return
}
{-# dialect_resources: { builtin: { r: "0x020000000102030405060708" } } #-}
