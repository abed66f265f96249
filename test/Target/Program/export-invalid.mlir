// RUN: rarefy-translate --export-program %s -split-input-file -verify-diagnostics

isa.program @extra for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{has an attribute that is not a field; a program file cannot hold it}}
  spatten.halt attributes {note = "x"}
}

// -----

isa.program @zero for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects a name without a zero byte}}
  isa.tensor @"a\00b" in at 0 : tensor<2xi8>
  spatten.halt
}

// -----

isa.program @resource for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects a dense value, found dense_resource<r>}}
  isa.tensor @r in at 0 : tensor<2xi8> = dense_resource<r> : tensor<2xi8>
  spatten.halt
}
{-# dialect_resources: { builtin: { r: "0x010000000102" } } #-}

// -----

isa.program @large for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects at most 2147483648 bytes of values in a file, found 1099511627776}}
  isa.tensor @t in at 0 : tensor<1099511627776xi8> = dense<1> : tensor<1099511627776xi8>
  spatten.halt
}

// -----

// expected-error@+1 {{expects one 'isa.program' to write, found 0}}
module {}
