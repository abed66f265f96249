// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml -split-input-file -verify-diagnostics

func.func @f(%q: tensor<2x1x64xf32>, %k: tensor<2x8x64xf32>) -> tensor<2x1x64xf32> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xf32>
  // expected-error@+1 {{has elements of type 'f32', the device computes with i16}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xf32>, tensor<2x8x64xf32>, tensor<2x8x64xf32>)
    outs(%o : tensor<2x1x64xf32>) {scale = 1.0 : f32} -> tensor<2x1x64xf32>
  return %0 : tensor<2x1x64xf32>
}

// -----

func.func @f(%q: tensor<1x2x1x64xi16>, %k: tensor<1x2x8x64xi16>) -> tensor<1x2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<1x2x1x64xi16>
  // expected-error@+1 {{has an operand of type 'tensor<1x2x1x64xi16>', the device takes static [heads, rows, depth]}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<1x2x1x64xi16>, tensor<1x2x8x64xi16>, tensor<1x2x8x64xi16>)
    outs(%o : tensor<1x2x1x64xi16>) {scale = 1.0 : f32} -> tensor<1x2x1x64xi16>
  return %0 : tensor<1x2x1x64xi16>
}

// -----

func.func @f(%q: tensor<2x1x80xi16>, %k: tensor<2x8x80xi16>) -> tensor<2x1x80xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x80xi16>
  // expected-error@+1 {{has a depth of 80, the device takes up to 64}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<2x1x80xi16>, tensor<2x8x80xi16>, tensor<2x8x80xi16>)
    outs(%o : tensor<2x1x80xi16>) {scale = 1.0 : f32} -> tensor<2x1x80xi16>
  return %0 : tensor<2x1x80xi16>
}

// -----

func.func @f(%q: tensor<65x1x64xi16>, %k: tensor<65x8x64xi16>) -> tensor<65x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<65x1x64xi16>
  // expected-error@+1 {{has 65 heads, the device takes up to 64}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<65x1x64xi16>, tensor<65x8x64xi16>, tensor<65x8x64xi16>)
    outs(%o : tensor<65x1x64xi16>) {scale = 1.0 : f32} -> tensor<65x1x64xi16>
  return %0 : tensor<65x1x64xi16>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>, %m: tensor<8xi1>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{has a mask, the device takes 'causal' alone}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>) mask(%m : tensor<8xi1>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>, %h: tensor<2xi64>) -> (tensor<2x1x64xi16>, tensor<2xi64>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{needs importance of heads that the device does not have}}
  %0:2 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) head_importance(%h : tensor<2xi64>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>, tensor<2xi64>
  return %0#0, %0#1 : tensor<2x1x64xi16>, tensor<2xi64>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>, %h: tensor<2x1xi1>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{has 'refetched', which the device only counts}}
  %0:2 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) refetched(%h : tensor<2x1xi1>) {scale = 1.0 : f32, planes = #rarefy.planes<msb = 8, lsb = 4, threshold = 0.1>} -> tensor<2x1x64xi16>, tensor<2x1xi1>
  return %0#0 : tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<4x1x64xi16>, %k: tensor<4x8x64xi16>) -> tensor<4x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<4x1x64xi16>
  // expected-error@+1 {{has a 'keep_group' of 4, the device takes up to 2}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<4x1x64xi16>, tensor<4x8x64xi16>, tensor<4x8x64xi16>)
    outs(%o : tensor<4x1x64xi16>) {scale = 1.0 : f32, keep_values = 2, keep_group = 4} -> tensor<4x1x64xi16>
  return %0 : tensor<4x1x64xi16>
}

// -----

func.func @f(%q: tensor<2x9x64xi16>, %k: tensor<2x8x64xi16>) -> tensor<2x9x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x9x64xi16>
  // expected-error@+1 {{has rows that see no key}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<2x9x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x9x64xi16>) {scale = 1.0 : f32, causal} -> tensor<2x9x64xi16>
  return %0 : tensor<2x9x64xi16>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<1x8x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{has a 'keep_group', but its heads do not come in pairs with keys of their own}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<1x8x64xi16>, tensor<1x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32, keep_values = 2, keep_group = 2} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<1x1x64xi16>, %k: tensor<1x8x64xi16>) -> tensor<1x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<1x1x64xi16>
  // expected-error@+1 {{has planes of 10 and 2 bits, which take 12 and 4 in memory: more than 12 in all}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<1x1x64xi16>, tensor<1x8x64xi16>, tensor<1x8x64xi16>)
    outs(%o : tensor<1x1x64xi16>) {scale = 1.0 : f32, planes = #rarefy.planes<msb = 10, lsb = 2, threshold = 0.1>} -> tensor<1x1x64xi16>
  return %0 : tensor<1x1x64xi16>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{has a scale of -1.000000e+00, the device takes finite ones that are not negative}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = -1.0 : f32} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}
