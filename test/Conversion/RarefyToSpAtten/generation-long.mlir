// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml | FileCheck %s

// Keys of two heads fill the SRAM: each pair waits until the one before is sure.
// CHECK-LABEL: isa.program @long for "spatten"
// CHECK: spatten.bind_key lines = 256
// CHECK-NEXT: spatten.bind_value lines = 64
// CHECK: spatten.load_key keys = 1000
// CHECK: spatten.score wait = [5], signal = [1, 3], lane = 1, keys = 1000, requantized
// CHECK: spatten.load_key wait = [1], keys = 1000
func.func @long(%q: tensor<4x1x64xi16>, %k: tensor<4x1000x64xi16>) -> tensor<4x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<4x1x64xi16>
  %0 = rarefy.attention ins(%q, %k, %k : tensor<4x1x64xi16>, tensor<4x1000x64xi16>, tensor<4x1000x64xi16>)
    outs(%o : tensor<4x1x64xi16>) {scale = 1.0e-6 : f32, keep_values = 200, keep_group = 2, value_bits = 6,
      planes = #rarefy.planes<msb = 6, lsb = 4, threshold = 0.1>} -> tensor<4x1x64xi16>
  return %0 : tensor<4x1x64xi16>
}
