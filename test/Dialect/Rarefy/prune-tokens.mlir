// RUN: rarefy-opt %s --rarefy-prune-tokens="keep=1,0.5 protect=0" | FileCheck %s
// RUN: rarefy-opt %s --rarefy-prune-tokens="keep=1,0.5 protect=0" --remarks-filter=rarefy-prune-tokens 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// RUN: rarefy-opt %s --rarefy-prune-tokens="keep=1,0.5" --remarks-filter=rarefy-prune-tokens 2>&1 >/dev/null | FileCheck %s --check-prefix=SLICE
// RUN: rarefy-opt %s --rarefy-prune-tokens=keep=1 | FileCheck %s --check-prefix=SAME

// Two layers with a residual stream and a padding mask; the class token, all
// tokens and their sum leave the function.

// REMARK: remark: [Passed] TokensPruned | {{.*}}from=8, layer=1, to=4
// REMARK: remark: [Passed] Cascade | {{.*}}cuts=1, layers=2, multiply-adds=6656, saved=3584

// The class token may not survive: nothing is pruned.
// SLICE: remark: [Missed] TokensNotPruned | {{.*}}takes a part of the pruned dimension

// SAME-LABEL: func.func @main
// SAME-NOT: rarefy.topk

// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<8x16xf32>, %[[W:.*]]: tensor<16x16xf32>
// CHECK: %[[MASK:.*]] = tensor.expand_shape
// CHECK: %[[A:.*]]:2 = rarefy.attention {{.*}} token_importance({{.*}} : tensor<8xf32>)
// A key that no row sees scores below all others, the class token above.
// CHECK: %[[SEEN:.*]] = linalg.generic {{.*}} ins(%[[MASK]] : tensor<1x1x8xi1>)
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%[[A]]#1, %[[SEEN]] : tensor<8xf32>, tensor<8xf32>)
// CHECK: %[[P:.*]] = rarefy.topk ins(%[[S]] : tensor<8xf32>) outs({{.*}}) -> tensor<4xi32>
// CHECK: rarefy.gather dim 1 ins(%[[A]]#0, %[[P]] : tensor<4x8x4xf32>, tensor<4xi32>)
// CHECK: linalg.matmul ins({{.*}}, %[[W]] : tensor<4x16xf32>, tensor<16x16xf32>)
// CHECK: %[[R:.*]] = rarefy.gather dim 0 ins(%[[X]], %[[P]] : tensor<8x16xf32>, tensor<4xi32>)
// CHECK: arith.addf %[[R]], {{.*}} : tensor<4x16xf32>
// CHECK: %[[M:.*]] = rarefy.gather dim 2 ins(%[[MASK]], %[[P]] : tensor<1x1x8xi1>, tensor<4xi32>)
// CHECK: rarefy.attention {{.*}} mask(%[[M]] : tensor<1x1x4xi1>)
// CHECK-NOT: token_importance
// CHECK: %[[X2:.*]] = arith.addf
// CHECK: %[[CLS:.*]] = tensor.extract_slice %[[X2]][0, 0] [1, 16] [1, 1] : tensor<4x16xf32>
// CHECK: %[[SUM:.*]] = linalg.reduce {{.*}} ins(%[[X2]] : tensor<4x16xf32>)
// CHECK: %[[MEAN:.*]] = linalg.generic {{.*}} ins(%[[SUM]], {{.*}} : tensor<16xf32>, tensor<f32>)
// CHECK: arith.mulf
// CHECK: %[[ALL:.*]] = rarefy.scatter dim 0 ins(%[[X2]], %[[P]] : tensor<4x16xf32>, tensor<4xi32>)
// CHECK: return %[[CLS]], %[[ALL]], %[[MEAN]]
func.func @main(%x0: tensor<8x16xf32>, %w: tensor<16x16xf32>, %m : tensor<8xi1>) -> (tensor<16xf32>, tensor<8x16xf32>, tensor<16xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x16xf32>) -> tensor<8x16xf32>
  %m3 = tensor.expand_shape %m [[0, 1, 2]] output_shape [1, 1, 8] : tensor<8xi1> into tensor<1x1x8xi1>
  %q = linalg.matmul ins(%x0, %w : tensor<8x16xf32>, tensor<16x16xf32>) outs(%f : tensor<8x16xf32>) -> tensor<8x16xf32>
  %q3 = tensor.expand_shape %q [[0], [1, 2]] output_shape [8, 4, 4] : tensor<8x16xf32> into tensor<8x4x4xf32>
  %e3 = tensor.empty() : tensor<4x8x4xf32>
  %qt = linalg.transpose ins(%q3 : tensor<8x4x4xf32>) outs(%e3 : tensor<4x8x4xf32>) permutation = [1, 0, 2]
  %a = rarefy.attention ins(%qt, %qt, %qt : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>) mask(%m3 : tensor<1x1x8xi1>) outs(%e3 : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  %eb = tensor.empty() : tensor<8x4x4xf32>
  %at = linalg.transpose ins(%a : tensor<4x8x4xf32>) outs(%eb : tensor<8x4x4xf32>) permutation = [1, 0, 2]
  %ac = tensor.collapse_shape %at [[0], [1, 2]] : tensor<8x4x4xf32> into tensor<8x16xf32>
  %p = linalg.matmul ins(%ac, %w : tensor<8x16xf32>, tensor<16x16xf32>) outs(%f : tensor<8x16xf32>) -> tensor<8x16xf32>
  %x1 = arith.addf %x0, %p : tensor<8x16xf32>
  %r = linalg.matmul ins(%x1, %w : tensor<8x16xf32>, tensor<16x16xf32>) outs(%f : tensor<8x16xf32>) -> tensor<8x16xf32>
  %r3 = tensor.expand_shape %r [[0], [1, 2]] output_shape [8, 4, 4] : tensor<8x16xf32> into tensor<8x4x4xf32>
  %rt = linalg.transpose ins(%r3 : tensor<8x4x4xf32>) outs(%e3 : tensor<4x8x4xf32>) permutation = [1, 0, 2]
  %b = rarefy.attention ins(%rt, %rt, %rt : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>) mask(%m3 : tensor<1x1x8xi1>) outs(%e3 : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  %bt = linalg.transpose ins(%b : tensor<4x8x4xf32>) outs(%eb : tensor<8x4x4xf32>) permutation = [1, 0, 2]
  %bc = tensor.collapse_shape %bt [[0], [1, 2]] : tensor<8x4x4xf32> into tensor<8x16xf32>
  %x2 = arith.addf %x1, %bc : tensor<8x16xf32>
  %cls = tensor.extract_slice %x2[0, 0] [1, 16] [1, 1] : tensor<8x16xf32> to tensor<16xf32>
  %e1 = tensor.empty() : tensor<16xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<16xf32>) -> tensor<16xf32>
  %sum = linalg.reduce { arith.addf } ins(%x2 : tensor<8x16xf32>) outs(%f1 : tensor<16xf32>) dimensions = [0]
  return %cls, %x2, %sum : tensor<16xf32>, tensor<8x16xf32>, tensor<16xf32>
}
