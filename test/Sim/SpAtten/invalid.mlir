// What only a run finds out: places outside of tensors, heads without a scale.
// RUN: split-file %s %t
// RUN: not rarefy-sim %t/outside.mlir --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=OUTSIDE
// RUN: not rarefy-sim %t/gathered.mlir --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=GATHERED
// RUN: not rarefy-sim %t/scale.mlir --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=SCALE
// RUN: not rarefy-sim %t/list.mlir --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=LIST
// RUN: not rarefy-sim %t/protect.mlir --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=PROTECT
// RUN: not rarefy-sim %t/head.mlir --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=HEAD
// RUN: not rarefy-sim %t/sum.mlir --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=SUM

//--- outside.mlir
// OUTSIDE: error: {{.*}}.mlir: instruction 4 ('spatten.load_query'): expects bytes of one tensor, found 1152 to 1279
isa.program @outside for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @data in at 1024 : tensor<200xi8> = dense<0> : tensor<200xi8>
  spatten.set_base address = 1024
  spatten.loop count = 3
  spatten.add_base stride = 64
  spatten.load_query
  spatten.end_loop
  spatten.halt
}

//--- gathered.mlir
// GATHERED: error: {{.*}}.mlir: instruction 5 ('spatten.load_key'): expects bytes of one tensor, found 0 to 2495
isa.program @gathered for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @data in at 0 : tensor<1024xi8> = dense<0> : tensor<1024xi8>
  isa.tensor @list in at 1024 : tensor<2xui16> = dense<[0, 38]> : tensor<2xui16>
  spatten.bind_key lines = 2
  spatten.load_list offset = 1024, tokens = 2, signal = [1]
  spatten.sync wait = [1]
  spatten.load_key keys = 1, bits = 8, gather
  spatten.load_key keys = 2, bits = 8, gather
  spatten.halt
}

//--- scale.mlir
// SCALE: error: {{.*}}.mlir: instruction 7 ('spatten.softmax'): expects the scale of head 2, found 2 scales
isa.program @scale for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @data in at 0 : tensor<1024xi8> = dense<0> : tensor<1024xi8>
  spatten.bind_key lines = 2
  spatten.set_head head = 2
  spatten.load_scales heads = 2
  spatten.load_query
  spatten.load_key keys = 1, bits = 8, signal = [1]
  spatten.score keys = 1, wait = [1], signal = [2]
  spatten.softmax keys = 1, wait = [2]
  spatten.halt
}

//--- list.mlir
// LIST: error: {{.*}}.mlir: instruction 1 ('spatten.load_list'): expects positions below 2048 in rising order, found 3 in place 2
isa.program @list for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @list in at 0 : tensor<3xui16> = dense<[1, 3, 3]> : tensor<3xui16>
  spatten.load_list tokens = 3
  spatten.halt
}

//--- protect.mlir
// PROTECT: error: {{.*}}.mlir: instruction 3 ('spatten.topk_tokens'): expects protected tokens among its candidates, found 1 elsewhere
isa.program @protect for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  spatten.protect token = 8
  spatten.protect token = 7
  spatten.topk_tokens candidates = 8, keep = 4, all
  spatten.halt
}

//--- head.mlir
// HEAD: error: {{.*}}.mlir: instruction 12 ('spatten.add_head'): expects heads below 64, found 64
isa.program @head for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @data in at 0 : tensor<1024xi8> = dense<0> : tensor<1024xi8>
  spatten.bind_value lines = 4
  spatten.bind_key lines = 4
  spatten.load_scales heads = 64
  spatten.load_query lane = 1
  spatten.load_key keys = 1, bits = 8, fused
  spatten.load_value values = 1, bits = 8, fused, signal = [1]
  spatten.set_head head = 62
  spatten.score lane = 1, keys = 1, wait = [1], signal = [2]
  spatten.softmax lane = 1, keys = 1, wait = [2], signal = [3]
  spatten.weight lane = 1, values = 1, wait = [3], signal = [4]
  spatten.set_head head = 63
  spatten.add_head lane = 1, wait = [4]
  spatten.halt
}

//--- sum.mlir
// SUM: error: {{.*}}.mlir: instruction 2 ('spatten.multiply'): expects sums of 32 bits, found 17179869184 in row 0
isa.program @sum for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @matrix in at 0 : tensor<4096xi12> = dense<-2048> : tensor<4096xi12>
  isa.tensor @vector in at 8192 : tensor<4096xi16> = dense<-2048> : tensor<4096xi16>
  spatten.load_vector offset = 8192, elements = 4096
  spatten.multiply bits = 12, columns = 4096
  spatten.halt
}
