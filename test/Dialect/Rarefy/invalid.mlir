// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

func.func @f(%s: tensor<f32>, %i: tensor<i32>) {
  // expected-error@+1 {{expected scores of rank 1 at least, found 0}}
  %0 = rarefy.topk ins(%s : tensor<f32>) outs(%i : tensor<i32>) -> tensor<i32>
  return
}

// -----

func.func @f(%s: tensor<2x8xf32>, %i: tensor<4xi32>) {
  // expected-error@+1 {{expected rank 2 of init, found 1}}
  %0 = rarefy.topk ins(%s : tensor<2x8xf32>) outs(%i : tensor<4xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @f(%s: tensor<2x8xf32>, %i: tensor<3x4xi32>) {
  // expected-error@+1 {{expected size 2 of dimension 0 of init (dimension 0 of scores), found 3}}
  %0 = rarefy.topk ins(%s : tensor<2x8xf32>) outs(%i : tensor<3x4xi32>) -> tensor<3x4xi32>
  return
}

// -----

func.func @f(%s: tensor<8xf32>, %i: tensor<9xi32>) {
  // expected-error@+1 {{expected at most 8 positions of 8 scores, found 9}}
  %0 = rarefy.topk ins(%s : tensor<8xf32>) outs(%i : tensor<9xi32>) -> tensor<9xi32>
  return
}

// -----

func.func @f(%s: memref<8xf32>, %i: tensor<4xi32>) {
  // expected-error@+1 {{expected only tensors or only memrefs, found 'memref<8xf32>' beside 'tensor<4xi32>'}}
  %0 = rarefy.topk ins(%s : memref<8xf32>) outs(%i : tensor<4xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @f(%s: tensor<8xf32>, %i: tensor<4xi32>) {
  // expected-error@+1 {{to match type of corresponding result}}
  %0 = rarefy.topk ins(%s : tensor<8xf32>) outs(%i : tensor<4xi32>) -> tensor<5xi32>
  return
}

// -----

func.func @f(%x: tensor<8x4xf32>, %p: tensor<3xi32>, %i: tensor<3x4xf32>) {
  // expected-error@+1 {{expected dim below the rank 2 of source, found 2}}
  %0 = rarefy.gather dim 2 ins(%x, %p : tensor<8x4xf32>, tensor<3xi32>) outs(%i : tensor<3x4xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x8x4xf32>, %p: tensor<2x8x3xi32>, %i: tensor<2x3x4xf32>) {
  // expected-error@+1 {{expected positions of rank 1 to 2, found 3}}
  %0 = rarefy.gather dim 1 ins(%x, %p : tensor<2x8x4xf32>, tensor<2x8x3xi32>) outs(%i : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @f(%x: tensor<8x4xf32>, %p: tensor<i32>, %i: tensor<3x4xf32>) {
  // expected-error@+1 {{expected positions of rank 1 to 1, found 0}}
  %0 = rarefy.gather dim 0 ins(%x, %p : tensor<8x4xf32>, tensor<i32>) outs(%i : tensor<3x4xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @f(%x: tensor<8x4xf32>, %p: tensor<3xi32>, %i: tensor<3x4x1xf32>) {
  // expected-error@+1 {{expected rank 2 of init, found 3}}
  %0 = rarefy.gather dim 0 ins(%x, %p : tensor<8x4xf32>, tensor<3xi32>) outs(%i : tensor<3x4x1xf32>) -> tensor<3x4x1xf32>
  return
}

// -----

func.func @f(%x: tensor<8x4xf32>, %p: tensor<3xi32>, %i: tensor<3x4xf16>) {
  // expected-error@+1 {{expected element type 'f32' of init (that of source), found 'f16'}}
  %0 = rarefy.gather dim 0 ins(%x, %p : tensor<8x4xf32>, tensor<3xi32>) outs(%i : tensor<3x4xf16>) -> tensor<3x4xf16>
  return
}

// -----

func.func @f(%x: tensor<2x8x4xf32>, %p: tensor<3x5xi32>, %i: tensor<2x5x4xf32>) {
  // expected-error@+1 {{expected size 2 of dimension 0 of positions (dimension 0 of source), found 3}}
  %0 = rarefy.gather dim 1 ins(%x, %p : tensor<2x8x4xf32>, tensor<3x5xi32>) outs(%i : tensor<2x5x4xf32>) -> tensor<2x5x4xf32>
  return
}

// -----

func.func @f(%x: tensor<8x4xf32>, %p: tensor<3xi32>, %i: tensor<4x4xf32>) {
  // expected-error@+1 {{expected size 3 of dimension 0 of init (dimension 0 of positions), found 4}}
  %0 = rarefy.gather dim 0 ins(%x, %p : tensor<8x4xf32>, tensor<3xi32>) outs(%i : tensor<4x4xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<8x4xf32>, %p: tensor<3xi32>, %i: tensor<3x5xf32>) {
  // expected-error@+1 {{expected size 4 of dimension 1 of init (dimension 1 of source), found 5}}
  %0 = rarefy.gather dim 0 ins(%x, %p : tensor<8x4xf32>, tensor<3xi32>) outs(%i : tensor<3x5xf32>) -> tensor<3x5xf32>
  return
}

// -----

func.func @f(%x: tensor<3x4xf32>, %p: tensor<3xi32>, %i: tensor<8x4xf32>) {
  // expected-error@+1 {{expected dim below the rank 2 of init, found 7}}
  %0 = rarefy.scatter dim 7 ins(%x, %p : tensor<3x4xf32>, tensor<3xi32>) outs(%i : tensor<8x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4xf32>, %p: tensor<3xi32>, %i: tensor<8x4xf32>) {
  // expected-error@+1 {{expected size 3 of dimension 0 of source (dimension 0 of positions), found 2}}
  %0 = rarefy.scatter dim 0 ins(%x, %p : tensor<2x4xf32>, tensor<3xi32>) outs(%i : tensor<8x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @f(%x: tensor<3x4xf32>, %p: tensor<3xi32>, %i: tensor<8x5xf32>) {
  // expected-error@+1 {{expected size 5 of dimension 1 of source (dimension 1 of init), found 4}}
  %0 = rarefy.scatter dim 0 ins(%x, %p : tensor<3x4xf32>, tensor<3xi32>) outs(%i : tensor<8x5xf32>) -> tensor<8x5xf32>
  return
}
