// RUN: rarefy-opt --rarefy-cpu-vectorize="cpu=x86-64-v3 parallel=false" %s | FileCheck %s
// RUN: rarefy-opt --rarefy-cpu-vectorize="cpu=x86-64-v4 parallel=false" %s | FileCheck %s --check-prefix=WIDE

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

// 65 = 8 vectors of 8 and one element.
// CHECK-LABEL: func.func @elements
// CHECK: math.exp {{.*}} : vector<8xf32>
// CHECK: vector.store
// CHECK: math.exp {{.*}} : f32
// WIDE-LABEL: func.func @elements
// WIDE: math.exp {{.*}} : vector<16xf32>
func.func @elements(%a: memref<4x65xf32>, %c: memref<4x65xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
    ins(%a : memref<4x65xf32>) outs(%c : memref<4x65xf32>) {
  ^bb0(%x: f32, %o: f32):
    %e = math.exp %x : f32
    linalg.yield %e : f32
  }
  return
}

// Four vectors of sums at once, then one; both are added up once a row.
// CHECK-LABEL: func.func @row_sums
// CHECK: arith.addf {{.*}} fastmath<contract> : vector<32xf32>
// CHECK: arith.addf {{.*}} fastmath<contract> : vector<8xf32>
// CHECK: vector.reduction <add>, {{.*}} : vector<32xf32> into f32
// CHECK: vector.reduction <add>, {{.*}} : vector<8xf32> into f32
func.func @row_sums(%a: memref<4x72xf32>, %c: memref<4xf32>) {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
    ins(%a : memref<4x72xf32>) outs(%c : memref<4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %x, %o : f32
    linalg.yield %s : f32
  }
  return
}

// Sums over rows keep whole vectors of columns in registers.
// CHECK-LABEL: func.func @column_sums
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<32xf32>)
// CHECK-NOT: vector.reduction
// CHECK: return
func.func @column_sums(%a: memref<?x64xf32>, %c: memref<64xf32>) {
  linalg.generic {indexing_maps = [#id, #column], iterator_types = ["reduction", "parallel"]}
    ins(%a : memref<?x64xf32>) outs(%c : memref<64xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %x, %o : f32
    linalg.yield %s : f32
  }
  return
}

// A row of a table is contiguous: no element-wise gather.
// CHECK-LABEL: func.func @lookup
// CHECK: vector.load %arg0[{{.*}}] : memref<100x64xf32>, vector<8xf32>
// CHECK-NOT: vector.from_elements
// CHECK: return
func.func @lookup(%table: memref<100x64xf32>, %ids: memref<4xi32>, %c: memref<4x64xf32>) {
  linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]}
    ins(%ids : memref<4xi32>) outs(%c : memref<4x64xf32>) {
  ^bb0(%id: i32, %o: f32):
    %i = arith.index_cast %id : i32 to index
    %j = linalg.index 1 : index
    %v = memref.load %table[%i, %j] : memref<100x64xf32>
    linalg.yield %v : f32
  }
  return
}

// Sums of short floats lose nothing until they are complete.
// CHECK-LABEL: func.func @half_sums
// CHECK: arith.mulf %{{.*}}, %{{.*}} fastmath<contract> : vector<16xf32>
// CHECK: arith.addf %{{.*}}, %{{.*}} fastmath<contract> : vector<16xf32>
// CHECK-NOT: f16>
// CHECK: vector.reduction <add>, %{{.*}} : vector<16xf32> into f32
// CHECK: arith.truncf %{{.*}} : f32 to f16
func.func @half_sums(%a: memref<4x16xf16>, %b: memref<4x16xf16>, %c: memref<4xf16>) {
  linalg.generic {indexing_maps = [#id, #id, #row], iterator_types = ["parallel", "reduction"]}
    ins(%a, %b : memref<4x16xf16>, memref<4x16xf16>) outs(%c : memref<4xf16>) {
  ^bb0(%x: f16, %y: f16, %o: f16):
    %p = arith.mulf %x, %y : f16
    %s = arith.addf %o, %p : f16
    linalg.yield %s : f16
  }
  return
}

// A buffer of i4 has a byte for each, a vector only four bits.
// CHECK-LABEL: func.func @nibbles
// CHECK-NOT: vector
// CHECK: return
func.func @nibbles(%a: memref<64xi4>, %c: memref<64xi8>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
    ins(%a : memref<64xi4>) outs(%c : memref<64xi8>) {
  ^bb0(%x: i4, %o: i8):
    %e = arith.extsi %x : i4 to i8
    linalg.yield %e : i8
  }
  return
}
