// A tensor may have the program's name, and one that ends as names do that ELF libraries make unique.
// RUN: rarefy-translate --export-program %s | llvm-readelf --symbols - | FileCheck %s
// RUN: rarefy-translate --export-program %s | rarefy-translate --import-program | FileCheck %s --check-prefix=BACK

// CHECK: FUNC {{.*}} same{{$}}
// CHECK: OBJECT {{.*}} same{{$}}
// CHECK: OBJECT {{.*}} a (1){{$}}
// BACK: isa.program @same
// BACK: isa.tensor @same in
// BACK: isa.tensor @"a (1)" in

isa.program @same for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  isa.tensor @same in at 0 : tensor<2xi8> = dense<1> : tensor<2xi8>
  isa.tensor @"a (1)" in at 32 : tensor<2xi8> = dense<2> : tensor<2xi8>
  spatten.halt
}
