// RUN: rarefy-opt %s -split-input-file -verify-diagnostics --rarefy-decompose

func.func @attention(%q: memref<4x8x16xf32>) {
  // expected-error@+1 {{expected tensors to decompose, found memrefs}}
  rarefy.attention ins(%q, %q, %q : memref<4x8x16xf32>, memref<4x8x16xf32>, memref<4x8x16xf32>)
    outs(%q : memref<4x8x16xf32>) {scale = 1.0 : f32}
  return
}

// -----

func.func @topk(%s: memref<8xf32>, %p: memref<4xi32>) {
  // expected-error@+1 {{expected tensors to decompose, found memrefs}}
  rarefy.topk ins(%s : memref<8xf32>) outs(%p : memref<4xi32>)
  return
}

// -----

func.func @gather(%x: memref<8xf32>, %p: memref<4xi32>, %y: memref<4xf32>) {
  // expected-error@+1 {{expected tensors to decompose, found memrefs}}
  rarefy.gather dim 0 ins(%x, %p : memref<8xf32>, memref<4xi32>) outs(%y : memref<4xf32>)
  return
}

// -----

func.func @scatter(%x: memref<8xf32>, %p: memref<4xi32>, %y: memref<4xf32>) {
  // expected-error@+1 {{expected tensors to decompose, found memrefs}}
  rarefy.scatter dim 0 ins(%y, %p : memref<4xf32>, memref<4xi32>) outs(%x : memref<8xf32>)
  return
}
