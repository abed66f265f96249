// RUN: rarefy-opt --rarefy-cpu-outline --split-input-file %s | FileCheck %s

// Equal but for their buffers: one function. The third adds another constant,
// and has its own.
// CHECK-LABEL: func.func @layers
// CHECK: call @[[KERNEL:.*]](%arg0, %arg1)
// CHECK-NEXT: call @[[KERNEL]](%arg1, %arg2)
// CHECK-NEXT: call @[[OTHER:.*]](%arg1, %arg2)
// CHECK: func.func private @[[KERNEL]](%{{.*}}: memref<8xf32>, %{{.*}}: memref<8xf32>)
// CHECK: arith.constant 1.000000e+00
// CHECK: linalg.generic
// CHECK: func.func private @[[OTHER]](
// CHECK: arith.constant 2.000000e+00
#id = affine_map<(i) -> (i)>
func.func @layers(%a: memref<8xf32>, %b: memref<8xf32>, %c: memref<8xf32>) {
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
    ins(%a : memref<8xf32>) outs(%b : memref<8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %x, %one : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
    ins(%b : memref<8xf32>) outs(%c : memref<8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %x, %one : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
    ins(%b : memref<8xf32>) outs(%c : memref<8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %x, %two : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// A function of one computation stays as it is.
// CHECK-LABEL: func.func @single
// CHECK: linalg.generic
#id = affine_map<(i) -> (i)>
func.func @single(%a: memref<8xf32>, %b: memref<8xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
    ins(%a : memref<8xf32>) outs(%b : memref<8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %x, %x : f32
    linalg.yield %s : f32
  }
  return
}
