// RUN: rarefy-opt %s | rarefy-opt | FileCheck %s
// RUN: rarefy-opt %s --mlir-print-op-generic | rarefy-opt | FileCheck %s

// CHECK-LABEL: func.func @topk
// CHECK-SAME: (%[[S:.*]]: tensor<2x?xf32>, %[[I:.*]]: tensor<2x16xi32>)
func.func @topk(%s: tensor<2x?xf32>, %init: tensor<2x16xi32>) -> tensor<2x16xi32> {
  // CHECK: rarefy.topk ins(%[[S]] : tensor<2x?xf32>) outs(%[[I]] : tensor<2x16xi32>) -> tensor<2x16xi32>
  %0 = rarefy.topk ins(%s : tensor<2x?xf32>) outs(%init : tensor<2x16xi32>) -> tensor<2x16xi32>
  return %0 : tensor<2x16xi32>
}
