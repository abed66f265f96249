// RUN: rarefy-opt %s --rarefy-observe-attention -split-input-file -verify-diagnostics

// expected-error@+1 {{expected a function that nothing calls, as it gets one more result, found uses of 'layer'}}
func.func private @layer(%x: tensor<4x8x16xf32>) -> tensor<4x8x16xf32> {
  %init = tensor.empty() : tensor<4x8x16xf32>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>)
    outs(%init : tensor<4x8x16xf32>) {scale = 0.5 : f32} -> tensor<4x8x16xf32>
  return %0 : tensor<4x8x16xf32>
}
func.func @main(%x: tensor<4x8x16xf32>) -> tensor<4x8x16xf32> {
  %0 = call @layer(%x) : (tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  return %0 : tensor<4x8x16xf32>
}

// -----

func.func @loop(%x: tensor<4x8x16xf32>, %n: index) -> tensor<4x8x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %init = tensor.empty() : tensor<4x8x16xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%y = %x) -> tensor<4x8x16xf32> {
    // expected-error@+1 {{expected attention outside of control flow, to observe it}}
    %0 = rarefy.attention ins(%y, %y, %y : tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>)
      outs(%init : tensor<4x8x16xf32>) {scale = 0.5 : f32} -> tensor<4x8x16xf32>
    scf.yield %0 : tensor<4x8x16xf32>
  }
  return %r : tensor<4x8x16xf32>
}
