// RUN: rarefy-opt --allow-unregistered-dialect --pass-pipeline='builtin.module(func.func(rarefy-cpu-plan-memory))' %s | FileCheck %s

// The second and third are never in use at once, and share a place.
// CHECK-LABEL: func.func @temporaries
// CHECK: %[[ARENA:.*]] = memref.alloc() {alignment = 64 : i64} : memref<192xi8>
// CHECK: %[[C0:.*]] = arith.constant 0 : index
// CHECK: memref.view %[[ARENA]][%[[C0]]][] : memref<192xi8> to memref<32xf32>
// CHECK: %[[C128:.*]] = arith.constant 128 : index
// CHECK: memref.view %[[ARENA]][%[[C128]]][] : memref<192xi8> to memref<16xf32>
// CHECK: %[[C128_2:.*]] = arith.constant 128 : index
// CHECK: memref.view %[[ARENA]][%[[C128_2]]][] : memref<192xi8> to memref<8xf32>
// CHECK: memref.dealloc %[[ARENA]]
// CHECK-NEXT: return
func.func @temporaries(%x: memref<8xf32>) {
  %a = memref.alloc() : memref<32xf32>
  %b = memref.alloc() : memref<16xf32>
  "test.use"(%a, %b) : (memref<32xf32>, memref<16xf32>) -> ()
  memref.dealloc %b : memref<16xf32>
  %c = memref.alloc() : memref<8xf32>
  "test.use"(%a, %c) : (memref<32xf32>, memref<8xf32>) -> ()
  memref.dealloc %a : memref<32xf32>
  memref.dealloc %c : memref<8xf32>
  return
}

// LLVM gives each element of 24 bits four bytes.
// CHECK-LABEL: func.func @odd_bits
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<256xi8>
func.func @odd_bits() {
  %a = memref.alloc() : memref<32xi24>
  %b = memref.alloc() : memref<32xi24>
  "test.use"(%a, %b) : (memref<32xi24>, memref<32xi24>) -> ()
  memref.dealloc %a : memref<32xi24>
  memref.dealloc %b : memref<32xi24>
  return
}
