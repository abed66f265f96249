// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml | FileCheck %s

// A token is appended; its importance counts; the second layer reads the kept
// tokens alone, and puts their importance back; the third selects among all.
// CHECK-LABEL: isa.program @cascade for "spatten"
// CHECK-DAG: isa.tensor @keys.msb in at [[#KEYS:]] : tensor<3x2x32x64xi12>
// CHECK-DAG: isa.tensor @new.msb in at [[#NEW:]] : tensor<2x1x64xi12>
// CHECK: spatten.keep_all_tokens tokens = 32
// CHECK-NEXT: spatten.clear_tokens tokens = 32
// CHECK-NEXT: spatten.fence{{$}}
// CHECK: spatten.set_base base = 3, address = [[#KEYS + 2976]]
// CHECK-NEXT: spatten.set_base base = 4, address = [[#NEW]]
// CHECK-NEXT: spatten.copy base = 3, from = 4, rows = 2, transactions = 3, stride = 3072, from_stride = 96
// CHECK: spatten.fence engines = [fetch]
// CHECK-NEXT: spatten.load_key keys = 32
// CHECK: spatten.add_tokens wait = [7], keys = 32
// CHECK: spatten.fence engines = [accumulate]
// CHECK-NEXT: spatten.topk_tokens candidates = 32, keep = 12, all
// CHECK-NEXT: spatten.fence{{$}}
// CHECK-NEXT: spatten.keep_tokens
// CHECK-NEXT: spatten.fence{{$}}
// CHECK: spatten.load_key keys = 12, bits = 12, gather, offset = [[#KEYS + 6144]]
// CHECK: spatten.add_tokens wait = [7], keys = 12
// CHECK: spatten.topk_tokens candidates = 12, keep = 5
// CHECK-NOT: all
// CHECK: spatten.keep_tokens
// CHECK: spatten.load_key keys = 5, bits = 12, gather, offset = [[#KEYS + 12288]]
// CHECK: spatten.halt
func.func @cascade(%q: tensor<3x2x1x64xi16> {rarefy.name = "queries"}, %k: tensor<3x2x32x64xi16> {rarefy.name = "keys"},
                   %new: tensor<2x1x64xi16> {rarefy.name = "new"})
    -> tensor<3x2x1x64xi16> attributes {spatten.program} {
  %out = tensor.empty() : tensor<3x2x1x64xi16>
  %o = tensor.empty() : tensor<2x1x64xi16>
  %zero = arith.constant dense<0> : tensor<32xi32>
  %i12 = tensor.empty() : tensor<12xi32>
  %i5 = tensor.empty() : tensor<5xi32>
  %e12 = tensor.empty() : tensor<2x12x64xi16>
  %e5 = tensor.empty() : tensor<2x5x64xi16>
  %appended = tensor.insert_slice %new into %k[0, 0, 31, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<2x1x64xi16> into tensor<3x2x32x64xi16>

  %q0 = tensor.extract_slice %q[0, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<3x2x1x64xi16> to tensor<2x1x64xi16>
  %k0 = tensor.extract_slice %appended[0, 0, 0, 0] [1, 2, 32, 64] [1, 1, 1, 1] : tensor<3x2x32x64xi16> to tensor<2x32x64xi16>
  %0:2 = rarefy.attention ins(%q0, %k0, %k0 : tensor<2x1x64xi16>, tensor<2x32x64xi16>, tensor<2x32x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%zero : tensor<32xi32>) {scale = 1.0e-6 : f32} -> tensor<2x1x64xi16>, tensor<32xi32>
  %out0 = tensor.insert_slice %0#0 into %out[0, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<2x1x64xi16> into tensor<3x2x1x64xi16>
  %list = rarefy.topk ins(%0#1 : tensor<32xi32>) outs(%i12 : tensor<12xi32>) -> tensor<12xi32>

  %q1 = tensor.extract_slice %q[1, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<3x2x1x64xi16> to tensor<2x1x64xi16>
  %k1 = tensor.extract_slice %appended[1, 0, 0, 0] [1, 2, 32, 64] [1, 1, 1, 1] : tensor<3x2x32x64xi16> to tensor<2x32x64xi16>
  %kept1 = rarefy.gather dim 1 ins(%k1, %list : tensor<2x32x64xi16>, tensor<12xi32>) outs(%e12 : tensor<2x12x64xi16>) -> tensor<2x12x64xi16>
  %before = rarefy.gather dim 0 ins(%0#1, %list : tensor<32xi32>, tensor<12xi32>) outs(%i12 : tensor<12xi32>) -> tensor<12xi32>
  %1:2 = rarefy.attention ins(%q1, %kept1, %kept1 : tensor<2x1x64xi16>, tensor<2x12x64xi16>, tensor<2x12x64xi16>)
    outs(%o : tensor<2x1x64xi16>) token_importance(%before : tensor<12xi32>) {scale = 1.0e-6 : f32} -> tensor<2x1x64xi16>, tensor<12xi32>
  %out1 = tensor.insert_slice %1#0 into %out0[1, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<2x1x64xi16> into tensor<3x2x1x64xi16>
  %places = rarefy.topk ins(%1#1 : tensor<12xi32>) outs(%i5 : tensor<5xi32>) -> tensor<5xi32>
  %list2 = rarefy.gather dim 0 ins(%list, %places : tensor<12xi32>, tensor<5xi32>) outs(%i5 : tensor<5xi32>) -> tensor<5xi32>

  %q2 = tensor.extract_slice %q[2, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<3x2x1x64xi16> to tensor<2x1x64xi16>
  %k2 = tensor.extract_slice %appended[2, 0, 0, 0] [1, 2, 32, 64] [1, 1, 1, 1] : tensor<3x2x32x64xi16> to tensor<2x32x64xi16>
  %kept2 = rarefy.gather dim 1 ins(%k2, %list2 : tensor<2x32x64xi16>, tensor<5xi32>) outs(%e5 : tensor<2x5x64xi16>) -> tensor<2x5x64xi16>
  %2 = rarefy.attention ins(%q2, %kept2, %kept2 : tensor<2x1x64xi16>, tensor<2x5x64xi16>, tensor<2x5x64xi16>)
    outs(%o : tensor<2x1x64xi16>) {scale = 1.0e-6 : f32} -> tensor<2x1x64xi16>
  %out2 = tensor.insert_slice %2 into %out1[2, 0, 0, 0] [1, 2, 1, 64] [1, 1, 1, 1] : tensor<2x1x64xi16> into tensor<3x2x1x64xi16>
  return %out2 : tensor<3x2x1x64xi16>
}
