// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml -split-input-file -verify-diagnostics

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{has an output that is not inserted into a result of outputs at constant offsets}}
  %a = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  %0 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %0 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  %e = tensor.empty() : tensor<3xi32>
  %z = arith.constant dense<0> : tensor<8xi32>
  // expected-error@+1 {{selects by an importance that the device does not have}}
  %p = rarefy.topk ins(%z : tensor<8xi32>) outs(%e : tensor<3xi32>) -> tensor<3xi32>
  return %0 : tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>, %z: tensor<8xi32>) -> (tensor<2x1x64xi16>, tensor<8xi32>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{needs importance that the device does not have}}
  %0:2 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%z : tensor<8xi32>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>, tensor<8xi32>
  return %0#0, %0#1 : tensor<2x1x64xi16>, tensor<8xi32>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>, %p: tensor<4xi32>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %e = tensor.empty() : tensor<2x4x64xi16>
  %g = rarefy.gather dim 1 ins(%k, %p : tensor<2x8x64xi16>, tensor<4xi32>) outs(%e : tensor<2x4x64xi16>) -> tensor<2x4x64xi16>
  // expected-error@+1 {{needs a list of tokens that the device no longer has}}
  %0 = rarefy.attention ins(%q, %g, %g : tensor<2x1x64xi16>, tensor<2x4x64xi16>, tensor<2x4x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>, %p: tensor<8xi32>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %e = tensor.empty() : tensor<2x8x64xi16>
  %g = rarefy.gather dim 1 ins(%k, %p : tensor<2x8x64xi16>, tensor<8xi32>) outs(%e : tensor<2x8x64xi16>) -> tensor<2x8x64xi16>
  // expected-error@+1 {{has keys and values of different tokens}}
  %0 = rarefy.attention ins(%q, %g, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>, %p: tensor<8xi32>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %z = arith.constant dense<0> : tensor<8xi32>
  %e = tensor.empty() : tensor<2x8x64xi16>
  %g = rarefy.gather dim 1 ins(%k, %p : tensor<2x8x64xi16>, tensor<8xi32>) outs(%e : tensor<2x8x64xi16>) -> tensor<2x8x64xi16>
  // expected-error@+1 {{needs a list of tokens that the device no longer has}}
  %0:2 = rarefy.attention ins(%q, %g, %g : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%z : tensor<8xi32>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>, tensor<8xi32>
  return %0#0 : tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %p: tensor<32xi32>) -> tensor<2x1x32xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x32xi16>
  %e = tensor.empty() : tensor<2x8x32xi16>
  // expected-error@+1 {{gathers what is neither heads nor tokens of an argument nor importance}}
  %g = rarefy.gather dim 2 ins(%k, %p : tensor<2x8x64xi16>, tensor<32xi32>) outs(%e : tensor<2x8x32xi16>) -> tensor<2x8x32xi16>
  %0 = rarefy.attention ins(%q, %k, %g : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x32xi16>)
    outs(%o : tensor<2x1x32xi16>) {scale = 1.0 : f32} -> tensor<2x1x32xi16>
  return %0 : tensor<2x1x32xi16>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>, %p: tensor<8xi32>, %w: tensor<8xi32>) -> (tensor<2x1x64xi16>, tensor<8xi32>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %z = arith.constant dense<0> : tensor<8xi32>
  %0:2 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%z : tensor<8xi32>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>, tensor<8xi32>
  // expected-error@+1 {{puts back what is no importance from there}}
  %s = rarefy.scatter dim 0 ins(%0#1, %p : tensor<8xi32>, tensor<8xi32>) outs(%w : tensor<8xi32>) -> tensor<8xi32>
  return %0#0, %s : tensor<2x1x64xi16>, tensor<8xi32>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>, %w: tensor<9xi32>) -> (tensor<2x1x64xi16>, tensor<9xi32>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %z = arith.constant dense<0> : tensor<8xi32>
  %0:2 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%z : tensor<8xi32>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>, tensor<8xi32>
  // expected-error@+1 {{puts importance back where it did not come from}}
  %s = tensor.insert_slice %0#1 into %w[0] [8] [1] : tensor<8xi32> into tensor<9xi32>
  return %0#0, %s : tensor<2x1x64xi16>, tensor<9xi32>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>, %n: tensor<2x1x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{overwrites a tensor that is still read}}
  %a = tensor.insert_slice %n into %k[0, 7, 0] [2, 1, 64] [1, 1, 1] : tensor<2x1x64xi16> into tensor<2x8x64xi16>
  %s = tensor.extract_slice %k[0, 0, 0] [2, 4, 64] [1, 1, 1] : tensor<2x8x64xi16> to tensor<2x4x64xi16>
  %0 = rarefy.attention ins(%q, %a, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>, %r: tensor<8xi32>) -> (tensor<2x1x64xi16>, tensor<8xi32>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %0 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  // expected-error@+1 {{returns operand 1, which is neither an output nor the importance of all tokens or heads}}
  return %0, %r : tensor<2x1x64xi16>, tensor<8xi32>
}
