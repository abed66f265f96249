// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<4x6x16xf32>, %v: tensor<4x6x16xf32>, %m: tensor<1x1x1x6xf32>, %o: tensor<4x8x16xf32>) {
  // expected-error@+1 {{expected mask of rank 3 at most, found 4}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<4x6x16xf32>, tensor<4x6x16xf32>) mask(%m : tensor<1x1x1x6xf32>)
    outs(%o : tensor<4x8x16xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<4x6x16xf32>, %v: tensor<4x6x16xf32>, %m: tensor<5xi1>, %o: tensor<4x8x16xf32>) {
  // expected-error@+1 {{expected size 6 of dimension 0 of mask (dimension 1 of key), found 5}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<4x6x16xf32>, tensor<4x6x16xf32>) mask(%m : tensor<5xi1>)
    outs(%o : tensor<4x8x16xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<4x6x16xf32>, %v: tensor<4x6x16xf32>, %m: tensor<2x6xi1>, %o: tensor<4x8x16xf32>) {
  // expected-error@+1 {{expected size 8 of dimension 0 of mask (dimension 1 of query), found 2}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<4x6x16xf32>, tensor<4x6x16xf32>) mask(%m : tensor<2x6xi1>)
    outs(%o : tensor<4x8x16xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<4x6x16xf32>, %v: tensor<4x6x16xf32>, %o: tensor<4x8x16xf32>, %t: tensor<4x6xf32>) {
  // expected-error@+1 {{expected rank 1 of token_importance, found 2}}
  %0:2 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<4x6x16xf32>, tensor<4x6x16xf32>)
    outs(%o : tensor<4x8x16xf32>) token_importance(%t : tensor<4x6xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>, tensor<4x6xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<4x6x16xf32>, %v: tensor<4x6x16xf32>, %o: tensor<4x8x16xf32>, %t: tensor<8xf32>) {
  // expected-error@+1 {{expected size 6 of dimension 0 of token_importance (dimension 1 of key), found 8}}
  %0:2 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<4x6x16xf32>, tensor<4x6x16xf32>)
    outs(%o : tensor<4x8x16xf32>) token_importance(%t : tensor<8xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>, tensor<8xf32>
  return
}

// -----

func.func @f(%q: tensor<2x4x8x16xf32>, %k: tensor<2x4x6x16xf32>, %v: tensor<2x4x6x16xf32>, %o: tensor<2x4x8x16xf32>, %h: tensor<4xf32>) {
  // expected-error@+1 {{expected rank 2 of head_importance, found 1}}
  %0:2 = rarefy.attention ins(%q, %k, %v : tensor<2x4x8x16xf32>, tensor<2x4x6x16xf32>, tensor<2x4x6x16xf32>)
    outs(%o : tensor<2x4x8x16xf32>) head_importance(%h : tensor<4xf32>) {scale = 1.0 : f32} -> tensor<2x4x8x16xf32>, tensor<4xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<2x6x16xf32>, %v: tensor<2x6x16xf32>, %o: tensor<4x8x16xf32>, %h: tensor<2xf32>) {
  // expected-error@+1 {{expected size 4 of dimension 0 of head_importance (dimension 0 of query), found 2}}
  %0:2 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<2x6x16xf32>, tensor<2x6x16xf32>)
    outs(%o : tensor<4x8x16xf32>) head_importance(%h : tensor<2xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>, tensor<2xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<4x6x16xf32>, %v: tensor<4x6x16xf32>, %o: tensor<4x8x16xf32>, %t: tensor<6xf32>) {
  // expected-error@+1 {{expected the number of tensor results (1) to be equal to the number of output tensors (2)}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<4x6x16xf32>, tensor<4x6x16xf32>)
    outs(%o : tensor<4x8x16xf32>) token_importance(%t : tensor<6xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<4x6x16xf32>, %v: tensor<4x6x16xf32>, %o: tensor<4x8x16xf32>) {
  // expected-error@+2 {{attribute 'keep_values' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<4x6x16xf32>, tensor<4x6x16xf32>)
    outs(%o : tensor<4x8x16xf32>) {scale = 1.0 : f32, keep_values = 0 : i64} -> tensor<4x8x16xf32>
  return
}
