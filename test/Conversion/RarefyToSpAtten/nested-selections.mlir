// A selection among a selection among a selection: canonicalization has the
// last list select places of places, and the program stays the same.

// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml -o %t.mlir
// RUN: rarefy-opt %s --canonicalize | FileCheck %s --check-prefix=NESTED
// RUN: rarefy-opt %s --canonicalize --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml | diff %t.mlir -
// RUN: FileCheck %s < %t.mlir

// NESTED: [[FIRST:%.*]] = rarefy.topk ins({{.*}} : tensor<16xi32>)
// NESTED: [[SECOND:%.*]] = rarefy.topk ins({{.*}} : tensor<8xi32>)
// NESTED: [[PLACES:%.*]] = rarefy.gather dim 0 ins([[SECOND]], {{.*}} : tensor<4xi32>, tensor<2xi32>)
// NESTED: rarefy.gather dim 0 ins([[FIRST]], [[PLACES]] : tensor<8xi32>, tensor<2xi32>)

// CHECK: spatten.topk_tokens candidates = 16, keep = 8, all
// CHECK: spatten.keep_tokens
// CHECK: spatten.topk_tokens candidates = 8, keep = 4{{$}}
// CHECK: spatten.keep_tokens
// CHECK: spatten.topk_tokens candidates = 4, keep = 2{{$}}
// CHECK: spatten.keep_tokens
func.func @cascade(%q: tensor<1x1x64xi16>, %k: tensor<1x16x64xi16>)
    -> (tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<1x1x64xi16>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<1x1x64xi16>
  %z = arith.constant dense<0> : tensor<16xi32>
  %i8 = tensor.empty() : tensor<8xi32>
  %i4 = tensor.empty() : tensor<4xi32>
  %i2 = tensor.empty() : tensor<2xi32>
  %e8 = tensor.empty() : tensor<1x8x64xi16>
  %e4 = tensor.empty() : tensor<1x4x64xi16>
  %e2 = tensor.empty() : tensor<1x2x64xi16>
  %a0:2 = rarefy.attention ins(%q, %k, %k : tensor<1x1x64xi16>, tensor<1x16x64xi16>, tensor<1x16x64xi16>)
    outs(%o : tensor<1x1x64xi16>) token_importance(%z : tensor<16xi32>) {scale = 1.0e-6 : f32} -> tensor<1x1x64xi16>, tensor<16xi32>
  %l0 = rarefy.topk ins(%a0#1 : tensor<16xi32>) outs(%i8 : tensor<8xi32>) -> tensor<8xi32>
  %k1 = rarefy.gather dim 1 ins(%k, %l0 : tensor<1x16x64xi16>, tensor<8xi32>) outs(%e8 : tensor<1x8x64xi16>) -> tensor<1x8x64xi16>
  %m1 = rarefy.gather dim 0 ins(%a0#1, %l0 : tensor<16xi32>, tensor<8xi32>) outs(%i8 : tensor<8xi32>) -> tensor<8xi32>
  %a1:2 = rarefy.attention ins(%q, %k1, %k1 : tensor<1x1x64xi16>, tensor<1x8x64xi16>, tensor<1x8x64xi16>)
    outs(%o : tensor<1x1x64xi16>) token_importance(%m1 : tensor<8xi32>) {scale = 1.0e-6 : f32} -> tensor<1x1x64xi16>, tensor<8xi32>
  %p1 = rarefy.topk ins(%a1#1 : tensor<8xi32>) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  %l1 = rarefy.gather dim 0 ins(%l0, %p1 : tensor<8xi32>, tensor<4xi32>) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  %k2 = rarefy.gather dim 1 ins(%k, %l1 : tensor<1x16x64xi16>, tensor<4xi32>) outs(%e4 : tensor<1x4x64xi16>) -> tensor<1x4x64xi16>
  %back = rarefy.scatter dim 0 ins(%a1#1, %l0 : tensor<8xi32>, tensor<8xi32>) outs(%a0#1 : tensor<16xi32>) -> tensor<16xi32>
  %m2 = rarefy.gather dim 0 ins(%back, %l1 : tensor<16xi32>, tensor<4xi32>) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  %a2:2 = rarefy.attention ins(%q, %k2, %k2 : tensor<1x1x64xi16>, tensor<1x4x64xi16>, tensor<1x4x64xi16>)
    outs(%o : tensor<1x1x64xi16>) token_importance(%m2 : tensor<4xi32>) {scale = 1.0e-6 : f32} -> tensor<1x1x64xi16>, tensor<4xi32>
  %p2 = rarefy.topk ins(%a2#1 : tensor<4xi32>) outs(%i2 : tensor<2xi32>) -> tensor<2xi32>
  %l2 = rarefy.gather dim 0 ins(%l1, %p2 : tensor<4xi32>, tensor<2xi32>) outs(%i2 : tensor<2xi32>) -> tensor<2xi32>
  %k3 = rarefy.gather dim 1 ins(%k, %l2 : tensor<1x16x64xi16>, tensor<2xi32>) outs(%e2 : tensor<1x2x64xi16>) -> tensor<1x2x64xi16>
  %a3 = rarefy.attention ins(%q, %k3, %k3 : tensor<1x1x64xi16>, tensor<1x2x64xi16>, tensor<1x2x64xi16>)
    outs(%o : tensor<1x1x64xi16>) {scale = 1.0e-6 : f32} -> tensor<1x1x64xi16>
  return %a0#0, %a1#0, %a2#0, %a3 : tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<1x1x64xi16>
}
