// Each mistake is one line and exit code 1.

// RUN: not rarefy-run %s.missing 2>&1 | FileCheck %s --check-prefix=MISSING --implicit-check-not=error
// MISSING: error: {{.*}}errors.mlir.missing: no such file

// RUN: not rarefy-run %S 2>&1 | FileCheck %s --check-prefix=FOLDER --implicit-check-not=error
// FOLDER: error: {{.*}}Runner: is a directory

// RUN: not rarefy-run %s --entry=nowhere 2>&1 | FileCheck %s --check-prefix=ENTRY --implicit-check-not=error
// ENTRY: error: no function 'nowhere' with a body: the module has scalar, main, sparse

// RUN: not rarefy-run %s --entry=scalar 2>&1 | FileCheck %s --check-prefix=SCALAR --implicit-check-not=error
// SCALAR: error: argument 0 of 'scalar' has type f32: expected a dense ranked tensor of booleans, of integers of 8 to 64 bits or of f16, bf16, f32 or f64
func.func @scalar(%x: f32) { return }

// RUN: not rarefy-run %s --entry=sparse 2>&1 | FileCheck %s --check-prefix=SPARSE --implicit-check-not=error
// SPARSE: error: argument 0 of 'sparse' has type tensor<4x4xf32, #sparse{{.*}}>: expected a dense ranked tensor
#sparse = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed)}>

// RUN: not rarefy-run %s 2>&1 | FileCheck %s --check-prefix=DYNAMIC --implicit-check-not=error
// DYNAMIC: error: input 0 ('x') has type ?x2xf32, whose sizes vary: give them with --shape=x=...
func.func @main(%x: tensor<?x2xf32> {rarefy.name = "x"}, %y: tensor<2xf32>) -> tensor<2xf32> {
  return %y : tensor<2xf32>
}
func.func @sparse(%x: tensor<4x4xf32, #sparse>) { return }

// RUN: not rarefy-run %s --shape=x=3x3 2>&1 | FileCheck %s --check-prefix=SHAPE --implicit-check-not=error
// SHAPE: error: input 0 ('x'): expected ?x2xf32, found 3x3xf32

// RUN: not rarefy-run %s --shape=z=1 2>&1 | FileCheck %s --check-prefix=NAME --implicit-check-not=error
// NAME: error: --shape=z=1: no input 'z'

// RUN: not rarefy-run %s --shape=1 2>&1 | FileCheck %s --check-prefix=EQUALS --implicit-check-not=error
// EQUALS: error: --shape=1: expected input=4x8

// RUN: not rarefy-run %s --shape=x=1000000000000x2 2>&1 | FileCheck %s --check-prefix=MEMORY --implicit-check-not=error
// MEMORY: error: input 0 ('x'): not enough memory for 1000000000000x2xf32

// RUN: not rarefy-run %s --inputs=random:x 2>&1 | FileCheck %s --check-prefix=SEED --implicit-check-not=error
// SEED: error: --inputs=random:x: expected a number as the seed

// RUN: not rarefy-run %s --inputs= 2>&1 | FileCheck %s --check-prefix=NOTHING --implicit-check-not=error
// NOTHING: error: --inputs: expected .npy files, random or random:seed, found nothing

// RUN: not rarefy-run %s --shape=x=1x2,1=2 --inputs=random,x.npy 2>&1 \
// RUN:   | FileCheck %s --check-prefix=SIZES --implicit-check-not=error
// SIZES: error: --shape: input 1 comes from a file: expected no sizes

// RUN: not rarefy-run %s --tolerance=nan 2>&1 | FileCheck %s --check-prefix=TOLERANCE --implicit-check-not=error
// RUN: not rarefy-run %s --tolerance=-1 2>&1 | FileCheck %s --check-prefix=TOLERANCE --implicit-check-not=error
// TOLERANCE: error: --tolerance={{.*}}: expected a number from 0

// RUN: not rarefy-run %s --shape=x=1x2 --tolerance=0.1 2>&1 | FileCheck %s --check-prefix=CHECKED --implicit-check-not=error
// CHECKED: error: --tolerance: expected --check, which compares results

// RUN: not rarefy-run %s --outputs= 2>&1 | FileCheck %s --check-prefix=VALUE --implicit-check-not=error
// VALUE: error: --outputs=: expected a value, found none

// RUN: not rarefy-run %s --stats=json --print=4 2>&1 | FileCheck %s --check-prefix=PRINT --implicit-check-not=error
// PRINT: error: --print: expected no --stats, which leaves no place for elements

// RUN: not rarefy-run %s --shape=x=1xa 2>&1 | FileCheck %s --check-prefix=SIZE --implicit-check-not=error
// SIZE: error: --shape=x=1xa: expected sizes such as 4x8

// RUN: not rarefy-run %s --shape=x=1xx2 2>&1 | FileCheck %s --check-prefix=EMPTY --implicit-check-not=error
// RUN: not rarefy-run %s --shape=x=x1x2x 2>&1 | FileCheck %s --check-prefix=EMPTY --implicit-check-not=error
// EMPTY: error: --shape=x={{.*}}: expected sizes such as 4x8

// RUN: not rarefy-run %s --shape=x=1x2,0=3x2 2>&1 | FileCheck %s --check-prefix=TWICE --implicit-check-not=error
// TWICE: error: --shape=0=3x2: expected each input once

// RUN: not rarefy-run %s --shape=x=1x2 --inputs=random,random,random 2>&1 \
// RUN:   | FileCheck %s --check-prefix=COUNT --implicit-check-not=error
// COUNT: error: --inputs: expected 2 files, found 3

// RUN: not rarefy-run %s --shape=x=1x2 --inputs=random,%t.npy 2>&1 \
// RUN:   | FileCheck %s --check-prefix=FILE --implicit-check-not=error
// FILE: error: {{.*}}errors.mlir.tmp.npy: No such file or directory

// RUN: not rarefy-run %s --inputs=%s,random 2>&1 | FileCheck %s --check-prefix=NPY --implicit-check-not=error:
// NPY: error: {{.*}}errors.mlir: not a .npy file

// RUN: not rarefy-run %s --shape=x=1x2 --outputs=%t/none/here/ 2>&1 \
// RUN:   | FileCheck %s --check-prefix=OUTPUT --implicit-check-not=error
// OUTPUT: error: {{.*}}/none/here/result0.npy: {{.*}}o such file or directory

// No machine has these instructions and all the others that the tests need.
// RUN: not rarefy-run %s --cpu=bdver4 2>&1 | FileCheck %s --check-prefix=LACKS --implicit-check-not=error
// LACKS: error: cpu 'bdver4' cannot run here: this machine ('{{.*}}') lacks {{.*}}xop

// RUN: not rarefy-run %s --cpu=z80 2>&1 | FileCheck %s --check-prefix=CPU --implicit-check-not=error
// CPU: error: unknown cpu 'z80': expected 'native' or a processor of x86_64 that LLVM knows

// RUN: not rarefy-run %s --target=tpu 2>&1 | FileCheck %s --check-prefix=TARGET --implicit-check-not=error
// TARGET: error: unknown target 'tpu': expected 'cpu' or 'spatten'

// RUN: not rarefy-run %s --shape=x=1x2 --threads=2000 2>&1 | FileCheck %s --check-prefix=THREADS --implicit-check-not=error
// THREADS: error: expected at most 1024 threads, found 2000

// RUN: not rarefy-run %s --stats=xml 2>&1 | FileCheck %s --check-prefix=STATS --implicit-check-not=error
// STATS: error: --stats=xml: expected json

// RUN: not rarefy-run %s --passes=no-such-pass 2>&1 | FileCheck %s --check-prefix=PASSES
// PASSES: error: in passes 'no-such-pass': {{.*}}'no-such-pass' does not refer to a registered pass

// RUN: echo 'func.func @main() { return 1 }' > %t.mlir
// RUN: not rarefy-run %t.mlir 2>&1 | FileCheck %s --check-prefix=SYNTAX --implicit-check-not=error:
// SYNTAX: errors.mlir.tmp.mlir:1:{{[0-9]+}}: error:

// RUN: not rarefy-run --no-such-option 2>&1 | FileCheck %s --check-prefix=OPTION
// OPTION: Unknown command line argument '--no-such-option'
