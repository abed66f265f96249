// RUN: rarefy-opt %s --rarefy-prune-heads=keep=1,0.5 | FileCheck %s
// RUN: rarefy-opt %s --rarefy-prune-heads=keep=1,0.5 --remarks-filter=rarefy-prune-heads 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// RUN: rarefy-opt %s --rarefy-prune-heads=keep=1,0.5 --rarefy-cpu-unfold-gathers | FileCheck %s --check-prefix=UNFOLD

// One product gives queries, keys and values, which are slices of its result:
// behind the choice each comes from its slice of the weights and of the bias,
// of the heads that are left.

// CHECK-LABEL: func.func @fused_by_split
// CHECK: linalg.matmul ins({{.*}} : tensor<8x16xf32>, tensor<16x48xf32>)
// CHECK: rarefy.topk {{.*}} -> tensor<2xi32>
// CHECK-NOT: tensor<16x48xf32>) outs
// CHECK: %[[WQ:.*]] = tensor.extract_slice %[[W:.*]][0, 0] [16, 16] [1, 1]
// CHECK: %[[WQ4:.*]] = tensor.expand_shape %[[WQ]] {{\[\[}}0], [1, 2]] output_shape [16, 4, 4]
// CHECK: %[[LEFT:.*]] = rarefy.gather dim 1 ins(%[[WQ4]], {{.*}} : tensor<16x4x4xf32>, tensor<2xi32>)
// CHECK: %[[WQ2:.*]] = tensor.collapse_shape %[[LEFT]] {{.*}} into tensor<16x8xf32>
// CHECK: linalg.matmul ins({{.*}}, %[[WQ2]] : tensor<8x16xf32>, tensor<16x8xf32>)
// CHECK: rarefy.gather dim 0 ins({{.*}} : tensor<4x4xf32>, tensor<2xi32>)
// CHECK: linalg.generic {{.*}} ins({{.*}} : tensor<8x8xf32>, tensor<8xf32>)
// CHECK: tensor.extract_slice %[[W]][0, 16] [16, 16] [1, 1]
// CHECK: tensor.extract_slice %[[W]][0, 32] [16, 16] [1, 1]
// CHECK: rarefy.attention ins({{.*}} : tensor<2x8x4xf32>, tensor<2x8x4xf32>, tensor<2x8x4xf32>)

// REMARK: HeadsPruned | {{.*}}Function=fused_by_split
// REMARK-NOT: HeadsComputed
// REMARK: Cascade | {{.*}}multiply-adds=12288, saved=4096
// REMARK-NOT: HeadsComputed
// REMARK: Cascade | {{.*}}Function=fused_by_concat
// REMARK: [Missed] HeadsComputed | {{.*}}Function=fused_by_concat{{.*}}Reason="dropped heads are computed here

// The weights are read where they are.

// UNFOLD-LABEL: func.func @fused_by_split
// UNFOLD: rarefy.topk
// UNFOLD-NOT: rarefy.gather {{.*}}tensor<16x
// UNFOLD-COUNT-3: tensor.extract_slice {{.*}} : tensor<16x4x4xf32> to tensor<16x1x4xf32>
// UNFOLD: rarefy.attention

#id = affine_map<(d0, d1) -> (d0, d1)>
#column = affine_map<(d0, d1) -> (d1)>
func.func @fused_by_split(%x: tensor<8x16xf32>) -> tensor<4x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense_resource<w> : tensor<16x48xf32>
  %bias = arith.constant dense_resource<bias> : tensor<48xf32>
  %e = tensor.empty() : tensor<8x48xf32>
  %e3 = tensor.empty() : tensor<4x8x4xf32>
  %eb = tensor.empty() : tensor<8x4x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x48xf32>) -> tensor<8x48xf32>
  %m = linalg.matmul ins(%x, %w : tensor<8x16xf32>, tensor<16x48xf32>) outs(%f : tensor<8x48xf32>) -> tensor<8x48xf32>
  %m0 = tensor.extract_slice %m[0, 0] [8, 16] [1, 1] : tensor<8x48xf32> to tensor<8x16xf32>
  %m3 = tensor.expand_shape %m0 [[0], [1, 2]] output_shape [8, 4, 4] : tensor<8x16xf32> into tensor<8x4x4xf32>
  %mt = linalg.transpose ins(%m3 : tensor<8x4x4xf32>) outs(%e3 : tensor<4x8x4xf32>) permutation = [1, 0, 2]
  %a = rarefy.attention ins(%mt, %mt, %mt : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>) outs(%e3 : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  %at = linalg.transpose ins(%a : tensor<4x8x4xf32>) outs(%eb : tensor<8x4x4xf32>) permutation = [1, 0, 2]
  %ac = tensor.collapse_shape %at [[0], [1, 2]] : tensor<8x4x4xf32> into tensor<8x16xf32>
  %p = linalg.matmul ins(%ac, %w : tensor<8x16xf32>, tensor<16x48xf32>) outs(%f : tensor<8x48xf32>) -> tensor<8x48xf32>
  %s = linalg.generic {indexing_maps = [#id, #column, #id], iterator_types = ["parallel", "parallel"]}
    ins(%p, %bias : tensor<8x48xf32>, tensor<48xf32>) outs(%e : tensor<8x48xf32>) {
  ^bb0(%in: f32, %b: f32, %out: f32):
    %sum = arith.addf %in, %b : f32
    linalg.yield %sum : f32
  } -> tensor<8x48xf32>
  %q = tensor.extract_slice %s[0, 0] [8, 16] [1, 1] : tensor<8x48xf32> to tensor<8x16xf32>
  %k = tensor.extract_slice %s[0, 16] [8, 16] [1, 1] : tensor<8x48xf32> to tensor<8x16xf32>
  %v = tensor.extract_slice %s[0, 32] [8, 16] [1, 1] : tensor<8x48xf32> to tensor<8x16xf32>
  %q3 = tensor.expand_shape %q [[0], [1, 2]] output_shape [8, 4, 4] : tensor<8x16xf32> into tensor<8x4x4xf32>
  %k3 = tensor.expand_shape %k [[0], [1, 2]] output_shape [8, 4, 4] : tensor<8x16xf32> into tensor<8x4x4xf32>
  %v3 = tensor.expand_shape %v [[0], [1, 2]] output_shape [8, 4, 4] : tensor<8x16xf32> into tensor<8x4x4xf32>
  %qt = linalg.transpose ins(%q3 : tensor<8x4x4xf32>) outs(%e3 : tensor<4x8x4xf32>) permutation = [1, 0, 2]
  %kt = linalg.transpose ins(%k3 : tensor<8x4x4xf32>) outs(%e3 : tensor<4x8x4xf32>) permutation = [1, 0, 2]
  %vt = linalg.transpose ins(%v3 : tensor<8x4x4xf32>) outs(%e3 : tensor<4x8x4xf32>) permutation = [1, 0, 2]
  %b = rarefy.attention ins(%qt, %kt, %vt : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>) outs(%e3 : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  return %b : tensor<4x8x4xf32>
}

// The halves of a concatenation are not told apart.

func.func @fused_by_concat(%x: tensor<4x8x4xf32>, %half: tensor<2x8x4xf32>) -> tensor<4x8x4xf32> {
  %e = tensor.empty() : tensor<4x8x4xf32>
  %a = rarefy.attention ins(%x, %x, %x : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>) outs(%e : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  %c = tensor.concat dim(0) %half, %half : (tensor<2x8x4xf32>, tensor<2x8x4xf32>) -> tensor<4x8x4xf32>
  %b = rarefy.attention ins(%c, %x, %x : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>) outs(%e : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  return %b : tensor<4x8x4xf32>
}
