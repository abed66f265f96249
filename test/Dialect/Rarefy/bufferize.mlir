// RUN: rarefy-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" | FileCheck %s

// The output is overwritten: what it held needs no copy. Importance is added to
// what came in, so an init that is used again is copied.
// CHECK-LABEL: func.func @attention
// CHECK-SAME: (%[[Q:.*]]: memref<4x8x16xf32>, %[[T:.*]]: memref<8xf32>)
func.func @attention(%q: tensor<4x8x16xf32>, %t: tensor<8xf32>) -> (tensor<4x8x16xf32>, tensor<8xf32>, tensor<8xf32>) {
  // CHECK: %[[O:.*]] = memref.alloc() {{.*}} : memref<4x8x16xf32>
  // CHECK: %[[COPY:.*]] = memref.alloc() {{.*}} : memref<8xf32>
  // CHECK: memref.copy %[[T]], %[[COPY]]
  // CHECK: rarefy.attention ins(%[[Q]], %[[Q]], %[[Q]] : {{.*}}) outs(%[[O]] : memref<4x8x16xf32>) token_importance(%[[COPY]] : memref<8xf32>) {causal, scale = 1.000000e+00 : f32}
  // CHECK: return %[[O]], %[[COPY]], %[[T]]
  %o = tensor.empty() : tensor<4x8x16xf32>
  %0:2 = rarefy.attention ins(%q, %q, %q : tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>)
    outs(%o : tensor<4x8x16xf32>) token_importance(%t : tensor<8xf32>) {causal, scale = 1.0 : f32}
    -> tensor<4x8x16xf32>, tensor<8xf32>
  return %0#0, %0#1, %t : tensor<4x8x16xf32>, tensor<8xf32>, tensor<8xf32>
}

// CHECK-LABEL: func.func @topk_gather_scatter
// CHECK-SAME: (%[[S:.*]]: memref<8xf32>, %[[X:.*]]: memref<8x2xf32>)
func.func @topk_gather_scatter(%s: tensor<8xf32>, %x: tensor<8x2xf32>) -> tensor<8x2xf32> {
  // CHECK: rarefy.topk ins(%[[S]] : memref<8xf32>) outs(%[[P:.*]] : memref<4xi32>)
  // CHECK: rarefy.gather dim 0 ins(%[[X]], %[[P]] : memref<8x2xf32>, memref<4xi32>) outs(%[[Y:.*]] : memref<4x2xf32>)
  // CHECK-NOT: memref.copy
  // CHECK: rarefy.scatter dim 0 ins(%[[Y]], %[[P]] : memref<4x2xf32>, memref<4xi32>) outs(%[[X]] : memref<8x2xf32>)
  // CHECK: return %[[X]]
  %i = tensor.empty() : tensor<4xi32>
  %p = rarefy.topk ins(%s : tensor<8xf32>) outs(%i : tensor<4xi32>) -> tensor<4xi32>
  %e = tensor.empty() : tensor<4x2xf32>
  %y = rarefy.gather dim 0 ins(%x, %p : tensor<8x2xf32>, tensor<4xi32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %z = rarefy.scatter dim 0 ins(%y, %p : tensor<4x2xf32>, tensor<4xi32>) outs(%x : tensor<8x2xf32>) -> tensor<8x2xf32>
  return %z : tensor<8x2xf32>
}
