// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

isa.program @weight for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 64
  spatten.load_scales heads = 2
  spatten.bind_key lines = 16
  spatten.bind_value lines = 16
  spatten.load_query
  spatten.load_key keys = 64, bits = 8
  spatten.load_value values = 64, bits = 8
  spatten.score keys = 64
  // expected-error@+1 {{expects 64 probabilities, found 0}}
  spatten.weight values = 64
  spatten.halt
}

// -----

isa.program @compact for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
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
  // expected-error@+1 {{expects 'selected' beside 'compact'}}
  spatten.weight values = 64, compact
  spatten.halt
}

// -----

isa.program @selected for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
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
  spatten.weight values = 8, selected
  spatten.halt
}

// -----

isa.program @values for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
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
  spatten.topk_values keys = 64, keep = 8
  // expected-error@+1 {{expects a buffer that holds 8 selected values of its lane, found 64}}
  spatten.weight values = 8, selected, compact
  spatten.halt
}

// -----

isa.program @add for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
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
  // expected-error@+1 {{expects 32 probabilities, found 64}}
  spatten.add_tokens keys = 32
  spatten.halt
}

// -----

isa.program @add_kept for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.load_scales heads = 2
  spatten.bind_key lines = 16
  spatten.bind_value lines = 16
  spatten.load_query
  spatten.load_key keys = 64, bits = 8
  spatten.load_value values = 64, bits = 8
  spatten.score keys = 64
  spatten.softmax keys = 64
  // expected-error@+1 {{expects at least 64 kept tokens, found 0}}
  spatten.add_tokens keys = 64
  spatten.halt
}

// -----

isa.program @add_head for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
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
  // expected-error@+1 {{expects an output in its slot}}
  spatten.add_head
  spatten.halt
}

// -----

isa.program @store for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
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
  // expected-error@+1 {{expects an output in its slot}}
  spatten.store_output
  spatten.halt
}
