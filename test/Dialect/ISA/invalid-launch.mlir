// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

func.func @f() {
  // expected-error@+1 {{expects the name of a program, found @f}}
  isa.launch @f
  return
}

// -----

isa.program @p for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  isa.tensor @cache state at 0 : tensor<4xi16>
  spatten.halt
}
func.func @f() {
  // expected-error@+1 {{expects a program without 'state' tensors, found "cache"}}
  isa.launch @p
  return
}

// -----

isa.program @p for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  isa.tensor @x in at 0 : tensor<4xi16>
  isa.tensor @y in at 64 : tensor<4xi16>
  spatten.halt
}
func.func @f(%x: tensor<4xi16>) {
  // expected-error@+1 {{expects 2 ins, found 1}}
  isa.launch @p ins(%x : tensor<4xi16>)
  return
}

// -----

isa.program @p for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.halt
}
func.func @f(%x: tensor<4xi16>) {
  // expected-error@+1 {{expects 0 outs, found 1}}
  %0 = isa.launch @p outs(%x : tensor<4xi16>) -> tensor<4xi16>
  return
}

// -----

isa.program @p for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  isa.tensor @x in at 0 : tensor<4xi12>
  spatten.halt
}
func.func @f(%x: tensor<4xi8>) {
  // expected-error@+1 {{expects "x" as 'tensor<4xi12>' or in wider integers, found 'tensor<4xi8>'}}
  isa.launch @p ins(%x : tensor<4xi8>)
  return
}

// -----

isa.program @p for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  isa.tensor @x out at 0 : tensor<4xf32>
  spatten.halt
}
func.func @f(%x: tensor<4xf64>) {
  // expected-error@+1 {{expects "x" as 'tensor<4xf32>', found 'tensor<4xf64>'}}
  %0 = isa.launch @p outs(%x : tensor<4xf64>) -> tensor<4xf64>
  return
}

// -----

isa.program @p for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  isa.tensor @x in at 0 : tensor<4xi8>
  spatten.halt
}
func.func @f(%x: tensor<?xi8>) {
  // expected-error@+1 {{expects "x" as 'tensor<4xi8>' or in wider integers, found 'tensor<?xi8>'}}
  isa.launch @p ins(%x : tensor<?xi8>)
  return
}
