// Heads and tokens are selected by the device, whose numbers are those of the
// definitions: two layers on all, then on the kept ones, which read low bits
// where they need them.
// RUN: rarefy-run %s --target=spatten --config=%src/configs/spatten.yaml --inputs=random:1 --check | FileCheck %s
// RUN: rarefy-run %s --target=spatten --config=%src/configs/spatten.yaml --inputs=random:2 --check --set sram.lines=64 --set maxContext=256 | FileCheck %s

// CHECK: result 0
// CHECK-NEXT: check passed: largest error 0,
// CHECK: result 1
// CHECK-NEXT: check passed: largest error 0,
!all = tensor<6x20x64xi16>
!kept = tensor<4x20x64xi16>
!keys = tensor<4x9x64xi16>

func.func private @layers(%q: !all, %k: !all, %v: !all) -> (!all, !kept) attributes {spatten.program} {
  %oall = tensor.empty() : !all
  %okept = tensor.empty() : !kept
  %okeys = tensor.empty() : !keys
  %i4 = tensor.empty() : tensor<4xi32>
  %i9 = tensor.empty() : tensor<9xi32>
  %heads = arith.constant dense<0> : tensor<6xi64>
  %tokens = arith.constant dense<0> : tensor<20xi32>
  %0:3 = rarefy.attention ins(%q, %k, %v : !all, !all, !all) outs(%oall : !all)
    token_importance(%tokens : tensor<20xi32>) head_importance(%heads : tensor<6xi64>)
    {scale = 1.0e-6 : f32, value_bits = 8, planes = #rarefy.planes<msb = 8, lsb = 4, threshold = 0.5>}
    -> !all, tensor<20xi32>, tensor<6xi64>
  %h = rarefy.topk ins(%0#2 : tensor<6xi64>) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  %t = rarefy.topk ins(%0#1 : tensor<20xi32>) outs(%i9 : tensor<9xi32>) -> tensor<9xi32>
  %qh = rarefy.gather dim 0 ins(%q, %h : !all, tensor<4xi32>) outs(%okept : !kept) -> !kept
  %kh = rarefy.gather dim 0 ins(%k, %h : !all, tensor<4xi32>) outs(%okept : !kept) -> !kept
  %vh = rarefy.gather dim 0 ins(%v, %h : !all, tensor<4xi32>) outs(%okept : !kept) -> !kept
  %kt = rarefy.gather dim 1 ins(%kh, %t : !kept, tensor<9xi32>) outs(%okeys : !keys) -> !keys
  %vt = rarefy.gather dim 1 ins(%vh, %t : !kept, tensor<9xi32>) outs(%okeys : !keys) -> !keys
  %1 = rarefy.attention ins(%qh, %kt, %vt : !kept, !keys, !keys) outs(%okept : !kept)
    {scale = 1.0e-6 : f32, value_bits = 8, keep_values = 5, planes = #rarefy.planes<msb = 8, lsb = 4, threshold = 0.5>} -> !kept
  return %0#0, %1 : !all, !kept
}

// Random numbers are small.
func.func private @spread(%x: !all) -> !all {
  %factor = arith.constant dense<200> : !all
  %0 = arith.muli %x, %factor : !all
  return %0 : !all
}

func.func @main(%q: !all, %k: !all, %v: !all) -> (!all, !kept) {
  %0 = call @spread(%q) : (!all) -> !all
  %1 = call @spread(%k) : (!all) -> !all
  %2 = call @spread(%v) : (!all) -> !all
  %3:2 = call @layers(%0, %1, %2) : (!all, !all, !all) -> (!all, !kept)
  return %3#0, %3#1 : !all, !kept
}
