// Attentions of one program that choose values, that do not, and that read low
// bits: another engine says that a row of each is ready, so that they must not
// meet. A slow selection would have the second overtake the first.
// RUN: rarefy-run %s --target=spatten --config=%src/configs/spatten.yaml --inputs=random:1 --set=topk.parallelism=1 --check | FileCheck %s

// CHECK: result 0
// CHECK-NEXT: check passed: largest error 0,
// CHECK: result 1
// CHECK-NEXT: check passed: largest error 0,
// CHECK: result 2
// CHECK-NEXT: check passed: largest error 0,
!rows = tensor<4x3x64xi16>
!keys = tensor<4x300x64xi16>

func.func private @mixed(%q: !rows, %k: !keys, %k2: !keys) -> (!rows, !rows, !rows) attributes {spatten.program} {
  %o = tensor.empty() : !rows
  %0 = rarefy.attention ins(%q, %k, %k : !rows, !keys, !keys) outs(%o : !rows)
    {scale = 1.0e-6 : f32, keep_values = 100} -> !rows
  %1 = rarefy.attention ins(%q, %k, %k : !rows, !keys, !keys) outs(%o : !rows) {scale = 1.0e-6 : f32} -> !rows
  %2 = rarefy.attention ins(%q, %k2, %k2 : !rows, !keys, !keys) outs(%o : !rows)
    {scale = 1.0e-6 : f32, keep_values = 100, planes = #rarefy.planes<msb = 8, lsb = 4, threshold = 0.1>} -> !rows
  return %0, %1, %2 : !rows, !rows, !rows
}

func.func @main(%q: !rows, %k: !keys, %k2: !keys) -> (!rows, !rows, !rows) {
  %0:3 = call @mixed(%q, %k, %k2) : (!rows, !keys, !keys) -> (!rows, !rows, !rows)
  return %0#0, %0#1, %0#2 : !rows, !rows, !rows
}
