// RUN: split-file %s %t
// RUN: not rarefy-opt %t/in.mlir --rarefy-quantize-attention 2>&1 | FileCheck %s --check-prefix=OPTION
// RUN: not rarefy-opt %t/in.mlir --rarefy-quantize-attention=scales=%t/none.json 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not rarefy-opt %t/in.mlir --rarefy-quantize-attention=scales=%t/syntax.json 2>&1 | FileCheck %s --check-prefix=SYNTAX
// RUN: not rarefy-opt %t/in.mlir --rarefy-quantize-attention=scales=%t/object.json 2>&1 | FileCheck %s --check-prefix=OBJECT
// RUN: not rarefy-opt %t/in.mlir --rarefy-quantize-attention=scales=%t/count.json 2>&1 | FileCheck %s --check-prefix=COUNT
// RUN: not rarefy-opt %t/in.mlir --rarefy-quantize-attention=scales=%t/entry.json 2>&1 | FileCheck %s --check-prefix=ENTRY
// RUN: not rarefy-opt %t/in.mlir --rarefy-quantize-attention=scales=%t/more.json 2>&1 | FileCheck %s --check-prefix=MORE
// RUN: not rarefy-opt %t/in.mlir --rarefy-quantize-attention=scales=%t/name.json 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not rarefy-opt %t/in.mlir --rarefy-quantize-attention=scales=%t/number.json 2>&1 | FileCheck %s --check-prefix=NUMBER
// RUN: not rarefy-opt %t/in.mlir "--rarefy-quantize-attention=scales=%t/good.json key-bits=6+" 2>&1 | FileCheck %s --check-prefix=KEY
// RUN: not rarefy-opt %t/in.mlir "--rarefy-quantize-attention=scales=%t/good.json key-bits=10+4" 2>&1 | FileCheck %s --check-prefix=PLANES
// RUN: not rarefy-opt %t/in.mlir "--rarefy-quantize-attention=scales=%t/good.json value-bits=13" 2>&1 | FileCheck %s --check-prefix=VALUE
// RUN: not rarefy-opt %t/in.mlir "--rarefy-quantize-attention=scales=%t/good.json threshold=2" 2>&1 | FileCheck %s --check-prefix=THRESHOLD
// RUN: not rarefy-opt %t/in.mlir "--rarefy-quantize-attention=scales=%t/good.json key-bits=8+0 threshold=0.9" 2>&1 | FileCheck %s --check-prefix=LOW
// RUN: rarefy-opt %t/in.mlir --rarefy-quantize-attention=scales=%t/good.json -o /dev/null
// RUN: rarefy-opt %t/in.mlir "--rarefy-quantize-attention=key-bits=8 scales=%t/good.json threshold=0.1" -o /dev/null

// OPTION: error: expected option 'scales', the file of what a step of each operand is worth
// NONE: error: {{.*}}none.json: {{[Nn]}}o such file
// SYNTAX: error: {{.*}}syntax.json: expected JSON, found: {{.*}}
// OBJECT: error: {{.*}}object.json: expected a list of 2 entries, one for each attention, found no list
// COUNT: error: {{.*}}count.json: expected a list of 2 entries, one for each attention, found 1 entries
// ENTRY: error: {{.*}}entry.json: entry 2: expected an object of 'query', 'key' and 'value', found {"key":1,"query":1}
// MORE: error: {{.*}}more.json: entry 1: expected an object of 'query', 'key' and 'value', found {"key":1,"output":1,"query":1,"value":1}
// NAME: error: {{.*}}name.json: entry 1: expected a number from 1e-12 to 1e12 for 'value', found none
// NUMBER: error: {{.*}}number.json: entry 2: expected a number from 1e-12 to 1e12 for 'key', found -1
// KEY: error: expected key bits such as 8 or 6+4, found '6+'
// PLANES: error: expected at least 2 high bits and at most 12 in all, found 10 and 4
// VALUE: error: expected value bits from 2 to 12, found 13
// THRESHOLD: error: expected a threshold from 0 to 1, found 2
// LOW: error: expected key bits with low ones beside threshold, found '8+0'

//--- good.json
[{"query": 1, "key": 1, "value": 1}, {"query": 1, "key": 1, "value": 1}]
//--- syntax.json
[{"query": 1,
//--- object.json
{"query": 1, "key": 1, "value": 1}
//--- count.json
[{"query": 1, "key": 1, "value": 1}]
//--- entry.json
[{"query": 1, "key": 1, "value": 1}, {"query": 1, "key": 1}]
//--- more.json
[{"query": 1, "key": 1, "value": 1, "output": 1}, {"query": 1, "key": 1, "value": 1}]
//--- name.json
[{"query": 1, "key": 1, "values": 1}, {"query": 1, "key": 1, "value": 1}]
//--- number.json
[{"query": 1, "key": 1, "value": 1}, {"query": 1, "key": -1, "value": 1}]

//--- in.mlir
func.func @two(%x: tensor<4x8x16xf32>) -> tensor<4x8x16xf32> {
  %init = tensor.empty() : tensor<4x8x16xf32>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>)
    outs(%init : tensor<4x8x16xf32>) {scale = 0.5 : f32} -> tensor<4x8x16xf32>
  %1 = rarefy.attention ins(%0, %0, %0 : tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>)
    outs(%init : tensor<4x8x16xf32>) {scale = 0.5 : f32} -> tensor<4x8x16xf32>
  return %1 : tensor<4x8x16xf32>
}
