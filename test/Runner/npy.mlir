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

// RUN: not rarefy-run %s --inputs=%t/fortran.npy,%t/b.npy 2>&1 | FileCheck %s --check-prefix=FORTRAN --implicit-check-not=error
// FORTRAN: error: {{.*}}fortran.npy: the array is in column-major (Fortran) order: save numpy.ascontiguousarray of it
// RUN: not rarefy-run %s --inputs=%t/double.npy,%t/b.npy 2>&1 | FileCheck %s --check-prefix=DOUBLE --implicit-check-not=error
// DOUBLE: error: input 0: expected 2x3xf32, found 2x3xf64
func.func @main(%a: tensor<2x3xf32>, %b: tensor<i1>) -> (tensor<2x3xf32> {rarefy.name = "twice/a"}, tensor<i1>) {
  %0 = arith.addf %a, %a : tensor<2x3xf32>
  return %0, %b : tensor<2x3xf32>, tensor<i1>
}
