// RUN: %run-definition | FileCheck %s
// RUN: %run-cpu | FileCheck %s

func.func private @printMemrefF32(tensor<*xf32> {bufferization.access = "read"})

// The probabilities of all rows are 1/8, 3/8, 3/8 and 1/8; two heads share them.
func.func @operands() -> (tensor<2x3x1xf32>, tensor<1x4x1xf32>, tensor<1x4x1xf32>) {
  %q = arith.constant dense<1.0> : tensor<2x3x1xf32>
  %k = arith.constant dense<[[[0.0], [2.1972246], [2.1972246], [0.0]]]> : tensor<1x4x1xf32>
  %v = arith.constant dense<[[[8.0], [16.0], [24.0], [32.0]]]> : tensor<1x4x1xf32>
  return %q, %k, %v : tensor<2x3x1xf32>, tensor<1x4x1xf32>, tensor<1x4x1xf32>
}

// Local value pruning: of the two largest, equal ones, the first; then both.
func.func @keep_values() {
  %q, %k, %v = call @operands() : () -> (tensor<2x3x1xf32>, tensor<1x4x1xf32>, tensor<1x4x1xf32>)
  %o = tensor.empty() : tensor<2x3x1xf32>
  %0 = rarefy.attention ins(%q, %k, %v : tensor<2x3x1xf32>, tensor<1x4x1xf32>, tensor<1x4x1xf32>)
    outs(%o : tensor<2x3x1xf32>) {scale = 0.5 : f32, keep_values = 1} -> tensor<2x3x1xf32>
  %1 = tensor.cast %0 : tensor<2x3x1xf32> to tensor<*xf32>
  // CHECK: sizes = [2, 3, 1]
  // CHECK-NEXT{LITERAL}: [[[6],
  call @printMemrefF32(%1) : (tensor<*xf32>) -> ()
  %2 = rarefy.attention ins(%q, %k, %v : tensor<2x3x1xf32>, tensor<1x4x1xf32>, tensor<1x4x1xf32>)
    outs(%o : tensor<2x3x1xf32>) {scale = 0.5 : f32, keep_values = 2} -> tensor<2x3x1xf32>
  %3 = tensor.cast %2 : tensor<2x3x1xf32> to tensor<*xf32>
  // CHECK: sizes = [2, 3, 1]
  // CHECK-NEXT{LITERAL}: [[[15],
  call @printMemrefF32(%3) : (tensor<*xf32>) -> ()
  return
}

// Row i sees the keys up to i + 1, and the boolean mask hides the first.
func.func @causal() {
  %q, %k, %v = call @operands() : () -> (tensor<2x3x1xf32>, tensor<1x4x1xf32>, tensor<1x4x1xf32>)
  %o = tensor.empty() : tensor<2x3x1xf32>
  %m = arith.constant dense<[false, true, true, true]> : tensor<4xi1>
  %t = arith.constant dense<0.0> : tensor<4xf32>
  %0:2 = rarefy.attention ins(%q, %k, %v : tensor<2x3x1xf32>, tensor<1x4x1xf32>, tensor<1x4x1xf32>)
    mask(%m : tensor<4xi1>) outs(%o : tensor<2x3x1xf32>) token_importance(%t : tensor<4xf32>)
    {scale = 0.5 : f32, causal} -> tensor<2x3x1xf32>, tensor<4xf32>
  %1 = tensor.cast %0#0 : tensor<2x3x1xf32> to tensor<*xf32>
  // CHECK: sizes = [2, 3, 1]
  // CHECK-NEXT{LITERAL}: [[[16],
  // CHECK-NEXT: [20],
  // CHECK-NEXT: [21.7143]],
  call @printMemrefF32(%1) : (tensor<*xf32>) -> ()
  // Of both heads: 1, 1/2 and 3/7; 1/2 and 3/7; 1/7.
  // CHECK: sizes = [4]
  // CHECK-NEXT: [0, 3.85714, 1.85714, 0.285714]
  %2 = tensor.cast %0#1 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%2) : (tensor<*xf32>) -> ()
  return
}

// Scores of 16-bit operands and their softmax are f32.
func.func @half() {
  %q = arith.constant dense<256.0> : tensor<1x1x2xf16>
  %k = arith.constant dense<[[[256.0, 256.0], [256.0, 255.0]]]> : tensor<1x2x2xf16>
  %v = arith.constant dense<[[[4.0], [8.0]]]> : tensor<1x2x1xf16>
  %o = tensor.empty() : tensor<1x1x1xf16>
  %0 = rarefy.attention ins(%q, %k, %v : tensor<1x1x2xf16>, tensor<1x2x2xf16>, tensor<1x2x1xf16>)
    outs(%o : tensor<1x1x1xf16>) {scale = 0.00429153442 : f32} -> tensor<1x1x1xf16>
  %f = arith.extf %0 : tensor<1x1x1xf16> to tensor<1x1x1xf32>
  %1 = tensor.cast %f : tensor<1x1x1xf32> to tensor<*xf32>
  // The scores, 131072 and 130816, are beyond f16; scaled they differ by log 3.
  // CHECK: sizes = [1, 1, 1]
  // CHECK-NEXT{LITERAL}: [[[5]]]
  call @printMemrefF32(%1) : (tensor<*xf32>) -> ()
  return
}

func.func @main() {
  call @keep_values() : () -> ()
  call @causal() : () -> ()
  call @half() : () -> ()
  return
}
