// RUN: rarefy-opt --rarefy-cpu-lower-scopes %s | FileCheck %s

// CHECK-LABEL: func.func @scope
// CHECK-NOT: alloca_scope
// CHECK: %[[STACK:.*]] = llvm.intr.stacksave
// CHECK: memref.alloca
// CHECK: memref.store
// CHECK: llvm.intr.stackrestore %[[STACK]]
func.func @scope(%x: f32) {
  %c0 = arith.constant 0 : index
  memref.alloca_scope {
    %a = memref.alloca() : memref<4xf32>
    memref.store %x, %a[%c0] : memref<4xf32>
    memref.alloca_scope.return
  }
  return
}
