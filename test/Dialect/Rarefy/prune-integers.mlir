// RUN: rarefy-opt %s --rarefy-prune-tokens=keep=1,0.5 --remarks-filter=rarefy-prune-tokens 2>&1 >/dev/null | FileCheck %s --check-prefix=TOKENS
// RUN: rarefy-opt %s --rarefy-prune-heads=keep=1,0.5 --remarks-filter=rarefy-prune-heads 2>&1 >/dev/null | FileCheck %s --check-prefix=HEADS

// Importance of integers has another type: pruning comes before quantizing.
// TOKENS: remark: [Missed] TokensNotPruned | {{.*}}Reason="computes in integers; prune before quantizing", Remark=rarefy.attention
// HEADS: remark: [Missed] HeadsNotPruned | {{.*}}Reason="computes in integers; prune before quantizing", Remark=rarefy.attention
func.func @integers(%x: tensor<4x8x4xi16>) -> tensor<4x8x4xi16> {
  %init = tensor.empty() : tensor<4x8x4xi16>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<4x8x4xi16>, tensor<4x8x4xi16>, tensor<4x8x4xi16>)
    outs(%init : tensor<4x8x4xi16>) {scale = 0.5 : f32} -> tensor<4x8x4xi16>
  %1 = rarefy.attention ins(%0, %0, %0 : tensor<4x8x4xi16>, tensor<4x8x4xi16>, tensor<4x8x4xi16>)
    outs(%init : tensor<4x8x4xi16>) {scale = 0.5 : f32} -> tensor<4x8x4xi16>
  return %1 : tensor<4x8x4xi16>
}
