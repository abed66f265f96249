// RUN: rarefy-opt --rarefy-spatten-pipeline="config=%src/configs/spatten.yaml cpu=x86-64-v3" %s | FileCheck %s
// RUN: rarefy-opt --rarefy-spatten-pipeline="config=%src/configs/spatten.yaml set=maxContext=4 cpu=x86-64-v3" %s | FileCheck %s --check-prefix=SMALL
// RUN: not rarefy-opt --rarefy-spatten-pipeline %s 2>&1 | FileCheck %s --check-prefix=NONE

// NONE: error: expected option 'config', the machine that programs are for

// On a machine with room for 4 keys the attention is the host's.
// SMALL-NOT: @rarefyLaunch
// SMALL: llvm.func @model
// SMALL-NOT: @rarefyLaunch

// One program for both layers: the importance that nobody reads is not counted.
// CHECK: llvm.mlir.global external @rarefyDevice
// CHECK: llvm.func @rarefyLaunch(!llvm.ptr, !llvm.ptr, i64, !llvm.ptr, i64)
// CHECK: llvm.mlir.global internal constant @attention.elf("\7FELF{{.*}}query
// CHECK-NOT: constant @attention{{.*}}.elf
// CHECK-LABEL: llvm.func @model(
// CHECK: llvm.call @rarefyLaunch
// CHECK: llvm.call @rarefyLaunch
// CHECK-NOT: llvm.call @rarefyLaunch
// CHECK: llvm.func @_mlir_ciface_model
func.func @model(%x: tensor<2x8x16xi16>) -> tensor<2x8x16xi16> {
  %o = tensor.empty() : tensor<2x8x16xi16>
  %z = arith.constant dense<0> : tensor<8xi32>
  %0:2 = rarefy.attention ins(%x, %x, %x : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
    outs(%o : tensor<2x8x16xi16>) token_importance(%z : tensor<8xi32>) {scale = 1.0e-5 : f32} -> tensor<2x8x16xi16>, tensor<8xi32>
  %1 = rarefy.attention ins(%0#0, %x, %x : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
    outs(%o : tensor<2x8x16xi16>) {scale = 1.0e-5 : f32} -> tensor<2x8x16xi16>
  return %1 : tensor<2x8x16xi16>
}
