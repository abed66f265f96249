// RUN: rarefy-opt %s --convert-launch-to-llvm | FileCheck %s
// RUN: rarefy-opt %s --convert-launch-to-llvm --expand-strided-metadata --finalize-memref-to-llvm --convert-to-llvm --reconcile-unrealized-casts -o /dev/null

// CHECK-DAG: llvm.mlir.global external @rarefyDevice() {{.*}}: i8
// CHECK-DAG: llvm.mlir.global internal constant @two.elf("\7FELF{{.*}}") {{.*}}alignment = 16
// CHECK-DAG: llvm.func @rarefyLaunch(!llvm.ptr, !llvm.ptr, i64, !llvm.ptr, i64)
// CHECK-NOT: isa.program
isa.program @two for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  isa.tensor @x in at 0 : tensor<2x4xi6>
  isa.tensor @z out at 192 : tensor<4xi16>
  spatten.halt
}

isa.program @never_launched for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.halt
}

// A table has the address of each operand and the bytes of an element.
// CHECK-LABEL: func.func @dense(
// CHECK-SAME: %[[X:.*]]: memref<2x4xi8>, %[[Z:.*]]: memref<4xi32>)
// CHECK: %[[STACK:.*]] = llvm.intr.stacksave
// CHECK: %[[N:.*]] = llvm.mlir.constant(2 : i64)
// CHECK: %[[TABLE:.*]] = llvm.alloca %[[N]] x !llvm.struct<(ptr, i64)>
// CHECK: %[[I:.*]] = memref.extract_aligned_pointer_as_index %[[X]]
// CHECK: %[[C:.*]] = arith.index_cast %[[I]] : index to i64
// CHECK: %[[P:.*]] = llvm.inttoptr %[[C]]
// CHECK: %[[ONE:.*]] = llvm.mlir.constant(1 : i64)
// CHECK: %[[AT:.*]] = llvm.getelementptr %[[TABLE]][0, 0]
// CHECK: llvm.store %[[P]], %[[AT]]
// CHECK: %[[AT1:.*]] = llvm.getelementptr %[[TABLE]][0, 1]
// CHECK: llvm.store %[[ONE]], %[[AT1]]
// CHECK: memref.extract_aligned_pointer_as_index %[[Z]]
// CHECK: %[[FOUR:.*]] = llvm.mlir.constant(4 : i64)
// CHECK: %[[AT2:.*]] = llvm.getelementptr %[[TABLE]][1, 1]
// CHECK: llvm.store %[[FOUR]], %[[AT2]]
// CHECK-DAG: %[[DEVICE:.*]] = llvm.mlir.addressof @rarefyDevice
// CHECK-DAG: %[[FILE:.*]] = llvm.mlir.addressof @two.elf
// CHECK-DAG: %[[BYTES:.*]] = llvm.mlir.constant({{[0-9]+}} : i64)
// CHECK: llvm.call @rarefyLaunch(%[[DEVICE]], %[[FILE]], %[[BYTES]], %[[TABLE]], %{{.*}})
// CHECK-NEXT: llvm.intr.stackrestore %[[STACK]]
// CHECK-NEXT: return
func.func @dense(%x: memref<2x4xi8>, %z: memref<4xi32>) {
  isa.launch @two ins(%x : memref<2x4xi8>) outs(%z : memref<4xi32>)
  return
}

// Buffers with gaps are copied. Each thread of a loop has a table of its own, and
// its stack does not grow.
// CHECK-LABEL: func.func @strided(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<2x4xi8, strided<[8, 2], offset: ?>>, %[[Z:[a-z0-9]*]]: memref<4xi16, strided<[2]>>
// CHECK: scf.parallel
// CHECK: %[[STACK:.*]] = llvm.intr.stacksave
// CHECK: llvm.alloca
// CHECK: %[[XCOPY:.*]] = memref.alloc() : memref<2x4xi8>
// CHECK: memref.copy %[[X]], %[[XCOPY]]
// CHECK: memref.extract_aligned_pointer_as_index %[[XCOPY]]
// CHECK: %[[ZCOPY:.*]] = memref.alloc() : memref<4xi16>
// CHECK-NOT: memref.copy
// CHECK: memref.extract_aligned_pointer_as_index %[[ZCOPY]]
// CHECK: llvm.call @rarefyLaunch
// CHECK: llvm.intr.stackrestore %[[STACK]]
// CHECK: memref.copy %[[ZCOPY]], %[[Z]]
// CHECK: memref.dealloc %[[ZCOPY]]
// CHECK: memref.dealloc %[[XCOPY]]
func.func @strided(%x: memref<2x4xi8, strided<[8, 2], offset: ?>>, %z: memref<4xi16, strided<[2]>>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    isa.launch @two ins(%x : memref<2x4xi8, strided<[8, 2], offset: ?>>) outs(%z : memref<4xi16, strided<[2]>>)
  }
  return
}

// CHECK-LABEL: func.func @nothing(
// CHECK: llvm.mlir.addressof @empty.elf
// CHECK: llvm.call @rarefyLaunch
isa.program @empty for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.halt
}
func.func @nothing() {
  isa.launch @empty
  return
}
