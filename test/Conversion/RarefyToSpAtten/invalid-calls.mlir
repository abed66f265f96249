// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml --allow-unregistered-dialect -split-input-file -verify-diagnostics

func.func private @f(%x: tensor<2x8x64xi16>) -> tensor<2x8x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x8x64xi16>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<2x8x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x8x64xi16>) {scale = 1.0 : f32} -> tensor<2x8x64xi16>
  return %0 : tensor<2x8x64xi16>
}
func.func @host() -> ((tensor<2x8x64xi16>) -> tensor<2x8x64xi16>) {
  // expected-error@+1 {{names a program, which can only be called}}
  %0 = constant @f : (tensor<2x8x64xi16>) -> tensor<2x8x64xi16>
  return %0 : (tensor<2x8x64xi16>) -> tensor<2x8x64xi16>
}

// -----

// expected-error@+1 {{has calls that cannot be found: an operation of no known dialect may hide them}}
func.func @f(%x: tensor<2x8x64xi16>) -> tensor<2x8x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x8x64xi16>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<2x8x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x8x64xi16>) {scale = 1.0 : f32} -> tensor<2x8x64xi16>
  return %0 : tensor<2x8x64xi16>
}
"unknown.op"() ({}) : () -> ()

// -----

// The low planes would have 4 bits in memory, both.
func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>) -> (tensor<2x1x64xi16>, tensor<2x1x64xi16>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %0 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32, planes = #rarefy.planes<msb = 8, lsb = 2, threshold = 0.1>} -> tensor<2x1x64xi16>
  // expected-error@+1 {{reads argument 1 without its 3 lowest bits, elsewhere 2 are left out}}
  %1 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32, planes = #rarefy.planes<msb = 8, lsb = 3, threshold = 0.1>} -> tensor<2x1x64xi16>
  return %0, %1 : tensor<2x1x64xi16>, tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<3x8x64xi16>, %v: tensor<2x8x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %s = tensor.extract_slice %k[0, 0, 0] [2, 8, 64] [1, 1, 1] : tensor<3x8x64xi16> to tensor<2x8x64xi16>
  // expected-error@+1 {{reads heads in pairs, argument 1 has 3}}
  %0 = rarefy.attention ins(%q, %s, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32, keep_values = 4, keep_group = 2, planes = #rarefy.planes<msb = 6, lsb = 0, threshold = 0.1>} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

func.func @callee(%x: tensor<2x8x64xi16>) -> tensor<2x8x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x8x64xi16>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<2x8x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x8x64xi16>) {scale = 1.0 : f32} -> tensor<2x8x64xi16>
  return %0 : tensor<2x8x64xi16>
}
func.func @caller(%x: tensor<2x8x64xi16>) -> tensor<2x8x64xi16> attributes {spatten.program} {
  // expected-error@+1 {{calls a function from a program}}
  %0 = call @callee(%x) : (tensor<2x8x64xi16>) -> tensor<2x8x64xi16>
  return %0 : tensor<2x8x64xi16>
}
