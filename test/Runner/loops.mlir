// Loops that pass tensors on, in both lowerings.

// Each turn swaps the two.
// RUN: rarefy-run %s --entry=swap --check --print=0 | FileCheck %s
// CHECK: result 0: 8x5xf32{{$}}
// CHECK-NEXT: check passed
// CHECK-NEXT: result 1: 8x5xf32{{$}}
// CHECK-NEXT: check passed
func.func @swap(%x: tensor<8x5xf32>, %y: tensor<8x5xf32>) -> (tensor<8x5xf32>, tensor<8x5xf32>) {
  %from = arith.constant 0 : index
  %to = arith.constant 5 : index
  %step = arith.constant 1 : index
  %r:2 = scf.for %i = %from to %to step %step iter_args(%a = %x, %b = %y) -> (tensor<8x5xf32>, tensor<8x5xf32>) {
    %sum = arith.addf %a, %b : tensor<8x5xf32>
    scf.yield %b, %sum : tensor<8x5xf32>, tensor<8x5xf32>
  }
  return %r#0, %r#1 : tensor<8x5xf32>, tensor<8x5xf32>
}

// Each turn yields a tensor of another size.
// RUN: rarefy-run %s --entry=grow --shape=0=3 --check | FileCheck %s --check-prefix=GROW
// GROW: result 0: 24xf32 [[[A:[^,]*]], [[A]],
// GROW-NEXT: check passed
func.func @grow(%x: tensor<?xf32>) -> tensor<?xf32> {
  %from = arith.constant 0 : index
  %to = arith.constant 3 : index
  %step = arith.constant 1 : index
  %two = arith.constant 2 : index
  %r = scf.for %i = %from to %to step %step iter_args(%a = %x) -> (tensor<?xf32>) {
    %size = tensor.dim %a, %from : tensor<?xf32>
    %double = arith.muli %size, %two : index
    %empty = tensor.empty(%double) : tensor<?xf32>
    %twice = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        outs(%empty : tensor<?xf32>) {
    ^bb0(%o: f32):
      %at = linalg.index 0 : index
      %half = arith.divui %at, %two : index
      %element = tensor.extract %a[%half] : tensor<?xf32>
      linalg.yield %element : f32
    } -> tensor<?xf32>
    scf.yield %twice : tensor<?xf32>
  }
  return %r : tensor<?xf32>
}
