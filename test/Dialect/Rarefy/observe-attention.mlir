// RUN: rarefy-opt %s --rarefy-observe-attention | FileCheck %s
// RUN: rarefy-opt %s --rarefy-observe-attention --remarks-filter=rarefy-observe-attention 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// REMARK: [Analysis] NoAttention | Category:rarefy-observe-attention | Function=none

// CHECK-LABEL: func.func @two(
// CHECK-SAME: %[[X:.*]]: tensor<4x8x16xf32>, %[[Y:.*]]: tensor<4x8x16xf16>)
// CHECK-SAME: -> (tensor<4x8x16xf32>, tensor<4x8x16xf16>, tensor<2x3xf32> {rarefy.name = "attention_ranges"})
// CHECK: linalg.generic {{.*}} ins(%[[X]] : tensor<4x8x16xf32>) outs(%{{.*}} : tensor<f32>)
// CHECK: math.absf
// CHECK: arith.maximumf
// CHECK: %[[A:.*]] = rarefy.attention ins(%[[X]], %[[X]], %[[X]]
// CHECK: ins(%[[Y]] : tensor<4x8x16xf16>) outs(%{{.*}} : tensor<f32>)
// CHECK: arith.extf
// CHECK: %[[B:.*]] = rarefy.attention ins(%[[Y]], %[[Y]], %[[Y]]
// CHECK: %[[ALL:.*]] = tensor.from_elements {{.*}} : tensor<2x3xf32>
// CHECK: return %[[A]], %[[B]], %[[ALL]]
func.func @two(%x: tensor<4x8x16xf32>, %y: tensor<4x8x16xf16>) -> (tensor<4x8x16xf32>, tensor<4x8x16xf16>) {
  %init = tensor.empty() : tensor<4x8x16xf32>
  %half = tensor.empty() : tensor<4x8x16xf16>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>)
    outs(%init : tensor<4x8x16xf32>) {scale = 0.5 : f32} -> tensor<4x8x16xf32>
  %1 = rarefy.attention ins(%y, %y, %y : tensor<4x8x16xf16>, tensor<4x8x16xf16>, tensor<4x8x16xf16>)
    outs(%half : tensor<4x8x16xf16>) {scale = 0.5 : f32} -> tensor<4x8x16xf16>
  return %0, %1 : tensor<4x8x16xf32>, tensor<4x8x16xf16>
}

// CHECK-LABEL: func.func @none(
// CHECK-SAME: -> tensor<4xf32> {
func.func @none(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
