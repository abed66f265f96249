// RUN: rarefy-opt --rarefy-cpu-pipeline=cpu=x86-64-v3 %s | FileCheck %s

// A result is always the caller's own memory: an argument is copied.
// CHECK-LABEL: llvm.func @returns_argument
// CHECK: llvm.call @aligned_alloc
// CHECK: llvm.intr.memcpy
// CHECK-NOT: llvm.call @free
// CHECK: llvm.return
// CHECK: llvm.func @_mlir_ciface_returns_argument
func.func @returns_argument(%a: tensor<4xf32>) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}

// What no result holds is freed.
// CHECK-LABEL: llvm.func @frees_temporaries
// CHECK: %[[T:.*]] = llvm.call @aligned_alloc
// CHECK: llvm.call @free(%[[T]])
// CHECK: llvm.func @_mlir_ciface_frees_temporaries
func.func @frees_temporaries(%a: tensor<4x9xf32>) -> f32 {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %t = tensor.empty() : tensor<9x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %at = linalg.transpose ins(%a : tensor<4x9xf32>) outs(%t : tensor<9x4xf32>) permutation = [1, 0]
  %p = linalg.matmul ins(%a, %at : tensor<4x9xf32>, tensor<9x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  %r = tensor.extract %p[%c0, %c0] : tensor<4x4xf32>
  return %r : f32
}

// CHECK-LABEL: llvm.func @softmax_pad_concat
// CHECK-NOT: memrefCopy
func.func @softmax_pad_concat(%a: tensor<3x?xf32>, %b: tensor<3x4xf32>) -> tensor<5x?xf32> {
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %c = tensor.concat dim(1) %a, %b : (tensor<3x?xf32>, tensor<3x4xf32>) -> tensor<3x?xf32>
  %n = tensor.dim %c, %c1 : tensor<3x?xf32>
  %e = tensor.empty(%n) : tensor<3x?xf32>
  %s = linalg.softmax dimension(1) ins(%c : tensor<3x?xf32>) outs(%e : tensor<3x?xf32>) -> tensor<3x?xf32>
  %p = tensor.pad %s low[2, 0] high[0, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<3x?xf32> to tensor<5x?xf32>
  return %p : tensor<5x?xf32>
}
