// RUN: rarefy-opt %s --transform-interpreter --canonicalize --cse | FileCheck %s

// One position at a time is a view of the source, and no gather.
// CHECK-LABEL: func.func @gather_one
// CHECK-SAME: (%[[X:.*]]: tensor<64x32x8xf32>, %[[P:.*]]: tensor<16xi32>,
func.func @gather_one(%x: tensor<64x32x8xf32>, %p: tensor<16xi32>, %i: tensor<16x32x8xf32>) -> tensor<16x32x8xf32> {
  // CHECK: scf.forall (%[[I:.*]]) in (16)
  // CHECK: %[[AT:.*]] = tensor.extract %[[P]][%[[I]]]
  // CHECK: %[[POS:.*]] = arith.index_cast %[[AT]]
  // CHECK: tensor.extract_slice %[[X]][%[[POS]], 0, 0] [1, 32, 8]
  // CHECK-NOT: rarefy.gather
  %0 = rarefy.gather dim 0 ins(%x, %p : tensor<64x32x8xf32>, tensor<16xi32>) outs(%i : tensor<16x32x8xf32>) {one} -> tensor<16x32x8xf32>
  return %0 : tensor<16x32x8xf32>
}

// Positions follow the tile, the gathered dimension stays whole.
// CHECK-LABEL: func.func @gather_some
// CHECK-SAME: (%[[X:.*]]: tensor<2x64x8xf32>, %[[P:.*]]: tensor<2x16xi32>,
func.func @gather_some(%x: tensor<2x64x8xf32>, %p: tensor<2x16xi32>, %i: tensor<2x16x8xf32>) -> tensor<2x16x8xf32> {
  // CHECK: scf.forall (%[[B:.*]], %{{.*}}) in (2, 4)
  // CHECK: %[[I:.*]] = affine.apply
  // CHECK-DAG: %[[XT:.*]] = tensor.extract_slice %[[X]][%[[B]], 0, 0] [1, 64, 8]
  // CHECK-DAG: %[[PT:.*]] = tensor.extract_slice %[[P]][%[[B]], %[[I]]] [1, 4]
  // CHECK: rarefy.gather dim 1 ins(%[[XT]], %[[PT]] : tensor<1x64x8xf32>, tensor<1x4xi32>)
  %0 = rarefy.gather dim 1 ins(%x, %p : tensor<2x64x8xf32>, tensor<2x16xi32>) outs(%i : tensor<2x16x8xf32>) {some} -> tensor<2x16x8xf32>
  return %0 : tensor<2x16x8xf32>
}

// CHECK-LABEL: func.func @scatter
// CHECK-SAME: (%[[X:.*]]: tensor<2x16x8xf32>, %[[P:.*]]: tensor<16xi32>, %[[I:.*]]: tensor<2x64x8xf32>)
func.func @scatter(%x: tensor<2x16x8xf32>, %p: tensor<16xi32>, %i: tensor<2x64x8xf32>) -> tensor<2x64x8xf32> {
  // CHECK: scf.for %[[B:.*]] = {{.*}} iter_args(%{{.*}} = %[[I]])
  // CHECK: scf.for %[[J:.*]] = {{.*}} iter_args(%[[ACC:.*]] =
  // CHECK-DAG: %[[XT:.*]] = tensor.extract_slice %[[X]][%[[B]], %[[J]], 0] [1, 4, 8]
  // CHECK-DAG: %[[PT:.*]] = tensor.extract_slice %[[P]][%[[J]]] [4]
  // CHECK-DAG: %[[IT:.*]] = tensor.extract_slice %[[ACC]][%[[B]], 0, 0] [1, 64, 8]
  // CHECK: rarefy.scatter dim 1 ins(%[[XT]], %[[PT]] : {{.*}}) outs(%[[IT]] : tensor<1x64x8xf32>)
  %0 = rarefy.scatter dim 1 ins(%x, %p : tensor<2x16x8xf32>, tensor<16xi32>) outs(%i : tensor<2x64x8xf32>) {inorder} -> tensor<2x64x8xf32>
  return %0 : tensor<2x64x8xf32>
}

// CHECK-LABEL: func.func @topk
// CHECK-SAME: (%[[S:.*]]: tensor<8x64xf32>,
func.func @topk(%s: tensor<8x64xf32>, %i: tensor<8x16xi32>) -> tensor<8x16xi32> {
  // CHECK: scf.forall (%{{.*}}) in (4)
  // CHECK: %[[B:.*]] = affine.apply
  // CHECK: %[[ST:.*]] = tensor.extract_slice %[[S]][%[[B]], 0] [2, 64]
  // CHECK: rarefy.topk ins(%[[ST]] : tensor<2x64xf32>) outs(%{{.*}} : tensor<2x16xi32>)
  %0 = rarefy.topk ins(%s : tensor<8x64xf32>) outs(%i : tensor<8x16xi32>) {batches} -> tensor<8x16xi32>
  return %0 : tensor<8x16xi32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match attributes {one} in %root : (!transform.any_op) -> !transform.any_op
    %1, %2 = transform.structured.tile_using_forall %0 tile_sizes [1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %3 = transform.structured.match attributes {some} in %root : (!transform.any_op) -> !transform.any_op
    %4, %5 = transform.structured.tile_using_forall %3 tile_sizes [1, 4] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %6 = transform.structured.match attributes {inorder} in %root : (!transform.any_op) -> !transform.any_op
    %7, %8:2 = transform.structured.tile_using_for %6 tile_sizes [1, 4] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    %9 = transform.structured.match attributes {batches} in %root : (!transform.any_op) -> !transform.any_op
    %10, %11 = transform.structured.tile_using_forall %9 tile_sizes [2] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
