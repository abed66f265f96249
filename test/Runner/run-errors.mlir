// What is wrong with a program or its inputs is one line, whatever the code does.
// RUN: split-file %s %t

// Compiled code meets too little memory, or an assertion that fails.
// RUN: not rarefy-run %t/memory.mlir --shape=0=3 2>&1 | FileCheck %s --check-prefix=MEMORY
// MEMORY: {{^}}error: not enough memory for 3600000000000000 bytes
//--- memory.mlir
func.func @main(%a: tensor<?xf32>) -> tensor<?x?xf32> {
  %zero = arith.constant 0 : index
  %many = arith.constant 10000000 : index
  %none = arith.constant 0.0 : f32
  %size = tensor.dim %a, %zero : tensor<?xf32>
  %total = arith.muli %size, %many : index
  %empty = tensor.empty(%total, %total) : tensor<?x?xf32>
  %fill = linalg.fill ins(%none : f32) outs(%empty : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %fill : tensor<?x?xf32>
}

// RUN: not rarefy-run %t/assert.mlir 2>&1 | FileCheck %s --check-prefix=ASSERT
// ASSERT: {{^}}error: assertion failed: two is one
//--- assert.mlir
func.func @main(%x: tensor<2xi1>) -> tensor<2xi1> {
  %false = arith.constant false
  cf.assert %false, "two is one"
  return %x : tensor<2xi1>
}

// RUN: not rarefy-run %t/size.mlir --shape=0=3 2>&1 | FileCheck %s --check-prefix=SIZE
// SIZE: {{^}}error: result 0: size 0 is -2
//--- size.mlir
func.func @main(%a: tensor<?xf32>) -> tensor<?xf32> {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = tensor.dim %a, %zero : tensor<?xf32>
  %less = arith.subi %one, %size : index
  %empty = tensor.empty(%less) : tensor<?xf32>
  return %empty : tensor<?xf32>
}

// Sizes of one name, and operands of one op.
// RUN: not rarefy-run %t/names.mlir --shape=x=2x3,y=4 2>&1 | FileCheck %s --check-prefix=NAMES
// RUN: rarefy-run %t/names.mlir --shape=x=2x3,y=3 2>&1 | FileCheck %s --check-prefix=QUIET --implicit-check-not=warning
// NAMES: {{^}}error: input 1 ('y'): size 'n' is 4, but 3 in input 0 ('x')
// QUIET: result 0: 3xf32
//--- names.mlir
func.func @main(%x: tensor<2x?xf32> {rarefy.name = "x", rarefy.dims = ["", "n"]},
                %y: tensor<?xf32> {rarefy.name = "y", rarefy.dims = ["n"]}) -> tensor<?xf32> {
  return %y : tensor<?xf32>
}

// RUN: not rarefy-run %t/add.mlir --shape=0=7x5,1=1x5 --check 2>&1 | FileCheck %s --check-prefix=ADD
// ADD: {{^}}error: assertion failed: {{.*}}add.mlir:2:8: dimension #0 of input/output operand #1 is incompatible with inferred dimension size
//--- add.mlir
func.func @main(%a: tensor<?x5xf32>, %b: tensor<?x5xf32>) -> tensor<?x5xf32> {
  %0 = arith.addf %a, %b : tensor<?x5xf32>
  return %0 : tensor<?x5xf32>
}

// Functions with names that compiled code uses itself, and one that nobody has.
// RUN: rarefy-run %t/reserved.mlir --check | FileCheck %s --check-prefix=RESERVED
// RUN: rarefy-run %t/reserved.mlir --entry=rarefy_invoke --check | FileCheck %s --check-prefix=RESERVED
// RESERVED: check passed
//--- reserved.mlir
func.func @malloc(%a: tensor<4xf32>) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}
func.func @expf(%a: tensor<4xf32>) -> tensor<4xf32> {
  %0 = math.exp %a : tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func @rarefy_invoke(%a: tensor<4xf32>) -> tensor<4xf32> {
  %0 = call @malloc(%a) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = call @expf(%0) : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
func.func @main(%a: tensor<4xf32>) -> tensor<4xf32> {
  %0 = call @rarefy_invoke(%a) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = arith.negf %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// RUN: not rarefy-run %t/external.mlir 2>&1 | FileCheck %s --check-prefix=EXTERNAL
// EXTERNAL: {{^}}error: the module calls 'elsewhere', which nothing defines
//--- external.mlir
func.func private @elsewhere(tensor<4xf32>) -> tensor<4xf32>
func.func @main(%a: tensor<4xf32>) -> tensor<4xf32> {
  %0 = call @elsewhere(%a) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
