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

// CHECK-LABEL: func.func private @pack
// CHECK-NOT: linalg.pack
// CHECK: tensor.pad
// CHECK: tensor.expand_shape
// CHECK: return
func.func private @pack(%a: tensor<13x15xf32>, %e: tensor<2x4x8x4xf32>) -> tensor<2x4x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %0 = linalg.pack %a padding_value(%zero : f32) inner_dims_pos = [0, 1] inner_tiles = [8, 4] into %e
    : tensor<13x15xf32> -> tensor<2x4x8x4xf32>
  return %0 : tensor<2x4x8x4xf32>
}

// CHECK-LABEL: func.func private @unpack
// CHECK-NOT: linalg.unpack
// CHECK: tensor.collapse_shape
// CHECK: return
func.func private @unpack(%a: tensor<2x4x8x4xf32>, %e: tensor<13x15xf32>) -> tensor<13x15xf32> {
  %0 = linalg.unpack %a inner_dims_pos = [0, 1] inner_tiles = [8, 4] into %e
    : tensor<2x4x8x4xf32> -> tensor<13x15xf32>
  return %0 : tensor<13x15xf32>
}

// CHECK-LABEL: func.func private @gather
// CHECK: linalg.generic
// CHECK: %[[I:.*]] = linalg.index 0 : index
// CHECK: %[[AT:.*]] = tensor.extract %arg1[%[[I]], %{{.*}}]
// CHECK: %[[ROW:.*]] = arith.index_cast %[[AT]]
// CHECK: %[[J:.*]] = linalg.index 1 : index
// CHECK: tensor.extract %arg0[%[[ROW]], %[[J]]]
func.func private @gather(%a: tensor<8x?xf32>, %at: tensor<3x1xi64>) -> tensor<3x?xf32> {
  %0 = tensor.gather %a[%at] gather_dims([0]) : (tensor<8x?xf32>, tensor<3x1xi64>) -> tensor<3x?xf32>
  return %0 : tensor<3x?xf32>
}

// CHECK-LABEL: func.func private @cut
// CHECK: %[[REST:.*]] = tensor.extract_slice %arg0[2] [3] [1]
// CHECK: tensor.pad %[[REST]] low[0] high[1]
func.func private @cut(%a: tensor<5xf32>) -> tensor<4xf32> {
  %zero = arith.constant 0.0 : f32
  %0 = tensor.pad %a low[-2] high[1] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<5xf32> to tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func.func private @jumps
// CHECK: scf.while
// CHECK: scf.if
// CHECK-NOT: cf.br
// CHECK: return
func.func private @jumps(%a: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  cf.br ^body(%a, %c0 : tensor<4xf32>, index)
^body(%x: tensor<4xf32>, %i: index):
  %y = linalg.exp ins(%x : tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  %j = arith.addi %i, %c1 : index
  %more = arith.cmpi slt, %j, %n : index
  cf.cond_br %more, ^body(%y, %j : tensor<4xf32>, index), ^end
^end:
  return %y : tensor<4xf32>
}
