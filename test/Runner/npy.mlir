// Arrays come from numpy's files and go to them.
// RUN: mkdir -p %t
// RUN: %python -c "import numpy as np; np.save(r'%t/a.npy', np.arange(6, dtype='f4').reshape(2, 3)); \
// RUN:   np.save(r'%t/b.npy', np.array(True)); np.save(r'%t/fortran.npy', np.asfortranarray(np.zeros((2, 3), 'f4'))); \
// RUN:   np.save(r'%t/double.npy', np.zeros((2, 3)))"
// RUN: rarefy-run %s --inputs=%t/a.npy,%t/b.npy --outputs=%t | FileCheck %s
// RUN: %python -c "import numpy as np; a = np.load(r'%t/twice_a.npy'); assert a.dtype == np.float32; print(a.tolist()); \
// RUN:   print(repr(np.load(r'%t/result1.npy')))" | FileCheck %s --check-prefix=NUMPY
// CHECK: result 0 'twice/a': 2x3xf32 [0, 2, 4, 6, 8, 10]
// CHECK-NEXT: result 1: i1 [1]
// NUMPY: {{\[\[}}0.0, 2.0, 4.0], [6.0, 8.0, 10.0{{\]\]}}
// NUMPY-NEXT: array(True)

// RUN: rarefy-run %s --inputs=%t/a.npy,%t/b.npy --outputs=%t/run- --print=0
// RUN: %python -c "import numpy as np; print(np.load(r'%t/run-twice_a.npy').shape)" | FileCheck %s --check-prefix=PREFIX
// PREFIX: (2, 3)

// RUN: not rarefy-run %s --inputs=%t/a.npy,%t/b.npy 2>%t/error >/dev/full
// RUN: FileCheck %s --check-prefix=FULL --implicit-check-not=LLVM < %t/error
// FULL: error: standard output: No space left on device

// RUN: not rarefy-run %s --inputs=%t/fortran.npy,%t/b.npy 2>&1 | FileCheck %s --check-prefix=FORTRAN --implicit-check-not=error
// FORTRAN: error: {{.*}}fortran.npy: the array is in column-major (Fortran) order: save numpy.ascontiguousarray of it
// RUN: not rarefy-run %s --inputs=%t/double.npy,%t/b.npy 2>&1 | FileCheck %s --check-prefix=DOUBLE --implicit-check-not=error
// DOUBLE: error: {{.*}}double.npy: input 0: expected 2x3xf32, found 2x3xf64

// A boolean is true whatever its byte; results of one name get files of their own.
// RUN: %python -c "import numpy as np; np.save(r'%t/seven.npy', np.array([0, 7, 1], 'u1').view(bool))"
// RUN: rarefy-run %s --entry=widen --inputs=%t/seven.npy --outputs=%t | FileCheck %s --check-prefix=BOOL
// BOOL: result 0 'y': 3xi8 [0, 1, 1]
// RUN: %python -c "import numpy as np; print(np.load(r'%t/y.npy'), np.load(r'%t/y_1.npy'))" | FileCheck %s --check-prefix=NAMES
// NAMES: [0 1 1] [False  True  True]
func.func @widen(%a: tensor<3xi1>) -> (tensor<3xi8> {rarefy.name = "y"}, tensor<3xi1> {rarefy.name = "y"}) {
  %0 = arith.extui %a : tensor<3xi1> to tensor<3xi8>
  return %0, %a : tensor<3xi8>, tensor<3xi1>
}

// All files are written, or none.
// RUN: mkdir -p %t/half/result1.npy
// RUN: not rarefy-run %s --inputs=%t/a.npy,%t/b.npy --outputs=%t/half 2>&1 | FileCheck %s --check-prefix=HALF
// RUN: ls %t/half | FileCheck %s --check-prefix=LEFT
// HALF: error: {{.*}}result1.npy: is a directory
// LEFT-NOT: {{[a-z]}}
// LEFT: result1.npy
// LEFT-NOT: {{[a-z]}}
func.func @main(%a: tensor<2x3xf32>, %b: tensor<i1>) -> (tensor<2x3xf32> {rarefy.name = "twice/a"}, tensor<i1>) {
  %0 = arith.addf %a, %a : tensor<2x3xf32>
  return %0, %b : tensor<2x3xf32>, tensor<i1>
}
