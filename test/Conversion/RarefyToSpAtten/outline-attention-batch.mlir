// RUN: rarefy-opt %s --rarefy-outline-attention=config=%src/configs/spatten.yaml --remarks-filter=rarefy-outline-attention 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK --input-file=%t.remarks

// REMARK: [Passed] AttentionOutlined | {{.*}}Function=one
// REMARK: [Missed] AttentionNotOutlined | {{.*}}Function=many | Reason="has an operand of type 'tensor<2x2x8x16xi16>', the device takes static [heads, rows, depth]"
// REMARK: [Missed] AttentionNotOutlined | {{.*}}Function=masked | Reason="has a mask,
// REMARK: [Missed] AttentionNotOutlined | {{.*}}Function=long | Reason="has 2000 keys,

// CHECK-LABEL: func.func @one(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<1x1x2x8x16xi16>, %[[K:[a-z0-9]*]]: tensor<1x1x1x8x16xi16>, %[[T:[a-z0-9]*]]: tensor<1x1x8xi32>)
// CHECK: %[[FLATQ:.*]] = tensor.collapse_shape %[[Q]] {{\[\[}}0, 1, 2], [3], [4]] : tensor<1x1x2x8x16xi16> into tensor<2x8x16xi16>
// CHECK: %[[FLATK:.*]] = tensor.collapse_shape %[[K]] {{.*}} into tensor<1x8x16xi16>
// CHECK: %[[FLATT:.*]] = tensor.collapse_shape %[[T]] {{\[\[}}0, 1, 2]] : tensor<1x1x8xi32> into tensor<8xi32>
// CHECK: %[[CALL:.*]]:2 = call @attention(%[[FLATQ]], %[[FLATK]], %{{.*}})
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[FLATT]], %[[CALL]]#1
// CHECK-DAG: %[[O:.*]] = tensor.expand_shape %[[CALL]]#0 {{.*}} into tensor<1x1x2x8x16xi16>
// CHECK-DAG: %[[I:.*]] = tensor.expand_shape %[[SUM]] {{.*}} into tensor<1x1x8xi32>
// CHECK: return %[[O]], %[[I]]
func.func @one(%q: tensor<1x1x2x8x16xi16>, %k: tensor<1x1x1x8x16xi16>, %t: tensor<1x1x8xi32>)
    -> (tensor<1x1x2x8x16xi16>, tensor<1x1x8xi32>) {
  %o = tensor.empty() : tensor<1x1x2x8x16xi16>
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<1x1x2x8x16xi16>, tensor<1x1x1x8x16xi16>, tensor<1x1x1x8x16xi16>)
    outs(%o : tensor<1x1x2x8x16xi16>) token_importance(%t : tensor<1x1x8xi32>) {scale = 1.0 : f32}
    -> tensor<1x1x2x8x16xi16>, tensor<1x1x8xi32>
  return %0#0, %0#1 : tensor<1x1x2x8x16xi16>, tensor<1x1x8xi32>
}

// CHECK-LABEL: func.func @many(
// CHECK: rarefy.attention {{.*}} -> tensor<2x2x8x16xi16>
func.func @many(%x: tensor<2x2x8x16xi16>) -> tensor<2x2x8x16xi16> {
  %0 = rarefy.attention ins(%x, %x, %x : tensor<2x2x8x16xi16>, tensor<2x2x8x16xi16>, tensor<2x2x8x16xi16>)
    outs(%x : tensor<2x2x8x16xi16>) {scale = 1.0 : f32} -> tensor<2x2x8x16xi16>
  return %0 : tensor<2x2x8x16xi16>
}

// What stays is as it was.
// CHECK-LABEL: func.func @masked(
// CHECK-NOT: tensor.collapse_shape
// CHECK: rarefy.attention {{.*}} mask
func.func @masked(%x: tensor<1x2x8x16xi16>, %m: tensor<8xi1>) -> tensor<1x2x8x16xi16> {
  %0 = rarefy.attention ins(%x, %x, %x : tensor<1x2x8x16xi16>, tensor<1x2x8x16xi16>, tensor<1x2x8x16xi16>) mask(%m : tensor<8xi1>)
    outs(%x : tensor<1x2x8x16xi16>) {scale = 1.0 : f32} -> tensor<1x2x8x16xi16>
  return %0 : tensor<1x2x8x16xi16>
}

// CHECK-LABEL: func.func @long(
// CHECK-NOT: tensor.collapse_shape
// CHECK: rarefy.attention
func.func @long(%x: tensor<1x2x8x16xi16>, %k: tensor<1x2x2000x16xi16>) -> tensor<1x2x8x16xi16> {
  %0 = rarefy.attention ins(%x, %k, %k : tensor<1x2x8x16xi16>, tensor<1x2x2000x16xi16>, tensor<1x2x2000x16xi16>)
    outs(%x : tensor<1x2x8x16xi16>) {scale = 1.0 : f32} -> tensor<1x2x8x16xi16>
  return %0 : tensor<1x2x8x16xi16>
}
