// RUN: rarefy-opt %s --rarefy-outline-attention="config=%src/configs/spatten.yaml set=maxContext=512" | FileCheck %s
// RUN: rarefy-opt %s --rarefy-outline-attention="config=%src/configs/spatten.yaml set=maxContext=512" --remarks-filter=rarefy-outline-attention 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// REMARK: [Passed] AttentionOutlined | Category:rarefy-outline-attention | Function=layers | program=attention
// REMARK: [Passed] AttentionOutlined | {{.*}}Function=layers | program=attention
// REMARK: [Passed] AttentionOutlined | {{.*}}Function=layers | program=attention_0
// REMARK: [Passed] AttentionOutlined | {{.*}}Function=importance | program=attention_1
// REMARK: [Passed] AttentionOutlined | {{.*}}Function=importance | program=attention_1
// REMARK: [Passed] AttentionOutlined | {{.*}}Function=heads | program=attention_2
// REMARK: [Missed] AttentionNotOutlined | {{.*}}Function=host | Reason="has elements of type 'f32', the device computes with i16", Suggestion="run rarefy-quantize-attention"
// REMARK: [Missed] AttentionNotOutlined | {{.*}}Function=host | Reason="has a mask, the device takes 'causal' alone"
// REMARK: [Missed] AttentionNotOutlined | {{.*}}Function=host | Reason="has 600 keys, the device takes 512"
// REMARK: [Missed] AttentionNotOutlined | {{.*}}Function=host | Reason="has an operand of type 'tensor<2x?x16xi16>', the device takes static [heads, rows, depth]"
// REMARK-NOT: Outlined

// Equal attentions share a program.
// CHECK-LABEL: func.func @layers(
// CHECK-SAME: %[[X:.*]]: tensor<2x8x16xi16>, %[[Y:.*]]: tensor<2x8x16xi16>, %{{.*}}: tensor<2x8x16xi16>)
// CHECK: %[[A:.*]] = call @attention(%[[X]], %[[Y]], %[[Y]])
// CHECK: %[[B:.*]] = call @attention(%[[A]], %[[X]], %[[Y]])
// CHECK: %[[C:.*]] = call @attention_0(%[[B]], %[[X]], %[[Y]])
// CHECK: return %[[C]]
func.func @layers(%x: tensor<2x8x16xi16>, %y: tensor<2x8x16xi16>, %o: tensor<2x8x16xi16>) -> tensor<2x8x16xi16> {
  %0 = rarefy.attention ins(%x, %y, %y : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
    outs(%o : tensor<2x8x16xi16>) {scale = 1.0 : f32} -> tensor<2x8x16xi16>
  %1 = rarefy.attention ins(%0, %x, %y : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
    outs(%o : tensor<2x8x16xi16>) {scale = 1.0 : f32} -> tensor<2x8x16xi16>
  %2 = rarefy.attention ins(%1, %x, %y : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
    outs(%o : tensor<2x8x16xi16>) {scale = 2.0 : f32} -> tensor<2x8x16xi16>
  return %2 : tensor<2x8x16xi16>
}

// Importance starts at zero there; the host adds what was counted before, up to
// the largest number without sign. An importance from zero needs no addition.
// CHECK-LABEL: func.func @importance(
// CHECK-SAME: %[[T:[a-z0-9]*]]: tensor<8xi32>)
// CHECK: %[[A:.*]]:2 = call @attention_1
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[T]], %[[A]]#1 : tensor<8xi32>, tensor<8xi32>)
// CHECK: %[[S:.*]] = arith.addi %[[BEFORE:.*]], %{{.*}} : i32
// CHECK: %[[LARGEST:.*]] = arith.constant -1 : i32
// CHECK: %[[OVER:.*]] = arith.cmpi ult, %[[S]], %[[BEFORE]] : i32
// CHECK: arith.select %[[OVER]], %[[LARGEST]], %[[S]]
// CHECK: %[[B:.*]]:2 = call @attention_1
// CHECK-NOT: linalg.generic
// CHECK: return %[[A]]#0, %[[SUM]], %[[B]]#1
func.func @importance(%x: tensor<2x8x16xi16>, %t: tensor<8xi32>) -> (tensor<2x8x16xi16>, tensor<8xi32>, tensor<8xi32>) {
  %o = tensor.empty() : tensor<2x8x16xi16>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<8xi32>
  %z = linalg.fill ins(%zero : i32) outs(%e : tensor<8xi32>) -> tensor<8xi32>
  %0:2 = rarefy.attention ins(%x, %x, %x : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
    outs(%o : tensor<2x8x16xi16>) token_importance(%t : tensor<8xi32>) {scale = 1.0 : f32} -> tensor<2x8x16xi16>, tensor<8xi32>
  %1:2 = rarefy.attention ins(%x, %x, %x : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
    outs(%o : tensor<2x8x16xi16>) token_importance(%z : tensor<8xi32>) {scale = 1.0 : f32} -> tensor<2x8x16xi16>, tensor<8xi32>
  return %0#0, %0#1, %1#1 : tensor<2x8x16xi16>, tensor<8xi32>, tensor<8xi32>
}

// Importance of heads has 64 bits to count in.
// CHECK-LABEL: func.func @heads(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<2xi64>)
// CHECK: %[[A:.*]]:2 = call @attention_2
// CHECK: linalg.generic {{.*}} ins(%[[H]], %[[A]]#1 : tensor<2xi64>, tensor<2xi64>)
// CHECK: %[[S:.*]] = arith.addi
// CHECK-NEXT: linalg.yield %[[S]]
func.func @heads(%x: tensor<2x8x16xi16>, %h: tensor<2xi64>) -> tensor<2xi64> {
  %o = tensor.empty() : tensor<2x8x16xi16>
  %0:2 = rarefy.attention ins(%x, %x, %x : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
    outs(%o : tensor<2x8x16xi16>) head_importance(%h : tensor<2xi64>) {scale = 1.0 : f32} -> tensor<2x8x16xi16>, tensor<2xi64>
  return %0#1 : tensor<2xi64>
}

// CHECK-LABEL: func.func @host(
// CHECK-COUNT-4: rarefy.attention
func.func @host(%f: tensor<2x8x16xf32>, %x: tensor<2x8x16xi16>, %m: tensor<8xi1>, %many: tensor<2x600x16xi16>,
                %d: tensor<2x?x16xi16>) -> (tensor<2x8x16xf32>, tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>) {
  %0 = rarefy.attention ins(%f, %f, %f : tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>)
    outs(%f : tensor<2x8x16xf32>) {scale = 1.0 : f32} -> tensor<2x8x16xf32>
  %1 = rarefy.attention ins(%x, %x, %x : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>) mask(%m : tensor<8xi1>)
    outs(%x : tensor<2x8x16xi16>) {scale = 1.0 : f32} -> tensor<2x8x16xi16>
  %2 = rarefy.attention ins(%x, %many, %many : tensor<2x8x16xi16>, tensor<2x600x16xi16>, tensor<2x600x16xi16>)
    outs(%x : tensor<2x8x16xi16>) {scale = 1.0 : f32} -> tensor<2x8x16xi16>
  %3 = rarefy.attention ins(%x, %d, %d : tensor<2x8x16xi16>, tensor<2x?x16xi16>, tensor<2x?x16xi16>)
    outs(%x : tensor<2x8x16xi16>) {scale = 1.0 : f32} -> tensor<2x8x16xi16>
  return %0, %1, %2, %3 : tensor<2x8x16xf32>, tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>
}

// What a program says of itself stays in it.
// CHECK-LABEL: func.func @program({{.*}} attributes {spatten.program}
// CHECK: rarefy.attention
func.func @program(%x: tensor<2x8x16xi16>) -> tensor<2x8x16xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x8x16xi16>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
    outs(%o : tensor<2x8x16xi16>) {scale = 1.0 : f32} -> tensor<2x8x16xi16>
  return %0 : tensor<2x8x16xi16>
}

// CHECK-LABEL: func.func private @attention(
// CHECK-SAME: %[[Q:.*]]: tensor<2x8x16xi16> {rarefy.name = "query"}, %[[K:.*]]: tensor<2x8x16xi16> {rarefy.name = "key"}, %[[V:.*]]: tensor<2x8x16xi16> {rarefy.name = "value"})
// CHECK-SAME: -> (tensor<2x8x16xi16> {rarefy.name = "output"}) attributes {spatten.program}
// CHECK: rarefy.attention ins(%[[Q]], %[[K]], %[[V]] :

// One value in three roles is three arguments.
// CHECK-LABEL: func.func private @attention_1(
// CHECK-SAME: %[[Q:.*]]: tensor<2x8x16xi16> {{{.*}}}, %[[K:.*]]: tensor<2x8x16xi16> {{{.*}}}, %[[V:.*]]: tensor<2x8x16xi16> {{{.*}}})
// CHECK: %[[ZERO:.*]] = arith.constant dense<0> : tensor<8xi32>
// CHECK: rarefy.attention ins(%[[Q]], %[[K]], %[[V]] : {{.*}} token_importance(%[[ZERO]] :

// CHECK-LABEL: func.func private @attention_2(
// CHECK: arith.constant dense<0> : tensor<2xi64>
// CHECK-NOT: func.func
