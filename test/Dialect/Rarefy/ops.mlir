// RUN: rarefy-opt %s | rarefy-opt | FileCheck %s
// RUN: rarefy-opt %s --mlir-print-op-generic | rarefy-opt | FileCheck %s

// CHECK-LABEL: func.func @attention
// CHECK-SAME: (%[[Q:.*]]: tensor<12x64x32xf32>, %[[O:.*]]: tensor<12x64x32xf32>)
func.func @attention(%q: tensor<12x64x32xf32>, %o: tensor<12x64x32xf32>) -> tensor<12x64x32xf32> {
  // CHECK: rarefy.attention ins(%[[Q]], %[[Q]], %[[Q]] : tensor<12x64x32xf32>, tensor<12x64x32xf32>, tensor<12x64x32xf32>)
  // CHECK-SAME: outs(%[[O]] : tensor<12x64x32xf32>) {scale = 1.250000e-01 : f32} -> tensor<12x64x32xf32>
  %0 = rarefy.attention ins(%q, %q, %q : tensor<12x64x32xf32>, tensor<12x64x32xf32>, tensor<12x64x32xf32>)
    outs(%o : tensor<12x64x32xf32>) {scale = 0.125 : f32} -> tensor<12x64x32xf32>
  return %0 : tensor<12x64x32xf32>
}

// Two batch dimensions, grouped heads, all that is optional.
// CHECK-LABEL: func.func @attention_full
func.func @attention_full(%q: tensor<2x?x8x?x16xf16>, %k: tensor<2x?x2x?x16xf16>, %v: tensor<2x?x2x?x24xf16>,
                          %m: tensor<1x?x?xi1>, %o: tensor<2x?x8x?x24xf16>, %t: tensor<2x?x?xf32>,
                          %h: tensor<2x?x8xf32>) -> (tensor<2x?x8x?x24xf16>, tensor<2x?x?xf32>, tensor<2x?x8xf32>) {
  // CHECK: rarefy.attention ins({{.*}}) mask(%{{.*}} : tensor<1x?x?xi1>) outs(%{{.*}} : tensor<2x?x8x?x24xf16>)
  // CHECK-SAME: token_importance(%{{.*}} : tensor<2x?x?xf32>) head_importance(%{{.*}} : tensor<2x?x8xf32>)
  // CHECK-SAME: {causal, keep_values = 4 : i64, scale = 5.000000e-01 : f32}
  %0:3 = rarefy.attention ins(%q, %k, %v : tensor<2x?x8x?x16xf16>, tensor<2x?x2x?x16xf16>, tensor<2x?x2x?x24xf16>)
    mask(%m : tensor<1x?x?xi1>) outs(%o : tensor<2x?x8x?x24xf16>) token_importance(%t : tensor<2x?x?xf32>)
    head_importance(%h : tensor<2x?x8xf32>) {scale = 0.5 : f32, causal, keep_values = 4 : i64}
    -> tensor<2x?x8x?x24xf16>, tensor<2x?x?xf32>, tensor<2x?x8xf32>
  return %0#0, %0#1, %0#2 : tensor<2x?x8x?x24xf16>, tensor<2x?x?xf32>, tensor<2x?x8xf32>
}

// CHECK-LABEL: func.func @attention_memref
func.func @attention_memref(%q: memref<4x8x16xbf16>, %m: memref<8xbf16, strided<[?], offset: ?>>, %o: memref<4x8x16xbf16>, %h: memref<4xf32>) {
  // CHECK: rarefy.attention ins({{.*}}) mask(%{{.*}} : memref<8xbf16, strided<[?], offset: ?>>) outs({{.*}}) head_importance({{.*}}) {scale = 1.000000e+00 : f32}{{$}}
  rarefy.attention ins(%q, %q, %q : memref<4x8x16xbf16>, memref<4x8x16xbf16>, memref<4x8x16xbf16>)
    mask(%m : memref<8xbf16, strided<[?], offset: ?>>) outs(%o : memref<4x8x16xbf16>)
    head_importance(%h : memref<4xf32>) {scale = 1.0 : f32}
  return
}

// CHECK-LABEL: func.func @integers
func.func @integers(%q: tensor<2x1x64xi16>, %k: tensor<2x?x64xi16>, %o: tensor<2x1x64xi16>, %t: tensor<?xi32>, %h: tensor<2xi64>, %f: tensor<2x1xi1>)
    -> (tensor<2x1x64xi16>, tensor<?xi32>, tensor<2xi64>, tensor<2x1xi1>) {
  // CHECK: outs(%{{.*}} : tensor<2x1x64xi16>) token_importance(%{{.*}} : tensor<?xi32>) head_importance(%{{.*}} : tensor<2xi64>) refetched(%{{.*}} : tensor<2x1xi1>)
  // CHECK-SAME: {keep_group = 2 : i64, keep_values = 8 : i64, planes = #rarefy.planes<msb = 6, lsb = 4, threshold = 5.000000e-02>, scale = 1.250000e-01 : f32, value_bits = 6 : i64}
  %0:4 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x?x64xi16>, tensor<2x?x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%t : tensor<?xi32>) head_importance(%h : tensor<2xi64>) refetched(%f : tensor<2x1xi1>)
    {scale = 0.125 : f32, keep_values = 8, keep_group = 2, planes = #rarefy.planes<msb = 6, lsb = 4, threshold = 0.05>, value_bits = 6}
    -> tensor<2x1x64xi16>, tensor<?xi32>, tensor<2xi64>, tensor<2x1xi1>
  return %0#0, %0#1, %0#2, %0#3 : tensor<2x1x64xi16>, tensor<?xi32>, tensor<2xi64>, tensor<2x1xi1>
}

// CHECK-LABEL: func.func @topk
// CHECK-SAME: (%[[S:.*]]: tensor<2x?xf32>, %[[I:.*]]: tensor<2x16xi32>)
func.func @topk(%s: tensor<2x?xf32>, %init: tensor<2x16xi32>) -> tensor<2x16xi32> {
  // CHECK: rarefy.topk ins(%[[S]] : tensor<2x?xf32>) outs(%[[I]] : tensor<2x16xi32>) -> tensor<2x16xi32>
  %0 = rarefy.topk ins(%s : tensor<2x?xf32>) outs(%init : tensor<2x16xi32>) -> tensor<2x16xi32>
  return %0 : tensor<2x16xi32>
}

// CHECK-LABEL: func.func @gather
func.func @gather(%x: tensor<2x?x8xi8>, %p: tensor<2x?xi32>, %init: tensor<2x?x8xi8>) -> tensor<2x?x8xi8> {
  // CHECK: rarefy.gather dim 1 ins(%{{.*}}, %{{.*}} : tensor<2x?x8xi8>, tensor<2x?xi32>) outs(%{{.*}} : tensor<2x?x8xi8>) -> tensor<2x?x8xi8>
  %0 = rarefy.gather dim 1 ins(%x, %p : tensor<2x?x8xi8>, tensor<2x?xi32>) outs(%init : tensor<2x?x8xi8>) -> tensor<2x?x8xi8>
  return %0 : tensor<2x?x8xi8>
}

// CHECK-LABEL: func.func @scatter
func.func @scatter(%x: tensor<2x3x8xf32>, %p: tensor<3xi32>, %init: tensor<2x64x8xf32>) -> tensor<2x64x8xf32> {
  // CHECK: rarefy.scatter dim 1 ins(%{{.*}}, %{{.*}} : tensor<2x3x8xf32>, tensor<3xi32>) outs(%{{.*}} : tensor<2x64x8xf32>) -> tensor<2x64x8xf32>
  %0 = rarefy.scatter dim 1 ins(%x, %p : tensor<2x3x8xf32>, tensor<3xi32>) outs(%init : tensor<2x64x8xf32>) -> tensor<2x64x8xf32>
  return %0 : tensor<2x64x8xf32>
}

// CHECK-LABEL: func.func @memrefs
func.func @memrefs(%s: memref<8xf32>, %p: memref<4xi32>, %x: memref<8x2xf32>, %y: memref<4x2xf32>) {
  // CHECK: rarefy.topk ins(%{{.*}} : memref<8xf32>) outs(%{{.*}} : memref<4xi32>){{$}}
  rarefy.topk ins(%s : memref<8xf32>) outs(%p : memref<4xi32>)
  // CHECK: rarefy.gather dim 0 ins(%{{.*}}, %{{.*}} : memref<8x2xf32>, memref<4xi32>) outs(%{{.*}} : memref<4x2xf32>){{$}}
  rarefy.gather dim 0 ins(%x, %p : memref<8x2xf32>, memref<4xi32>) outs(%y : memref<4x2xf32>)
  // CHECK: rarefy.scatter dim 0 ins(%{{.*}}, %{{.*}} : memref<4x2xf32>, memref<4xi32>) outs(%{{.*}} : memref<8x2xf32>){{$}}
  rarefy.scatter dim 0 ins(%y, %p : memref<4x2xf32>, memref<4xi32>) outs(%x : memref<8x2xf32>)
  return
}
