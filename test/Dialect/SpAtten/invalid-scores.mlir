// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

isa.program @score_unchecked for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 64
  spatten.load_scales heads = 2
  spatten.bind_key lines = 16
  spatten.bind_value lines = 16
  spatten.load_query
  spatten.load_key keys = 64, bits = 8
  spatten.load_value values = 64, bits = 8
  // expected-error@+1 {{expects that 'spatten.check' looked at the row}}
  spatten.score keys = 64, requantized
  spatten.halt
}

// -----

isa.program @no_scores for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 64
  spatten.load_scales heads = 2
  spatten.bind_key lines = 16
  spatten.bind_value lines = 16
  spatten.load_query
  spatten.load_key keys = 64, bits = 8
  spatten.load_value values = 64, bits = 8
  spatten.score keys = 64
  // expected-error@+1 {{expects 32 scores in its slot, found 64}}
  spatten.softmax keys = 32
  spatten.halt
}

// -----

isa.program @no_scale for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 64
  spatten.bind_key lines = 16
  spatten.bind_value lines = 16
  spatten.load_query
  spatten.load_key keys = 64, bits = 8
  spatten.load_value values = 64, bits = 8
  spatten.score keys = 64
  // expected-error@+1 {{expects the scale of its head}}
  spatten.softmax keys = 64
  spatten.halt
}

// -----

isa.program @softmax_unchecked for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_tokens tokens = 64
  spatten.load_scales heads = 2
  spatten.bind_key lines = 16
  spatten.bind_value lines = 16
  spatten.load_query
  spatten.load_key keys = 64, bits = 8
  spatten.load_value values = 64, bits = 8
  spatten.score keys = 64
  // expected-error@+1 {{expects that 'spatten.check' looked at the row}}
  spatten.softmax keys = 64, requantized
  spatten.halt
}

// -----

isa.program @check for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects probabilities in its slot}}
  spatten.check threshold = 102
  spatten.halt
}

// -----

isa.program @topk for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
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
  // expected-error@+1 {{expects 32 probabilities in lane 0, found 64}}
  spatten.topk_values keys = 32, keep = 8
  spatten.halt
}

// -----

isa.program @topk_lane for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
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
  // expected-error@+1 {{expects 64 probabilities in lane 1, found 0}}
  spatten.topk_values keys = 64, keep = 8, fused
  spatten.halt
}

// -----

isa.program @topk_more for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
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
  // expected-error@+1 {{expects to keep at most 64 positions, found 65}}
  spatten.topk_values keys = 64, keep = 65
  spatten.halt
}
