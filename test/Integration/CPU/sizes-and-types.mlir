// What the CPU pipeline computes at the edges of sizes and types, compared with
// the definition.
// DEFINE: %{run} = rarefy-run --inputs=random:1 --check --print=0
// RUN: split-file %s %t
// RUN: %{run} %t/product.mlir --shape=0=4x0 --shape=1=0x37 | FileCheck %s
// RUN: %{run} %t/product.mlir --shape=0=0x8 --shape=1=8x37 | FileCheck %s
// RUN: %{run} %t/product.mlir --shape=0=64x8 --shape=1=8x0 | FileCheck %s
// RUN: %{run} %t/odd_panels.mlir | FileCheck %s
// RUN: %{run} %t/nibbles.mlir | FileCheck %s
// RUN: %{run} %t/odd_bits.mlir | FileCheck %s
// RUN: %{run} %t/no_keys.mlir | FileCheck %s
// RUN: %{run} %t/unknown_heads.mlir --shape=0=0x3x8 --shape=1=0x4x8 | FileCheck %s
// RUN: %{run} %t/unknown_heads.mlir --shape=0=2x3x8 --shape=1=0x4x8 | FileCheck %s
// RUN: %{run} %t/half.mlir | FileCheck %s
// RUN: %{run} %t/long_sums.mlir | FileCheck %s
// RUN: %{run} %t/tensor_ops.mlir | FileCheck %s
// RUN: %{run} %t/reshaped.mlir | FileCheck %s

// CHECK: check passed
// CHECK-NOT: check FAILED

//--- product.mlir
func.func @main(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %m = tensor.dim %a, %c0 : tensor<?x?xf32>
  %n = tensor.dim %b, %c1 : tensor<?x?xf32>
  %e = tensor.empty(%m, %n) : tensor<?x?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  %0 = linalg.matmul ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%f : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

//--- odd_panels.mlir
func.func @main(%a: tensor<16x64xf32>, %b: tensor<4x64x10xf32>, %c: tensor<16x40xf32>) -> tensor<16x40xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
      affine_map<(m, n, k) -> (n floordiv 10, k, n mod 10)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : tensor<16x64xf32>, tensor<4x64x10xf32>) outs(%c : tensor<16x40xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %m, %o : f32
    linalg.yield %s : f32
  } -> tensor<16x40xf32>
  return %0 : tensor<16x40xf32>
}

//--- nibbles.mlir
func.func @main(%a: tensor<16x16xi8>) -> (tensor<256xi8>, tensor<16x16xi32>) {
  %e = tensor.empty() : tensor<16x16xi32>
  %c0 = arith.constant 0 : i32
  %f = linalg.fill ins(%c0 : i32) outs(%e : tensor<16x16xi32>) -> tensor<16x16xi32>
  %0 = arith.trunci %a : tensor<16x16xi8> to tensor<16x16xi4>
  %1 = tensor.collapse_shape %0 [[0, 1]] : tensor<16x16xi4> into tensor<256xi4>
  %2 = arith.extsi %1 : tensor<256xi4> to tensor<256xi8>
  %3 = linalg.matmul ins(%a, %0 : tensor<16x16xi8>, tensor<16x16xi4>) outs(%f : tensor<16x16xi32>) -> tensor<16x16xi32>
  return %2, %3 : tensor<256xi8>, tensor<16x16xi32>
}

//--- odd_bits.mlir
func.func @main(%a: tensor<40xi32>) -> tensor<40xi32> {
  %0 = arith.trunci %a : tensor<40xi32> to tensor<40xi24>
  %1 = tensor.extract_slice %0[0] [20] [2] : tensor<40xi24> to tensor<20xi24>
  %2 = tensor.insert_slice %1 into %0[20] [20] [1] : tensor<20xi24> into tensor<40xi24>
  %3 = arith.extsi %2 : tensor<40xi24> to tensor<40xi32>
  return %3 : tensor<40xi32>
}

//--- no_keys.mlir
func.func @main(%q: tensor<2x3x7xf32>, %k: tensor<2x0x7xf32>, %o: tensor<2x3x7xf32>, %h: tensor<2xf32>)
    -> (tensor<2x3x7xf32>, tensor<2xf32>) {
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<2x3x7xf32>, tensor<2x0x7xf32>, tensor<2x0x7xf32>)
    outs(%o : tensor<2x3x7xf32>) head_importance(%h : tensor<2xf32>) {scale = 0.5 : f32} -> tensor<2x3x7xf32>, tensor<2xf32>
  return %0#0, %0#1 : tensor<2x3x7xf32>, tensor<2xf32>
}

//--- unknown_heads.mlir
func.func @main(%q: tensor<?x3x8xf32>, %k: tensor<?x4x8xf32>) -> tensor<?x3x8xf32> {
  %0 = rarefy.attention ins(%q, %k, %k : tensor<?x3x8xf32>, tensor<?x4x8xf32>, tensor<?x4x8xf32>)
    outs(%q : tensor<?x3x8xf32>) {scale = 0.5 : f32} -> tensor<?x3x8xf32>
  return %0 : tensor<?x3x8xf32>
}

//--- half.mlir
// Of products, by the micro-kernel and by vectors, and of elements.
func.func @main(%a: tensor<13x3000xf16>, %b: tensor<3000x19xf16>, %c: tensor<13x19xf16>, %w: tensor<1x3000xbf16>,
    %v: tensor<5x3000xbf16>, %s: tensor<5xbf16>) -> (tensor<13x19xf16>, tensor<5xbf16>, tensor<5xbf16>) {
  %0 = linalg.matmul ins(%a, %b : tensor<13x3000xf16>, tensor<3000x19xf16>) outs(%c : tensor<13x19xf16>) -> tensor<13x19xf16>
  %1 = tensor.collapse_shape %w [[0, 1]] : tensor<1x3000xbf16> into tensor<3000xbf16>
  %2 = linalg.matvec ins(%v, %1 : tensor<5x3000xbf16>, tensor<3000xbf16>) outs(%s : tensor<5xbf16>) -> tensor<5xbf16>
  %3 = linalg.reduce {arith.addf} ins(%v : tensor<5x3000xbf16>) outs(%s : tensor<5xbf16>) dimensions = [1]
  return %0, %2, %3 : tensor<13x19xf16>, tensor<5xbf16>, tensor<5xbf16>
}

//--- long_sums.mlir
func.func @main(%a: tensor<4x300000xf32>, %b: tensor<300000x4xf32>, %c: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = linalg.matmul ins(%a, %b : tensor<4x300000xf32>, tensor<300000x4xf32>) outs(%c : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

//--- tensor_ops.mlir
func.func @main(%a: tensor<13x15xf32>) -> (tensor<13x15xf32>, tensor<2x15xf32>, tensor<11x16xf32>) {
  %zero = arith.constant 1.5 : f32
  %at = arith.constant dense<[[7], [2]]> : tensor<2x1xi64>
  %e0 = tensor.empty() : tensor<2x4x8x4xf32>
  %e1 = tensor.empty() : tensor<13x15xf32>
  %0 = linalg.pack %a padding_value(%zero : f32) inner_dims_pos = [0, 1] inner_tiles = [8, 4] into %e0
    : tensor<13x15xf32> -> tensor<2x4x8x4xf32>
  %1 = linalg.unpack %0 inner_dims_pos = [0, 1] inner_tiles = [8, 4] into %e1 : tensor<2x4x8x4xf32> -> tensor<13x15xf32>
  %2 = tensor.gather %a[%at] gather_dims([0]) : (tensor<13x15xf32>, tensor<2x1xi64>) -> tensor<2x15xf32>
  %3 = tensor.pad %a low[-2, 1] high[0, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<13x15xf32> to tensor<11x16xf32>
  return %1, %2, %3 : tensor<13x15xf32>, tensor<2x15xf32>, tensor<11x16xf32>
}

//--- reshaped.mlir
func.func @main(%x: tensor<24xf32>, %a: tensor<4xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c6 = arith.constant 6 : index
  %size = tensor.dim %a, %c0 : tensor<4xf32>
  %shape = tensor.from_elements %c6, %size : tensor<2xindex>
  %0 = tensor.reshape %x(%shape) : (tensor<24xf32>, tensor<2xindex>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}
