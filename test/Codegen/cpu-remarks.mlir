// RUN: rarefy-opt --rarefy-cpu-lower-contractions=cpu=x86-64-v3 --rarefy-cpu-vectorize=cpu=x86-64-v3 --remarks-filter=rarefy-cpu %s 2>&1 | FileCheck %s

// CHECK: MicroKernel | Category:rarefy-cpu{{.*}}left to the vectorizer: the result's innermost dimension is not contiguous
func.func @strided(%a: memref<8x8xf32>, %b: memref<8x8xf32>, %c: memref<8x8xf32, strided<[16, 2]>>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<8x8xf32>, memref<8x8xf32>) outs(%c : memref<8x8xf32, strided<[16, 2]>>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %m, %o : f32
    linalg.yield %s : f32
  }
  return
}

// CHECK: Vectorize | Category:rarefy-cpu{{.*}}left scalar: no vector form of scf.if
func.func @branch(%a: memref<8xf32>, %c: memref<8xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
    ins(%a : memref<8xf32>) outs(%c : memref<8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %big = arith.cmpf ogt, %x, %zero : f32
    %r = scf.if %big -> f32 {
      scf.yield %x : f32
    } else {
      scf.yield %zero : f32
    }
    linalg.yield %r : f32
  }
  return
}

// CHECK: Vectorize | Category:rarefy-cpu{{.*}}left scalar: no dimension has four elements and a known combination
func.func @short(%a: memref<3xf32>, %c: memref<3xf32>) {
  linalg.copy ins(%a : memref<3xf32>) outs(%c : memref<3xf32>)
  return
}

// CHECK: Vectorize | Category:rarefy-cpu{{.*}}left scalar: its results are indexed by summed dimensions
func.func @indexed_by_summed(%a: memref<8xf32>, %c: memref<8xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["reduction"]}
    ins(%a : memref<8xf32>) outs(%c : memref<8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %x, %o : f32
    linalg.yield %s : f32
  }
  return
}
