// RUN: rarefy-opt %s --rarefy-cpu-lower-attention="cpu=x86-64-v3 parallel=false" --canonicalize | FileCheck %s
// RUN: rarefy-opt %s --rarefy-cpu-lower-attention="cpu=x86-64-v4 parallel=false" --canonicalize | FileCheck %s --check-prefix=V4

// Panels of 16 keys and of 16 values; a block of 32 rows; no buffer of heads x
// rows x keys.
// CHECK-DAG: #[[PANELS:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 16, d2, d1 mod 16)>
// CHECK-LABEL: func.func @block
// V4-LABEL: func.func @block
func.func @block(%q: memref<4x64x32xf32>, %k: memref<4x256x32xf32>, %v: memref<4x256x48xf32>, %o: memref<4x64x48xf32>) {
  // CHECK-DAG: memref.alloca() {{.*}} : memref<16x32x16xf32>
  // CHECK-DAG: memref.alloca() {{.*}} : memref<3x256x16xf32>
  // CHECK-DAG: %[[QUERIES:.*]] = memref.alloca() {{.*}} : memref<32x32xf32>
  // CHECK-DAG: %[[SCORES:.*]] = memref.alloca() {{.*}} : memref<32x256xf32>
  // CHECK: scf.for
  // CHECK: vector.shuffle
  // CHECK: linalg.generic {indexing_maps = [{{.*}}, #[[PANELS]], {{.*}}]{{.*}} ins(%[[QUERIES]],
  // CHECK: arith.select {{.*}} vector<8xi1>, vector<8xf32>
  // CHECK: vector.fma {{.*}} : vector<8xf32>
  // CHECK: vector.reduction <add>
  // CHECK: linalg.generic {indexing_maps = [{{.*}}, #[[PANELS]], {{.*}}]
  // CHECK: vector.store
  // V4: memref.alloca() {{.*}} : memref<4x32x64xf32>
  // V4: vector.fma {{.*}} : vector<16xf32>
  rarefy.attention ins(%q, %k, %v : memref<4x64x32xf32>, memref<4x256x32xf32>, memref<4x256x48xf32>)
    outs(%o : memref<4x64x48xf32>) {scale = 1.0 : f32}
  return
}

// A head's importance is summed apart from the others'; nothing is computed for
// importance that is not asked for.
// CHECK-LABEL: func.func @importance
func.func @importance(%q: memref<?x?x?xf16>, %o: memref<?x?x?xf16>, %t: memref<?xf32>) {
  // CHECK: %[[PARTS:.*]] = memref.alloc(%{{.*}}, %{{.*}}) {{.*}} : memref<?x?xf32>
  // CHECK: scf.for %[[H:.*]] =
  // CHECK: arith.extf {{.*}} : vector<8xf16> to vector<8xf32>
  // CHECK: vector.load %[[PARTS]][%[[H]],
  // CHECK-NOT: math.absf
  // CHECK: arith.truncf {{.*}} : vector<8xf32> to vector<8xf16>
  // CHECK: memref.dealloc %[[PARTS]]
  rarefy.attention ins(%q, %q, %q : memref<?x?x?xf16>, memref<?x?x?xf16>, memref<?x?x?xf16>)
    outs(%o : memref<?x?x?xf16>) token_importance(%t : memref<?xf32>) {scale = 1.0 : f32}
  return
}

// Without keys there is nothing to see.
// CHECK-LABEL: func.func @no_keys
// CHECK: linalg.fill ins(%{{.*}} : f16) outs(%arg2 : memref<2x3x5xf16>)
// CHECK-NEXT: return
func.func @no_keys(%q: memref<2x3x7xf16>, %kv: memref<2x0x7xf16>, %o: memref<2x3x5xf16>, %v: memref<2x0x5xf16>) {
  rarefy.attention ins(%q, %kv, %v : memref<2x3x7xf16>, memref<2x0x7xf16>, memref<2x0x5xf16>)
    outs(%o : memref<2x3x5xf16>) {scale = 1.0 : f32}
  return
}

// Neither are heads, perhaps: nothing is divided by zero.
// CHECK-LABEL: func.func @unknown_heads
// CHECK: %[[HEADS:.*]] = memref.dim %arg0
// CHECK: %[[DIVISOR:.*]] = arith.maxui %{{.*}}, %c1
// CHECK: %[[QUOTIENT:.*]] = arith.divui %[[HEADS]], %[[DIVISOR]]
// CHECK: %[[GROUP:.*]] = arith.maxui %[[QUOTIENT]], %c1
// CHECK: arith.divui %{{.*}}, %[[GROUP]]
func.func @unknown_heads(%q: memref<?x3x8xf32>, %k: memref<?x4x8xf32>, %o: memref<?x3x8xf32>) {
  rarefy.attention ins(%q, %k, %k : memref<?x3x8xf32>, memref<?x4x8xf32>, memref<?x4x8xf32>)
    outs(%o : memref<?x3x8xf32>) {scale = 1.0 : f32}
  return
}
