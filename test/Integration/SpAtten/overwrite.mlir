// A token takes the place of one that rows before still read.
// RUN: rarefy-run %s --target=spatten --config=%src/configs/spatten.yaml --inputs=random:1 --check | FileCheck %s

// CHECK: result 0
// CHECK-NEXT: check passed: largest error 0,
// CHECK: result 1
// CHECK-NEXT: check passed: largest error 0,
func.func private @program(%q: tensor<4x1x64xi16>, %k: tensor<4x64x64xi16>, %n: tensor<4x1x64xi16>) -> (tensor<4x1x64xi16>, tensor<4x1x64xi16>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<4x1x64xi16>
  %0 = rarefy.attention ins(%q, %k, %k : tensor<4x1x64xi16>, tensor<4x64x64xi16>, tensor<4x64x64xi16>) outs(%o : tensor<4x1x64xi16>) {scale = 1.0e-4 : f32, keep_values = 60} -> tensor<4x1x64xi16>
  %k1 = tensor.insert_slice %n into %k[0, 7, 0] [4, 1, 64] [1, 1, 1] : tensor<4x1x64xi16> into tensor<4x64x64xi16>
  %1 = rarefy.attention ins(%q, %k1, %k1 : tensor<4x1x64xi16>, tensor<4x64x64xi16>, tensor<4x64x64xi16>) outs(%o : tensor<4x1x64xi16>) {scale = 1.0e-4 : f32, keep_values = 60} -> tensor<4x1x64xi16>
  return %0, %1 : tensor<4x1x64xi16>, tensor<4x1x64xi16>
}
func.func @main(%q: tensor<4x1x64xi16>, %k: tensor<4x64x64xi16>, %n: tensor<4x1x64xi16>) -> (tensor<4x1x64xi16>, tensor<4x1x64xi16>) {
  %0:2 = call @program(%q, %k, %n) : (tensor<4x1x64xi16>, tensor<4x64x64xi16>, tensor<4x1x64xi16>) -> (tensor<4x1x64xi16>, tensor<4x1x64xi16>)
  return %0#0, %0#1 : tensor<4x1x64xi16>, tensor<4x1x64xi16>
}
