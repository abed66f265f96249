// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

isa.program @lsb for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 64
  spatten.load_scales heads = 2
  spatten.bind_key lines = 16
  spatten.bind_value lines = 16
  spatten.load_query
  spatten.load_key keys = 64, bits = 8
  // expected-error@+1 {{expects a buffer that holds 60 keys of its lane, found 64}}
  spatten.load_key_lsb keys = 60, bits = 4
  spatten.halt
}

// -----

isa.program @lsb_lane for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 64
  spatten.load_scales heads = 2
  spatten.bind_key lines = 16
  spatten.bind_value lines = 16
  spatten.load_query
  spatten.load_key keys = 64, bits = 8
  // expected-error@+1 {{expects a buffer that holds 64 keys of its lane, found 64}}
  spatten.load_key_lsb keys = 64, bits = 4, lane = 1
  spatten.halt
}

// -----

isa.program @lsb_row for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 64
  spatten.load_scales heads = 2
  spatten.bind_key lines = 16
  spatten.bind_value lines = 16
  spatten.load_query
  spatten.load_key keys = 64, bits = 8
  // expected-error@+1 {{expects rows of whole 32-byte transactions, found 24 bytes}}
  spatten.load_key_lsb keys = 64, bits = 3
  spatten.halt
}

// -----

isa.program @lsb_unchecked for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 64
  spatten.load_scales heads = 2
  spatten.bind_key lines = 16
  spatten.bind_value lines = 16
  spatten.load_query
  spatten.load_key keys = 64, bits = 8
  spatten.load_value values = 64, bits = 8
  spatten.score keys = 64
  spatten.softmax keys = 64
  // expected-error@+1 {{expects that 'spatten.check' looked at the row}}
  spatten.load_key_lsb keys = 64, bits = 4
  spatten.halt
}

// -----

isa.program @not_selected for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 64
  spatten.load_scales heads = 2
  spatten.bind_key lines = 16
  spatten.bind_value lines = 16
  spatten.load_query
  spatten.load_key keys = 64, bits = 8
  spatten.load_value values = 64, bits = 8
  spatten.score keys = 64
  spatten.softmax keys = 64
  // expected-error@+1 {{expects 8 selected positions, found 0}}
  spatten.load_value values = 8, bits = 8, selected
  spatten.halt
}

// -----

isa.program @no_query for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects a query in its slot}}
  spatten.score keys = 64
  spatten.halt
}

// -----

isa.program @no_keys for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.load_query
  // expected-error@+1 {{expects a buffer that holds 64 keys of its lane, found 0}}
  spatten.score keys = 64
  spatten.halt
}

// -----

isa.program @overwritten for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 64
  spatten.load_scales heads = 2
  spatten.bind_key lines = 16
  spatten.bind_value lines = 16
  spatten.load_query
  spatten.load_key keys = 64, bits = 8
  spatten.bind_key buffer = 1, line = 7, lines = 2
  // expected-error@+1 {{expects a buffer that holds 64 keys of its lane, found 0}}
  spatten.score keys = 64
  spatten.halt
}

// -----

isa.program @overwritten_later for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 64
  spatten.load_scales heads = 2
  spatten.bind_key lines = 16
  spatten.bind_value lines = 16
  spatten.load_query
  spatten.load_key keys = 64, bits = 8
  spatten.loop count = 2
  // expected-error@+1 {{expects a buffer that holds 64 keys of its lane, found 0}}
  spatten.score keys = 64
  spatten.bind_key buffer = 1, line = 7, lines = 2
  spatten.end_loop
  spatten.halt
}
