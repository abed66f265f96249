// RUN: rarefy-opt --rarefy-cpu-prepare %s | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-SAME: bufferization.writable = false
// CHECK-SAME: llvm.emit_c_interface
// CHECK-NOT: linalg.softmax
// CHECK: linalg.generic
func.func @main(%a: tensor<4x9xf32>) -> tensor<4x9xf32> {
  %e = tensor.empty() : tensor<4x9xf32>
  %0 = linalg.softmax dimension(1) ins(%a : tensor<4x9xf32>) outs(%e : tensor<4x9xf32>) -> tensor<4x9xf32>
  return %0 : tensor<4x9xf32>
}

// CHECK-LABEL: func.func private @callee
// CHECK-NOT: emit_c_interface
// CHECK-NOT: linalg.matmul
// CHECK: linalg.generic
func.func private @callee(%a: tensor<4x9xf32>, %b: tensor<9x4xf32>, %c: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = linalg.matmul ins(%a, %b : tensor<4x9xf32>, tensor<9x4xf32>) outs(%c : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}
