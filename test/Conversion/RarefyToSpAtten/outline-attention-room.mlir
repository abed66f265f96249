// DEFINE: %{set} =
// DEFINE: %{pass} = config=%src/configs/spatten.yaml set=%{set}
// DEFINE: %{outline} = rarefy-opt %s --rarefy-outline-attention="%{pass}" --remarks-filter=rarefy-outline-attention
// REDEFINE: %{set} = sram.buffers=1,sram.lines=128
// RUN: %{outline} 2>&1 >/dev/null | FileCheck %s --check-prefix=LINES
// REDEFINE: %{set} = maxContext=1000,sram.lines=250
// RUN: %{outline} 2>&1 >/dev/null | FileCheck %s --check-prefix=ODD
// REDEFINE: %{set} = memory.organization.rows=2
// RUN: %{outline} 2>&1 >/dev/null | FileCheck %s --check-prefix=BYTES
// REDEFINE: %{set} = memory.organization.rows=4
// RUN: %{outline} 2>/dev/null | rarefy-opt --convert-rarefy-to-spatten="%{pass}" | FileCheck %s --check-prefix=FITS

// What has no room on the device is found before anything changes.
// LINES: [Missed] AttentionNotOutlined | {{.*}}Function=pairs | Reason="needs 252 lines of SRAM for its keys, the device has 128"
// LINES: [Passed] AttentionOutlined | {{.*}}Function=heads
// LINES: [Missed] AttentionNotOutlined | {{.*}}Function=dynamic
// ODD: [Missed] AttentionNotOutlined | {{.*}}Function=pairs | Reason="needs 252 lines of SRAM for its keys, the device has 250"
// ODD: [Passed] AttentionOutlined | {{.*}}Function=heads
// BYTES: [Passed] AttentionOutlined | {{.*}}Function=pairs
// BYTES: [Missed] AttentionNotOutlined | {{.*}}Function=heads | Reason="needs 774144 bytes of device memory, programs reach 524288"
// FITS-DAG: isa.program @attention
// FITS-DAG: isa.program @attention_0
func.func @pairs(%q: tensor<2x1x64xi16>, %k: tensor<2x1000x64xi16>) -> tensor<2x1x64xi16> {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %0 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x1000x64xi16>, tensor<2x1000x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32, value_bits = 8, planes = #rarefy.planes<msb = 6, lsb = 0, threshold = 0.0>} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

func.func @heads(%q: tensor<4x1x64xi16>, %k: tensor<4x1000x64xi16>) -> (tensor<4x1x64xi16>, tensor<1000xi32>, tensor<4xi64>) {
  %o = tensor.empty() : tensor<4x1x64xi16>
  %t = arith.constant dense<0> : tensor<1000xi32>
  %h = arith.constant dense<0> : tensor<4xi64>
  %0:3 = rarefy.attention ins(%q, %k, %k : tensor<4x1x64xi16>, tensor<4x1000x64xi16>, tensor<4x1000x64xi16>)
    outs(%o : tensor<4x1x64xi16>) token_importance(%t : tensor<1000xi32>) head_importance(%h : tensor<4xi64>)
    {scale = 1.0 : f32, planes = #rarefy.planes<msb = 8, lsb = 4, threshold = 0.1>}
    -> tensor<4x1x64xi16>, tensor<1000xi32>, tensor<4xi64>
  return %0#0, %0#1, %0#2 : tensor<4x1x64xi16>, tensor<1000xi32>, tensor<4xi64>
}

// Also of results the sizes have to be known.
// BYTES: [Missed] AttentionNotOutlined | {{.*}}Function=dynamic | Reason="has an operand of type 'tensor<?xi32>', the device takes static [heads, rows, depth]"
func.func @dynamic(%x: tensor<2x8x16xi16>, %o: tensor<2x8x16xi16>, %t: tensor<?xi32>) -> (tensor<2x8x16xi16>, tensor<?xi32>) {
  %0:2 = rarefy.attention ins(%x, %x, %x : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
    outs(%o : tensor<2x8x16xi16>) token_importance(%t : tensor<?xi32>) {scale = 1.0 : f32} -> tensor<2x8x16xi16>, tensor<?xi32>
  return %0#0, %0#1 : tensor<2x8x16xi16>, tensor<?xi32>
}
