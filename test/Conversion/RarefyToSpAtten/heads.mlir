// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml | FileCheck %s

// Heads are selected twice. Instructions of the kept ones are there once, in a
// loop over their list: addresses follow the head, outputs lie close together.
// CHECK-LABEL: isa.program @cascade for "spatten"
// CHECK-DAG: isa.tensor @keys.msb in at [[#KEYS:]] : tensor<3x6x32x64xi8>
// CHECK-DAG: isa.tensor @result0 out at [[#OUT:]] : tensor<3x6x1x64xi16>
// CHECK: spatten.clear_heads heads = 6
// CHECK-NEXT: spatten.keep_all_heads heads = 6
// CHECK: spatten.load_scales heads = 6
// CHECK: spatten.set_head head = 5
// CHECK: spatten.fence engines = [accumulate]
// CHECK-NEXT: spatten.topk_heads candidates = 6, keep = 4
// CHECK-NEXT: spatten.fence{{$}}
// CHECK-NEXT: spatten.keep_heads
// CHECK-NEXT: spatten.fence{{$}}
// CHECK-NEXT: spatten.set_base base = 9
// CHECK-NEXT: spatten.loop_heads
// CHECK-NEXT: spatten.head_base base = 5, stride = 128
// CHECK-NEXT: spatten.head_base base = 6, stride = 2048
// CHECK-NEXT: spatten.head_base base = 8, stride = 2048
// CHECK-NEXT: spatten.load_key base = 6, keys = 32, bits = 8, {{.*}}offset = [[#KEYS + 12288]]
// CHECK-NOT: set_head
// CHECK: spatten.load_query {{.*}}base = 5
// CHECK: spatten.add_head
// CHECK: spatten.store_output wait = [13], base = 9, offset = [[#OUT + 768]]
// CHECK-NEXT: spatten.fence{{$}}
// CHECK-NEXT: spatten.add_base base = 9, stride = 128
// CHECK-NEXT: spatten.end_loop
// CHECK: spatten.topk_heads candidates = 4, keep = 3
// CHECK: spatten.keep_heads
// CHECK: spatten.loop_heads
// CHECK: spatten.load_key base = 6, keys = 32, bits = 8, {{.*}}offset = [[#KEYS + 24576]]
// CHECK-NOT: add_head
// CHECK: spatten.halt
func.func @cascade(%q: tensor<3x6x1x64xi16>, %k: tensor<3x6x32x64xi16> {rarefy.name = "keys"}) -> tensor<3x6x1x64xi16>
    attributes {spatten.program} {
  %out = tensor.empty() : tensor<3x6x1x64xi16>
  %o6 = tensor.empty() : tensor<6x1x64xi16>
  %o4 = tensor.empty() : tensor<4x1x64xi16>
  %o3 = tensor.empty() : tensor<3x1x64xi16>
  %k4 = tensor.empty() : tensor<4x32x64xi16>
  %k3 = tensor.empty() : tensor<3x32x64xi16>
  %i4 = tensor.empty() : tensor<4xi32>
  %i3 = tensor.empty() : tensor<3xi32>
  %h4 = tensor.empty() : tensor<4xi64>
  %zero = arith.constant dense<0> : tensor<6xi64>

  %q0 = tensor.extract_slice %q[0, 0, 0, 0] [1, 6, 1, 64] [1, 1, 1, 1] : tensor<3x6x1x64xi16> to tensor<6x1x64xi16>
  %k0 = tensor.extract_slice %k[0, 0, 0, 0] [1, 6, 32, 64] [1, 1, 1, 1] : tensor<3x6x32x64xi16> to tensor<6x32x64xi16>
  %0:2 = rarefy.attention ins(%q0, %k0, %k0 : tensor<6x1x64xi16>, tensor<6x32x64xi16>, tensor<6x32x64xi16>)
    outs(%o6 : tensor<6x1x64xi16>) head_importance(%zero : tensor<6xi64>)
    {scale = 1.0e-6 : f32, value_bits = 8, planes = #rarefy.planes<msb = 8, lsb = 0, threshold = 0.0>} -> tensor<6x1x64xi16>, tensor<6xi64>
  %out0 = tensor.insert_slice %0#0 into %out[0, 0, 0, 0] [1, 6, 1, 64] [1, 1, 1, 1] : tensor<6x1x64xi16> into tensor<3x6x1x64xi16>
  %list = rarefy.topk ins(%0#1 : tensor<6xi64>) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>

  %q1 = tensor.extract_slice %q[1, 0, 0, 0] [1, 6, 1, 64] [1, 1, 1, 1] : tensor<3x6x1x64xi16> to tensor<6x1x64xi16>
  %k1 = tensor.extract_slice %k[1, 0, 0, 0] [1, 6, 32, 64] [1, 1, 1, 1] : tensor<3x6x32x64xi16> to tensor<6x32x64xi16>
  %q1k = rarefy.gather dim 0 ins(%q1, %list : tensor<6x1x64xi16>, tensor<4xi32>) outs(%o4 : tensor<4x1x64xi16>) -> tensor<4x1x64xi16>
  %k1k = rarefy.gather dim 0 ins(%k1, %list : tensor<6x32x64xi16>, tensor<4xi32>) outs(%k4 : tensor<4x32x64xi16>) -> tensor<4x32x64xi16>
  %h1 = rarefy.gather dim 0 ins(%0#1, %list : tensor<6xi64>, tensor<4xi32>) outs(%h4 : tensor<4xi64>) -> tensor<4xi64>
  %1:2 = rarefy.attention ins(%q1k, %k1k, %k1k : tensor<4x1x64xi16>, tensor<4x32x64xi16>, tensor<4x32x64xi16>)
    outs(%o4 : tensor<4x1x64xi16>) head_importance(%h1 : tensor<4xi64>)
    {scale = 1.0e-6 : f32, value_bits = 8, planes = #rarefy.planes<msb = 8, lsb = 0, threshold = 0.0>} -> tensor<4x1x64xi16>, tensor<4xi64>
  %out1 = tensor.insert_slice %1#0 into %out0[1, 0, 0, 0] [1, 4, 1, 64] [1, 1, 1, 1] : tensor<4x1x64xi16> into tensor<3x6x1x64xi16>
  %places = rarefy.topk ins(%1#1 : tensor<4xi64>) outs(%i3 : tensor<3xi32>) -> tensor<3xi32>
  %list2 = rarefy.gather dim 0 ins(%list, %places : tensor<4xi32>, tensor<3xi32>) outs(%i3 : tensor<3xi32>) -> tensor<3xi32>

  %q2 = tensor.extract_slice %q[2, 0, 0, 0] [1, 6, 1, 64] [1, 1, 1, 1] : tensor<3x6x1x64xi16> to tensor<6x1x64xi16>
  %k2 = tensor.extract_slice %k[2, 0, 0, 0] [1, 6, 32, 64] [1, 1, 1, 1] : tensor<3x6x32x64xi16> to tensor<6x32x64xi16>
  %q2k = rarefy.gather dim 0 ins(%q2, %list2 : tensor<6x1x64xi16>, tensor<3xi32>) outs(%o3 : tensor<3x1x64xi16>) -> tensor<3x1x64xi16>
  %k2k = rarefy.gather dim 0 ins(%k2, %list2 : tensor<6x32x64xi16>, tensor<3xi32>) outs(%k3 : tensor<3x32x64xi16>) -> tensor<3x32x64xi16>
  %2 = rarefy.attention ins(%q2k, %k2k, %k2k : tensor<3x1x64xi16>, tensor<3x32x64xi16>, tensor<3x32x64xi16>)
    outs(%o3 : tensor<3x1x64xi16>)
    {scale = 1.0e-6 : f32, value_bits = 8, planes = #rarefy.planes<msb = 8, lsb = 0, threshold = 0.0>} -> tensor<3x1x64xi16>
  %out2 = tensor.insert_slice %2 into %out1[2, 0, 0, 0] [1, 3, 1, 64] [1, 1, 1, 1] : tensor<3x1x64xi16> into tensor<3x6x1x64xi16>
  return %out2 : tensor<3x6x1x64xi16>
}
