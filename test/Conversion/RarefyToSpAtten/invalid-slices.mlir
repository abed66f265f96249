// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml -split-input-file -verify-diagnostics

// A part of each row is no rows.
func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x128xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{has no constant offsets and sizes of whole rows, with strides of 1}}
  %s = tensor.extract_slice %k[0, 0, 64] [2, 8, 64] [1, 1, 1] : tensor<2x8x128xi16> to tensor<2x8x64xi16>
  %0 = rarefy.attention ins(%q, %s, %s : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

// Of what is in front of heads, one place is taken.
func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x3x8x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{has no constant offsets and sizes of whole rows, with strides of 1}}
  %s = tensor.extract_slice %k[0, 1, 0, 0] [2, 1, 8, 64] [1, 1, 1, 1] : tensor<2x3x8x64xi16> to tensor<2x8x64xi16>
  %0 = rarefy.attention ins(%q, %s, %s : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

// Two heads lie side by side.
func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<4x8x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{takes one head of a pair, 6 bits lie in pairs}}
  %s = tensor.extract_slice %k[1, 0, 0] [2, 8, 64] [1, 1, 1] : tensor<4x8x64xi16> to tensor<2x8x64xi16>
  %0 = rarefy.attention ins(%q, %s, %s : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32, value_bits = 6, planes = #rarefy.planes<msb = 6, lsb = 0, threshold = 0.0>} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

// Tokens are appended layer by layer.
func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<3x2x8x64xi16>, %n: tensor<3x2x1x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{appends to more than one set of heads}}
  %a = tensor.insert_slice %n into %k[0, 0, 7, 0] [3, 2, 1, 64] [1, 1, 1, 1] : tensor<3x2x1x64xi16> into tensor<3x2x8x64xi16>
  %s = tensor.extract_slice %a[0, 0, 0, 0] [1, 2, 8, 64] [1, 1, 1, 1] : tensor<3x2x8x64xi16> to tensor<2x8x64xi16>
  %0 = rarefy.attention ins(%q, %s, %s : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

// Results have outputs alone.
func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>) -> (tensor<2x1x64xi16>, tensor<2x1x64xi16>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %0 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  // expected-error@+1 {{returns operand 1, which is neither an output nor the importance of all tokens or heads}}
  return %0, %q : tensor<2x1x64xi16>, tensor<2x1x64xi16>
}

// -----

// What an output is inserted into would be lost.
func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %r: tensor<2x2x1x64xi16>) -> tensor<2x2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  // expected-error@+1 {{has an output that is not inserted into a result of outputs at constant offsets}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  %1 = tensor.insert_slice %0 into %r[0, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<2x1x64xi16> into tensor<2x2x1x64xi16>
  return %1 : tensor<2x2x1x64xi16>
}

// -----

// Outputs are rows of heads.
// expected-error@+1 {{has a result of type 'tensor<2xi16>', a program has outputs of [.., heads, rows, depth] and importance}}
func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>) -> (tensor<2x1x64xi16>, tensor<2xi16>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %e = tensor.empty() : tensor<2xi16>
  %0 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0, %e : tensor<2x1x64xi16>, tensor<2xi16>
}

// -----

// A list of all tokens takes from the importance of all.
func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>) -> (tensor<2x1x64xi16>, tensor<2xi32>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %z = arith.constant dense<0> : tensor<8xi32>
  %i4 = tensor.empty() : tensor<4xi32>
  %i2 = tensor.empty() : tensor<2xi32>
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%z : tensor<8xi32>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>, tensor<8xi32>
  %p = rarefy.topk ins(%0#1 : tensor<8xi32>) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  %p2 = rarefy.topk ins(%0#1 : tensor<8xi32>) outs(%i2 : tensor<2xi32>) -> tensor<2xi32>
  %a = rarefy.gather dim 0 ins(%0#1, %p : tensor<8xi32>, tensor<4xi32>) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  // expected-error@+1 {{gathers from a part of an importance}}
  %b = rarefy.gather dim 0 ins(%a, %p2 : tensor<4xi32>, tensor<2xi32>) outs(%i2 : tensor<2xi32>) -> tensor<2xi32>
  return %0#0, %b : tensor<2x1x64xi16>, tensor<2xi32>
}

// -----

// Beside outputs there are no rows of arguments.
func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>) -> tensor<2x2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %e = tensor.empty() : tensor<2x2x1x64xi16>
  %0 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  %1 = tensor.insert_slice %0 into %e[0, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<2x1x64xi16> into tensor<2x2x1x64xi16>
  // expected-error@+1 {{inserts what is neither an output nor all rows of a part of an argument}}
  %2 = tensor.insert_slice %q into %1[1, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<2x1x64xi16> into tensor<2x2x1x64xi16>
  return %2 : tensor<2x2x1x64xi16>
}

// -----

// Outputs are stored when they are there, not where they are inserted.
func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %0 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  %1 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 2.0 : f32} -> tensor<2x1x64xi16>
  %2 = tensor.insert_slice %1 into %o[0, 0, 0] [2, 1, 64] [1, 1, 1] : tensor<2x1x64xi16> into tensor<2x1x64xi16>
  // expected-error@+1 {{overwrites another output}}
  %3 = tensor.insert_slice %0 into %2[0, 0, 0] [2, 1, 64] [1, 1, 1] : tensor<2x1x64xi16> into tensor<2x1x64xi16>
  return %3 : tensor<2x1x64xi16>
}
