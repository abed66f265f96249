// RUN: rarefy-opt --rarefy-cpu-approximate-math %s | FileCheck %s

// CHECK-LABEL: func.func @vector
// CHECK-NOT: math.exp
// CHECK-NOT: math.erf
// CHECK: math.sin
// CHECK: return
func.func @vector(%a: vector<8xf32>) -> vector<8xf32> {
  %0 = math.exp %a : vector<8xf32>
  %1 = math.erf %0 : vector<8xf32>
  %2 = math.sin %1 : vector<8xf32>
  return %2 : vector<8xf32>
}

// CHECK-LABEL: func.func @half
// CHECK: arith.extf
// CHECK-NOT: math.tanh
// CHECK: arith.truncf
func.func @half(%a: f16) -> f16 {
  %0 = math.tanh %a : f16
  return %0 : f16
}
