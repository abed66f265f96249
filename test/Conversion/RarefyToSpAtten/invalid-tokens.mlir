// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml -split-input-file -verify-diagnostics

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>) -> (tensor<2x1x64xi16>, tensor<2x1x64xi16>, tensor<4xi32>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %z = arith.constant dense<0> : tensor<8xi32>
  %a:2 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%z : tensor<8xi32>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>, tensor<8xi32>
  %e = tensor.empty() : tensor<4xi32>
  %e2 = tensor.empty() : tensor<2x4x64xi16>
  %z4 = arith.constant dense<0> : tensor<4xi32>
  %p = rarefy.topk ins(%a#1 : tensor<8xi32>) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  %g = rarefy.gather dim 1 ins(%k, %p : tensor<2x8x64xi16>, tensor<4xi32>) outs(%e2 : tensor<2x4x64xi16>) -> tensor<2x4x64xi16>
  // expected-error@+1 {{counts the importance of other tokens than its keys}}
  %0:2 = rarefy.attention ins(%q, %g, %g : tensor<2x1x64xi16>, tensor<2x4x64xi16>, tensor<2x4x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%z4 : tensor<4xi32>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>, tensor<4xi32>
  return %a#0, %0#0, %0#1 : tensor<2x1x64xi16>, tensor<2x1x64xi16>, tensor<4xi32>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %z = arith.constant dense<0> : tensor<8xi32>
  %0:2 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%z : tensor<8xi32>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>, tensor<8xi32>
  %c = arith.constant 3 : index
  %d = tensor.empty(%c) : tensor<?xi32>
  // expected-error@+1 {{selects a number of tokens that is not constant}}
  %p = rarefy.topk ins(%0#1 : tensor<8xi32>) outs(%d : tensor<?xi32>) -> tensor<?xi32>
  return %0#0 : tensor<2x1x64xi16>
}

// -----

// expected-error@+1 {{expects one block to become a program}}
func.func @f() attributes {spatten.program} {
  cf.br ^next
^next:
  return
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>) -> (tensor<2x1x64xi16>, tensor<8xi32>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %z = arith.constant dense<0> : tensor<2049xi32>
  %s = tensor.extract_slice %z[0] [8] [1] : tensor<2049xi32> to tensor<8xi32>
  // expected-error@+1 {{counts the importance of 2049 tokens, the device counts 2048}}
  %0:2 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%s : tensor<8xi32>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>, tensor<8xi32>
  return %0#0, %0#1 : tensor<2x1x64xi16>, tensor<8xi32>
}

// -----

func.func @f(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>, %v: tensor<2x8x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %z = arith.constant dense<0> : tensor<8xi32>
  %0:2 = rarefy.attention ins(%q, %k, %v : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%z : tensor<8xi32>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>, tensor<8xi32>
  %e = tensor.empty() : tensor<4xi32>
  %p = rarefy.topk ins(%0#1 : tensor<8xi32>) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  %i = rarefy.gather dim 0 ins(%0#1, %p : tensor<8xi32>, tensor<4xi32>) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  // expected-error@+1 {{selects among tokens that the device no longer has}}
  %r = rarefy.topk ins(%i : tensor<4xi32>) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  return %0#0 : tensor<2x1x64xi16>
}

// -----

// The device has counted behind the slice, where this says zero.
func.func @slice(%q: tensor<1x1x64xi16>, %k: tensor<1x8x64xi16>) -> (tensor<1x1x64xi16>, tensor<8xi32>)
    attributes {spatten.program} {
  %o = tensor.empty() : tensor<1x1x64xi16>
  %z = arith.constant dense<0> : tensor<8xi32>
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<1x1x64xi16>, tensor<1x8x64xi16>, tensor<1x8x64xi16>)
    outs(%o : tensor<1x1x64xi16>) token_importance(%z : tensor<8xi32>) {scale = 1.0e-6 : f32} -> tensor<1x1x64xi16>, tensor<8xi32>
  %s = tensor.extract_slice %0#1[0] [5] [1] : tensor<8xi32> to tensor<5xi32>
  // expected-error@+1 {{puts importance back where it did not come from}}
  %w = tensor.insert_slice %s into %z[0] [5] [1] : tensor<5xi32> into tensor<8xi32>
  return %0#0, %w : tensor<1x1x64xi16>, tensor<8xi32>
}
