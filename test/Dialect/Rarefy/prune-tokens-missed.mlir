// RUN: rarefy-opt %s --rarefy-prune-tokens=keep=1,0.5 | FileCheck %s
// RUN: rarefy-opt %s --rarefy-prune-tokens=keep=1,0.5 --remarks-filter=rarefy-prune-tokens 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// What cannot be followed leaves the whole function as it is.
// CHECK-NOT: rarefy.topk
// CHECK-NOT: rarefy.gather

#mix = affine_map<(h, l, d, t) -> (h, t, d)>
#weight = affine_map<(h, l, d, t) -> (l, t)>
#out = affine_map<(h, l, d, t) -> (h, l, d)>

// REMARK: [[#@LINE+9]]:{{.*}} remark: [Missed] TokensNotPruned | {{.*}}Function=mixes_tokens | Reason="multiplies along the pruned dimension", Remark=linalg.contract
func.func @mixes_tokens(%x: tensor<4x8x4xf32>, %w: tensor<8x8xf32>) -> tensor<4x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %init = tensor.empty() : tensor<4x8x4xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%init : tensor<4x8x4xf32>) -> tensor<4x8x4xf32>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>)
    outs(%init : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  %1 = rarefy.attention ins(%0, %0, %0 : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>)
    outs(%init : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  %2 = linalg.contract indexing_maps = [#mix, #weight, #out]
    ins(%1, %w : tensor<4x8x4xf32>, tensor<8x8xf32>) outs(%fill : tensor<4x8x4xf32>) -> tensor<4x8x4xf32>
  return %2 : tensor<4x8x4xf32>
}

// REMARK: remark: [Missed] TokensNotPruned | {{.*}}Function=unknown_op | Reason="is an op that pruning does not know", Remark=tensor.pad
func.func @unknown_op(%x: tensor<4x8x4xf32>) -> tensor<4x9x4xf32> {
  %zero = arith.constant 0.0 : f32
  %init = tensor.empty() : tensor<4x8x4xf32>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>)
    outs(%init : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  %1 = rarefy.attention ins(%0, %0, %0 : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>)
    outs(%init : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  %2 = tensor.pad %1 low[0, 0, 0] high[0, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index):
    tensor.yield %zero : f32
  } : tensor<4x8x4xf32> to tensor<4x9x4xf32>
  return %2 : tensor<4x9x4xf32>
}

// REMARK: remark: [Missed] TokensNotPruned | {{.*}}Function=splits_tokens | Reason="splits the pruned dimension", Remark=tensor.expand_shape
func.func @splits_tokens(%x: tensor<4x8x4xf32>) -> tensor<4x2x4x4xf32> {
  %init = tensor.empty() : tensor<4x8x4xf32>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>)
    outs(%init : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  %1 = rarefy.attention ins(%0, %0, %0 : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>)
    outs(%init : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  %2 = tensor.expand_shape %1 [[0], [1, 2], [3]] output_shape [4, 2, 4, 4] : tensor<4x8x4xf32> into tensor<4x2x4x4xf32>
  return %2 : tensor<4x2x4x4xf32>
}

// REMARK: remark: [Analysis] NoSelfAttention | {{.*}}Function=cross
func.func @cross(%x: tensor<4x8x4xf32>, %y: tensor<4x8x4xf32>) -> tensor<4x8x4xf32> {
  %init = tensor.empty() : tensor<4x8x4xf32>
  %0 = rarefy.attention ins(%x, %y, %y : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>)
    outs(%init : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  return %0 : tensor<4x8x4xf32>
}
