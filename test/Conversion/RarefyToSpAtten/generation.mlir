// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml | FileCheck %s

// One row per head, in two fused pairs: the second one's scores come before the
// first one reads its low bits.
// CHECK-LABEL: isa.program @row for "spatten"
// CHECK-DAG: isa.tensor @q in at {{[0-9]+}} : tensor<4x1x64xi16>
// CHECK-DAG: isa.tensor @k.msb in at [[#KEY:]] : tensor<2x96x2x64xi6>
// CHECK-DAG: isa.tensor @k.lsb in at [[#LOW:]] : tensor<4x96x64xi4>
// CHECK-DAG: isa.tensor @v.value in at [[#VALUE:]] : tensor<2x96x2x64xi6>
// CHECK-DAG: isa.tensor @result0 out at [[#OUT:]] : tensor<4x1x64xi16>
// CHECK-DAG: isa.tensor @scales.1 in at {{[0-9]+}} : tensor<4xf32> = dense<{{.*}}> : tensor<4xf32>
// CHECK: spatten.bind_key lines = 32
// CHECK-NEXT: spatten.bind_key buffer = 1, line = 32, lines = 32
// CHECK: spatten.bind_value lines = 32
// CHECK: spatten.load_scales heads = 4
// CHECK-NEXT: spatten.load_key keys = 96, bits = 6, shift = 4, fused, offset = [[#KEY]]
// CHECK: spatten.score wait = [0], signal = [3], keys = 96
// CHECK-NEXT: spatten.score wait = [0], signal = [3], lane = 1, keys = 96
// CHECK-NEXT: spatten.softmax wait = [3], keys = 96
// CHECK-NEXT: spatten.check signal = [4], threshold = 205
// CHECK-NEXT: spatten.softmax wait = [3], lane = 1, keys = 96
// CHECK-NEXT: spatten.check signal = [4], lane = 1, threshold = 205
// CHECK-NEXT: spatten.load_key buffer = 1
// CHECK-NEXT: spatten.set_head head = 2
// CHECK: spatten.check signal = [4], slot = 1, lane = 1, threshold = 205
// CHECK-NEXT: spatten.set_head{{$}}
// CHECK-NEXT: spatten.load_key_lsb wait = [4], signal = [5], keys = 96, bits = 4, offset = [[#LOW]]
// CHECK: spatten.score wait = [5], signal = [3], keys = 96, requantized
// CHECK: spatten.softmax wait = [3], signal = [6], lane = 1, keys = 96, requantized
// CHECK-NEXT: spatten.topk_values wait = [6], signal = [10], keys = 96, keep = 16, fused
// CHECK-NEXT: spatten.load_value wait = [10], signal = [11], values = 16, bits = 6, shift = 6, fused, selected, offset = [[#VALUE]]
// CHECK-NEXT: spatten.weight wait = [11], values = 16, selected, compact
// CHECK-NEXT: spatten.weight signal = [13], lane = 1, values = 16, selected, compact
// CHECK-NEXT: spatten.store_output wait = [13], offset = [[#OUT]]
// CHECK: spatten.set_head head = 2
// CHECK: spatten.load_key_lsb wait = [4], signal = [5], buffer = 1
// CHECK: spatten.halt
func.func @row(%q: tensor<4x1x64xi16> {rarefy.name = "q"}, %k: tensor<4x96x64xi16> {rarefy.name = "k"}, %v: tensor<4x96x64xi16> {rarefy.name = "v"})
    -> tensor<4x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<4x1x64xi16>
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x1x64xi16>, tensor<4x96x64xi16>, tensor<4x96x64xi16>)
    outs(%o : tensor<4x1x64xi16>) {scale = 1.0e-6 : f32, keep_values = 16, keep_group = 2, value_bits = 6,
      planes = #rarefy.planes<msb = 6, lsb = 4, threshold = 0.1>} -> tensor<4x1x64xi16>
  return %0 : tensor<4x1x64xi16>
}
