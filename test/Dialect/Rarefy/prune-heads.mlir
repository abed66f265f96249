// RUN: rarefy-opt %s --rarefy-prune-heads=keep=1,0.5 | FileCheck %s
// RUN: rarefy-opt %s --rarefy-prune-heads=keep=0.5 | FileCheck %s
// RUN: rarefy-opt %s --rarefy-prune-heads=counts=2 | FileCheck %s
// RUN: rarefy-opt %s --rarefy-prune-heads=keep=1,0.5 --remarks-filter=rarefy-prune-heads 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// REMARK: remark: [Passed] HeadsPruned | {{.*}}Function=two_layers | from=4, layer=1, to=2
// REMARK: remark: [Passed] Cascade | {{.*}}bytes=9744, cuts=1, layers=2, multiply-adds=9216, saved=3072
// REMARK: remark: [Missed] HeadsNotPruned | {{.*}}Function=grouped{{.*}}shares a head of keys and values

// The first layer keeps all of its heads, its own projection too. The second
// contracts with the weights of the heads that are left.

// CHECK-LABEL: func.func @two_layers
// CHECK-SAME: (%[[X:.*]]: tensor<8x16xf32>, %[[W:.*]]: tensor<16x16xf32>)
// CHECK: %[[A:.*]]:2 = rarefy.attention {{.*}} outs({{.*}} : tensor<4x8x4xf32>) head_importance({{.*}} : tensor<4xf32>)
// CHECK: %[[P:.*]] = rarefy.topk ins(%[[A]]#1 : tensor<4xf32>) outs({{.*}}) -> tensor<2xi32>
// CHECK: %[[X1:.*]] = linalg.matmul ins({{.*}} : tensor<8x16xf32>, tensor<16x16xf32>)
// CHECK: %[[HEADS:.*]] = tensor.expand_shape %[[W]] {{\[\[}}0], [1, 2]] output_shape [16, 4, 4]
// CHECK: %[[LEFT:.*]] = rarefy.gather dim 1 ins(%[[HEADS]], %[[P]] : tensor<16x4x4xf32>, tensor<2xi32>)
// CHECK: %[[WQ:.*]] = tensor.collapse_shape %[[LEFT]] {{.*}} into tensor<16x8xf32>
// CHECK: linalg.matmul ins(%[[X1]], %[[WQ]] : tensor<8x16xf32>, tensor<16x8xf32>)
// CHECK: rarefy.attention {{.*}} outs({{.*}} : tensor<2x8x4xf32>) {scale
// CHECK: %[[ROWS:.*]] = tensor.expand_shape %[[W]] {{\[\[}}0, 1], [2]] output_shape [4, 4, 16]
// CHECK: rarefy.gather dim 0 ins(%[[ROWS]], %[[P]] : tensor<4x4x16xf32>, tensor<2xi32>)
// CHECK: linalg.matmul ins({{.*}} : tensor<8x8xf32>, tensor<8x16xf32>)
func.func @two_layers(%x: tensor<8x16xf32>, %w: tensor<16x16xf32>) -> tensor<8x16xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x16xf32>
  %e3 = tensor.empty() : tensor<4x8x4xf32>
  %eb = tensor.empty() : tensor<8x4x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x16xf32>) -> tensor<8x16xf32>
  %q = linalg.matmul ins(%x, %w : tensor<8x16xf32>, tensor<16x16xf32>) outs(%f : tensor<8x16xf32>) -> tensor<8x16xf32>
  %q3 = tensor.expand_shape %q [[0], [1, 2]] output_shape [8, 4, 4] : tensor<8x16xf32> into tensor<8x4x4xf32>
  %qt = linalg.transpose ins(%q3 : tensor<8x4x4xf32>) outs(%e3 : tensor<4x8x4xf32>) permutation = [1, 0, 2]
  %a = rarefy.attention ins(%qt, %qt, %qt : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>) outs(%e3 : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  %at = linalg.transpose ins(%a : tensor<4x8x4xf32>) outs(%eb : tensor<8x4x4xf32>) permutation = [1, 0, 2]
  %ac = tensor.collapse_shape %at [[0], [1, 2]] : tensor<8x4x4xf32> into tensor<8x16xf32>
  %x1 = linalg.matmul ins(%ac, %w : tensor<8x16xf32>, tensor<16x16xf32>) outs(%f : tensor<8x16xf32>) -> tensor<8x16xf32>
  %r = linalg.matmul ins(%x1, %w : tensor<8x16xf32>, tensor<16x16xf32>) outs(%f : tensor<8x16xf32>) -> tensor<8x16xf32>
  %r3 = tensor.expand_shape %r [[0], [1, 2]] output_shape [8, 4, 4] : tensor<8x16xf32> into tensor<8x4x4xf32>
  %rt = linalg.transpose ins(%r3 : tensor<8x4x4xf32>) outs(%e3 : tensor<4x8x4xf32>) permutation = [1, 0, 2]
  %b = rarefy.attention ins(%rt, %rt, %rt : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>) outs(%e3 : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  %bt = linalg.transpose ins(%b : tensor<4x8x4xf32>) outs(%eb : tensor<8x4x4xf32>) permutation = [1, 0, 2]
  %bc = tensor.collapse_shape %bt [[0], [1, 2]] : tensor<8x4x4xf32> into tensor<8x16xf32>
  %x2 = linalg.matmul ins(%bc, %w : tensor<8x16xf32>, tensor<16x16xf32>) outs(%f : tensor<8x16xf32>) -> tensor<8x16xf32>
  return %x2 : tensor<8x16xf32>
}

func.func @grouped(%q: tensor<4x8x4xf32>, %k: tensor<2x8x4xf32>) -> tensor<4x8x4xf32> {
  %init = tensor.empty() : tensor<4x8x4xf32>
  %0 = rarefy.attention ins(%q, %k, %k : tensor<4x8x4xf32>, tensor<2x8x4xf32>, tensor<2x8x4xf32>)
    outs(%init : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  %1 = rarefy.attention ins(%0, %k, %k : tensor<4x8x4xf32>, tensor<2x8x4xf32>, tensor<2x8x4xf32>)
    outs(%init : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  return %1 : tensor<4x8x4xf32>
}
