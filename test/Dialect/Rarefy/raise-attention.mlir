// RUN: rarefy-opt %s --rarefy-raise-attention --canonicalize | FileCheck %s
// RUN: rarefy-opt %s --rarefy-raise-attention --remarks-filter=rarefy-raise-attention 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// Heads are split by reshape and transposition, batch and heads collapsed
// around batched products, keys transposed; the scale and a selecting mask
// share a body.
#id4 = affine_map<(a, b, c, d) -> (a, b, c, d)>
#keys = affine_map<(a, b, c, d) -> (a, d)>
// CHECK-LABEL: func.func @encoder
// CHECK-SAME: %[[M:[a-z0-9]*]]: tensor<2x12xi1>)
// CHECK-NOT: linalg.batch_matmul
// CHECK: %[[MASK:.*]] = tensor.expand_shape %[[M]] {{.*}} into tensor<2x1x1x12xi1>
// CHECK: rarefy.attention ins({{.*}} : tensor<2x4x12x4xf32>, tensor<2x4x12x4xf32>, tensor<2x4x12x4xf32>) mask(%[[MASK]] : tensor<2x1x1x12xi1>)
// CHECK-SAME: {scale = 5.000000e-01 : f32}
// CHECK-NOT: linalg.softmax
// REMARK: remark: [Passed] Raised | {{.*}}Function=encoder | masks=1
func.func @encoder(%q: tensor<2x12x16xf32>, %k: tensor<2x12x16xf32>, %v: tensor<2x12x16xf32>, %m: tensor<2x12xi1>) -> tensor<2x12x16xf32> {
  %zero = arith.constant 0.0 : f32
  %q4 = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [2, 12, 4, 4] : tensor<2x12x16xf32> into tensor<2x12x4x4xf32>
  %k4 = tensor.expand_shape %k [[0], [1], [2, 3]] output_shape [2, 12, 4, 4] : tensor<2x12x16xf32> into tensor<2x12x4x4xf32>
  %v4 = tensor.expand_shape %v [[0], [1], [2, 3]] output_shape [2, 12, 4, 4] : tensor<2x12x16xf32> into tensor<2x12x4x4xf32>
  %e = tensor.empty() : tensor<2x4x12x4xf32>
  %qt = linalg.transpose ins(%q4 : tensor<2x12x4x4xf32>) outs(%e : tensor<2x4x12x4xf32>) permutation = [0, 2, 1, 3]
  %vt = linalg.transpose ins(%v4 : tensor<2x12x4x4xf32>) outs(%e : tensor<2x4x12x4xf32>) permutation = [0, 2, 1, 3]
  %ek = tensor.empty() : tensor<2x4x4x12xf32>
  %kt = linalg.transpose ins(%k4 : tensor<2x12x4x4xf32>) outs(%ek : tensor<2x4x4x12xf32>) permutation = [0, 2, 3, 1]
  %qc = tensor.collapse_shape %qt [[0, 1], [2], [3]] : tensor<2x4x12x4xf32> into tensor<8x12x4xf32>
  %kc = tensor.collapse_shape %kt [[0, 1], [2], [3]] : tensor<2x4x4x12xf32> into tensor<8x4x12xf32>
  %vc = tensor.collapse_shape %vt [[0, 1], [2], [3]] : tensor<2x4x12x4xf32> into tensor<8x12x4xf32>
  %es = tensor.empty() : tensor<8x12x12xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%es : tensor<8x12x12xf32>) -> tensor<8x12x12xf32>
  %s = linalg.batch_matmul ins(%qc, %kc : tensor<8x12x4xf32>, tensor<8x4x12xf32>) outs(%fs : tensor<8x12x12xf32>) -> tensor<8x12x12xf32>
  %s4 = tensor.expand_shape %s [[0, 1], [2], [3]] output_shape [2, 4, 12, 12] : tensor<8x12x12xf32> into tensor<2x4x12x12xf32>
  %e4 = tensor.empty() : tensor<2x4x12x12xf32>
  %masked = linalg.generic {indexing_maps = [#id4, #keys, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%s4, %m : tensor<2x4x12x12xf32>, tensor<2x12xi1>) outs(%e4 : tensor<2x4x12x12xf32>) {
  ^bb0(%x: f32, %c: i1, %o: f32):
    %neg = arith.constant 0xFF800000 : f32
    %half = arith.constant 2.0 : f32
    %sc = arith.divf %x, %half : f32
    %r = arith.select %c, %sc, %neg : f32
    linalg.yield %r : f32
  } -> tensor<2x4x12x12xf32>
  %p = linalg.softmax dimension(3) ins(%masked : tensor<2x4x12x12xf32>) outs(%e4 : tensor<2x4x12x12xf32>) -> tensor<2x4x12x12xf32>
  %pc = tensor.collapse_shape %p [[0, 1], [2], [3]] : tensor<2x4x12x12xf32> into tensor<8x12x12xf32>
  %eo = tensor.empty() : tensor<8x12x4xf32>
  %fo = linalg.fill ins(%zero : f32) outs(%eo : tensor<8x12x4xf32>) -> tensor<8x12x4xf32>
  %o = linalg.batch_matmul ins(%pc, %vc : tensor<8x12x12xf32>, tensor<8x12x4xf32>) outs(%fo : tensor<8x12x4xf32>) -> tensor<8x12x4xf32>
  %o4 = tensor.expand_shape %o [[0, 1], [2], [3]] output_shape [2, 4, 12, 4] : tensor<8x12x4xf32> into tensor<2x4x12x4xf32>
  %er = tensor.empty() : tensor<2x12x4x4xf32>
  %ot = linalg.transpose ins(%o4 : tensor<2x4x12x4xf32>) outs(%er : tensor<2x12x4x4xf32>) permutation = [0, 2, 1, 3]
  %r = tensor.collapse_shape %ot [[0], [1], [2, 3]] : tensor<2x12x4x4xf32> into tensor<2x12x16xf32>
  return %r : tensor<2x12x16xf32>
}
