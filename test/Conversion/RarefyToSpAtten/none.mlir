// A module without a program stays as it is, which needs no machine.
// RUN: rarefy-opt %s --convert-rarefy-to-spatten --remarks-filter=convert-rarefy-to-spatten 2>&1 | FileCheck %s

// CHECK: [Analysis] NoProgram | Category:convert-rarefy-to-spatten | Remark="no function has the attribute spatten.program", Suggestion="run rarefy-outline-attention"
// CHECK: func.func @main(
// CHECK: rarefy.attention
func.func @main(%x: tensor<2x8x64xi16>) -> tensor<2x8x64xi16> {
  %o = tensor.empty() : tensor<2x8x64xi16>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<2x8x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x8x64xi16>) {scale = 1.0 : f32} -> tensor<2x8x64xi16>
  return %0 : tensor<2x8x64xi16>
}
