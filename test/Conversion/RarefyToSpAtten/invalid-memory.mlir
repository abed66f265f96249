// What would read other rows or counts than the function does.
// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml -split-input-file -verify-diagnostics

// Rows for queries: only keys and values grow.
func.func @queries(%q: tensor<1x2x64xi16>, %n: tensor<1x1x64xi16>, %k: tensor<1x8x64xi16>) -> tensor<1x2x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<1x2x64xi16>
  // expected-error@+1 {{appends to an argument that is read as queries}}
  %q1 = tensor.insert_slice %n into %q[0, 1, 0] [1, 1, 64] [1, 1, 1] : tensor<1x1x64xi16> into tensor<1x2x64xi16>
  %0 = rarefy.attention ins(%q1, %k, %k : tensor<1x2x64xi16>, tensor<1x8x64xi16>, tensor<1x8x64xi16>)
    outs(%o : tensor<1x2x64xi16>) {scale = 1.0e-2 : f32} -> tensor<1x2x64xi16>
  return %0 : tensor<1x2x64xi16>
}

// -----

// A slice lies where the argument does, which is read as it was.
func.func @slice(%q: tensor<1x1x64xi16>, %k: tensor<1x8x64xi16>, %n: tensor<1x1x64xi16>) -> (tensor<1x1x64xi16>, tensor<1x1x64xi16>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<1x1x64xi16>
  %s = tensor.extract_slice %k[0, 0, 0] [1, 6, 64] [1, 1, 1] : tensor<1x8x64xi16> to tensor<1x6x64xi16>
  // expected-error@+1 {{overwrites a tensor that is still read}}
  %s1 = tensor.insert_slice %n into %s[0, 5, 0] [1, 1, 64] [1, 1, 1] : tensor<1x1x64xi16> into tensor<1x6x64xi16>
  %0 = rarefy.attention ins(%q, %s1, %s1 : tensor<1x1x64xi16>, tensor<1x6x64xi16>, tensor<1x6x64xi16>)
    outs(%o : tensor<1x1x64xi16>) {scale = 1.0e-2 : f32} -> tensor<1x1x64xi16>
  %1 = rarefy.attention ins(%q, %k, %k : tensor<1x1x64xi16>, tensor<1x8x64xi16>, tensor<1x8x64xi16>)
    outs(%o : tensor<1x1x64xi16>) {scale = 1.0e-2 : f32} -> tensor<1x1x64xi16>
  return %0, %1 : tensor<1x1x64xi16>, tensor<1x1x64xi16>
}

// -----

// Another slice shares a row with it.
func.func @overlap(%q: tensor<1x1x64xi16>, %k: tensor<1x8x64xi16>, %n: tensor<1x1x64xi16>) -> (tensor<1x1x64xi16>, tensor<1x1x64xi16>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<1x1x64xi16>
  %s = tensor.extract_slice %k[0, 0, 0] [1, 6, 64] [1, 1, 1] : tensor<1x8x64xi16> to tensor<1x6x64xi16>
  %t = tensor.extract_slice %k[0, 2, 0] [1, 6, 64] [1, 1, 1] : tensor<1x8x64xi16> to tensor<1x6x64xi16>
  // expected-error@+1 {{overwrites a tensor that is still read}}
  %s1 = tensor.insert_slice %n into %s[0, 5, 0] [1, 1, 64] [1, 1, 1] : tensor<1x1x64xi16> into tensor<1x6x64xi16>
  %0 = rarefy.attention ins(%q, %s1, %s1 : tensor<1x1x64xi16>, tensor<1x6x64xi16>, tensor<1x6x64xi16>)
    outs(%o : tensor<1x1x64xi16>) {scale = 1.0e-2 : f32} -> tensor<1x1x64xi16>
  %1 = rarefy.attention ins(%q, %t, %t : tensor<1x1x64xi16>, tensor<1x6x64xi16>, tensor<1x6x64xi16>)
    outs(%o : tensor<1x1x64xi16>) {scale = 1.0e-2 : f32} -> tensor<1x1x64xi16>
  return %0, %1 : tensor<1x1x64xi16>, tensor<1x1x64xi16>
}

// -----

// Places among the kept tokens are not those tokens.
func.func @places(%q: tensor<1x1x64xi16>, %k: tensor<1x8x64xi16>) -> (tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<1x1x64xi16>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<1x1x64xi16>
  %z = arith.constant dense<0> : tensor<8xi32>
  %i4 = tensor.empty() : tensor<4xi32>
  %i2 = tensor.empty() : tensor<2xi32>
  %e4 = tensor.empty() : tensor<1x4x64xi16>
  %e2 = tensor.empty() : tensor<1x2x64xi16>
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<1x1x64xi16>, tensor<1x8x64xi16>, tensor<1x8x64xi16>)
    outs(%o : tensor<1x1x64xi16>) token_importance(%z : tensor<8xi32>) {scale = 1.0e-2 : f32} -> tensor<1x1x64xi16>, tensor<8xi32>
  %a = rarefy.topk ins(%0#1 : tensor<8xi32>) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  %g = rarefy.gather dim 1 ins(%k, %a : tensor<1x8x64xi16>, tensor<4xi32>) outs(%e4 : tensor<1x4x64xi16>) -> tensor<1x4x64xi16>
  %b = rarefy.gather dim 0 ins(%0#1, %a : tensor<8xi32>, tensor<4xi32>) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  %1:2 = rarefy.attention ins(%q, %g, %g : tensor<1x1x64xi16>, tensor<1x4x64xi16>, tensor<1x4x64xi16>)
    outs(%o : tensor<1x1x64xi16>) token_importance(%b : tensor<4xi32>) {scale = 1.0e-2 : f32} -> tensor<1x1x64xi16>, tensor<4xi32>
  %p = rarefy.topk ins(%1#1 : tensor<4xi32>) outs(%i2 : tensor<2xi32>) -> tensor<2xi32>
  // expected-error@+1 {{gathers by places in a list of positions, and no positions}}
  %h = rarefy.gather dim 1 ins(%k, %p : tensor<1x8x64xi16>, tensor<2xi32>) outs(%e2 : tensor<1x2x64xi16>) -> tensor<1x2x64xi16>
  %2 = rarefy.attention ins(%q, %h, %h : tensor<1x1x64xi16>, tensor<1x2x64xi16>, tensor<1x2x64xi16>)
    outs(%o : tensor<1x1x64xi16>) {scale = 1.0e-2 : f32} -> tensor<1x1x64xi16>
  return %0#0, %1#0, %2 : tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<1x1x64xi16>
}

// -----

// The counters have gone on.
func.func @stale(%q: tensor<1x1x64xi16>, %k: tensor<1x8x64xi16>) -> (tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<8xi32>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<1x1x64xi16>
  %z = arith.constant dense<0> : tensor<8xi32>
  %i4 = tensor.empty() : tensor<4xi32>
  %i2 = tensor.empty() : tensor<2xi32>
  %e4 = tensor.empty() : tensor<1x4x64xi16>
  %e2 = tensor.empty() : tensor<1x2x64xi16>
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<1x1x64xi16>, tensor<1x8x64xi16>, tensor<1x8x64xi16>)
    outs(%o : tensor<1x1x64xi16>) token_importance(%z : tensor<8xi32>) {scale = 1.0e-2 : f32} -> tensor<1x1x64xi16>, tensor<8xi32>
  %a = rarefy.topk ins(%0#1 : tensor<8xi32>) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  %g = rarefy.gather dim 1 ins(%k, %a : tensor<1x8x64xi16>, tensor<4xi32>) outs(%e4 : tensor<1x4x64xi16>) -> tensor<1x4x64xi16>
  %b = rarefy.gather dim 0 ins(%0#1, %a : tensor<8xi32>, tensor<4xi32>) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  %1:2 = rarefy.attention ins(%q, %g, %g : tensor<1x1x64xi16>, tensor<1x4x64xi16>, tensor<1x4x64xi16>)
    outs(%o : tensor<1x1x64xi16>) token_importance(%b : tensor<4xi32>) {scale = 1.0e-2 : f32} -> tensor<1x1x64xi16>, tensor<4xi32>
  %2:2 = rarefy.attention ins(%q, %g, %g : tensor<1x1x64xi16>, tensor<1x4x64xi16>, tensor<1x4x64xi16>)
    outs(%o : tensor<1x1x64xi16>) token_importance(%1#1 : tensor<4xi32>) {scale = 1.0e-2 : f32} -> tensor<1x1x64xi16>, tensor<4xi32>
  %p = rarefy.topk ins(%2#1 : tensor<4xi32>) outs(%i2 : tensor<2xi32>) -> tensor<2xi32>
  %l = rarefy.gather dim 0 ins(%a, %p : tensor<4xi32>, tensor<2xi32>) outs(%i2 : tensor<2xi32>) -> tensor<2xi32>
  %h = rarefy.gather dim 1 ins(%k, %l : tensor<1x8x64xi16>, tensor<2xi32>) outs(%e2 : tensor<1x2x64xi16>) -> tensor<1x2x64xi16>
  %3 = rarefy.attention ins(%q, %h, %h : tensor<1x1x64xi16>, tensor<1x2x64xi16>, tensor<1x2x64xi16>)
    outs(%o : tensor<1x1x64xi16>) {scale = 1.0e-2 : f32} -> tensor<1x1x64xi16>
  // expected-error@+1 {{puts back importance that the device no longer has}}
  %w = rarefy.scatter dim 0 ins(%1#1, %a : tensor<4xi32>, tensor<4xi32>) outs(%0#1 : tensor<8xi32>) -> tensor<8xi32>
  return %0#0, %1#0, %2#0, %3, %w : tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<8xi32>
}

// -----

// Neither are places of such places.
func.func @nested_places(%q: tensor<1x1x64xi16>, %k: tensor<1x16x64xi16>)
    -> (tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<1x1x64xi16>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<1x1x64xi16>
  %z = arith.constant dense<0> : tensor<16xi32>
  %i8 = tensor.empty() : tensor<8xi32>
  %i4 = tensor.empty() : tensor<4xi32>
  %i2 = tensor.empty() : tensor<2xi32>
  %e8 = tensor.empty() : tensor<1x8x64xi16>
  %e4 = tensor.empty() : tensor<1x4x64xi16>
  %e2 = tensor.empty() : tensor<1x2x64xi16>
  %a0:2 = rarefy.attention ins(%q, %k, %k : tensor<1x1x64xi16>, tensor<1x16x64xi16>, tensor<1x16x64xi16>)
    outs(%o : tensor<1x1x64xi16>) token_importance(%z : tensor<16xi32>) {scale = 1.0e-6 : f32} -> tensor<1x1x64xi16>, tensor<16xi32>
  %l0 = rarefy.topk ins(%a0#1 : tensor<16xi32>) outs(%i8 : tensor<8xi32>) -> tensor<8xi32>
  %k1 = rarefy.gather dim 1 ins(%k, %l0 : tensor<1x16x64xi16>, tensor<8xi32>) outs(%e8 : tensor<1x8x64xi16>) -> tensor<1x8x64xi16>
  %m1 = rarefy.gather dim 0 ins(%a0#1, %l0 : tensor<16xi32>, tensor<8xi32>) outs(%i8 : tensor<8xi32>) -> tensor<8xi32>
  %a1:2 = rarefy.attention ins(%q, %k1, %k1 : tensor<1x1x64xi16>, tensor<1x8x64xi16>, tensor<1x8x64xi16>)
    outs(%o : tensor<1x1x64xi16>) token_importance(%m1 : tensor<8xi32>) {scale = 1.0e-6 : f32} -> tensor<1x1x64xi16>, tensor<8xi32>
  %p1 = rarefy.topk ins(%a1#1 : tensor<8xi32>) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  %l1 = rarefy.gather dim 0 ins(%l0, %p1 : tensor<8xi32>, tensor<4xi32>) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  %k2 = rarefy.gather dim 1 ins(%k, %l1 : tensor<1x16x64xi16>, tensor<4xi32>) outs(%e4 : tensor<1x4x64xi16>) -> tensor<1x4x64xi16>
  %back = rarefy.scatter dim 0 ins(%a1#1, %l0 : tensor<8xi32>, tensor<8xi32>) outs(%a0#1 : tensor<16xi32>) -> tensor<16xi32>
  %m2 = rarefy.gather dim 0 ins(%back, %l1 : tensor<16xi32>, tensor<4xi32>) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  %a2:2 = rarefy.attention ins(%q, %k2, %k2 : tensor<1x1x64xi16>, tensor<1x4x64xi16>, tensor<1x4x64xi16>)
    outs(%o : tensor<1x1x64xi16>) token_importance(%m2 : tensor<4xi32>) {scale = 1.0e-6 : f32} -> tensor<1x1x64xi16>, tensor<4xi32>
  %p2 = rarefy.topk ins(%a2#1 : tensor<4xi32>) outs(%i2 : tensor<2xi32>) -> tensor<2xi32>
  %l2 = rarefy.gather dim 0 ins(%p1, %p2 : tensor<4xi32>, tensor<2xi32>) outs(%i2 : tensor<2xi32>) -> tensor<2xi32>
  // expected-error@+1 {{gathers by places in a list of positions, and no positions}}
  %k3 = rarefy.gather dim 1 ins(%k, %l2 : tensor<1x16x64xi16>, tensor<2xi32>) outs(%e2 : tensor<1x2x64xi16>) -> tensor<1x2x64xi16>
  %a3 = rarefy.attention ins(%q, %k3, %k3 : tensor<1x1x64xi16>, tensor<1x2x64xi16>, tensor<1x2x64xi16>)
    outs(%o : tensor<1x1x64xi16>) {scale = 1.0e-6 : f32} -> tensor<1x1x64xi16>
  return %a0#0, %a1#0, %a2#0, %a3 : tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<1x1x64xi16>, tensor<1x1x64xi16>
}
