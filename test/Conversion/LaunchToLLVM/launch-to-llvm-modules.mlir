// RUN: rarefy-opt %s --convert-launch-to-llvm | FileCheck %s

// A launch finds the program of its own module, and what it needs is there.
// CHECK: module {
// CHECK-DAG: llvm.mlir.global external @rarefyDevice()
// CHECK-DAG: llvm.func @rarefyLaunch
// CHECK-DAG: llvm.mlir.global internal constant @same.elf("\7FELF{{.*}}outer
// CHECK: module @inner {
// CHECK-DAG: llvm.mlir.global external @rarefyDevice()
// CHECK-DAG: llvm.func @rarefyLaunch
// CHECK-DAG: llvm.mlir.global internal constant @same.elf("\7FELF{{.*}}inner
// CHECK: func.func @f(
// CHECK: llvm.mlir.addressof @same.elf
// CHECK: llvm.call @rarefyLaunch
// CHECK: func.func @f(
// CHECK: llvm.mlir.addressof @same.elf
// CHECK: llvm.call @rarefyLaunch
// CHECK-NOT: isa.program
isa.program @same for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  isa.tensor @outer in at 0 : tensor<4xi16>
  spatten.halt
}

module @inner {
  isa.program @same for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
      rows_per_line = 8 : i64, max_keys = 64 : i64} {
    isa.tensor @inner out at 0 : tensor<4xi16>
    spatten.halt
  }
  func.func @f(%x: memref<4xi16>) {
    isa.launch @same outs(%x : memref<4xi16>)
    return
  }
}

func.func @f(%x: memref<4xi16>) {
  isa.launch @same ins(%x : memref<4xi16>)
  return
}

// A launch needs no function around it.
// CHECK: %[[X:.*]] = memref.alloc
// CHECK: memref.extract_aligned_pointer_as_index %[[X]]
// CHECK: llvm.call @rarefyLaunch
%x = memref.alloc() : memref<4xi16>
isa.launch @same ins(%x : memref<4xi16>)
