// RUN: rarefy-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @unused_importance
// CHECK-SAME: %[[H:[a-z0-9]+]]: tensor<4xf32>)
func.func @unused_importance(%q: tensor<4x8x16xf32>, %t: tensor<8xf32>, %h: tensor<4xf32>) -> (tensor<4x8x16xf32>, tensor<4xf32>) {
  // CHECK: %[[R:.*]]:2 = rarefy.attention
  // CHECK-NOT: token_importance
  // CHECK-SAME: head_importance(%[[H]]
  // CHECK: return %[[R]]#0, %[[R]]#1
  %0:3 = rarefy.attention ins(%q, %q, %q : tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>)
    outs(%q : tensor<4x8x16xf32>) token_importance(%t : tensor<8xf32>) head_importance(%h : tensor<4xf32>)
    {scale = 1.0 : f32} -> tensor<4x8x16xf32>, tensor<8xf32>, tensor<4xf32>
  return %0#0, %0#2 : tensor<4x8x16xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @idle_options
func.func @idle_options(%q: tensor<4x1x16xf32>, %k: tensor<4x8x16xf32>) -> tensor<4x1x16xf32> {
  // CHECK: rarefy.attention
  // CHECK-NOT: mask
  // CHECK-NOT: causal
  // CHECK-NOT: keep_values
  // CHECK: return
  %m = arith.constant dense<true> : tensor<8xi1>
  %0 = rarefy.attention ins(%q, %k, %k : tensor<4x1x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>)
    mask(%m : tensor<8xi1>) outs(%q : tensor<4x1x16xf32>) {scale = 1.0 : f32, causal, keep_values = 8} -> tensor<4x1x16xf32>
  return %0 : tensor<4x1x16xf32>
}

// CHECK-LABEL: func.func @busy_options
func.func @busy_options(%q: tensor<4x2x16xf32>, %k: tensor<4x8x16xf32>) -> tensor<4x2x16xf32> {
  // CHECK: rarefy.attention {{.*}} mask(
  // CHECK-SAME: causal, keep_values = 7
  %m = arith.constant dense<1.0> : tensor<2x1xf32>
  %0 = rarefy.attention ins(%q, %k, %k : tensor<4x2x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>)
    mask(%m : tensor<2x1xf32>) outs(%q : tensor<4x2x16xf32>) {scale = 1.0 : f32, causal, keep_values = 7} -> tensor<4x2x16xf32>
  return %0 : tensor<4x2x16xf32>
}

// CHECK-LABEL: func.func @topk_of_all
func.func @topk_of_all(%s: tensor<2x3xf32>, %i: tensor<2x3xi32>) -> tensor<2x3xi32> {
  // CHECK: arith.constant dense<{{\[\[}}0, 1, 2], [0, 1, 2]]> : tensor<2x3xi32>
  // CHECK-NOT: rarefy.topk
  %0 = rarefy.topk ins(%s : tensor<2x3xf32>) outs(%i : tensor<2x3xi32>) -> tensor<2x3xi32>
  return %0 : tensor<2x3xi32>
}

// What all positions are taken from or put back to is the whole.
// CHECK-LABEL: func.func @identity
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<?x3xf32>
func.func @identity(%x: tensor<?x3xf32>, %i: tensor<?x3xf32>) -> (tensor<?x3xf32>, tensor<?x3xf32>) {
  // CHECK: return %[[X]], %[[X]]
  %p = arith.constant dense<[0, 1, 2]> : tensor<3xi32>
  %0 = rarefy.gather dim 1 ins(%x, %p : tensor<?x3xf32>, tensor<3xi32>) outs(%i : tensor<?x3xf32>) -> tensor<?x3xf32>
  %1 = rarefy.scatter dim 1 ins(%x, %p : tensor<?x3xf32>, tensor<3xi32>) outs(%i : tensor<?x3xf32>) -> tensor<?x3xf32>
  return %0, %1 : tensor<?x3xf32>, tensor<?x3xf32>
}

// CHECK-LABEL: func.func @not_identity
func.func @not_identity(%x: tensor<4x3xf32>, %i: tensor<3x3xf32>) -> (tensor<3x3xf32>, tensor<3x3xf32>) {
  // The first three of four rows, and three rows in another order.
  // CHECK-COUNT-2: rarefy.gather
  %p = arith.constant dense<[0, 1, 2]> : tensor<3xi32>
  %r = arith.constant dense<[0, 2, 1]> : tensor<3xi32>
  %0 = rarefy.gather dim 0 ins(%x, %p : tensor<4x3xf32>, tensor<3xi32>) outs(%i : tensor<3x3xf32>) -> tensor<3x3xf32>
  %1 = rarefy.gather dim 1 ins(%0, %r : tensor<3x3xf32>, tensor<3xi32>) outs(%i : tensor<3x3xf32>) -> tensor<3x3xf32>
  return %0, %1 : tensor<3x3xf32>, tensor<3x3xf32>
}

// CHECK-LABEL: func.func @gather_of_gather
// CHECK-SAME: (%[[X:.*]]: tensor<2x9x4xf32>, %[[P:.*]]: tensor<2x5xi32>, %[[Q:.*]]: tensor<2x3xi32>
func.func @gather_of_gather(%x: tensor<2x9x4xf32>, %p: tensor<2x5xi32>, %q: tensor<2x3xi32>, %i: tensor<2x5x4xf32>, %j: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  // CHECK: %[[E:.*]] = tensor.empty() : tensor<2x3xi32>
  // CHECK: %[[PQ:.*]] = rarefy.gather dim 1 ins(%[[P]], %[[Q]] : tensor<2x5xi32>, tensor<2x3xi32>) outs(%[[E]]
  // CHECK: %[[R:.*]] = rarefy.gather dim 1 ins(%[[X]], %[[PQ]] : tensor<2x9x4xf32>, tensor<2x3xi32>)
  // CHECK: return %[[R]]
  %0 = rarefy.gather dim 1 ins(%x, %p : tensor<2x9x4xf32>, tensor<2x5xi32>) outs(%i : tensor<2x5x4xf32>) -> tensor<2x5x4xf32>
  %1 = rarefy.gather dim 1 ins(%0, %q : tensor<2x5x4xf32>, tensor<2x3xi32>) outs(%j : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %1 : tensor<2x3x4xf32>
}
