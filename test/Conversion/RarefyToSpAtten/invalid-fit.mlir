// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml -split-input-file -verify-diagnostics

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x1025x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{has 1025 keys, the device takes 1024}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x1025x64xi16>, tensor<2x1025x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

// expected-error@+1 {{has an argument of type 'tensor<?xi32>', a program has static tensors}}
func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>, %x: tensor<?xi32>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %0 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

// expected-error@+1 {{has a result of type 'tensor<?xi32>', a program has static tensors}}
func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>, %d: tensor<8xi32>) -> (tensor<2x1x64xi16>, tensor<?xi32>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %c = tensor.cast %d : tensor<8xi32> to tensor<?xi32>
  %0 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0, %c : tensor<2x1x64xi16>, tensor<?xi32>
}

// -----

// expected-error@+1 {{needs 6442451712 bytes of device memory, programs reach 4294967296}}
func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<16384x2x1024x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %s = tensor.extract_slice %k[0, 0, 0, 0] [1, 2, 8, 64] [1, 1, 1, 1] : tensor<16384x2x1024x64xi16> to tensor<2x8x64xi16>
  %0 = rarefy.attention ins(%q, %s, %s : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %e = tensor.empty() : tensor<2x8x64xi16>
  // expected-error@+1 {{reads what is no part of an argument}}
  %0 = rarefy.attention ins(%q, %e, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %a = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  // expected-error@+1 {{reads argument 1 with 8 bits, elsewhere 12 are read}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32, planes = #rarefy.planes<msb = 8, lsb = 0, threshold = 0.0>} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{is not an op that SpAtten has instructions for}}
  %s = arith.addi %q, %q : tensor<2x1x64xi16>
  %0 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<3x2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{has no constant offsets and sizes of whole rows, with strides of 1}}
  %s = tensor.extract_slice %q[0, 0, 0, 0] [1, 2, 1, 64] [2, 1, 1, 1] : tensor<3x2x1x64xi16> to tensor<2x1x64xi16>
  %0 = rarefy.attention ins(%s, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}
