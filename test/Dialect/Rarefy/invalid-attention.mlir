// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

func.func @f(%q: tensor<8x16xf32>, %k: tensor<4x6x16xf32>, %v: tensor<4x6x16xf32>, %o: tensor<8x16xf32>) {
  // expected-error@+1 {{expected query of rank 3 at least, found 2}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<8x16xf32>, tensor<4x6x16xf32>, tensor<4x6x16xf32>)
    outs(%o : tensor<8x16xf32>) {scale = 1.0 : f32} -> tensor<8x16xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: memref<4x6x16xf32>, %v: memref<4x6x16xf32>, %o: tensor<4x8x16xf32>) {
  // expected-error@+1 {{expected only tensors or only memrefs, found 'tensor<4x8x16xf32>' beside 'memref<4x6x16xf32>'}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, memref<4x6x16xf32>, memref<4x6x16xf32>)
    outs(%o : tensor<4x8x16xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<1x4x6x16xf32>, %v: tensor<1x4x6x16xf32>, %o: tensor<4x8x16xf32>) {
  // expected-error@+1 {{expected rank 3 of key, found 4}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<1x4x6x16xf32>, tensor<1x4x6x16xf32>)
    outs(%o : tensor<4x8x16xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<4x6x16xf32>, %v: tensor<4x6x16xf16>, %o: tensor<4x8x16xf32>) {
  // expected-error@+1 {{expected element type 'f32' of value (that of query), found 'f16'}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<4x6x16xf32>, tensor<4x6x16xf16>)
    outs(%o : tensor<4x8x16xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>
  return
}

// -----

func.func @f(%q: tensor<2x4x8x16xf32>, %k: tensor<3x4x6x16xf32>, %v: tensor<3x4x6x16xf32>, %o: tensor<2x4x8x16xf32>) {
  // expected-error@+1 {{expected size 2 of dimension 0 of key (dimension 0 of query), found 3}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<2x4x8x16xf32>, tensor<3x4x6x16xf32>, tensor<3x4x6x16xf32>)
    outs(%o : tensor<2x4x8x16xf32>) {scale = 1.0 : f32} -> tensor<2x4x8x16xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<3x6x16xf32>, %v: tensor<3x6x16xf32>, %o: tensor<4x8x16xf32>) {
  // expected-error@+1 {{expected a multiple of the 3 key heads as query heads, found 4}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<3x6x16xf32>, tensor<3x6x16xf32>)
    outs(%o : tensor<4x8x16xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<0x6x16xf32>, %v: tensor<0x6x16xf32>, %o: tensor<4x8x16xf32>) {
  // expected-error@+1 {{expected a multiple of the 0 key heads as query heads, found 4}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<0x6x16xf32>, tensor<0x6x16xf32>)
    outs(%o : tensor<4x8x16xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<4x6x8xf32>, %v: tensor<4x6x8xf32>, %o: tensor<4x8x16xf32>) {
  // expected-error@+1 {{expected size 16 of dimension 2 of key (dimension 2 of query), found 8}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<4x6x8xf32>, tensor<4x6x8xf32>)
    outs(%o : tensor<4x8x16xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<4x6x16xf32>, %v: tensor<2x6x16xf32>, %o: tensor<4x8x16xf32>) {
  // expected-error@+1 {{expected size 4 of dimension 0 of value (dimension 0 of key), found 2}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<4x6x16xf32>, tensor<2x6x16xf32>)
    outs(%o : tensor<4x8x16xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<4x6x16xf32>, %v: tensor<4x7x16xf32>, %o: tensor<4x8x16xf32>) {
  // expected-error@+1 {{expected size 6 of dimension 1 of value (dimension 1 of key), found 7}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<4x6x16xf32>, tensor<4x7x16xf32>)
    outs(%o : tensor<4x8x16xf32>) {scale = 1.0 : f32} -> tensor<4x8x16xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<4x6x16xf32>, %v: tensor<4x6x16xf32>, %o: tensor<4x9x16xf32>) {
  // expected-error@+1 {{expected size 8 of dimension 1 of output (dimension 1 of query), found 9}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<4x6x16xf32>, tensor<4x6x16xf32>)
    outs(%o : tensor<4x9x16xf32>) {scale = 1.0 : f32} -> tensor<4x9x16xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x16xf32>, %k: tensor<4x6x16xf32>, %v: tensor<4x6x16xf32>, %o: tensor<4x8x8xf32>) {
  // expected-error@+1 {{expected size 16 of dimension 2 of output (dimension 2 of value), found 8}}
  %0 = rarefy.attention ins(%q, %k, %v : tensor<4x8x16xf32>, tensor<4x6x16xf32>, tensor<4x6x16xf32>)
    outs(%o : tensor<4x8x8xf32>) {scale = 1.0 : f32} -> tensor<4x8x8xf32>
  return
}
