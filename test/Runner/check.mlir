// The fast path and the loops round differently: a tolerance of nothing fails,
// and the worst element is named.
// RUN: rarefy-run %s --inputs=random:4 --check --print=0 | FileCheck %s --check-prefix=PASSED
// RUN: not rarefy-run %s --inputs=random:4 --check --print=0 --tolerance=0 | FileCheck %s --check-prefix=FAILED
// RUN: not rarefy-run %s --inputs=random:4 --check --tolerance=0 --stats=json | FileCheck %s --check-prefix=JSON

// PASSED: result 0: 64x64xf32{{$}}
// PASSED-NEXT: check passed: largest error [[E:[0-9.e+-]+]], scaled {{[0-9.e+-]+}} (tolerance 0.0001) at [{{[0-9]+}}, {{[0-9]+}}]:
// FAILED: check FAILED: largest error {{[0-9.e+-]+}}, scaled {{[0-9.e+-]+}} (tolerance 0) at [{{[0-9]+}}, {{[0-9]+}}]: {{.*}}, reference
// JSON: "index": "[{{[0-9]+}}, {{[0-9]+}}]",
// JSON: "passed": false,
func.func @main(%x: tensor<64x64xf32>, %y: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<64x64xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<64x64xf32>) -> tensor<64x64xf32>
  %0 = linalg.matmul ins(%x, %y : tensor<64x64xf32>, tensor<64x64xf32>) outs(%init : tensor<64x64xf32>) -> tensor<64x64xf32>
  %1 = math.exp %0 : tensor<64x64xf32>
  return %1 : tensor<64x64xf32>
}
