// Text to file to text is the identity, and the file is one that readelf reads.
// RUN: rarefy-opt %s > %t.mlir
// RUN: rarefy-translate --export-program %s -o %t.elf
// RUN: rarefy-translate --import-program %t.elf | rarefy-opt > %t.back.mlir
// RUN: diff %t.mlir %t.back.mlir
// RUN: rarefy-translate --import-program --emit-bytecode %t.elf -o %t.mlirbc
// RUN: head -c 4 %t.mlirbc | FileCheck %s --check-prefix=BYTECODE
// RUN: rarefy-opt %t.mlirbc | diff %t.mlir -
// RUN: rarefy-translate --export-program %t.back.mlir | diff %t.elf -
// RUN: llvm-readelf --symbols --sections --notes %t.elf | FileCheck %s
// RUN: llvm-readelf -p .rarefy.tensors %t.elf | FileCheck %s --check-prefix=TENSORS

// CHECK-DAG: .note.rarefy {{ *}}NOTE
// CHECK-DAG: .text {{ *}}PROGBITS {{ *}}0000000000000000 {{[0-9a-f]+}} 000130
// CHECK-DAG: .data.scale {{ *}}PROGBITS {{ *}}0000000000100000 {{[0-9a-f]+}} 000030
// CHECK-DAG: .data.odd {{ *}}PROGBITS {{ *}}00000000001f4240 {{[0-9a-f]+}} 000003
// CHECK: 304 FUNC {{.*}} row
// CHECK-NEXT: 0000000000000000 1536 OBJECT {{.*}} ABS query
// CHECK-NEXT: 0000000000001000 73728 OBJECT {{.*}} ABS key_msb
// CHECK: Rarefy

// BYTECODE: {{^}}ML
// TENSORS: in tensor<12x64xi16>
// TENSORS-NEXT: in tensor<6x128x2x64xi6>
// TENSORS: out tensor<12x64xi16>

isa.program @row for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64, rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @query in at 0 : tensor<12x64xi16>
  isa.tensor @key_msb in at 4096 : tensor<6x128x2x64xi6>
  isa.tensor @scale in at 1048576 : tensor<12xf32> = dense<0.001> : tensor<12xf32>
  isa.tensor @odd in at 2048576 : tensor<3xi6> = dense<[1, -2, 31]> : tensor<3xi6>
  isa.tensor @output out at 2097152 : tensor<12x64xi16>
  spatten.set_base base = 1, address = 4096
  spatten.set_base base = 5, address = 1048576
  spatten.set_base base = 2, address = 2097152
  spatten.bind_key line = 0, lines = 128
  spatten.bind_value line = 0, lines = 128
  spatten.keep_all_tokens tokens = 128
  spatten.load_scales base = 5, heads = 12
  spatten.loop count = 6
  spatten.load_query signal = [1]
  spatten.load_key base = 1, keys = 128, bits = 6, shift = 4, fused, gather, signal = [2]
  spatten.load_value base = 1, values = 128, bits = 6, shift = 6, fused, signal = [5]
  spatten.score keys = 128, wait = [1, 2], signal = [3]
  spatten.softmax keys = 128, wait = [3], signal = [4]
  spatten.weight values = 128, wait = [4, 5], signal = [6]
  spatten.store_output base = 2, wait = [6]
  spatten.add_base base = 2, stride = 128
  spatten.end_loop
  spatten.scale_tokens tokens = 4, factor = 0.1
  spatten.halt
}
