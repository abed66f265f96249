// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

isa.program @list for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects at least 8 kept tokens, found 0}}
  spatten.store_list tokens = 8
  spatten.halt
}

// -----

isa.program @tokens for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 8
  // expected-error@+1 {{expects to keep at most 8 tokens, found 9}}
  spatten.topk_tokens candidates = 8, keep = 9
  spatten.halt
}

// -----

isa.program @candidates for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 8
  // expected-error@+1 {{expects at least 9 kept tokens, found 8}}
  spatten.topk_tokens candidates = 9, keep = 4
  spatten.halt
}

// -----

isa.program @heads for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_heads heads = 4
  // expected-error@+1 {{expects as many candidates as there are kept heads, 4, found 3}}
  spatten.topk_heads candidates = 3, keep = 2
  spatten.halt
}

// -----

isa.program @more_heads for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_heads heads = 4
  // expected-error@+1 {{expects to keep at most 4 heads, found 5}}
  spatten.topk_heads candidates = 4, keep = 5
  spatten.halt
}

// -----

isa.program @keep_tokens for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects a selection of tokens}}
  spatten.keep_tokens
  spatten.halt
}

// -----

isa.program @keep_heads for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects a selection of heads}}
  spatten.keep_heads
  spatten.halt
}

// -----

isa.program @loop_heads for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects a list of kept heads}}
  spatten.loop_heads
  spatten.end_loop
  spatten.halt
}

// -----

isa.program @vector for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.load_vector elements = 8
  // expected-error@+1 {{expects a vector of 16 elements, found 8}}
  spatten.multiply rows = 4, columns = 16, bits = 8
  spatten.halt
}

// -----

isa.program @product for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects a product of 4 elements, found 0}}
  spatten.store_vector elements = 4
  spatten.halt
}
