// Two heads of 6 bits would come as a pair, but a later layer reads one of
// them alone, from the same keys: all take 8 bits, a head at a time.

// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml | FileCheck %s

// An empty name is none.
// CHECK: isa.tensor @argument0 in
// CHECK: isa.tensor @keys.msb in at {{[0-9]+}} : tensor<2x2x16x64xi8>
// CHECK: isa.tensor @keys.value in at {{[0-9]+}} : tensor<2x2x16x64xi8>
// CHECK-COUNT-3: spatten.load_key {{.*}}bits = 8
// CHECK-NOT: fused
func.func @odd(%q: tensor<2x1x64xi16> {rarefy.name = ""}, %k: tensor<2x2x16x64xi16> {rarefy.name = "keys"})
    -> (tensor<2x1x64xi16>, tensor<1x1x64xi16>) attributes {spatten.program} {
  %o2 = tensor.empty() : tensor<2x1x64xi16>
  %o1 = tensor.empty() : tensor<1x1x64xi16>
  %k0 = tensor.extract_slice %k[0, 0, 0, 0] [1, 2, 16, 64] [1, 1, 1, 1] : tensor<2x2x16x64xi16> to tensor<2x16x64xi16>
  %0 = rarefy.attention ins(%q, %k0, %k0 : tensor<2x1x64xi16>, tensor<2x16x64xi16>, tensor<2x16x64xi16>)
    outs(%o2 : tensor<2x1x64xi16>) {scale = 1.0e-6 : f32, value_bits = 6,
      planes = #rarefy.planes<msb = 6, lsb = 0, threshold = 0.0>} -> tensor<2x1x64xi16>
  %q1 = tensor.extract_slice %q[0, 0, 0] [1, 1, 64] [1, 1, 1] : tensor<2x1x64xi16> to tensor<1x1x64xi16>
  %k1 = tensor.extract_slice %k[1, 0, 0, 0] [1, 1, 16, 64] [1, 1, 1, 1] : tensor<2x2x16x64xi16> to tensor<1x16x64xi16>
  %1 = rarefy.attention ins(%q1, %k1, %k1 : tensor<1x1x64xi16>, tensor<1x16x64xi16>, tensor<1x16x64xi16>)
    outs(%o1 : tensor<1x1x64xi16>) {scale = 1.0e-6 : f32, value_bits = 6,
      planes = #rarefy.planes<msb = 6, lsb = 0, threshold = 0.0>} -> tensor<1x1x64xi16>
  return %0, %1 : tensor<2x1x64xi16>, tensor<1x1x64xi16>
}
