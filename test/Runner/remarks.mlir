// A remark is one line with one copy of its text, also where --check compiles
// the function once more.
// RUN: rarefy-run %s --passes=rarefy-raise-attention --remarks --check --print=0 2>&1 \
// RUN:   | FileCheck %s --implicit-check-not=NoAttention

// CHECK: {{remarks.mlir:[0-9]+:1}}: [analysis] rarefy-raise-attention: NoAttention: no softmax multiplies a tensor{{$}}
// CHECK: result 0: 4xf32{{$}}
// CHECK-NEXT: check passed
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = arith.addf %x, %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
