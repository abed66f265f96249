// RUN: split-file %s %t
// RUN: rarefy-opt %t/in.mlir --rarefy-quantize-attention=scales=%t/scales.json | FileCheck %t/in.mlir --check-prefixes=CHECK,EIGHT
// RUN: rarefy-opt %t/in.mlir "--rarefy-quantize-attention=scales=%t/scales.json key-bits=6+4 value-bits=6 threshold=0.25" | FileCheck %t/in.mlir --check-prefixes=CHECK,PLANES
// RUN: rarefy-opt %t/in.mlir --rarefy-quantize-attention=scales=%t/scales.json --remarks-filter=rarefy-quantize-attention 2>&1 >/dev/null | FileCheck %t/in.mlir --check-prefix=REMARK

//--- scales.json
[{"query": 0.5, "key": 0.25, "value": 2}, {"query": 0.5, "key": 0.25, "value": 4},
 {"query": 1, "key": 1, "value": 1}, {"query": 1, "key": 1, "value": 1}]

//--- in.mlir
// Of 4 attentions, the first two are quantized.
// REMARK: [Passed] AttentionQuantized | Category:rarefy-quantize-attention | Function=importance | attention=1, key=2.500000e-01, query=5.000000e-01, value=2.000000e+00
// REMARK: [Passed] AttentionQuantized | {{.*}}Function=half | attention=2
// REMARK: [Missed] AttentionNotQuantized | {{.*}}Function=left | Reason="a mask of floats is added to scores, which are integers", Remark=rarefy.attention
// REMARK: [Missed] AttentionNotQuantized | {{.*}}Function=left | Reason="a head of the datapath has up to 64 elements, known in advance"

// Importance of tokens counts from zero and is added in units of 2^-11, that of
// heads in the unit of the output.
// CHECK-LABEL: func.func @importance(
// CHECK-SAME: %[[X:.*]]: tensor<4x8x16xf32>, %[[M:.*]]: tensor<8xi1>, %[[T:.*]]: tensor<8xf32>, %[[H:.*]]: tensor<4xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[X]] : tensor<4x8x16xf32>) outs(%{{.*}} : tensor<4x8x16xi16>)
// CHECK: %[[D:.*]] = arith.divf
// CHECK: %[[R:.*]] = math.roundeven %[[D]]
// CHECK: arith.maxnumf %[[R]]
// CHECK: arith.minnumf
// CHECK: arith.fptosi
// CHECK: arith.shli
// CHECK: %[[LEAST:.*]] = arith.constant -32768 : i16
// CHECK: arith.select %{{.*}}, %[[LEAST]],
// CHECK: %[[A:.*]]:3 = rarefy.attention ins(%{{.*}}) mask(%[[M]] : tensor<8xi1>) outs(%{{.*}} : tensor<4x8x16xi16>)
// CHECK-SAME: token_importance(%{{.*}} : tensor<8xi32>) head_importance(%{{.*}} : tensor<4xi64>)
// EIGHT-SAME: {causal, keep_values = 4 : i64, planes = #rarefy.planes<msb = 8, lsb = 0, threshold = 1.000000e-01>, scale = 1.250000e-01 : f32, value_bits = 8 : i64}
// PLANES-SAME: {causal, keep_values = 4 : i64, planes = #rarefy.planes<msb = 6, lsb = 4, threshold = 2.500000e-01>, scale = 1.250000e-01 : f32, value_bits = 6 : i64}
// EIGHT: arith.constant 1.250000e-01 : f32
// PLANES: arith.constant 3.125000e-02 : f32
// CHECK: linalg.generic {{.*}} ins(%[[T]], %[[A]]#1 : tensor<8xf32>, tensor<8xi32>)
// CHECK: arith.uitofp
// CHECK: arith.constant 4.8828125E-4 : f32
// CHECK: linalg.generic {{.*}} ins(%[[H]], %[[A]]#2 : tensor<4xf32>, tensor<4xi64>)
// CHECK: arith.sitofp
func.func @importance(%x: tensor<4x8x16xf32>, %m: tensor<8xi1>, %t: tensor<8xf32>, %h: tensor<4xf32>)
    -> (tensor<4x8x16xf32>, tensor<8xf32>, tensor<4xf32>) {
  %init = tensor.empty() : tensor<4x8x16xf32>
  %0:3 = rarefy.attention ins(%x, %x, %x : tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>)
    mask(%m : tensor<8xi1>) outs(%init : tensor<4x8x16xf32>) token_importance(%t : tensor<8xf32>)
    head_importance(%h : tensor<4xf32>) {scale = 1.0 : f32, causal, keep_values = 4}
    -> tensor<4x8x16xf32>, tensor<8xf32>, tensor<4xf32>
  return %0#0, %0#1, %0#2 : tensor<4x8x16xf32>, tensor<8xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @half(
// CHECK: arith.extf
// CHECK: rarefy.attention {{.*}}tensor<4x?x16xi16>
// CHECK: arith.truncf
func.func @half(%x: tensor<4x?x16xf16>, %init: tensor<4x?x16xf16>) -> tensor<4x?x16xf16> {
  %0 = rarefy.attention ins(%x, %x, %x : tensor<4x?x16xf16>, tensor<4x?x16xf16>, tensor<4x?x16xf16>)
    outs(%init : tensor<4x?x16xf16>) {scale = 1.0 : f32} -> tensor<4x?x16xf16>
  return %0 : tensor<4x?x16xf16>
}

// CHECK-LABEL: func.func @left(
// CHECK: rarefy.attention {{.*}}tensor<4x8x16xf32>
// CHECK: rarefy.attention {{.*}}tensor<4x8x80xf32>
// CHECK: rarefy.attention {{.*}}tensor<4x8x16xi16>
func.func @left(%x: tensor<4x8x16xf32>, %m: tensor<8xf32>, %y: tensor<4x8x80xf32>, %z: tensor<4x8x16xi16>)
    -> (tensor<4x8x16xf32>, tensor<4x8x80xf32>, tensor<4x8x16xi16>) {
  %0 = rarefy.attention ins(%x, %x, %x : tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>)
    mask(%m : tensor<8xf32>) outs(%x : tensor<4x8x16xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>
  %1 = rarefy.attention ins(%y, %y, %y : tensor<4x8x80xf32>, tensor<4x8x80xf32>, tensor<4x8x80xf32>)
    outs(%y : tensor<4x8x80xf32>) {scale = 1.0 : f32} -> tensor<4x8x80xf32>
  %2 = rarefy.attention ins(%z, %z, %z : tensor<4x8x16xi16>, tensor<4x8x16xi16>, tensor<4x8x16xi16>)
    outs(%z : tensor<4x8x16xi16>) {scale = 1.0 : f32} -> tensor<4x8x16xi16>
  return %0, %1, %2 : tensor<4x8x16xf32>, tensor<4x8x80xf32>, tensor<4x8x16xi16>
}
