// RUN: rarefy-opt %s | rarefy-opt | FileCheck %s
// RUN: rarefy-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" | FileCheck %s --check-prefix=BUFFERS
// RUN: rarefy-opt %s --canonicalize --cse | FileCheck %s --check-prefix=SIMPLE

isa.program @two for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  isa.tensor @x in at 0 : tensor<2x4xi6>
  isa.tensor @scale in at 64 : tensor<2xf32> = dense<1.0> : tensor<2xf32>
  isa.tensor @y in at 128 : tensor<3xf32>
  isa.tensor @z out at 192 : tensor<4xi16>
  isa.tensor @n out at 256 : tensor<2xi64>
  spatten.halt
}

isa.program @none for "spatten" {key_lines = 16 : i64, value_lines = 16 : i64,
    rows_per_line = 8 : i64, max_keys = 64 : i64} {
  spatten.halt
}

// An integer may be wider than the device's. Outputs are overwritten: what an
// init held needs no copy, and results are the inits' buffers.
// CHECK-LABEL: func.func @launch
// CHECK: %{{.*}}:2 = isa.launch @two ins(%{{.*}}, %{{.*}} : tensor<2x4xi8>, tensor<3xf32>) outs(%{{.*}}, %{{.*}} : tensor<4xi32>, tensor<2xi64>) -> tensor<4xi32>, tensor<2xi64>
// BUFFERS-LABEL: func.func @launch
// BUFFERS-SAME: (%[[X:.*]]: memref<2x4xi8>, %[[Y:.*]]: memref<3xf32>, %[[Z:.*]]: memref<4xi32>, %[[N:.*]]: memref<2xi64>)
// BUFFERS-NOT: memref.copy
// BUFFERS: isa.launch @two ins(%[[X]], %[[Y]] : memref<2x4xi8>, memref<3xf32>) outs(%[[Z]], %[[N]] : memref<4xi32>, memref<2xi64>){{$}}
// BUFFERS: return %[[Z]], %[[N]]
func.func @launch(%x: tensor<2x4xi8>, %y: tensor<3xf32>, %z: tensor<4xi32>, %n: tensor<2xi64>) -> (tensor<4xi32>, tensor<2xi64>) {
  %0:2 = isa.launch @two ins(%x, %y : tensor<2x4xi8>, tensor<3xf32>) outs(%z, %n : tensor<4xi32>, tensor<2xi64>) -> tensor<4xi32>, tensor<2xi64>
  return %0#0, %0#1 : tensor<4xi32>, tensor<2xi64>
}

// The inputs are read, so one that is needed as it was is not overwritten.
// BUFFERS-LABEL: func.func @in_place
// BUFFERS-SAME: (%[[X:.*]]: memref<2x4xi8>, %[[Y:.*]]: memref<3xf32>, %[[Z:.*]]: memref<4xi16>, %[[N:.*]]: memref<2xi64>)
// BUFFERS: %[[OWN:.*]] = memref.alloc() {{.*}} : memref<4xi16>
// BUFFERS: isa.launch @two ins(%[[X]], %[[Y]] : {{.*}}) outs(%[[OWN]], %[[N]] : {{.*}})
// BUFFERS: return %[[OWN]], %[[Z]]
func.func @in_place(%x: tensor<2x4xi8>, %y: tensor<3xf32>, %z: tensor<4xi16>, %n: tensor<2xi64>) -> (tensor<4xi16>, tensor<4xi16>) {
  %0:2 = isa.launch @two ins(%x, %y : tensor<2x4xi8>, tensor<3xf32>) outs(%z, %n : tensor<4xi16>, tensor<2xi64>) -> tensor<4xi16>, tensor<2xi64>
  return %0#0, %z : tensor<4xi16>, tensor<4xi16>
}

// CHECK-LABEL: func.func @nothing
// CHECK-NEXT: isa.launch @none{{$}}
func.func @nothing() {
  isa.launch @none
  return
}

// On tensors a launch has no effect but its results.
// SIMPLE-LABEL: func.func @unused
// SIMPLE-NEXT: return
func.func @unused(%x: tensor<2x4xi8>, %y: tensor<3xf32>, %z: tensor<4xi16>, %n: tensor<2xi64>) {
  %0:2 = isa.launch @two ins(%x, %y : tensor<2x4xi8>, tensor<3xf32>) outs(%z, %n : tensor<4xi16>, tensor<2xi64>) -> tensor<4xi16>, tensor<2xi64>
  return
}
