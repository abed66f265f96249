// RUN: rarefy-run %s --target=spatten --config=%src/configs/spatten.yaml --inputs=random:1 --check | FileCheck %s
// RUN: rarefy-run %s --entry=planes --target=spatten --config=%src/configs/spatten.yaml --inputs=random:1 --check | FileCheck %s
// RUN: not rarefy-run %s --entry=large --target=spatten --config=%src/configs/spatten.yaml --inputs=random:1 2>&1 | FileCheck %s --check-prefix=LARGE
// RUN: rarefy-run %s --entry=large --inputs=random:1 --check | FileCheck %s

// Keys of 5 bits lie in 6; what needs the sixth is no key of 5 bits. The CPU,
// as the op says, has the low 5 count.
// CHECK: check passed: largest error 0, scaled 0 (tolerance 0)
// LARGE: error: program 'attention_1': tensor 'key.msb' expects numbers of 6 bits, found -32768 in place 2: a NaN, or a number of more bits than are read
func.func @main(%q: tensor<2x4x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>) -> tensor<2x4x64xi16> {
  %o = tensor.empty() : tensor<2x4x64xi16>
  %0 = rarefy.attention ins(%q, %k, %v : tensor<2x4x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x4x64xi16>) {scale = 1.0e-2 : f32, planes = #rarefy.planes<msb = 5, lsb = 0, threshold = 0.0>} -> tensor<2x4x64xi16>
  return %0 : tensor<2x4x64xi16>
}

func.func @planes(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>) -> tensor<2x1x64xi16> {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %0 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0e-2 : f32, planes = #rarefy.planes<msb = 5, lsb = 3, threshold = 1.0>} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

func.func @large(%q: tensor<2x1x3xi16>, %v: tensor<2x2x3xi16>) -> tensor<2x1x3xi16> {
  %k = arith.constant dense<[[[-16, 15, 16], [0, 1, 2]], [[-16, 15, 3], [0, 1, 2]]]> : tensor<2x2x3xi16>
  %o = tensor.empty() : tensor<2x1x3xi16>
  %0 = rarefy.attention ins(%q, %k, %v : tensor<2x1x3xi16>, tensor<2x2x3xi16>, tensor<2x2x3xi16>)
    outs(%o : tensor<2x1x3xi16>) {scale = 1.0e-2 : f32, planes = #rarefy.planes<msb = 5, lsb = 0, threshold = 0.0>} -> tensor<2x1x3xi16>
  return %0 : tensor<2x1x3xi16>
}
