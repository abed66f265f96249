// RUN: %run-definition | FileCheck %s
// RUN: %run-cpu | FileCheck %s

func.func private @printMemrefF32(tensor<*xf32> {bufferization.access = "read"})

// Each batch has its own positions.
func.func @batched() {
  %x = arith.constant dense<[[[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], [[10.0, 11.0], [12.0, 13.0], [14.0, 15.0]]]> : tensor<2x3x2xf32>
  %p = arith.constant dense<[[0, 2], [1, 2]]> : tensor<2x2xi32>
  %init = tensor.empty() : tensor<2x2x2xf32>
  %0 = rarefy.gather dim 1 ins(%x, %p : tensor<2x3x2xf32>, tensor<2x2xi32>) outs(%init : tensor<2x2x2xf32>) -> tensor<2x2x2xf32>
  %1 = tensor.cast %0 : tensor<2x2x2xf32> to tensor<*xf32>
  // CHECK: sizes = [2, 2, 2]
  // CHECK-NEXT{LITERAL}: [[[0,    1],
  // CHECK-NEXT: [4,    5]],
  // CHECK-NEXT{LITERAL}: [[12,    13],
  // CHECK-NEXT: [14,    15]]]
  call @printMemrefF32(%1) : (tensor<*xf32>) -> ()
  %fill = arith.constant dense<-1.0> : tensor<2x3x2xf32>
  %2 = rarefy.scatter dim 1 ins(%0, %p : tensor<2x2x2xf32>, tensor<2x2xi32>) outs(%fill : tensor<2x3x2xf32>) -> tensor<2x3x2xf32>
  %3 = tensor.cast %2 : tensor<2x3x2xf32> to tensor<*xf32>
  // CHECK: sizes = [2, 3, 2]
  // CHECK-NEXT{LITERAL}: [[[0,    1],
  // CHECK-NEXT: [-1,    -1],
  // CHECK-NEXT: [4,    5]],
  // CHECK-NEXT{LITERAL}: [[-1,    -1],
  // CHECK-NEXT: [12,    13],
  // CHECK-NEXT: [14,    15]]]
  call @printMemrefF32(%3) : (tensor<*xf32>) -> ()
  return
}

// One list of positions, not in order, along the last dimension.
func.func @shared(%x: tensor<?x?xf32>, %p: tensor<?xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows = tensor.dim %x, %c0 : tensor<?x?xf32>
  %k = tensor.dim %p, %c0 : tensor<?xi32>
  %init = tensor.empty(%rows, %k) : tensor<?x?xf32>
  %0 = rarefy.gather dim 1 ins(%x, %p : tensor<?x?xf32>, tensor<?xi32>) outs(%init : tensor<?x?xf32>) -> tensor<?x?xf32>
  %1 = tensor.cast %0 : tensor<?x?xf32> to tensor<*xf32>
  call @printMemrefF32(%1) : (tensor<*xf32>) -> ()
  %2 = rarefy.scatter dim 1 ins(%0, %p : tensor<?x?xf32>, tensor<?xi32>) outs(%x : tensor<?x?xf32>) -> tensor<?x?xf32>
  %3 = tensor.cast %2 : tensor<?x?xf32> to tensor<*xf32>
  call @printMemrefF32(%3) : (tensor<*xf32>) -> ()
  return
}

func.func @main() {
  call @batched() : () -> ()
  %x = arith.constant dense<[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]]> : tensor<2x4xf32>
  %p = arith.constant dense<[3, 1]> : tensor<2xi32>
  %dx = tensor.cast %x : tensor<2x4xf32> to tensor<?x?xf32>
  %dp = tensor.cast %p : tensor<2xi32> to tensor<?xi32>
  // CHECK: sizes = [2, 2]
  // CHECK-NEXT{LITERAL}: [[3,   1],
  // CHECK-NEXT: [7,   5]]
  // CHECK: sizes = [2, 4]
  // CHECK-NEXT{LITERAL}: [[0,   1,   2,   3],
  // CHECK-NEXT: [4,   5,   6,   7]]
  call @shared(%dx, %dp) : (tensor<?x?xf32>, tensor<?xi32>) -> ()
  return
}
