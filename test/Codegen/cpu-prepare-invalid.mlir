// RUN: rarefy-opt --rarefy-cpu-prepare --verify-diagnostics --split-input-file %s

func.func @short(%a: tensor<5xf32>) -> tensor<5xf8E4M3FN> {
  // expected-error @below {{'arith.truncf' op expected floats of 16 bits or more, found 'f8E4M3FN'}}
  %0 = arith.truncf %a : tensor<5xf32> to tensor<5xf8E4M3FN>
  return %0 : tensor<5xf8E4M3FN>
}

// -----

func.func @scatter(%a: tensor<1x5xf32>, %at: tensor<1x1xindex>, %b: tensor<8x5xf32>) -> tensor<8x5xf32> {
  // expected-error @below {{'tensor.scatter' op expected an op that has a form on buffers}}
  %0 = tensor.scatter %a into %b[%at] scatter_dims([0]) unique : (tensor<1x5xf32>, tensor<8x5xf32>, tensor<1x1xindex>) -> tensor<8x5xf32>
  return %0 : tensor<8x5xf32>
}
