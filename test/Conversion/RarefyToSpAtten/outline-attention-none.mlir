// RUN: split-file %s %t
// RUN: rarefy-opt %t/none.mlir --rarefy-outline-attention --remarks-filter=rarefy-outline-attention 2>&1 >/dev/null | FileCheck %s
// RUN: rarefy-opt %t/errors.mlir --rarefy-outline-attention -split-input-file -verify-diagnostics
// RUN: not rarefy-opt %t/errors.mlir --rarefy-outline-attention=config=%t/no.yaml 2>&1 | FileCheck %s --check-prefix=FILE

// CHECK: [Missed] NothingOutlined | Category:rarefy-outline-attention | Reason="no function has attention", Suggestion="run rarefy-raise-attention"
// FILE: error: {{.*}}no.yaml: {{.*}}o such file or directory

//--- none.mlir
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

//--- errors.mlir
func.func @main(%x: tensor<2x8x16xi16>) -> tensor<2x8x16xi16> {
  // expected-error@+1 {{expected option 'config', the machine that programs are for}}
  %0 = rarefy.attention ins(%x, %x, %x : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
    outs(%x : tensor<2x8x16xi16>) {scale = 1.0 : f32} -> tensor<2x8x16xi16>
  return %0 : tensor<2x8x16xi16>
}
