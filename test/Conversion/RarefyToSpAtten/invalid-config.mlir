// RUN: rarefy-opt %s --convert-rarefy-to-spatten -verify-diagnostics
// RUN: not rarefy-opt %s "--convert-rarefy-to-spatten=config=%src/configs/spatten.yaml set=sram.lines=100" 2>&1 | FileCheck %s
// DEFINE: %{set} =
// DEFINE: %{run} = not rarefy-opt %s --convert-rarefy-to-spatten="config=%src/configs/spatten.yaml set=%{set}" 2>&1
// REDEFINE: %{set} = headSize=32
// RUN: %{run} | FileCheck %s --check-prefix=HEAD
// REDEFINE: %{set} = operandBits=8
// RUN: %{run} | FileCheck %s --check-prefix=BITS
// REDEFINE: %{set} = semaphores=15
// RUN: %{run} | FileCheck %s --check-prefix=SEMAPHORES
// REDEFINE: %{set} = sram.handles=1
// RUN: %{run} | FileCheck %s --check-prefix=HANDLES
// REDEFINE: %{set} = maxContext=4096,sram.lines=1024,softmax.fifoDepth=512
// RUN: %{run} | FileCheck %s --check-prefix=CONTEXT
// REDEFINE: %{set} = sram.lines=2050
// RUN: %{run} | FileCheck %s --check-prefix=LINES

// HEAD: error: {{.*}}spatten.yaml: headSize: programs expect 64, found 32
// BITS: error: {{.*}}spatten.yaml: operandBits: programs expect 12, found 8
// SEMAPHORES: error: {{.*}}spatten.yaml: semaphores: programs expect 16, found 15
// HANDLES: error: {{.*}}spatten.yaml: sram.handles: programs expect 16, found 1
// CONTEXT: error: {{.*}}spatten.yaml: maxContext: programs expect at most 2048, found 4096
// LINES: error: {{.*}}spatten.yaml: sram.lines: programs expect at most 2048, found 2050

// A function for a machine that is not named, or cannot be.
// CHECK: error: {{.*}}spatten.yaml: sram.lines: expected at least 256
// expected-error@+1 {{expected option 'config', the machine that programs are for}}
func.func @f() attributes {spatten.program} { return }
