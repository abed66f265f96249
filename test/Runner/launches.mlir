// RUN: rarefy-run %s --target=spatten --config=%src/configs/spatten.yaml | FileCheck %s
// RUN: rarefy-run %s --entry=numbers --target=spatten --config=%src/configs/spatten.yaml --check | FileCheck %s --check-prefix=NUMBERS
// RUN: rarefy-run %s --entry=gaps --target=spatten --config=%src/configs/spatten.yaml --check | FileCheck %s --check-prefix=GAPS
// RUN: not rarefy-run %s --entry=negative --target=spatten --config=%src/configs/spatten.yaml --inputs=random:1 2>&1 | FileCheck %s --check-prefix=NEGATIVE

// A launch finds outputs as zeros and values as the program says, whatever the
// last one left there.
// CHECK: result 0: 2x16xi16 [0, 0,
// CHECK: result 1: 16xi16 [3, 3,
// CHECK: result 2: 2x16xi16 [0, 0,
// CHECK: result 3: 16xi16 [3, 3,
isa.program @overwrite for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @x in at 0 : tensor<16xi16>
  isa.tensor @three in at 32 : tensor<16xi16> = dense<3> : tensor<16xi16>
  isa.tensor @y out at 64 : tensor<2x16xi16>
  isa.tensor @z out at 128 : tensor<16xi16>
  spatten.set_base base = 1, address = 32
  spatten.set_base base = 2, address = 64
  spatten.set_base base = 3, address = 96
  spatten.set_base base = 4, address = 128
  spatten.copy base = 2, from = 3
  spatten.copy base = 4, from = 1
  spatten.fence
  spatten.copy base = 3, from = 0
  spatten.copy base = 1, from = 0
  spatten.halt
}
func.func @main() -> (tensor<2x16xi16>, tensor<16xi16>, tensor<2x16xi16>, tensor<16xi16>) {
  %x = arith.constant dense<1> : tensor<16xi16>
  %x2 = arith.constant dense<2> : tensor<16xi16>
  %y = tensor.empty() : tensor<2x16xi16>
  %z = tensor.empty() : tensor<16xi16>
  %0:2 = isa.launch @overwrite ins(%x : tensor<16xi16>) outs(%y, %z : tensor<2x16xi16>, tensor<16xi16>) -> tensor<2x16xi16>, tensor<16xi16>
  %1:2 = isa.launch @overwrite ins(%x2 : tensor<16xi16>) outs(%y, %z : tensor<2x16xi16>, tensor<16xi16>) -> tensor<2x16xi16>, tensor<16xi16>
  return %0#0, %0#1, %1#0, %1#1 : tensor<2x16xi16>, tensor<16xi16>, tensor<2x16xi16>, tensor<16xi16>
}

// Floats, integers in wider ones, and integers without sign, as which a number
// of the host's is read.
// NUMBERS: result 0: 8xf32 [1.5, -2, 0.25, 3, 4, 5, 6, 7]
// NUMBERS: result 1: 16xi64 [-32768, 7, -7,
// NUMBERS: result 2: 32xi16 [200, 200,
// NUMBERS: result 3: 32xi8 [-56, -56,
isa.program @mixed for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @floats in at 0 : tensor<8xf32>
  isa.tensor @integers in at 32 : tensor<16xi16>
  isa.tensor @wide in at 64 : tensor<32xui8>
  isa.tensor @narrow in at 96 : tensor<32xui8>
  isa.tensor @floats_out out at 128 : tensor<8xf32>
  isa.tensor @integers_out out at 160 : tensor<16xi16>
  isa.tensor @wide_out out at 192 : tensor<32xui8>
  isa.tensor @narrow_out out at 224 : tensor<32xui8>
  spatten.set_base base = 1, address = 128
  spatten.copy base = 1, from = 0, rows = 4, stride = 32, from_stride = 32
  spatten.halt
}
func.func @numbers() -> (tensor<8xf32>, tensor<16xi64>, tensor<32xi16>, tensor<32xi8>) {
  %f = arith.constant dense<[1.5, -2.0, 0.25, 3.0, 4.0, 5.0, 6.0, 7.0]> : tensor<8xf32>
  %i = arith.constant dense<[-32768, 7, -7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32767]> : tensor<16xi64>
  %w = arith.constant dense<200> : tensor<32xi16>
  %n = arith.constant dense<200> : tensor<32xi8>
  %fo = tensor.empty() : tensor<8xf32>
  %io = tensor.empty() : tensor<16xi64>
  %wo = tensor.empty() : tensor<32xi16>
  %no = tensor.empty() : tensor<32xi8>
  %0:4 = isa.launch @mixed ins(%f, %i, %w, %n : tensor<8xf32>, tensor<16xi64>, tensor<32xi16>, tensor<32xi8>)
    outs(%fo, %io, %wo, %no : tensor<8xf32>, tensor<16xi64>, tensor<32xi16>, tensor<32xi8>)
    -> tensor<8xf32>, tensor<16xi64>, tensor<32xi16>, tensor<32xi8>
  return %0#0, %0#1, %0#2, %0#3 : tensor<8xf32>, tensor<16xi64>, tensor<32xi16>, tensor<32xi8>
}

// NEGATIVE: error: program 'mixed': tensor 'wide' expects numbers of 8 bits, found 65535 in place 0
func.func @negative(%f: tensor<8xf32>, %i: tensor<16xi64>, %n: tensor<32xi8>) -> tensor<8xf32> {
  %w = arith.constant dense<-1> : tensor<32xi16>
  %fo = tensor.empty() : tensor<8xf32>
  %0:4 = isa.launch @mixed ins(%f, %i, %w, %n : tensor<8xf32>, tensor<16xi64>, tensor<32xi16>, tensor<32xi8>)
    outs(%fo, %i, %w, %n : tensor<8xf32>, tensor<16xi64>, tensor<32xi16>, tensor<32xi8>)
    -> tensor<8xf32>, tensor<16xi64>, tensor<32xi16>, tensor<32xi8>
  return %0#0 : tensor<8xf32>
}

// Columns are buffers with gaps.
// GAPS: result 0: 16x2xi16 [1, 5, 1, 5, 1, 5,
isa.program @copy for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @x in at 0 : tensor<16x1xi16>
  isa.tensor @y out at 32 : tensor<16x1xi16>
  spatten.set_base base = 1, address = 32
  spatten.copy base = 1, from = 0
  spatten.halt
}
func.func @gaps() -> tensor<16x2xi16> {
  %x = arith.constant dense<[[5, 1], [5, 1], [5, 1], [5, 1], [5, 1], [5, 1], [5, 1], [5, 1],
                             [5, 1], [5, 1], [5, 1], [5, 1], [5, 1], [5, 1], [5, 1], [5, 1]]> : tensor<16x2xi16>
  %five = arith.constant 5 : i16
  %e = tensor.empty() : tensor<16x2xi16>
  %fives = linalg.fill ins(%five : i16) outs(%e : tensor<16x2xi16>) -> tensor<16x2xi16>
  %s = tensor.extract_slice %x[0, 1] [16, 1] [1, 1] : tensor<16x2xi16> to tensor<16x1xi16>
  %t = tensor.extract_slice %fives[0, 0] [16, 1] [1, 1] : tensor<16x2xi16> to tensor<16x1xi16>
  %0 = isa.launch @copy ins(%s : tensor<16x1xi16>) outs(%t : tensor<16x1xi16>) -> tensor<16x1xi16>
  %1 = tensor.insert_slice %0 into %fives[0, 0] [16, 1] [1, 1] : tensor<16x1xi16> into tensor<16x2xi16>
  return %1 : tensor<16x2xi16>
}
