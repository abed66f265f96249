// RUN: rarefy-opt %s --transform-interpreter --canonicalize --cse | FileCheck %s

// CHECK-DAG: #[[TWICE:.*]] = affine_map<(d0) -> (d0 * 2)>
// CHECK-DAG: #[[BY16:.*]] = affine_map<(d0) -> (d0 * 16)>
// CHECK-DAG: #[[SEEN:.*]] = affine_map<(d0) -> (0, d0 * 16 + 16)>

// Two query heads share a key head, and are tiled together.
// CHECK-LABEL: func.func @parallel
// CHECK-SAME: (%[[Q:.*]]: tensor<2x8x64x16xf32>, %[[K:.*]]: tensor<2x4x32x16xf32>, %[[M:.*]]: tensor<64x32xf32>, %[[O:.*]]: tensor<2x8x64x16xf32>)
func.func @parallel(%q: tensor<2x8x64x16xf32>, %k: tensor<2x4x32x16xf32>, %m: tensor<64x32xf32>, %o: tensor<2x8x64x16xf32>) -> tensor<2x8x64x16xf32> {
  // CHECK: scf.forall (%[[B:.*]], %[[KH:.*]], %[[BLOCK:.*]]) in (2, 4, 4)
  // CHECK-DAG: %[[H:.*]] = affine.apply #[[TWICE]](%[[KH]])
  // CHECK-DAG: %[[R:.*]] = affine.apply #[[BY16]](%[[BLOCK]])
  // CHECK-DAG: %[[QT:.*]] = tensor.extract_slice %[[Q]][%[[B]], %[[H]], %[[R]], 0] [1, 2, 16, 16]
  // CHECK-DAG: %[[KT:.*]] = tensor.extract_slice %[[K]][%[[B]], %[[KH]], 0, 0] [1, 1, 32, 16]
  // CHECK-DAG: %[[MT:.*]] = tensor.extract_slice %[[M]][%[[R]], 0] [16, 32]
  // CHECK: %[[T:.*]] = rarefy.attention ins(%[[QT]], %[[KT]], %[[KT]] : {{.*}}) mask(%[[MT]]
  // CHECK: tensor.parallel_insert_slice %[[T]] into {{.*}}[%[[B]], %[[H]], %[[R]], 0] [1, 2, 16, 16]
  %0 = rarefy.attention ins(%q, %k, %k : tensor<2x8x64x16xf32>, tensor<2x4x32x16xf32>, tensor<2x4x32x16xf32>)
    mask(%m : tensor<64x32xf32>) outs(%o : tensor<2x8x64x16xf32>) {scale = 0.25 : f32, parallel} -> tensor<2x8x64x16xf32>
  return %0 : tensor<2x8x64x16xf32>
}

// One tile after the other adds to the importance.
// CHECK-LABEL: func.func @sequential
// CHECK-SAME: %[[T:[a-z0-9]+]]: tensor<32xf32>, %[[I:[a-z0-9]+]]: tensor<8xf32>)
func.func @sequential(%q: tensor<8x64x16xf32>, %k: tensor<8x32x16xf32>, %o: tensor<8x64x16xf32>, %t: tensor<32xf32>, %h: tensor<8xf32>) -> (tensor<8x64x16xf32>, tensor<32xf32>, tensor<8xf32>) {
  // CHECK: scf.for %[[H:.*]] = {{.*}} iter_args(%{{.*}}, %{{.*}} = %[[T]], %{{.*}} = %[[I]])
  // CHECK: scf.for %{{.*}} iter_args(%{{.*}}, %[[TOKEN:.*]] = %{{.*}}, %[[HEAD:.*]] = %{{.*}})
  // CHECK: %[[PART:.*]] = tensor.extract_slice %[[HEAD]][%[[H]]] [4]
  // CHECK: rarefy.attention {{.*}} token_importance(%[[TOKEN]] : tensor<32xf32>) head_importance(%[[PART]] : tensor<4xf32>)
  %0:3 = rarefy.attention ins(%q, %k, %k : tensor<8x64x16xf32>, tensor<8x32x16xf32>, tensor<8x32x16xf32>)
    outs(%o : tensor<8x64x16xf32>) token_importance(%t : tensor<32xf32>) head_importance(%h : tensor<8xf32>)
    {scale = 0.25 : f32, sequential} -> tensor<8x64x16xf32>, tensor<32xf32>, tensor<8xf32>
  return %0#0, %0#1, %0#2 : tensor<8x64x16xf32>, tensor<32xf32>, tensor<8xf32>
}

// A causal tile reads the keys up to its last row only.
// CHECK-LABEL: func.func @causal
// CHECK-SAME: (%[[Q:.*]]: tensor<8x64x16xf32>,
func.func @causal(%q: tensor<8x64x16xf32>, %o: tensor<8x64x16xf32>) -> tensor<8x64x16xf32> {
  // CHECK: scf.forall (%{{.*}}, %[[BLOCK:.*]]) in (2, 4)
  // CHECK: %[[N:.*]] = affine.max #[[SEEN]](%[[BLOCK]])
  // CHECK: %[[KT:.*]] = tensor.extract_slice %[[Q]][%{{.*}}, 0, 0] [4, %[[N]], 16]
  // CHECK: rarefy.attention ins(%{{.*}}, %[[KT]], %[[KT]] : {{.*}}causal
  %0 = rarefy.attention ins(%q, %q, %q : tensor<8x64x16xf32>, tensor<8x64x16xf32>, tensor<8x64x16xf32>)
    outs(%o : tensor<8x64x16xf32>) {scale = 0.25 : f32, causal, both} -> tensor<8x64x16xf32>
  return %0 : tensor<8x64x16xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match attributes {parallel} in %root : (!transform.any_op) -> !transform.any_op
    %1, %2 = transform.structured.tile_using_forall %0 tile_sizes [1, 2, 16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %3 = transform.structured.match attributes {sequential} in %root : (!transform.any_op) -> !transform.any_op
    %4, %5:2 = transform.structured.tile_using_for %3 tile_sizes [4, 16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    %6 = transform.structured.match attributes {both} in %root : (!transform.any_op) -> !transform.any_op
    %7, %8 = transform.structured.tile_using_forall %6 tile_sizes [4, 16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
