// RUN: rarefy-opt %s --rarefy-decompose --canonicalize | FileCheck %s

// CHECK-DAG: #[[SCORE:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[TOKEN:.*]] = affine_map<(d0, d1, d2) -> (d2)>
// CHECK-DAG: #[[HEAD:.*]] = affine_map<(d0, d1, d2) -> (d0)>

// CHECK-LABEL: func.func @attention
// CHECK-SAME: (%[[Q:.*]]: tensor<4x8x16xf32>, %[[K:.*]]: tensor<4x6x16xf32>, %[[V:.*]]: tensor<4x6x32xf32>, %[[O:.*]]: tensor<4x8x32xf32>)
func.func @attention(%q: tensor<4x8x16xf32>, %k: tensor<4x6x16xf32>, %v: tensor<4x6x32xf32>, %o: tensor<4x8x32xf32>) -> tensor<4x8x32xf32> {
  // CHECK: %[[PRODUCT:.*]] = linalg.generic {{.*}} ins(%[[Q]], %[[K]] : {{.*}} outs(%{{.*}} : tensor<4x8x6xf32>)
  // CHECK: linalg.generic {{.*}} outs(%[[PRODUCT]]
  // CHECK: arith.maxnumf
  // CHECK: math.exp
  // CHECK: arith.addf
  // CHECK: %[[P:.*]] = linalg.generic
  // CHECK: arith.divf
  // CHECK: %[[ZERO:.*]] = linalg.fill {{.*}} outs(%[[O]]
  // CHECK: %[[R:.*]] = linalg.generic {{.*}} ins(%[[P]], %[[V]] : {{.*}} outs(%[[ZERO]]
  // CHECK: return %[[R]]
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<4x6x16xf32>, tensor<4x6x32xf32>)
    outs(%o : tensor<4x8x32xf32>) {scale = 0.125 : f32} -> tensor<4x8x32xf32>
  return %0 : tensor<4x8x32xf32>
}

// Importance is added to what came in; 16-bit operands are widened.
// CHECK-LABEL: func.func @importance
// CHECK-SAME: %[[T:[a-z0-9]+]]: tensor<8xf32>, %[[H:[a-z0-9]+]]: tensor<4xf32>)
func.func @importance(%q: tensor<4x8x16xbf16>, %o: tensor<4x8x16xbf16>, %t: tensor<8xf32>, %h: tensor<4xf32>) -> (tensor<4x8x16xbf16>, tensor<8xf32>, tensor<4xf32>) {
  // CHECK: arith.extf
  // CHECK: %[[T1:.*]] = linalg.generic {indexing_maps = [#[[SCORE]], #[[TOKEN]]], iterator_types = ["reduction", "reduction", "parallel"]} {{.*}} outs(%[[T]] :
  // CHECK: %[[R:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<4x8x16xbf16>)
  // CHECK-NEXT: ^bb0
  // CHECK-NEXT: arith.truncf
  // CHECK: %[[H1:.*]] = linalg.generic {indexing_maps = [#[[SCORE]], #[[HEAD]]], {{.*}} outs(%[[H]] :
  // CHECK: math.absf
  // CHECK: return %[[R]], %[[T1]], %[[H1]]
  %0:3 = rarefy.attention ins(%q, %q, %q : tensor<4x8x16xbf16>, tensor<4x8x16xbf16>, tensor<4x8x16xbf16>)
    outs(%o : tensor<4x8x16xbf16>) token_importance(%t : tensor<8xf32>) head_importance(%h : tensor<4xf32>)
    {scale = 0.25 : f32} -> tensor<4x8x16xbf16>, tensor<8xf32>, tensor<4xf32>
  return %0#0, %0#1, %0#2 : tensor<4x8x16xbf16>, tensor<8xf32>, tensor<4xf32>
}

// Query heads that share a key head: the key is repeated.
// CHECK-LABEL: func.func @grouped
func.func @grouped(%q: tensor<?x8x16xf32>, %k: tensor<2x8x16xf32>, %o: tensor<?x8x16xf32>) -> tensor<?x8x16xf32> {
  // CHECK: %[[QUOTIENT:.*]] = arith.divui
  // CHECK: %[[GROUP:.*]] = arith.maxui %[[QUOTIENT]], %{{.*}} : index
  // CHECK: %[[K:.*]] = linalg.generic
  // CHECK: arith.divui %{{.*}}, %[[GROUP]]
  // CHECK: tensor.extract
  %0 = rarefy.attention ins(%q, %k, %k : tensor<?x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>)
    outs(%o : tensor<?x8x16xf32>) {scale = 1.0 : f32} -> tensor<?x8x16xf32>
  return %0 : tensor<?x8x16xf32>
}

// CHECK-LABEL: func.func @topk
// CHECK-SAME: (%[[S:.*]]: tensor<2x64xf32>, %[[I:.*]]: tensor<2x16xi32>)
func.func @topk(%s: tensor<2x64xf32>, %i: tensor<2x16xi32>) -> tensor<2x16xi32> {
  // CHECK: linalg.generic {{.*}} ins(%[[S]]
  // CHECK: %[[R:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[I]])
  // CHECK: return %[[R]]
  %0 = rarefy.topk ins(%s : tensor<2x64xf32>) outs(%i : tensor<2x16xi32>) -> tensor<2x16xi32>
  return %0 : tensor<2x16xi32>
}

// CHECK-LABEL: func.func @gather
// CHECK-SAME: (%[[X:.*]]: tensor<2x64x8xf32>, %[[P:.*]]: tensor<2x16xi32>, %[[I:.*]]: tensor<2x16x8xf32>)
func.func @gather(%x: tensor<2x64x8xf32>, %p: tensor<2x16xi32>, %i: tensor<2x16x8xf32>) -> tensor<2x16x8xf32> {
  // CHECK: linalg.generic {{.*}} ins(%[[P]] : tensor<2x16xi32>) outs(%[[I]]
  // CHECK: tensor.extract %[[X]]
  %0 = rarefy.gather dim 1 ins(%x, %p : tensor<2x64x8xf32>, tensor<2x16xi32>) outs(%i : tensor<2x16x8xf32>) -> tensor<2x16x8xf32>
  return %0 : tensor<2x16x8xf32>
}

// CHECK-LABEL: func.func @scatter
// CHECK-SAME: (%[[X:.*]]: tensor<2x16x8xf32>, %[[P:.*]]: tensor<16xi32>, %[[I:.*]]: tensor<2x64x8xf32>)
func.func @scatter(%x: tensor<2x16x8xf32>, %p: tensor<16xi32>, %i: tensor<2x64x8xf32>) -> tensor<2x64x8xf32> {
  // CHECK: scf.for %[[J:.*]] = {{.*}} iter_args(%[[ACC:.*]] = %[[I]])
  // CHECK: %[[SLICE:.*]] = tensor.extract_slice %[[X]][0, %[[J]], 0] [2, 1, 8] [1, 1, 1]
  // CHECK: tensor.insert_slice %[[SLICE]] into %[[ACC]][0, %{{.*}}, 0] [2, 1, 8] [1, 1, 1]
  %0 = rarefy.scatter dim 1 ins(%x, %p : tensor<2x16x8xf32>, tensor<16xi32>) outs(%i : tensor<2x64x8xf32>) -> tensor<2x64x8xf32>
  return %0 : tensor<2x64x8xf32>
}
