// RUN: rarefy-opt --rarefy-cpu-unfold-gathers %s | FileCheck %s

// Two of four heads of three columns: each is a slice of the weights.
// CHECK-LABEL: func.func @columns
// CHECK-NOT: rarefy.gather
// CHECK: scf.for %[[I:.*]] = %{{.*}} iter_args(%[[C:.*]] =
// CHECK: %[[P:.*]] = tensor.extract %arg1[%[[I]]]
// CHECK: %[[AT:.*]] = arith.index_cast %[[P]]
// CHECK: tensor.extract_slice %{{.*}}[0, %[[AT]], 0] [8, 1, 3]
// CHECK: tensor.extract_slice %[[C]][0, %[[I]], 0] [5, 1, 3]
// CHECK: linalg.generic
// CHECK: tensor.insert_slice
func.func @columns(%x: tensor<5x8xf32>, %positions: tensor<2xi32>, %c: tensor<5x6xf32>) -> tensor<5x6xf32> {
  %w = arith.constant dense_resource<weights> : tensor<8x12xf32>
  %heads = tensor.expand_shape %w [[0], [1, 2]] output_shape [8, 4, 3] : tensor<8x12xf32> into tensor<8x4x3xf32>
  %init = tensor.empty() : tensor<8x2x3xf32>
  %kept = rarefy.gather dim 1 ins(%heads, %positions : tensor<8x4x3xf32>, tensor<2xi32>) outs(%init : tensor<8x2x3xf32>) -> tensor<8x2x3xf32>
  %flat = tensor.collapse_shape %kept [[0], [1, 2]] : tensor<8x2x3xf32> into tensor<8x6xf32>
  %0 = linalg.matmul ins(%x, %flat : tensor<5x8xf32>, tensor<8x6xf32>) outs(%c : tensor<5x6xf32>) -> tensor<5x6xf32>
  return %0 : tensor<5x6xf32>
}

// Rows of the weights are summed over: the result is one sum.
// CHECK-LABEL: func.func @rows
// CHECK-NOT: rarefy.gather
// CHECK: scf.for %{{.*}} iter_args(%[[C:.*]] =
// CHECK: linalg.generic {{.*}} outs(%[[C]] :
// CHECK: scf.yield
func.func @rows(%x: tensor<5x6xf32>, %positions: tensor<2xi32>, %c: tensor<5x8xf32>) -> tensor<5x8xf32> {
  %w = arith.constant dense_resource<weights> : tensor<12x8xf32>
  %heads = tensor.expand_shape %w [[0, 1], [2]] output_shape [4, 3, 8] : tensor<12x8xf32> into tensor<4x3x8xf32>
  %init = tensor.empty() : tensor<2x3x8xf32>
  %kept = rarefy.gather dim 0 ins(%heads, %positions : tensor<4x3x8xf32>, tensor<2xi32>) outs(%init : tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  %flat = tensor.collapse_shape %kept [[0, 1], [2]] : tensor<2x3x8xf32> into tensor<6x8xf32>
  %0 = linalg.matmul ins(%x, %flat : tensor<5x6xf32>, tensor<6x8xf32>) outs(%c : tensor<5x8xf32>) -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}
