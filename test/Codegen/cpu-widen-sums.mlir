// RUN: rarefy-opt --rarefy-cpu-widen-sums %s | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// CHECK-LABEL: func.func @product
// CHECK: %[[F32:.*]] = arith.extf %arg2 : tensor<4xbf16> to tensor<4xf32>
// CHECK: %[[INIT:.*]] = arith.extf %[[F32]] : tensor<4xf32> to tensor<4xf64>
// CHECK: outs(%[[INIT]] : tensor<4xf64>)
// CHECK: %[[P:.*]] = arith.mulf %{{.*}}, %{{.*}} : f64
// CHECK: arith.addf %{{.*}}, %[[P]] : f64
// CHECK: -> tensor<4xf64>
// CHECK: arith.truncf %{{.*}} : tensor<4xf64> to tensor<4xf32>
// CHECK: %[[R:.*]] = arith.truncf %{{.*}} : tensor<4xf32> to tensor<4xbf16>
// CHECK: return %[[R]]
func.func @product(%a: tensor<4x8xbf16>, %b: tensor<4x8xbf16>, %c: tensor<4xbf16>) -> tensor<4xbf16> {
  %0 = linalg.generic {indexing_maps = [#id, #id, #row], iterator_types = ["parallel", "reduction"]}
    ins(%a, %b : tensor<4x8xbf16>, tensor<4x8xbf16>) outs(%c : tensor<4xbf16>) {
  ^bb0(%x: bf16, %y: bf16, %o: bf16):
    %m = arith.mulf %x, %y : bf16
    %s = arith.addf %m, %o : bf16
    linalg.yield %s : bf16
  } -> tensor<4xbf16>
  return %0 : tensor<4xbf16>
}

// A maximum is exact as it is.
// CHECK-LABEL: func.func @sum_and_maximum
// CHECK: outs(%{{.*}}, %arg2 : tensor<4xf64>, tensor<4xf32>)
// CHECK: %[[WIDE:.*]] = arith.extf %{{.*}} : f32 to f64
// CHECK: arith.addf %{{.*}}, %[[WIDE]] : f64
// CHECK: arith.maximumf {{.*}} : f32
func.func @sum_and_maximum(%a: tensor<4x8xf32>, %c: tensor<4xf32>, %d: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0:2 = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
    ins(%a : tensor<4x8xf32>) outs(%c, %d : tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%x: f32, %o: f32, %p: f32):
    %s = arith.addf %o, %x : f32
    %m = arith.maximumf %p, %x : f32
    linalg.yield %s, %m : f32, f32
  } -> (tensor<4xf32>, tensor<4xf32>)
  return %0#0, %0#1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @elements
// CHECK-NOT: f64
// CHECK: return
func.func @elements(%a: tensor<4x8xf32>, %c: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
    ins(%a : tensor<4x8xf32>) outs(%c : tensor<4x8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %x, %o : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}
