// Reduction keeps what the test script finds interesting, a gather, and drops what it does not need.
// RUN: rarefy-reduce %s --reduction-tree='traversal-mode=0 test=%S/Inputs/has-gather.sh' | FileCheck %s

// CHECK-NOT: rarefy.topk
// CHECK: rarefy.gather
func.func @needed(%source: tensor<8x4xf32>, %positions: tensor<2xi32>, %init: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %0 = rarefy.gather dim 0 ins(%source, %positions : tensor<8x4xf32>, tensor<2xi32>)
    outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-NOT: rarefy.topk
func.func @not_needed(%scores: tensor<8xf32>, %init: tensor<2xi32>) -> tensor<2xi32> {
  %0 = rarefy.topk ins(%scores : tensor<8xf32>) outs(%init : tensor<2xi32>) -> tensor<2xi32>
  return %0 : tensor<2xi32>
}
