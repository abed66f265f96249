// Importance put back into zeros that canonicalization made another constant.
// RUN: rarefy-run %s --target=spatten --config=%src/configs/spatten.yaml --inputs=random:1 --check | FileCheck %s

// CHECK: check passed: largest error 0
func.func private @p(%q: tensor<1x1x64xi16>, %k: tensor<1x8x64xi16>) -> (tensor<1x1x64xi16>, tensor<8xi32>, tensor<1x1x64xi16>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<1x1x64xi16>
  %z = arith.constant dense<0> : tensor<8xi32>
  %z5 = tensor.extract_slice %z[0] [5] [1] : tensor<8xi32> to tensor<5xi32>
  %x = tensor.extract_slice %k[0, 0, 0] [1, 5, 64] [1, 1, 1] : tensor<1x8x64xi16> to tensor<1x5x64xi16>
  %0:2 = rarefy.attention ins(%q, %x, %x : tensor<1x1x64xi16>, tensor<1x5x64xi16>, tensor<1x5x64xi16>) outs(%o : tensor<1x1x64xi16>) token_importance(%z5 : tensor<5xi32>) {scale = 1.0e-6 : f32} -> tensor<1x1x64xi16>, tensor<5xi32>
  %w = tensor.insert_slice %0#1 into %z[0] [5] [1] : tensor<5xi32> into tensor<8xi32>
  %1:2 = rarefy.attention ins(%q, %k, %k : tensor<1x1x64xi16>, tensor<1x8x64xi16>, tensor<1x8x64xi16>) outs(%o : tensor<1x1x64xi16>) token_importance(%w : tensor<8xi32>) {scale = 1.0e-6 : f32} -> tensor<1x1x64xi16>, tensor<8xi32>
  return %0#0, %1#1, %1#0 : tensor<1x1x64xi16>, tensor<8xi32>, tensor<1x1x64xi16>
}
func.func @main(%q: tensor<1x1x64xi16>, %k: tensor<1x8x64xi16>) -> (tensor<1x1x64xi16>, tensor<8xi32>, tensor<1x1x64xi16>) {
  %r:3 = call @p(%q, %k) : (tensor<1x1x64xi16>, tensor<1x8x64xi16>) -> (tensor<1x1x64xi16>, tensor<8xi32>, tensor<1x1x64xi16>)
  return %r#0, %r#1, %r#2 : tensor<1x1x64xi16>, tensor<8xi32>, tensor<1x1x64xi16>
}
