// RUN: rarefy-run %s --target=spatten --config=%src/configs/spatten.yaml --inputs=random:1 --check --repeat=2 | FileCheck %s
// RUN: rarefy-run %s --target=spatten --config=%src/configs/spatten.yaml --inputs=random:1 --stats=json | FileCheck %s --check-prefix=JSON
// RUN: rarefy-run %s --target=spatten --config=%src/configs/spatten.yaml --set=clockGHz=2 --inputs=random:1 --stats=json | FileCheck %s --check-prefix=FAST
// RUN: rarefy-run %s --target=spatten --config=%src/configs/spatten.yaml --inputs=random:1 --remarks 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// RUN: rarefy-run %s --inputs=random:1 --stats=json | FileCheck %s --check-prefix=CPU

// The figures are those of one call, whatever is timed behind it.
// CHECK: result 0: 2x8x16xi16 [
// CHECK-NEXT: check passed: largest error 0, scaled 0 (tolerance 0)
// CHECK: time: median
// CHECK-NEXT: spatten, timing memory
// CHECK-NEXT: device launches cycles us dram bytes nJ
// CHECK-NEXT: attention 2 {{[1-9]}}
// CHECK-NEXT: attention_0 1
// CHECK-NEXT: all 3

// JSON: "device": {
// JSON: "config": {
// JSON: "clock_ghz": 1,
// JSON: "cycles": {{[1-9][0-9]*}},
// JSON: "launches": 3,
// JSON: "programs": {
// JSON-NEXT: "attention": {
// JSON: "launches": 2,
// JSON: "attention_0": {
// JSON: "launches": 1,
// JSON: "inputs": [

// FAST: "clock_ghz": 2,
// REMARK: spatten.mlir:{{[0-9:]+}} [passed] rarefy-outline-attention: AttentionOutlined: {{.*}}program=attention
// CPU-NOT: "device"
// CPU: "inputs": [
// CPU-NOT: "device"
func.func @main(%x: tensor<2x8x16xi16>) -> tensor<2x8x16xi16> {
  %o = tensor.empty() : tensor<2x8x16xi16>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
    outs(%o : tensor<2x8x16xi16>) {scale = 1.0e-5 : f32} -> tensor<2x8x16xi16>
  %1 = rarefy.attention ins(%0, %x, %x : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
    outs(%o : tensor<2x8x16xi16>) {scale = 1.0e-5 : f32} -> tensor<2x8x16xi16>
  %2 = rarefy.attention ins(%1, %x, %x : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
    outs(%o : tensor<2x8x16xi16>) {scale = 2.0e-5 : f32} -> tensor<2x8x16xi16>
  return %2 : tensor<2x8x16xi16>
}
