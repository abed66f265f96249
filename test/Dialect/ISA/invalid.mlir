// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{expects instructions of 'arith'}}
isa.program @no_isa for "arith" {} {}

// -----

// expected-error@+1 {{expects 64-bit integers in its configuration, found 1.000000e+00 : f32}}
isa.program @config for "spatten" {key_lines = 1.0 : f32} {}

// -----

isa.program @other_op for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{stands where an instruction of 'spatten' was expected}}
  func.func private @f()
  spatten.halt
}

// -----

isa.program @type for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects a ranked tensor of integers or floats, found 'tensor<4xindex>'}}
  isa.tensor @t in at 0 : tensor<4xindex>
  spatten.halt
}

// -----

isa.program @size for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects at most 2^48 bytes, found 'tensor<1099511627776x1099511627776xi8>'}}
  isa.tensor @t in at 0 : tensor<1099511627776x1099511627776xi8>
  spatten.halt
}

// -----

isa.program @end for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects to end below byte 2^48, found address 281474976710655}}
  isa.tensor @t in at 281474976710655 : tensor<2xi8>
  spatten.halt
}

// -----

isa.program @value for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects a value of 'tensor<2xi8>', found 'tensor<3xi8>'}}
  isa.tensor @t in at 0 : tensor<2xi8> = dense<0> : tensor<3xi8>
  spatten.halt
}

// -----

isa.program @out for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects 'in' beside a value}}
  isa.tensor @t out at 0 : tensor<2xi8> = dense<0> : tensor<2xi8>
  spatten.halt
}

// -----

isa.program @overlap for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  isa.tensor @a in at 8 : tensor<3xi6>
  // expected-error@+1 {{expects bytes of its own, found them in "a"}}
  isa.tensor @b in at 10 : tensor<2xi8>
  spatten.halt
}

// -----

// expected-error@+3 {{expected a field of the instruction, found 'kyes'}}
isa.program @no_field for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.softmax slot = 0, kyes = 3
  spatten.halt
}

// -----

// expected-error@+3 {{expected 'keys' once}}
isa.program @twice for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.softmax keys = 4, keys = 3
  spatten.halt
}

// -----

// expected-error@+3 {{expected 'keys' from 1 to 2048, found 2049}}
isa.program @range for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.softmax keys = 2049
  spatten.halt
}

// -----

// expected-error@+3 {{expected 'keys' from 1 to 2048, found -1}}
isa.program @negative for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.softmax keys = -1
  spatten.halt
}

// -----

// expected-error@+3 {{expected a number}}
isa.program @number for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.softmax keys = x
  spatten.halt
}

// -----

// expected-error@+3 {{expected members of 'wait' up to 15, found 16}}
isa.program @set for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.softmax wait = [16]
  spatten.halt
}

// -----

// expected-error@+3 {{expected members of 'engines' among fetch fetch_key_lsb fetch_value score softmax value_topk weight accumulate topk store product, found core}}
isa.program @engines for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.fence engines = [score, core]
  spatten.halt
}
