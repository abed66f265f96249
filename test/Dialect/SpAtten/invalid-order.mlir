// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

isa.program @after_halt for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.halt
  // expected-error@+1 {{stands after the end of the program}}
  spatten.halt
}

// -----

// expected-error@+1 {{expects to end with 'spatten.halt'}}
isa.program @no_halt for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_heads heads = 2
}

// -----

// expected-error@+1 {{expects instructions of 'spatten'}}
isa.program @empty for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
}

// -----

isa.program @open for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects an end of the loop}}
  spatten.loop count = 2
  spatten.halt
}

// -----

isa.program @close for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{expects an open loop}}
  spatten.end_loop
  spatten.halt
}

// -----

isa.program @deep for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.loop
  spatten.loop
  spatten.loop
  spatten.loop
  // expected-error@+1 {{expects at most 4 loops around each other}}
  spatten.loop
  spatten.end_loop
  spatten.end_loop
  spatten.end_loop
  spatten.end_loop
  spatten.end_loop
  spatten.halt
}

// -----

isa.program @never for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{waits for semaphore 3, which is signaled too seldom before}}
  spatten.load_query wait = [3]
  spatten.halt
}

// -----

isa.program @late for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{waits for semaphore 3, which is signaled too seldom before}}
  spatten.sync wait = [3]
  spatten.credit signal = [3]
  spatten.halt
}

// -----

isa.program @own for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  // expected-error@+1 {{waits for semaphore 1, which is signaled too seldom before}}
  spatten.load_query wait = [1], signal = [1]
  spatten.halt
}

// -----

isa.program @loop_runs_dry for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.credit signal = [1], count = 5
  spatten.loop count = 6
  // expected-error@+1 {{waits for semaphore 1, which is signaled too seldom before}}
  spatten.load_query wait = [1]
  spatten.end_loop
  spatten.halt
}

// -----

isa.program @inner_loop_runs_dry for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.credit signal = [1], count = 11
  spatten.loop count = 3
  spatten.loop count = 4
  // expected-error@+1 {{waits for semaphore 1, which is signaled too seldom before}}
  spatten.load_query wait = [1]
  spatten.end_loop
  spatten.end_loop
  spatten.halt
}

// -----

isa.program @heads for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.keep_all_heads heads = 2
  // expected-error@+1 {{expects its body to take from semaphore 1 as much as it adds, found 1 more}}
  spatten.loop_heads
  spatten.load_query signal = [1]
  spatten.end_loop
  spatten.halt
}

// -----

isa.program @two_waiters for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.credit signal = [1], count = 2
  // expected-note@+1 {{here}}
  spatten.load_query wait = [1]
  // expected-error@+1 {{waits for semaphore 1, for which another engine waits too}}
  spatten.store_tokens wait = [1]
  spatten.halt
}
