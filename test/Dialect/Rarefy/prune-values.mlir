// RUN: rarefy-opt %s --rarefy-prune-values | FileCheck %s --check-prefixes=CHECK,HALF
// RUN: rarefy-opt %s --rarefy-prune-values=keep=0.4 | FileCheck %s --check-prefixes=CHECK,KEEP
// RUN: rarefy-opt %s --rarefy-prune-values=counts=8,6 | FileCheck %s --check-prefixes=CHECK,COUNTS
// RUN: rarefy-opt %s --rarefy-prune-values=keep=1,0.5 --remarks-filter=rarefy-prune-values 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// RUN: rarefy-opt %s --rarefy-prune-values=counts=8,6 --remarks-filter=rarefy-prune-values 2>&1 >/dev/null | FileCheck %s --check-prefix=COUNTED

// The first layer of each function keeps all of its values under 1 and under a
// count of all its keys. A ratio is rounded up; it says nothing of a dynamic
// number of keys, a count does.

// REMARK-NOT: layer=1
// REMARK: remark: [Passed] ValuesPruned | Category:rarefy-prune-values | Function=static | layer=2, to=4
// REMARK: remark: [Missed] ValuesNotPruned | Category:rarefy-prune-values | Function=dynamic | Reason="a ratio of a dynamic number of keys is no number", Remark=rarefy.attention, Suggestion="give counts"
// REMARK: remark: [Analysis] NoAttention | Category:rarefy-prune-values | Function=none | Remark="no attention"

// COUNTED: ValuesPruned | {{.*}}Function=static | layer=2, to=6
// COUNTED: ValuesPruned | {{.*}}Function=dynamic | layer=1, to=8
// COUNTED-NOT: Missed

// CHECK-LABEL: func.func @static
// HALF: rarefy.attention {{.*}} {keep_values = 4 : i64, scale
// HALF: rarefy.attention {{.*}} {keep_values = 4 : i64, scale
// KEEP: rarefy.attention {{.*}} {keep_values = 4 : i64, scale
// KEEP: rarefy.attention {{.*}} {keep_values = 4 : i64, scale
// COUNTS: rarefy.attention {{.*}} {scale
// COUNTS: rarefy.attention {{.*}} {keep_values = 6 : i64, scale
func.func @static(%x: tensor<4x8x4xf32>) -> tensor<4x8x4xf32> {
  %init = tensor.empty() : tensor<4x8x4xf32>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>)
    outs(%init : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  %1 = rarefy.attention ins(%0, %0, %0 : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>)
    outs(%init : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  return %1 : tensor<4x8x4xf32>
}

// CHECK-LABEL: func.func @dynamic
// HALF-NOT: keep_values
// KEEP-NOT: keep_values
// COUNTS: rarefy.attention {{.*}} {keep_values = 8 : i64, scale
// COUNTS: rarefy.attention {{.*}} {keep_values = 6 : i64, scale
func.func @dynamic(%x: tensor<4x?x4xf32>, %init: tensor<4x?x4xf32>) -> tensor<4x?x4xf32> {
  %0 = rarefy.attention ins(%x, %x, %x : tensor<4x?x4xf32>, tensor<4x?x4xf32>, tensor<4x?x4xf32>)
    outs(%init : tensor<4x?x4xf32>) {scale = 0.5 : f32} -> tensor<4x?x4xf32>
  %1 = rarefy.attention ins(%0, %0, %0 : tensor<4x?x4xf32>, tensor<4x?x4xf32>, tensor<4x?x4xf32>)
    outs(%init : tensor<4x?x4xf32>) {scale = 0.5 : f32} -> tensor<4x?x4xf32>
  return %1 : tensor<4x?x4xf32>
}

func.func @none(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
