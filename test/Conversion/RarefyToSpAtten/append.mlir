// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml -split-input-file -verify-diagnostics | FileCheck %s

// Two tokens join the same keys, each before it is read; the one that is still
// to come is selected before all others, whatever was counted.
// CHECK-LABEL: isa.program @append for "spatten"
// CHECK-DAG: isa.tensor @keys.msb in at [[#KEYS:]] : tensor<2x9x64xi12>
// CHECK-DAG: isa.tensor @new.msb in at [[#NEW:]] : tensor<2x2x1x64xi12>
// CHECK: spatten.set_base base = 3, address = [[#KEYS + 672]]
// CHECK-NEXT: spatten.set_base base = 4, address = [[#NEW]]
// CHECK-NEXT: spatten.copy base = 3, from = 4, rows = 2, transactions = 3, stride = 864, from_stride = 96
// CHECK: spatten.load_key keys = 8,
// CHECK: spatten.protect token = 8
// CHECK-NEXT: spatten.fence engines = [accumulate]
// CHECK-NEXT: spatten.topk_tokens candidates = 9, keep = 4, all
// CHECK: spatten.keep_tokens
// CHECK: spatten.set_base base = 3, address = [[#KEYS + 768]]
// CHECK-NEXT: spatten.set_base base = 4, address = [[#NEW + 192]]
// CHECK-NEXT: spatten.copy
// CHECK: spatten.load_key keys = 4, bits = 12, gather
func.func @append(%q: tensor<2x1x64xi16>, %k: tensor<2x9x64xi16> {rarefy.name = "keys"}, %new: tensor<2x2x1x64xi16> {rarefy.name = "new"})
    -> tensor<2x2x1x64xi16> attributes {spatten.program} {
  %out = tensor.empty() : tensor<2x2x1x64xi16>
  %o = tensor.empty() : tensor<2x1x64xi16>
  %i4 = tensor.empty() : tensor<4xi32>
  %e4 = tensor.empty() : tensor<2x4x64xi16>
  %zero = arith.constant dense<0> : tensor<9xi32>
  %largest = arith.constant dense<-1> : tensor<1xi32>
  %n0 = tensor.extract_slice %new[0, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<2x2x1x64xi16> to tensor<2x1x64xi16>
  %k0 = tensor.insert_slice %n0 into %k[0, 7, 0] [2, 1, 64] [1, 1, 1] : tensor<2x1x64xi16> into tensor<2x9x64xi16>
  %x0 = tensor.extract_slice %k0[0, 0, 0] [2, 8, 64] [1, 1, 1] : tensor<2x9x64xi16> to tensor<2x8x64xi16>
  %t0 = tensor.extract_slice %zero[0] [8] [1] : tensor<9xi32> to tensor<8xi32>
  %0:2 = rarefy.attention ins(%q, %x0, %x0 : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%t0 : tensor<8xi32>) {scale = 1.0e-6 : f32} -> tensor<2x1x64xi16>, tensor<8xi32>
  %out0 = tensor.insert_slice %0#0 into %out[0, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<2x1x64xi16> into tensor<2x2x1x64xi16>
  %t1 = tensor.insert_slice %0#1 into %zero[0] [8] [1] : tensor<8xi32> into tensor<9xi32>
  %t2 = tensor.insert_slice %largest into %t1[8] [1] [1] : tensor<1xi32> into tensor<9xi32>
  %list = rarefy.topk ins(%t2 : tensor<9xi32>) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  %n1 = tensor.extract_slice %new[1, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<2x2x1x64xi16> to tensor<2x1x64xi16>
  %k1 = tensor.insert_slice %n1 into %k0[0, 8, 0] [2, 1, 64] [1, 1, 1] : tensor<2x1x64xi16> into tensor<2x9x64xi16>
  %x1 = rarefy.gather dim 1 ins(%k1, %list : tensor<2x9x64xi16>, tensor<4xi32>) outs(%e4 : tensor<2x4x64xi16>) -> tensor<2x4x64xi16>
  %1 = rarefy.attention ins(%q, %x1, %x1 : tensor<2x1x64xi16>, tensor<2x4x64xi16>, tensor<2x4x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0e-6 : f32} -> tensor<2x1x64xi16>
  %out1 = tensor.insert_slice %1 into %out0[1, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<2x1x64xi16> into tensor<2x2x1x64xi16>
  return %out1 : tensor<2x2x1x64xi16>
}

// -----

// What no attention reads is not copied.
// CHECK-LABEL: isa.program @unread
// CHECK-NOT: spatten.copy
// CHECK: spatten.halt
func.func @unread(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %0 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32, planes = #rarefy.planes<msb = 8, lsb = 4, threshold = 0.1>} -> tensor<2x1x64xi16>
  %1 = tensor.insert_slice %q into %k[0, 7, 0] [2, 1, 64] [1, 1, 1] : tensor<2x1x64xi16> into tensor<2x8x64xi16>
  return %0 : tensor<2x1x64xi16>
}

// -----

// What was read as keys before cannot be read again behind an insertion.
func.func @old(%q: tensor<2x1x64xi16>, %k: tensor<2x9x64xi16>, %new: tensor<2x1x64xi16>) -> tensor<2x1x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %old = tensor.extract_slice %k[0, 0, 0] [2, 8, 64] [1, 1, 1] : tensor<2x9x64xi16> to tensor<2x8x64xi16>
  // expected-error@+1 {{overwrites a tensor that is still read}}
  %0 = tensor.insert_slice %new into %k[0, 7, 0] [2, 1, 64] [1, 1, 1] : tensor<2x1x64xi16> into tensor<2x9x64xi16>
  %1 = tensor.extract_slice %0[0, 0, 0] [2, 8, 64] [1, 1, 1] : tensor<2x9x64xi16> to tensor<2x8x64xi16>
  %2 = rarefy.attention ins(%q, %old, %1 : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>
  return %2 : tensor<2x1x64xi16>
}

// -----

func.func @part(%q: tensor<2x1x64xi16>, %k: tensor<2x8x64xi16>) -> (tensor<2x1x64xi16>, tensor<8xi32>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x1x64xi16>
  %zero = arith.constant dense<0> : tensor<8xi32>
  %largest = arith.constant dense<-1> : tensor<1xi32>
  // expected-error@+1 {{protects what is no token among all}}
  %t = tensor.insert_slice %largest into %zero[2] [1] [1] : tensor<1xi32> into tensor<8xi32>
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<2x1x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%t : tensor<8xi32>) {scale = 1.0 : f32} -> tensor<2x1x64xi16>, tensor<8xi32>
  return %0#0, %0#1 : tensor<2x1x64xi16>, tensor<8xi32>
}
