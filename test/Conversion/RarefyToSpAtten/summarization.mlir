// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml | FileCheck %s

// Keys and values are read once per head; the rows in the middle are a loop over
// all slots, in which every row waits for and frees its slot.
// CHECK-LABEL: isa.program @rows for "spatten"
// CHECK: spatten.clear_tokens tokens = 40
// CHECK: spatten.load_key keys = 40, bits = 8,
// CHECK-NEXT: spatten.load_value signal = [11], values = 40, bits = 8, shift = 4,
// CHECK-NEXT: spatten.set_head{{$}}
// CHECK-NOT: spatten.load_key
// CHECK: spatten.loop count = 3
// CHECK-NEXT: spatten.load_query wait = [2], signal = [0], base = 1
// CHECK: spatten.softmax wait = [3, 8, 9], signal = [2, 6, 7], keys = 40
// CHECK-NEXT: spatten.add_tokens wait = [7], signal = [9], keys = 40
// CHECK-NEXT: spatten.topk_values wait = [6], signal = [14], keys = 40, keep = 10
// CHECK-NEXT: spatten.weight wait = [14], signal = [13], values = 10, selected
// CHECK-NEXT: spatten.store_output wait = [13], signal = [8], base = 2
// CHECK-NEXT: spatten.load_query wait = [2], signal = [0], slot = 1, base = 1, offset = 128
// CHECK: spatten.add_base base = 1, stride = 1024
// CHECK-NEXT: spatten.add_base base = 2, stride = 1024
// CHECK-NEXT: spatten.end_loop
// CHECK: spatten.load_key buffer = 1
// CHECK: spatten.set_head head = 1
// CHECK: spatten.store_tokens tokens = 40
func.func @rows(%q: tensor<2x40x64xi16>, %k: tensor<2x40x64xi16>, %v: tensor<2x40x64xi16>)
    -> (tensor<2x40x64xi16>, tensor<40xi32>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x40x64xi16>
  %zero = arith.constant dense<0> : tensor<40xi32>
  %0:2 = rarefy.attention ins(%q, %k, %v : tensor<2x40x64xi16>, tensor<2x40x64xi16>, tensor<2x40x64xi16>)
    outs(%o : tensor<2x40x64xi16>) token_importance(%zero : tensor<40xi32>)
    {scale = 1.0e-6 : f32, keep_values = 10, value_bits = 8, planes = #rarefy.planes<msb = 8, lsb = 0, threshold = 0.0>}
    -> tensor<2x40x64xi16>, tensor<40xi32>
  return %0#0, %0#1 : tensor<2x40x64xi16>, tensor<40xi32>
}

// A causal row sees one key more than the row before.
// CHECK-LABEL: isa.program @causal for "spatten"
// CHECK-NOT: spatten.loop
// CHECK: spatten.score wait = [0], signal = [3]{{$}}
// CHECK: spatten.score wait = [0], signal = [3], slot = 1, keys = 2
// CHECK: spatten.score wait = [0], signal = [3], slot = 2, keys = 3
func.func @causal(%x: tensor<1x3x16xi16>) -> tensor<1x3x16xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<1x3x16xi16>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<1x3x16xi16>, tensor<1x3x16xi16>, tensor<1x3x16xi16>)
    outs(%o : tensor<1x3x16xi16>) {scale = 1.0e-6 : f32, causal} -> tensor<1x3x16xi16>
  return %0 : tensor<1x3x16xi16>
}

// Outputs are added to the importance of heads before they are stored. A row
// reads its low bits behind the scores of the next two, in the loop, too.
// CHECK-LABEL: isa.program @heads for "spatten"
// CHECK: spatten.clear_heads heads = 2
// CHECK: spatten.load_scales
// CHECK: spatten.head_base base = 2
// CHECK-NEXT: spatten.add_base base = 2, stride = [[#OUTPUT:]]
// CHECK-NEXT: spatten.loop count = 3
// CHECK: spatten.check signal = [4], slot = 2, threshold = 205
// CHECK-NEXT: spatten.load_key_lsb wait = [4, 15], signal = [5], keys = 40, bits = 4,
// CHECK-NEXT: spatten.score wait = [5], signal = [3, 15], keys = 40, requantized
// CHECK: spatten.weight wait = [14], signal = [7], values = 40
// CHECK-NEXT: spatten.add_tokens wait = [7], keys = 40
// CHECK-NEXT: spatten.add_head signal = [13]
// CHECK-NEXT: spatten.store_output wait = [13], signal = [8], base = 2{{$}}
// CHECK: spatten.store_heads heads = 2
func.func @heads(%x: tensor<2x40x64xi16>) -> (tensor<2x40x64xi16>, tensor<40xi32>, tensor<2xi64>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x40x64xi16>
  %t = arith.constant dense<0> : tensor<40xi32>
  %h = arith.constant dense<0> : tensor<2xi64>
  %0:3 = rarefy.attention ins(%x, %x, %x : tensor<2x40x64xi16>, tensor<2x40x64xi16>, tensor<2x40x64xi16>)
    outs(%o : tensor<2x40x64xi16>) token_importance(%t : tensor<40xi32>) head_importance(%h : tensor<2xi64>)
    {scale = 1.0e-6 : f32, planes = #rarefy.planes<msb = 8, lsb = 4, threshold = 0.1>}
    -> tensor<2x40x64xi16>, tensor<40xi32>, tensor<2xi64>
  return %0#0, %0#1, %0#2 : tensor<2x40x64xi16>, tensor<40xi32>, tensor<2xi64>
}
