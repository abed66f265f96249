// RUN: rarefy-opt --rarefy-cpu-lower-contractions="cpu=x86-64-v3 parallel=false" %s | FileCheck %s
// RUN: rarefy-opt --rarefy-cpu-lower-contractions="cpu=znver5 parallel=false" %s | FileCheck %s --check-prefix=WIDE

#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (k, n)>
#rhsT = affine_map<(m, n, k) -> (n, k)>
#panels = affine_map<(m, n, k) -> (n floordiv 16, k, n mod 16)>
#out = affine_map<(m, n, k) -> (m, n)>

// 6 x 2 vectors of 8 sums, 12 of 16 registers; 32 registers hold 6 x 4 of 16.
// The sums start at zero, not at what the fill wrote.
// CHECK-LABEL: func.func @matmul
// CHECK-NOT: linalg.fill
// CHECK: memref.alloca() {{.*}} : memref<64x16xf32>
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-12: vector.fma {{.*}} : vector<8xf32>
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// WIDE-LABEL: func.func @matmul
// WIDE: memref.alloca() {{.*}} : memref<64x64xf32>
// WIDE: scf.for {{.*}} iter_args
// WIDE-COUNT-24: vector.fma {{.*}} : vector<16xf32>
// WIDE-NOT: vector.fma
// WIDE: scf.yield
func.func @matmul(%a: memref<60x64xf32>, %b: memref<64x64xf32>, %c: memref<60x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<60x64xf32>)
  linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<60x64xf32>, memref<64x64xf32>) outs(%c : memref<60x64xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %m, %o : f32
    linalg.yield %s : f32
  }
  return
}

// Packed panels are read in place. Of 5 columns, 3 lanes are masked when stored.
// CHECK-LABEL: func.func @packed
// CHECK-NOT: memref.alloca
// CHECK: vector.load %arg1[{{.*}}] : memref<1x64x16xf32>, vector<8xf32>
// CHECK: vector.maskedstore
func.func @packed(%a: memref<60x64xf32>, %b: memref<1x64x16xf32>, %c: memref<60x5xf32>) {
  linalg.generic {indexing_maps = [#lhs, #panels, #out], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<60x64xf32>, memref<1x64x16xf32>) outs(%c : memref<60x5xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %m, %o : f32
    linalg.yield %s : f32
  }
  return
}

// Columns that are contiguous along the sum are transposed in registers.
// CHECK-LABEL: func.func @transposed
// CHECK-COUNT-24: vector.shuffle {{.*}} : vector<8xf32>, vector<8xf32>
// CHECK: vector.fma
func.func @transposed(%a: memref<?x64xf32>, %b: memref<64x64xf32>, %c: memref<?x64xf32>) {
  linalg.generic {indexing_maps = [#lhs, #rhsT, #out], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<?x64xf32>, memref<64x64xf32>) outs(%c : memref<?x64xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %m, %o : f32
    linalg.yield %s : f32
  }
  return
}

// One row reads eight vectors of a row of the right-hand side, in place.
// CHECK-LABEL: func.func @one_row
// CHECK-NOT: memref.alloca
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-8: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
func.func @one_row(%a: memref<1x64xf32>, %b: memref<64x128xf32>, %c: memref<1x128xf32>) {
  linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<1x64xf32>, memref<64x128xf32>) outs(%c : memref<1x128xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %m, %o : f32
    linalg.yield %s : f32
  }
  return
}

// Bytes are widened on their way into 32-bit sums.
// CHECK-LABEL: func.func @bytes
// CHECK: arith.extsi {{.*}} : vector<8xi8> to vector<8xi32>
// CHECK: arith.muli {{.*}} : vector<8xi32>
func.func @bytes(%a: memref<60x64xi8>, %b: memref<64x64xi8>, %c: memref<60x64xi32>) {
  linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<60x64xi8>, memref<64x64xi8>) outs(%c : memref<60x64xi32>) {
  ^bb0(%x: i8, %y: i8, %o: i32):
    %x32 = arith.extsi %x : i8 to i32
    %y32 = arith.extsi %y : i8 to i32
    %m = arith.muli %x32, %y32 : i32
    %s = arith.addi %m, %o : i32
    linalg.yield %s : i32
  }
  return
}
