// RUN: rarefy-opt %s --rarefy-raise-attention --canonicalize | FileCheck %s
// RUN: rarefy-opt %s --rarefy-raise-attention --remarks-filter=rarefy-raise-attention 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

#hqd = affine_map<(h, q, k, d) -> (h, q, d)>
#gkd = affine_map<(h, q, k, d) -> (h, k, d)>
#hqk = affine_map<(h, q, k, d) -> (h, q, k)>
#id = affine_map<(h, q, k) -> (h, q, k)>
#row = affine_map<(h, q, k) -> (h, q)>
#qk = affine_map<(h, q, k) -> (q, k)>

// The softmax is spelled out behind a causal mask that is added, the keys are
// not transposed, half of the scale sits on either operand.

// CHECK-LABEL: func.func @spelled_out
// CHECK-SAME: (%[[Q:.*]]: tensor<2x3x4xf32>, %[[K:.*]]: tensor<2x3x4xf32>, %[[V:.*]]: tensor<2x3x5xf32>)
// CHECK-NOT: linalg.generic
// CHECK: rarefy.attention ins(%[[Q]], %[[K]], %[[V]] : {{.*}}) outs({{.*}} : tensor<2x3x5xf32>) {causal, scale = 2.500000e-01 : f32}
// REMARK: remark: [Passed] Raised | {{.*}}Function=spelled_out | masks=1
func.func @spelled_out(%q: tensor<2x3x4xf32>, %k: tensor<2x3x4xf32>, %v: tensor<2x3x5xf32>) -> tensor<2x3x5xf32> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %half = arith.constant dense<0.5> : tensor<2x3x4xf32>
  %two = arith.constant dense<2.0> : tensor<2x3x4xf32>
  %causal = arith.constant dense<[[0.0, 0xFF800000, 0xFF800000], [0.0, 0.0, 0xFF800000], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %qs = arith.mulf %q, %half : tensor<2x3x4xf32>
  %ks = arith.divf %k, %two : tensor<2x3x4xf32>
  %e = tensor.empty() : tensor<2x3x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  %s = linalg.contract indexing_maps = [#hqd, #gkd, #hqk] ins(%qs, %ks : tensor<2x3x4xf32>, tensor<2x3x4xf32>) outs(%f : tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  %masked = linalg.generic {indexing_maps = [#id, #qk, #id], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%s, %causal : tensor<2x3x3xf32>, tensor<3x3xf32>) outs(%e : tensor<2x3x3xf32>) {
  ^bb0(%x: f32, %m: f32, %o: f32):
    %y = arith.addf %x, %m : f32
    linalg.yield %y : f32
  } -> tensor<2x3x3xf32>
  %er = tensor.empty() : tensor<2x3xf32>
  %lows = linalg.fill ins(%low : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%er : tensor<2x3xf32>) -> tensor<2x3xf32>
  %max = linalg.reduce { arith.maximumf } ins(%masked : tensor<2x3x3xf32>) outs(%lows : tensor<2x3xf32>) dimensions = [2]
  %exp = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%masked, %max : tensor<2x3x3xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x3xf32>) {
  ^bb0(%x: f32, %m: f32, %o: f32):
    %d = arith.subf %x, %m : f32
    %y = math.exp %d : f32
    linalg.yield %y : f32
  } -> tensor<2x3x3xf32>
  %sum = linalg.reduce { arith.addf } ins(%exp : tensor<2x3x3xf32>) outs(%zeros : tensor<2x3xf32>) dimensions = [2]
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%exp, %sum : tensor<2x3x3xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3x3xf32>) {
  ^bb0(%x: f32, %m: f32, %o: f32):
    %y = arith.divf %x, %m : f32
    linalg.yield %y : f32
  } -> tensor<2x3x3xf32>
  %eo = tensor.empty() : tensor<2x3x5xf32>
  %fo = linalg.fill ins(%zero : f32) outs(%eo : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %r = linalg.batch_matmul ins(%p, %v : tensor<2x3x3xf32>, tensor<2x3x5xf32>) outs(%fo : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  return %r : tensor<2x3x5xf32>
}

// A guard against NaN behind the softmax, and key heads that are repeated.

// CHECK-LABEL: func.func @grouped
// CHECK-SAME: (%[[Q:.*]]: tensor<4x3x4xf32>, %[[K:.*]]: tensor<2x3x4xf32>)
// CHECK: rarefy.attention ins(%[[Q]], %[[K]], %[[K]] : tensor<4x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>)
func.func @grouped(%q: tensor<4x3x4xf32>, %k: tensor<2x3x4xf32>) -> tensor<4x3x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e4 = tensor.empty() : tensor<2x2x3x4xf32>
  %rep = linalg.broadcast ins(%k : tensor<2x3x4xf32>) outs(%e4 : tensor<2x2x3x4xf32>) dimensions = [1]
  %kr = tensor.collapse_shape %rep [[0, 1], [2], [3]] : tensor<2x2x3x4xf32> into tensor<4x3x4xf32>
  %e = tensor.empty() : tensor<4x3x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x3x3xf32>) -> tensor<4x3x3xf32>
  %s = linalg.contract indexing_maps = [#hqd, #gkd, #hqk] ins(%q, %kr : tensor<4x3x4xf32>, tensor<4x3x4xf32>) outs(%f : tensor<4x3x3xf32>) -> tensor<4x3x3xf32>
  %p = linalg.softmax dimension(2) ins(%s : tensor<4x3x3xf32>) outs(%e : tensor<4x3x3xf32>) -> tensor<4x3x3xf32>
  %g = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%p : tensor<4x3x3xf32>) outs(%e : tensor<4x3x3xf32>) {
  ^bb0(%x: f32, %o: f32):
    %n = arith.cmpf uno, %x, %x : f32
    %y = arith.select %n, %zero, %x : f32
    linalg.yield %y : f32
  } -> tensor<4x3x3xf32>
  %eo = tensor.empty() : tensor<4x3x4xf32>
  %fo = linalg.fill ins(%zero : f32) outs(%eo : tensor<4x3x4xf32>) -> tensor<4x3x4xf32>
  %r = linalg.batch_matmul ins(%g, %kr : tensor<4x3x3xf32>, tensor<4x3x4xf32>) outs(%fo : tensor<4x3x4xf32>) -> tensor<4x3x4xf32>
  return %r : tensor<4x3x4xf32>
}

// Scores that are capped are none that `rarefy.attention` has.

// CHECK-LABEL: func.func @capped
// CHECK: math.tanh
// CHECK: linalg.softmax
// REMARK: remark: [Missed] NotRaised | {{.*}}Function=capped | Reason="scores do not come from a product", Remark=math.tanh
func.func @capped(%q: tensor<4x3x4xf32>, %v: tensor<4x3x4xf32>) -> tensor<4x3x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x3x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x3x3xf32>) -> tensor<4x3x3xf32>
  %s = linalg.contract indexing_maps = [#hqd, #gkd, #hqk] ins(%q, %q : tensor<4x3x4xf32>, tensor<4x3x4xf32>) outs(%f : tensor<4x3x3xf32>) -> tensor<4x3x3xf32>
  %t = math.tanh %s : tensor<4x3x3xf32>
  %p = linalg.softmax dimension(2) ins(%t : tensor<4x3x3xf32>) outs(%e : tensor<4x3x3xf32>) -> tensor<4x3x3xf32>
  %fo = linalg.fill ins(%zero : f32) outs(%v : tensor<4x3x4xf32>) -> tensor<4x3x4xf32>
  %r = linalg.batch_matmul ins(%p, %v : tensor<4x3x3xf32>, tensor<4x3x4xf32>) outs(%fo : tensor<4x3x4xf32>) -> tensor<4x3x4xf32>
  return %r : tensor<4x3x4xf32>
}

// REMARK: remark: [Analysis] NoAttention | {{.*}}Function=nothing
func.func @nothing(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
