// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{expects parameter 'max_keys' of its configuration from 1 to 2048}}
isa.program @no_parameter for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64} {
  spatten.halt
}

// -----

isa.program @bind for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects lines below 16, found 8 to 16}}
  spatten.bind_key line = 8, lines = 9
  spatten.halt
}

// -----

isa.program @bind_value for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects lines below 16, found 16 to 16}}
  spatten.bind_value line = 16
  spatten.halt
}

// -----

isa.program @many_keys for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 65
  spatten.bind_key lines = 16
  // expected-error@+1 {{expects at most 64 rows, found 65}}
  spatten.load_key keys = 65, bits = 8
  spatten.halt
}

// -----

isa.program @odd_row for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.bind_key lines = 16
  // expected-error@+1 {{expects rows of whole 32-byte transactions, found 48 bytes; elements of 6 bits come in fused pairs}}
  spatten.load_key keys = 64, bits = 6
  spatten.halt
}

// -----

isa.program @odd_value_row for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.bind_value lines = 16
  // expected-error@+1 {{expects rows of whole 32-byte transactions, found 48 bytes; elements of 6 bits come in fused pairs}}
  spatten.load_value values = 8, bits = 6
  spatten.halt
}

// -----

isa.program @lines for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.bind_key lines = 8
  // expected-error@+1 {{needs 16 lines of its buffer, found 8}}
  spatten.load_key keys = 64, bits = 6, fused
  spatten.halt
}

// -----

isa.program @unbound for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{needs 8 lines of its buffer, found 0}}
  spatten.load_key keys = 64, bits = 8
  spatten.halt
}

// -----

isa.program @wide_key for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.bind_key lines = 16
  // expected-error@+1 {{expects bits and shift to make at most 12, found 13}}
  spatten.load_key keys = 64, bits = 12, shift = 1
  spatten.halt
}

// -----

isa.program @wide_value for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.bind_value lines = 16
  // expected-error@+1 {{expects bits and shift to make at most 12, found 14}}
  spatten.load_value values = 64, bits = 8, shift = 6
  spatten.halt
}

// -----

isa.program @gather for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 63
  spatten.bind_key lines = 16
  // expected-error@+1 {{expects at least 64 kept tokens, found 63}}
  spatten.load_key keys = 64, bits = 8, gather
  spatten.halt
}

// -----

// The second load is into a line that the first buffer has as well.
isa.program @overlap for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.bind_key lines = 2
  spatten.bind_key buffer = 1, line = 1, lines = 2
  spatten.load_query
  spatten.load_key keys = 16, bits = 8
  spatten.load_key buffer = 1, keys = 16, bits = 8, signal = [0]
  // expected-error@+1 {{expects a buffer that holds 16 keys of its lane, found 0}}
  spatten.score keys = 16, wait = [0]
  spatten.halt
}
