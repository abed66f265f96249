// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml -split-input-file -verify-diagnostics

func.func @f(%q: tensor<4x1x64xi16>, %k: tensor<4x8x64xi16>, %h: tensor<2xi32>) -> (tensor<2x1x64xi16>) attributes {spatten.program} {
  %o2 = tensor.empty() : tensor<2x1x64xi16>
  %e = tensor.empty() : tensor<2x8x64xi16>
  %gq = rarefy.gather dim 0 ins(%q, %h : tensor<4x1x64xi16>, tensor<2xi32>) outs(%o2 : tensor<2x1x64xi16>) -> tensor<2x1x64xi16>
  %gk = rarefy.gather dim 0 ins(%k, %h : tensor<4x8x64xi16>, tensor<2xi32>) outs(%e : tensor<2x8x64xi16>) -> tensor<2x8x64xi16>
  // expected-error@+1 {{needs a list of heads that the device no longer has}}
  %a = rarefy.attention ins(%gq, %gk, %gk : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o2 : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %a : tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<4x1x64xi16>, %k: tensor<4x8x64xi16>) -> (tensor<4x1x64xi16>, tensor<2x1x64xi16>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<4x1x64xi16>
  %o2 = tensor.empty() : tensor<2x1x64xi16>
  %e = tensor.empty() : tensor<2x8x64xi16>
  %i = tensor.empty() : tensor<2xi32>
  %z = arith.constant dense<0> : tensor<4xi64>
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<4x1x64xi16>, tensor<4x8x64xi16>, tensor<4x8x64xi16>)
    outs(%o : tensor<4x1x64xi16>) head_importance(%z : tensor<4xi64>) {scale = 1.0 : f32} -> tensor<4x1x64xi16>, tensor<4xi64>
  %p = rarefy.topk ins(%0#1 : tensor<4xi64>) outs(%i : tensor<2xi32>) -> tensor<2xi32>
  %s = tensor.extract_slice %q[0, 0, 0] [2, 1, 64] [1, 1, 1] : tensor<4x1x64xi16> to tensor<2x1x64xi16>
  %gq = rarefy.gather dim 0 ins(%q, %p : tensor<4x1x64xi16>, tensor<2xi32>) outs(%o2 : tensor<2x1x64xi16>) -> tensor<2x1x64xi16>
  %gk = rarefy.gather dim 0 ins(%k, %p : tensor<4x8x64xi16>, tensor<2xi32>) outs(%e : tensor<2x8x64xi16>) -> tensor<2x8x64xi16>
  // expected-error@+1 {{has queries, keys and values of different heads}}
  %a = rarefy.attention ins(%s, %gk, %gk : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o2 : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %0#0, %a : tensor<4x1x64xi16>, tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<4x1x64xi16>, %k: tensor<4x8x64xi16>, %h: tensor<2xi32>) -> (tensor<4x1x64xi16>, tensor<2x1x64xi16>, tensor<2xi64>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<4x1x64xi16>
  %o2 = tensor.empty() : tensor<2x1x64xi16>
  %e = tensor.empty() : tensor<2x8x64xi16>
  %i = tensor.empty() : tensor<2xi32>
  %j = tensor.empty() : tensor<2xi64>
  %z = arith.constant dense<0> : tensor<4xi64>
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<4x1x64xi16>, tensor<4x8x64xi16>, tensor<4x8x64xi16>)
    outs(%o : tensor<4x1x64xi16>) head_importance(%z : tensor<4xi64>) {scale = 1.0 : f32} -> tensor<4x1x64xi16>, tensor<4xi64>
  %p = rarefy.topk ins(%0#1 : tensor<4xi64>) outs(%i : tensor<2xi32>) -> tensor<2xi32>
  %gq = rarefy.gather dim 0 ins(%q, %p : tensor<4x1x64xi16>, tensor<2xi32>) outs(%o2 : tensor<2x1x64xi16>) -> tensor<2x1x64xi16>
  %gk = rarefy.gather dim 0 ins(%k, %p : tensor<4x8x64xi16>, tensor<2xi32>) outs(%e : tensor<2x8x64xi16>) -> tensor<2x8x64xi16>
  %y = rarefy.gather dim 0 ins(%0#1, %h : tensor<4xi64>, tensor<2xi32>) outs(%j : tensor<2xi64>) -> tensor<2xi64>
  // expected-error@+1 {{counts the importance of other heads than its own}}
  %a:2 = rarefy.attention ins(%gq, %gk, %gk : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o2 : tensor<2x1x64xi16>) head_importance(%y : tensor<2xi64>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>, tensor<2xi64>
  return %0#0, %a#0, %a#1 : tensor<4x1x64xi16>, tensor<2x1x64xi16>, tensor<2xi64>
}

// -----

func.func @f(%q: tensor<4x1x64xi16>, %k: tensor<4x8x64xi16>) -> (tensor<4x1x64xi16>, tensor<2x1x64xi16>, tensor<2xi64>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<4x1x64xi16>
  %o2 = tensor.empty() : tensor<2x1x64xi16>
  %e = tensor.empty() : tensor<2x8x64xi16>
  %i = tensor.empty() : tensor<2xi32>
  %j = tensor.empty() : tensor<2xi64>
  %z = arith.constant dense<0> : tensor<4xi64>
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<4x1x64xi16>, tensor<4x8x64xi16>, tensor<4x8x64xi16>)
    outs(%o : tensor<4x1x64xi16>) head_importance(%z : tensor<4xi64>) {scale = 1.0 : f32} -> tensor<4x1x64xi16>, tensor<4xi64>
  %p = rarefy.topk ins(%0#1 : tensor<4xi64>) outs(%i : tensor<2xi32>) -> tensor<2xi32>
  %gq = rarefy.gather dim 0 ins(%q, %p : tensor<4x1x64xi16>, tensor<2xi32>) outs(%o2 : tensor<2x1x64xi16>) -> tensor<2x1x64xi16>
  %gk = rarefy.gather dim 0 ins(%k, %p : tensor<4x8x64xi16>, tensor<2xi32>) outs(%e : tensor<2x8x64xi16>) -> tensor<2x8x64xi16>
  // expected-error@+1 {{gathers importance of heads that the device does not have}}
  %y = rarefy.gather dim 0 ins(%z, %p : tensor<4xi64>, tensor<2xi32>) outs(%j : tensor<2xi64>) -> tensor<2xi64>
  %a:2 = rarefy.attention ins(%gq, %gk, %gk : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o2 : tensor<2x1x64xi16>) head_importance(%y : tensor<2xi64>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>, tensor<2xi64>
  return %0#0, %a#0, %a#1 : tensor<4x1x64xi16>, tensor<2x1x64xi16>, tensor<2xi64>
}

// -----

func.func @f(%q: tensor<4x1x64xi16>, %k: tensor<4x8x64xi16>) -> (tensor<4x1x64xi16>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<4x1x64xi16>
  %i = tensor.empty() : tensor<2xi32>
  %z = arith.constant dense<0> : tensor<4xi64>
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<4x1x64xi16>, tensor<4x8x64xi16>, tensor<4x8x64xi16>)
    outs(%o : tensor<4x1x64xi16>) head_importance(%z : tensor<4xi64>) {scale = 1.0 : f32} -> tensor<4x1x64xi16>, tensor<4xi64>
  // expected-error@+1 {{selects by an importance of heads that the device does not have}}
  %p = rarefy.topk ins(%z : tensor<4xi64>) outs(%i : tensor<2xi32>) -> tensor<2xi32>
  return %0#0 : tensor<4x1x64xi16>
}

// -----

func.func @f(%q: tensor<4x1x64xi16>, %k: tensor<4x8x64xi16>) -> (tensor<4x1x64xi16>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<4x1x64xi16>
  %z = arith.constant dense<0> : tensor<4xi64>
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<4x1x64xi16>, tensor<4x8x64xi16>, tensor<4x8x64xi16>)
    outs(%o : tensor<4x1x64xi16>) head_importance(%z : tensor<4xi64>) {scale = 1.0 : f32} -> tensor<4x1x64xi16>, tensor<4xi64>
  %c = arith.constant 2 : index
  %d = tensor.empty(%c) : tensor<?xi32>
  // expected-error@+1 {{selects a number of heads that is not constant}}
  %p = rarefy.topk ins(%0#1 : tensor<4xi64>) outs(%d : tensor<?xi32>) -> tensor<?xi32>
  return %0#0 : tensor<4x1x64xi16>
}

// -----

func.func @f(%q: tensor<4x1x64xi16>, %k: tensor<4x8x64xi16>) -> (tensor<4x1x64xi16>, tensor<2x1x64xi16>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<4x1x64xi16>
  %o2 = tensor.empty() : tensor<2x1x64xi16>
  %e = tensor.empty() : tensor<2x8x64xi16>
  %i = tensor.empty() : tensor<2xi32>
  %z = arith.constant dense<0> : tensor<4xi64>
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<4x1x64xi16>, tensor<4x8x64xi16>, tensor<4x8x64xi16>)
    outs(%o : tensor<4x1x64xi16>) head_importance(%z : tensor<4xi64>) {scale = 1.0 : f32} -> tensor<4x1x64xi16>, tensor<4xi64>
  %p = rarefy.topk ins(%0#1 : tensor<4xi64>) outs(%i : tensor<2xi32>) -> tensor<2xi32>
  %gq = rarefy.gather dim 0 ins(%q, %p : tensor<4x1x64xi16>, tensor<2xi32>) outs(%o2 : tensor<2x1x64xi16>) -> tensor<2x1x64xi16>
  %gk = rarefy.gather dim 0 ins(%k, %p : tensor<4x8x64xi16>, tensor<2xi32>) outs(%e : tensor<2x8x64xi16>) -> tensor<2x8x64xi16>
  %a = rarefy.attention ins(%gq, %gk, %gk : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o2 : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  // expected-error@+1 {{selects among heads that the device no longer has}}
  %r = rarefy.topk ins(%0#1 : tensor<4xi64>) outs(%i : tensor<2xi32>) -> tensor<2xi32>
  return %0#0, %a : tensor<4x1x64xi16>, tensor<2x1x64xi16>
}

// -----

func.func @f(%q: tensor<4x1x64xi16>, %k: tensor<4x8x64xi16>, %h: tensor<2xi32>) -> tensor<4x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<4x1x64xi16>
  %e = tensor.empty() : tensor<2x8x64xi16>
  %gk = rarefy.gather dim 0 ins(%k, %h : tensor<4x8x64xi16>, tensor<2xi32>) outs(%e : tensor<2x8x64xi16>) -> tensor<2x8x64xi16>
  // expected-error@+1 {{has selected heads that share keys, the device takes those with keys of their own}}
  %a = rarefy.attention ins(%q, %gk, %gk : tensor<4x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<4x1x64xi16>) {scale = 1.0 : f32} -> tensor<4x1x64xi16>
  return %a : tensor<4x1x64xi16>
}
