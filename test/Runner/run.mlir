// RUN: rarefy-run %s --entry=add --inputs=random:1 --shape=x=2x2 --check | FileCheck %s --check-prefix=ADD
// ADD: result 0 'sum': 2x2xf32 [
// ADD-NEXT: check passed: largest error 0, scaled 0 (tolerance 0.0001)
// ADD-NOT: {{.}}
func.func @add(%x: tensor<?x2xf32> {rarefy.name = "x"}) -> (tensor<?x2xf32> {rarefy.name = "sum"}) {
  %0 = arith.addf %x, %x : tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}

// Scalars, nothing at all, every width of integer, and more than one result.
// RUN: rarefy-run %s --entry=constants | FileCheck %s --check-prefix=CONSTANTS
// CONSTANTS: result 0: f64 [2.5]
// CONSTANTS-NEXT: result 1: 0x3xf32 []
// CONSTANTS-NEXT: result 2: 2xi1 [0, 1]
// CONSTANTS-NEXT: result 3: 3xi8 [-1, 0, 127]
// CONSTANTS-NEXT: result 4: 2x2xi64 [1, 2, 3, 4]
// CONSTANTS-NEXT: result 5: 2xf16 [0.5, -2]
// CONSTANTS-NEXT: result 6: 2xbf16 [0.5, -2]
func.func @constants() -> (tensor<f64>, tensor<0x3xf32>, tensor<2xi1>, tensor<3xi8>, tensor<2x2xi64>,
                           tensor<2xf16>, tensor<2xbf16>) {
  %0 = arith.constant dense<2.5> : tensor<f64>
  %1 = arith.constant dense<> : tensor<0x3xf32>
  %2 = arith.constant dense<[false, true]> : tensor<2xi1>
  %3 = arith.constant dense<[-1, 0, 127]> : tensor<3xi8>
  %4 = arith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi64>
  %5 = arith.constant dense<[0.5, -2.0]> : tensor<2xf16>
  %6 = arith.constant dense<[0.5, -2.0]> : tensor<2xbf16>
  return %0, %1, %2, %3, %4, %5, %6
    : tensor<f64>, tensor<0x3xf32>, tensor<2xi1>, tensor<3xi8>, tensor<2x2xi64>, tensor<2xf16>, tensor<2xbf16>
}

// A function may return its argument, and one buffer twice: the caller gets
// arrays of its own.
// RUN: rarefy-run %s --entry=same --inputs=random:3 --print=2 | FileCheck %s --check-prefix=SAME
// SAME: result 0: 4xi32 [[[A:.*]], ...]
// SAME-NEXT: result 1: 4xi32 [[[A]], ...]
func.func @same(%x: tensor<4xi32>) -> (tensor<4xi32>, tensor<4xi32>) {
  return %x, %x : tensor<4xi32>, tensor<4xi32>
}

// Passes run before the lowering, and say what they do.
// RUN: rarefy-run %s --entry=add --shape=0=1x2 --passes=canonicalize,cse --threads=1 --repeat=5 --print=0 \
// RUN:   | FileCheck %s --check-prefix=REPEAT
// REPEAT: result 0 'sum': 1x2xf32{{$}}
// REPEAT-NEXT: time: median {{[0-9.]+}} us, min {{[0-9.]+}}, max {{[0-9.]+}} of 5 calls

// RUN: rarefy-run %s --entry=add --shape=0=1x2 --repeat=3 --stats=json | FileCheck %s --check-prefix=JSON
// JSON: "compile": {
// JSON-DAG: "total_s": {{[0-9.e-]+}}
// JSON-DAG: "code_bytes": {{[1-9][0-9]*}}
// JSON: "type": "?x2xf32"
// JSON: "type": "1x2xf32"
// JSON: "calls": 3
// JSON-DAG: "median": {{[0-9.]+}}

// The number of threads is that of a call, whoever said it.
// RUN: env OMP_NUM_THREADS=3 rarefy-run %s --entry=add --shape=0=1x2 --stats=json | FileCheck %s --check-prefix=THREE
// RUN: env OMP_NUM_THREADS=3 rarefy-run %s --entry=add --shape=0=1x2 --stats=json --threads=2 | FileCheck %s --check-prefix=TWO
// THREE: "threads": 3
// TWO: "threads": 2
