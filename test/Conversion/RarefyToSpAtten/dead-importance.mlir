// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml | FileCheck %s

// The first layer's importance selects the tokens of the second, whose own is
// put back for nobody.
// CHECK-LABEL: isa.program @last for "spatten"
// CHECK: spatten.add_tokens {{.*}}keys = 32
// CHECK: spatten.topk_tokens
// CHECK-NOT: spatten.add_tokens
// CHECK: spatten.halt
func.func @last(%q: tensor<2x1x64xi16>, %k: tensor<2x32x64xi16>) -> tensor<2x2x1x64xi16> attributes {spatten.program} {
  %out = tensor.empty() : tensor<2x2x1x64xi16>
  %o = tensor.empty() : tensor<2x1x64xi16>
  %zero = arith.constant dense<0> : tensor<32xi32>
  %i12 = tensor.empty() : tensor<12xi32>
  %e12 = tensor.empty() : tensor<2x12x64xi16>
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x32x64xi16>, tensor<2x32x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%zero : tensor<32xi32>) {scale = 1.0e-6 : f32} -> tensor<2x1x64xi16>, tensor<32xi32>
  %out0 = tensor.insert_slice %0#0 into %out[0, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<2x1x64xi16> into tensor<2x2x1x64xi16>
  %list = rarefy.topk ins(%0#1 : tensor<32xi32>) outs(%i12 : tensor<12xi32>) -> tensor<12xi32>
  %kept = rarefy.gather dim 1 ins(%k, %list : tensor<2x32x64xi16>, tensor<12xi32>) outs(%e12 : tensor<2x12x64xi16>) -> tensor<2x12x64xi16>
  %before = rarefy.gather dim 0 ins(%0#1, %list : tensor<32xi32>, tensor<12xi32>) outs(%i12 : tensor<12xi32>) -> tensor<12xi32>
  %1:2 = rarefy.attention ins(%q, %kept, %kept : tensor<2x1x64xi16>, tensor<2x12x64xi16>, tensor<2x12x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%before : tensor<12xi32>) {scale = 1.0e-6 : f32} -> tensor<2x1x64xi16>, tensor<12xi32>
  %after = rarefy.scatter dim 0 ins(%1#1, %list : tensor<12xi32>, tensor<12xi32>) outs(%0#1 : tensor<32xi32>) -> tensor<32xi32>
  %out1 = tensor.insert_slice %1#0 into %out0[1, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<2x1x64xi16> into tensor<2x2x1x64xi16>
  return %out1 : tensor<2x2x1x64xi16>
}

// Nobody selects: each importance is there for the next one alone.
// CHECK-LABEL: isa.program @none for "spatten"
// CHECK-NOT: tokens
// CHECK: spatten.halt
func.func @none(%q: tensor<2x1x64xi16>, %k: tensor<2x32x64xi16>) -> tensor<2x2x1x64xi16> attributes {spatten.program} {
  %out = tensor.empty() : tensor<2x2x1x64xi16>
  %o = tensor.empty() : tensor<2x1x64xi16>
  %zero = arith.constant dense<0> : tensor<32xi32>
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x32x64xi16>, tensor<2x32x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%zero : tensor<32xi32>) {scale = 1.0e-6 : f32} -> tensor<2x1x64xi16>, tensor<32xi32>
  %out0 = tensor.insert_slice %0#0 into %out[0, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<2x1x64xi16> into tensor<2x2x1x64xi16>
  %1:2 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x32x64xi16>, tensor<2x32x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%0#1 : tensor<32xi32>) {scale = 1.0e-6 : f32} -> tensor<2x1x64xi16>, tensor<32xi32>
  %out1 = tensor.insert_slice %1#0 into %out0[1, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<2x1x64xi16> into tensor<2x2x1x64xi16>
  return %out1 : tensor<2x2x1x64xi16>
}
