// RUN: %run-definition | FileCheck %s
// RUN: %run-cpu | FileCheck %s

func.func private @printMemrefF32(tensor<*xf32> {bufferization.access = "read"})

func.func @show(%x: tensor<?x?xf32>) {
  %0 = tensor.cast %x : tensor<?x?xf32> to tensor<*xf32>
  call @printMemrefF32(%0) : (tensor<*xf32>) -> ()
  return
}

// Keys are logarithms, so that the probabilities of a query of 1 are ratios: the
// first head has 1 : 3 : 4, the second, with a query of 0, equal ones.
func.func @operands() -> (tensor<2x2x1xf32>, tensor<2x3x1xf32>, tensor<2x3x1xf32>) {
  %q = arith.constant dense<[[[1.0], [1.0]], [[0.0], [0.0]]]> : tensor<2x2x1xf32>
  %k = arith.constant dense<[[[0.0], [1.0986123], [1.3862944]], [[5.0], [6.0], [7.0]]]> : tensor<2x3x1xf32>
  %v = arith.constant dense<[[[8.0], [16.0], [-32.0]], [[3.0], [6.0], [9.0]]]> : tensor<2x3x1xf32>
  return %q, %k, %v : tensor<2x2x1xf32>, tensor<2x3x1xf32>, tensor<2x3x1xf32>
}

func.func @run(%mask: tensor<?x3xf32>) -> (tensor<2x2x1xf32>, tensor<3xf32>, tensor<2xf32>) {
  %q, %k, %v = call @operands() : () -> (tensor<2x2x1xf32>, tensor<2x3x1xf32>, tensor<2x3x1xf32>)
  %o = tensor.empty() : tensor<2x2x1xf32>
  %t = arith.constant dense<[100.0, 200.0, 300.0]> : tensor<3xf32>
  %h = arith.constant dense<[1000.0, 2000.0]> : tensor<2xf32>
  %0:3 = rarefy.attention ins(%q, %k, %v : tensor<2x2x1xf32>, tensor<2x3x1xf32>, tensor<2x3x1xf32>)
    mask(%mask : tensor<?x3xf32>) outs(%o : tensor<2x2x1xf32>) token_importance(%t : tensor<3xf32>)
    head_importance(%h : tensor<2xf32>) {scale = 1.0 : f32} -> tensor<2x2x1xf32>, tensor<3xf32>, tensor<2xf32>
  return %0#0, %0#1, %0#2 : tensor<2x2x1xf32>, tensor<3xf32>, tensor<2xf32>
}

func.func @main() {
  %c0 = arith.constant 0 : index
  // The second row sees no key: zeros, and no importance from it.
  %hidden = arith.constant dense<[[0.0, 0.0, 0.0], [0xFF800000, 0xFF800000, 0xFF800000]]> : tensor<2x3xf32>
  %mask = tensor.cast %hidden : tensor<2x3xf32> to tensor<?x3xf32>
  %o, %t, %h = call @run(%mask) : (tensor<?x3xf32>) -> (tensor<2x2x1xf32>, tensor<3xf32>, tensor<2xf32>)
  %o0 = tensor.collapse_shape %o [[0], [1, 2]] : tensor<2x2x1xf32> into tensor<2x2xf32>
  %o1 = tensor.cast %o0 : tensor<2x2xf32> to tensor<?x?xf32>
  call @show(%o1) : (tensor<?x?xf32>) -> ()
  %t0 = tensor.expand_shape %t [[0, 1]] output_shape [1, 3] : tensor<3xf32> into tensor<1x3xf32>
  %t1 = tensor.cast %t0 : tensor<1x3xf32> to tensor<?x?xf32>
  call @show(%t1) : (tensor<?x?xf32>) -> ()
  %h0 = tensor.expand_shape %h [[0, 1]] output_shape [1, 2] : tensor<2xf32> into tensor<1x2xf32>
  %h1 = tensor.cast %h0 : tensor<1x2xf32> to tensor<?x?xf32>
  call @show(%h1) : (tensor<?x?xf32>) -> ()
  // Of 1/8, 3/8 and 1/2, and of three thirds: the first sum is 1 + 6 - 16.
  // CHECK: sizes = [2, 2]
  // CHECK-NEXT{LITERAL}: [[-9,   0],
  // CHECK-NEXT: [6,   0]]
  // CHECK: sizes = [1, 3]
  // CHECK-NEXT{LITERAL}: [[100.458,   200.708,   300.833]]
  // CHECK: sizes = [1, 2]
  // CHECK-NEXT{LITERAL}: [[1009,   2006]]
  return
}
