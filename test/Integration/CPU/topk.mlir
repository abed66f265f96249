// RUN: %run-definition | FileCheck %s
// RUN: %run-cpu | FileCheck %s

func.func private @printMemrefI32(tensor<*xi32> {bufferization.access = "read"})

func.func @topk(%s: tensor<?x?xf32>, %k: index) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %s, %c0 : tensor<?x?xf32>
  %init = tensor.empty(%n, %k) : tensor<?x?xi32>
  %0 = rarefy.topk ins(%s : tensor<?x?xf32>) outs(%init : tensor<?x?xi32>) -> tensor<?x?xi32>
  %1 = tensor.cast %0 : tensor<?x?xi32> to tensor<*xi32>
  call @printMemrefI32(%1) : (tensor<*xi32>) -> ()
  return
}

func.func @main() {
  // Ties; zeros of both signs are equal; infinities; NaN only when all is kept.
  %s = arith.constant dense<[
    [1.0, 2.0, 2.0, 2.0, 0.5],
    [-0.0, 0.0, -1.0, 0.0, -2.0],
    [0xFF800000, 0x7F800000, -1.0, 3.0, 0x7F800000],
    [0x7FC00000, 0xFF800000, 0xFFC00000, -5.0, -4.0]]> : tensor<4x5xf32>
  %d = tensor.cast %s : tensor<4x5xf32> to tensor<?x?xf32>
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  // CHECK: sizes = [4, 0]
  func.call @topk(%d, %c0) : (tensor<?x?xf32>, index) -> ()
  // CHECK: sizes = [4, 2]
  // CHECK-NEXT{LITERAL}: [[1,   2],
  // CHECK-NEXT: [0,   1],
  // CHECK-NEXT: [1,   4],
  // CHECK-NEXT: [3,   4]]
  func.call @topk(%d, %c2) : (tensor<?x?xf32>, index) -> ()
  // CHECK: sizes = [4, 3]
  // CHECK-NEXT{LITERAL}: [[1,   2,   3],
  // CHECK-NEXT: [0,   1,   3],
  // CHECK-NEXT: [1,   3,   4],
  // CHECK-NEXT: [1,   3,   4]]
  func.call @topk(%d, %c3) : (tensor<?x?xf32>, index) -> ()
  // CHECK: sizes = [4, 4]
  // CHECK-NEXT{LITERAL}: [[0,   1,   2,   3],
  // CHECK-NEXT: [0,   1,   2,   3],
  // CHECK-NEXT: [1,   2,   3,   4],
  // CHECK-NEXT: [0,   1,   3,   4]]
  func.call @topk(%d, %c4) : (tensor<?x?xf32>, index) -> ()
  // CHECK: sizes = [4, 5]
  // CHECK-NEXT{LITERAL}: [[0,   1,   2,   3,   4],
  func.call @topk(%d, %c5) : (tensor<?x?xf32>, index) -> ()

  // Integers of 64 bits have no sign, and more than 32 of their bits count.
  %wide = arith.constant dense<[4294967296, 7, -1, 4294967297, 8]> : tensor<5xi64>
  %init = tensor.empty() : tensor<3xi32>
  // CHECK: sizes = [3]
  // CHECK-NEXT: [0,  2,  3]
  %0 = rarefy.topk ins(%wide : tensor<5xi64>) outs(%init : tensor<3xi32>) -> tensor<3xi32>
  %1 = tensor.cast %0 : tensor<3xi32> to tensor<*xi32>
  func.call @printMemrefI32(%1) : (tensor<*xi32>) -> ()
  return
}
