// RUN: rarefy-opt --rarefy-cpu-lower-copies %s | FileCheck %s

// CHECK-LABEL: func.func @copies
// CHECK: linalg.generic
// CHECK: memref.copy %{{.*}} : memref<8xf32> to memref<8xf32>
func.func @copies(%a: memref<8xf32>, %b: memref<8xf32>, %c: memref<8xf32, strided<[2]>>) {
  memref.copy %a, %c : memref<8xf32> to memref<8xf32, strided<[2]>>
  memref.copy %a, %b : memref<8xf32> to memref<8xf32>
  return
}
