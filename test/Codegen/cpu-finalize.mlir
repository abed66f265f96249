// RUN: rarefy-opt --rarefy-cpu-finalize=cpu=x86-64-v4 %s | FileCheck %s
// RUN: rarefy-opt --rarefy-cpu-finalize=cpu=x86-64 %s | FileCheck %s --check-prefix=OLD

// CHECK-LABEL: llvm.func @loads
// CHECK-SAME: prefer_vector_width = "512"
// CHECK-SAME: target_cpu = "x86-64-v4"
// CHECK: llvm.load %{{.*}} : !llvm.ptr -> vector<8xi8>
// CHECK: llvm.trunc %{{.*}} : vector<8xi8> to vector<8xi1>
// CHECK: llvm.intr.masked.load %{{.*}} -> vector<8xi16>
// CHECK: llvm.bitcast %{{.*}} : vector<8xi16> to vector<8xbf16>
llvm.func @loads(%p: !llvm.ptr, %q: !llvm.ptr, %z: vector<8xbf16>) -> vector<8xbf16> {
  %mask = llvm.load %p : !llvm.ptr -> vector<8xi1>
  %x = llvm.intr.masked.load %q, %mask, %z {alignment = 2 : i32} : (!llvm.ptr, vector<8xi1>, vector<8xbf16>) -> vector<8xbf16>
  llvm.return %x : vector<8xbf16>
}

// Without the instruction, LLVM would call the C library.
// CHECK-LABEL: llvm.func @fused
// CHECK: llvm.intr.fma(
// OLD-LABEL: llvm.func @fused
// OLD: llvm.intr.fmuladd(%arg0, %arg1, %arg2) : (vector<4xf32>, vector<4xf32>, vector<4xf32>) -> vector<4xf32>
llvm.func @fused(%a: vector<4xf32>, %b: vector<4xf32>, %c: vector<4xf32>) -> vector<4xf32> {
  %0 = llvm.intr.fma(%a, %b, %c) : (vector<4xf32>, vector<4xf32>, vector<4xf32>) -> vector<4xf32>
  llvm.return %0 : vector<4xf32>
}
