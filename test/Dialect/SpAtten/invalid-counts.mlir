// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

// 257 times 255 counts and one more; what is taken and given back adds none.
isa.program @counts for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.loop count = 257
  spatten.credit signal = [1], count = 255
  spatten.end_loop
  // expected-error@+1 {{expects at most 65535 counts of semaphore 1, found 65536}}
  spatten.credit signal = [1]
  spatten.loop count = 65535
  spatten.loop count = 65535
  spatten.sync wait = [1]
  spatten.credit signal = [1]
  spatten.end_loop
  spatten.end_loop
  spatten.halt
}
