// RUN: rarefy-opt %s --convert-rarefy-to-spatten -verify-diagnostics
// RUN: not rarefy-opt %s "--convert-rarefy-to-spatten=config=%src/configs/spatten.yaml set=sram.lines=100" 2>&1 | FileCheck %s

// A function for a machine that is not named, or cannot be.
// CHECK: error: {{.*}}spatten.yaml: sram.lines: expected at least 256
// expected-error@+1 {{expected option 'config', the machine that programs are for}}
func.func @f() attributes {spatten.program} { return }
