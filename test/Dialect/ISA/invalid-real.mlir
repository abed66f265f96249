// Numbers of 32 bits that no field can have.
// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

isa.program @large for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expected 'factor' to be finite and not negative}}
  spatten.scale_tokens tokens = 1, factor = 1.0e39
  spatten.halt
}

// -----

isa.program @infinite for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expected 'factor' to be finite and not negative}}
  spatten.scale_tokens tokens = 1, factor = 0x7F800000
  spatten.halt
}

// -----

isa.program @no_number for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expected 'factor' to be finite and not negative}}
  spatten.scale_tokens tokens = 1, factor = 0x7FC00000
  spatten.halt
}

// -----

isa.program @negative for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expected 'factor' to be finite and not negative}}
  spatten.scale_tokens tokens = 1, factor = -1.0
  spatten.halt
}
