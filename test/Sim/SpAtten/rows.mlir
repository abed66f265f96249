// Two fused pairs of rows, compared with numpy; one row of each needs low bits.
// RUN: %python %S/Inputs/rows.py make %t
// RUN: rarefy-sim %s --config=%src/configs/spatten.yaml --outputs=%t \
// RUN:   --inputs=query=%t/query.npy,key=%t/key.npy,lsb=%t/lsb.npy,value=%t/value.npy,scale=%t/scale.npy \
// RUN:   --stats=json | FileCheck %s
// RUN: %python %S/Inputs/rows.py check %t | FileCheck %s --check-prefix=NUMPY
// With the products of the released hardware description, too.
// RUN: rarefy-sim %s --config=%src/configs/spatten.yaml --set products=rtl --outputs=%t --inputs=%t/query.npy,%t/key.npy,%t/lsb.npy,%t/value.npy,%t/scale.npy
// RUN: %python %S/Inputs/rows.py check-rtl %t
// As a program file it is the same.
// RUN: rarefy-translate --export-program %s -o %t/rows.elf
// RUN: rarefy-sim %t/rows.elf --config=%src/configs/spatten.yaml --outputs=%t/elf --inputs=%t/query.npy,%t/key.npy,%t/lsb.npy,%t/value.npy,%t/scale.npy --stats=json=%t/elf.json
// RUN: %python %S/Inputs/rows.py check %t/elf | FileCheck %s --check-prefix=NUMPY

// NUMPY: equal, 2 rows needed more bits
// CHECK: "bytes": {
// CHECK: "key_lsb": 2560,
// CHECK: "key_msb": 7680,
// CHECK: "query": 512,
// CHECK: "value": 1536,
// CHECK: "output": 512
// CHECK: "checked_rows": 4,
// CHECK: "macs": {
// CHECK-NEXT: "product": 0,
// CHECK-NEXT: "requantized": 5120,
// CHECK-NEXT: "score": 10240,
// CHECK-NEXT: "total": 17408,
// CHECK-NEXT: "weight": 2048
// CHECK: "requantized_rows": 2,
isa.program @rows for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @query in at 0 : tensor<4x64xi16>
  isa.tensor @key in at 4096 : tensor<2x40x2x64xi6>
  isa.tensor @lsb in at 16384 : tensor<4x40x64xi4>
  isa.tensor @value in at 32768 : tensor<2x40x2x64xi6>
  isa.tensor @scale in at 49152 : tensor<4xf32>
  isa.tensor @out out at 53248 : tensor<4x64xi16>
  isa.tensor @importance out at 57344 : tensor<40xui32>
  spatten.set_base base = 1, address = 4096
  spatten.set_base base = 2, address = 16384
  spatten.set_base base = 3, address = 32768
  spatten.set_base base = 4, address = 49152
  spatten.set_base base = 5, address = 53248
  spatten.bind_key lines = 16
  spatten.bind_value lines = 4
  spatten.load_scales base = 4, heads = 4
  spatten.keep_all_tokens tokens = 40, signal = [1]
  spatten.sync wait = [1]
  spatten.loop count = 2
  spatten.load_query
  spatten.load_query lane = 1, offset = 128
  spatten.load_key base = 1, keys = 40, bits = 6, shift = 4, fused, gather, signal = [2]
  spatten.score keys = 40, wait = [2]
  spatten.score lane = 1, keys = 40, signal = [3]
  spatten.softmax keys = 40, wait = [3]
  spatten.check threshold = 400
  spatten.softmax lane = 1, keys = 40
  spatten.check lane = 1, threshold = 400, signal = [4]
  spatten.load_key_lsb base = 2, keys = 40, bits = 4, gather, wait = [4]
  spatten.load_key_lsb base = 2, lane = 1, keys = 40, bits = 4, gather, offset = 1280, signal = [5]
  spatten.score keys = 40, requantized, wait = [5]
  spatten.score lane = 1, keys = 40, requantized, signal = [3]
  spatten.softmax keys = 40, requantized, wait = [3]
  spatten.softmax lane = 1, keys = 40, requantized, signal = [6, 7]
  spatten.add_tokens keys = 40, wait = [6]
  spatten.add_tokens lane = 1, keys = 40, signal = [11]
  spatten.topk_values keys = 40, keep = 8, fused, wait = [7], signal = [8]
  spatten.load_value base = 3, values = 8, bits = 6, shift = 6, fused, gather, selected, wait = [8], signal = [9]
  spatten.weight values = 8, selected, compact, wait = [9]
  spatten.weight lane = 1, values = 8, selected, compact, signal = [10]
  spatten.store_output base = 5, wait = [10]
  spatten.store_output lane = 1, base = 5, offset = 128, signal = [12]
  // One row after the other.
  spatten.sync wait = [11, 12]
  spatten.set_head head = 2
  spatten.add_base base = 0, stride = 256
  spatten.add_base base = 1, stride = 3840
  spatten.add_base base = 2, stride = 2560
  spatten.add_base base = 3, stride = 3840
  spatten.add_base base = 5, stride = 256
  spatten.end_loop
  spatten.set_base base = 6, address = 57344
  spatten.store_tokens base = 6, tokens = 40
  spatten.halt
}
