// RUN: split-file %s %t

// RUN: not rarefy-run %t/main.mlir --target=spatten 2>&1 | FileCheck %s --check-prefix=CONFIG --implicit-check-not=error:
// CONFIG: error: target 'spatten': expected a configuration such as configs/spatten.yaml

// RUN: not rarefy-run %t/main.mlir --target=spatten --config=%t/no.yaml 2>&1 | FileCheck %s --check-prefix=FILE --implicit-check-not=error:
// FILE: error: {{.*}}no.yaml: {{.*}}o such file or directory

// RUN: not rarefy-run %t/main.mlir --target=spatten --config=%src/configs/spatten.yaml --set=no.key=1 2>&1 | FileCheck %s --check-prefix=KEY --implicit-check-not=error:
// KEY: error: {{.*}}no.key

// RUN: not rarefy-run %t/main.mlir --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=CPU --implicit-check-not=error:
// CPU: error: target 'cpu': expected no configuration of a device

// RUN: not rarefy-run %t/main.mlir --target=spatten --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=NOTHING --implicit-check-not=error:
// NOTHING: error: target 'spatten': found no attention that it takes; rarefy-raise-attention and rarefy-quantize-attention make it, the latter with scales of rarefy.calibrate; remarks say what else is in the way

// RUN: not rarefy-run %t/launch.mlir 2>&1 | FileCheck %s --check-prefix=LAUNCH --implicit-check-not=error:
// LAUNCH: error: the module launches programs, target 'cpu' has no device

// What does not fit is found when it is there, also by the reference.
// RUN: not rarefy-run %t/launch.mlir --target=spatten --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=FIT --implicit-check-not=error:
// RUN: not rarefy-run %t/launch.mlir --target=spatten --config=%src/configs/spatten.yaml --check 2>&1 | FileCheck %s --check-prefix=FIT --implicit-check-not=error:
// FIT: error: program 'copy': tensor 'x' expects numbers of 4 bits, found 100 in place 0

// RUN: not rarefy-run %t/launch.mlir --entry=launch_other --target=spatten --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=MACHINE --implicit-check-not=error:
// MACHINE: error: program 'other': {{.*}}key_lines

// RUN: not rarefy-run %t/program.mlir --entry=attention --target=spatten --config=%src/configs/spatten.yaml 2>&1 | FileCheck %s --check-prefix=ENTRY --implicit-check-not=error:
// ENTRY: error: entry 'attention' became a program, expected a function that launches it

//--- program.mlir
func.func @attention(%x: tensor<2x8x16xi16>) -> tensor<2x8x16xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x8x16xi16>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<2x8x16xi16>, tensor<2x8x16xi16>, tensor<2x8x16xi16>)
    outs(%o : tensor<2x8x16xi16>) {scale = 1.0e-5 : f32} -> tensor<2x8x16xi16>
  return %0 : tensor<2x8x16xi16>
}

//--- main.mlir
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

//--- launch.mlir
isa.program @copy for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @x in at 0 : tensor<16xi4>
  isa.tensor @y out at 64 : tensor<16xi4>
  spatten.halt
}
func.func @main() -> tensor<16xi8> {
  %x = arith.constant dense<100> : tensor<16xi8>
  %y = tensor.empty() : tensor<16xi8>
  %0 = isa.launch @copy ins(%x : tensor<16xi8>) outs(%y : tensor<16xi8>) -> tensor<16xi8>
  return %0 : tensor<16xi8>
}

isa.program @other for "spatten" {key_lines = 128 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @y out at 0 : tensor<4xf32>
  spatten.halt
}
func.func @launch_other() -> tensor<4xf32> {
  %y = tensor.empty() : tensor<4xf32>
  %0 = isa.launch @other outs(%y : tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
