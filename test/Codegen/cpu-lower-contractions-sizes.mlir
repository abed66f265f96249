// RUN: rarefy-opt --rarefy-cpu-lower-contractions=cpu=x86-64-v3 %s | FileCheck %s

#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (k, n)>
#panels = affine_map<(m, n, k) -> (n floordiv 10, k, n mod 10)>
#out = affine_map<(m, n, k) -> (m, n)>

// Where there may be nothing to sum, zeros are written after all. Blocks of
// columns and rows to share among threads are never empty.
// CHECK-DAG: #[[COLUMNS:.*]] = affine_map<()[s0] -> ({{.*}}, 16)>
// CHECK-DAG: #[[ROWS:.*]] = affine_map<()[s0] -> ({{.*}}, 6)>
// CHECK-LABEL: func.func @unknown
// CHECK: %[[EMPTY:.*]] = arith.cmpi eq, %{{.*}}, %{{.*}} : index
// CHECK: scf.if %[[EMPTY]] {
// CHECK-NEXT: linalg.fill
// CHECK-NEXT: }
// CHECK-DAG: affine.max #[[COLUMNS]]
// CHECK-DAG: affine.max #[[ROWS]]
// CHECK: scf.parallel
func.func @unknown(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<?x?xf32>)
  linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %m, %o : f32
    linalg.yield %s : f32
  }
  return
}

// CHECK-LABEL: func.func @nothing
// CHECK: linalg.fill
// CHECK-NOT: linalg.generic
// CHECK-NOT: vector
// CHECK: return
func.func @nothing(%a: memref<8x0xf32>, %b: memref<0x8xf32>, %c: memref<8x8xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<8x8xf32>)
  linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<8x0xf32>, memref<0x8xf32>) outs(%c : memref<8x8xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %m, %o : f32
    linalg.yield %s : f32
  }
  return
}

// Panels of 10 columns are not whole vectors: they are copied as any other
// right-hand side.
// CHECK-LABEL: func.func @odd_panels
// CHECK-NOT: vector.load %arg1
// CHECK: memref.load %arg1
// CHECK-NOT: vector.load %arg1
// CHECK: return
func.func @odd_panels(%a: memref<16x64xf32>, %b: memref<4x64x10xf32>, %c: memref<16x40xf32>) {
  linalg.generic {indexing_maps = [#lhs, #panels, #out], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<16x64xf32>, memref<4x64x10xf32>) outs(%c : memref<16x40xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %m, %o : f32
    linalg.yield %s : f32
  }
  return
}

// A buffer of i4 has a byte for each, a vector only four bits.
// CHECK-LABEL: func.func @nibbles
// CHECK: linalg.generic
func.func @nibbles(%a: memref<16x64xi8>, %b: memref<64x16xi4>, %c: memref<16x16xi32>) {
  linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<16x64xi8>, memref<64x16xi4>) outs(%c : memref<16x16xi32>) {
  ^bb0(%x: i8, %y: i4, %o: i32):
    %x32 = arith.extsi %x : i8 to i32
    %y32 = arith.extsi %y : i4 to i32
    %m = arith.muli %x32, %y32 : i32
    %s = arith.addi %m, %o : i32
    linalg.yield %s : i32
  }
  return
}

// One row meets a constant in panels as any other.
// CHECK-LABEL: func.func @packed_row
// CHECK: vector.load %arg1[{{.*}}] : memref<4x64x16xf32>, vector<8xf32>
// CHECK: vector.fma
func.func @packed_row(%a: memref<1x64xf32>, %b: memref<4x64x16xf32>, %c: memref<1x64xf32>) {
  linalg.generic {indexing_maps = [#lhs, affine_map<(m, n, k) -> (n floordiv 16, k, n mod 16)>, #out],
      iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<1x64xf32>, memref<4x64x16xf32>) outs(%c : memref<1x64xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %m, %o : f32
    linalg.yield %s : f32
  }
  return
}
