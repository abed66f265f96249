// Work worth it is shared among threads, whatever the processor; small work and
// parallel=false is not.
// RUN: rarefy-opt %s --rarefy-cpu-lower-attention=cpu=x86-64-v3 | FileCheck %s --check-prefixes=CHECK,ATTENTION
// RUN: rarefy-opt %s --rarefy-cpu-lower-contractions=cpu=x86-64-v3 | FileCheck %s --check-prefixes=CHECK,CONTRACTION
// RUN: rarefy-opt %s --rarefy-cpu-vectorize=cpu=x86-64-v3 | FileCheck %s --check-prefixes=CHECK,VECTORIZE
// RUN: rarefy-opt %s --rarefy-cpu-lower-attention="cpu=x86-64-v3 parallel=false" \
// RUN:   --rarefy-cpu-lower-contractions="cpu=x86-64-v3 parallel=false" \
// RUN:   --rarefy-cpu-vectorize="cpu=x86-64-v3 parallel=false" | FileCheck %s --check-prefix=ALONE
// RUN: rarefy-opt %s --rarefy-cpu-pipeline=cpu=x86-64-v3 | FileCheck %s --check-prefix=PIPELINE

// ALONE-NOT: scf.parallel
// PIPELINE-COUNT-3: omp.parallel
// PIPELINE-NOT: omp.parallel

// One head is one part.
// CHECK-LABEL: func.func @attention
// ATTENTION: scf.parallel (%{{.*}}) = (%{{.*}}) to (%{{.*}}) step
// ATTENTION: vector.fma
func.func @attention(%q: memref<8x128x64xf32>, %o: memref<8x128x64xf32>) {
  rarefy.attention ins(%q, %q, %q : memref<8x128x64xf32>, memref<8x128x64xf32>, memref<8x128x64xf32>)
    outs(%o : memref<8x128x64xf32>) {scale = 1.0 : f32}
  return
}

// Blocks of rows and of columns.
// CHECK-LABEL: func.func @contraction
// CONTRACTION: scf.parallel (%{{.*}}, %{{.*}}) = (%{{.*}}, %{{.*}}) to (%{{.*}}, %{{.*}}) step
// CONTRACTION: vector.fma
func.func @contraction(%a: memref<256x256xf32>, %b: memref<256x256xf32>, %c: memref<256x256xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<256x256xf32>, memref<256x256xf32>) outs(%c : memref<256x256xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %m, %o : f32
    linalg.yield %s : f32
  }
  return
}

// CHECK-LABEL: func.func @elements
// VECTORIZE: scf.parallel
// VECTORIZE: math.exp {{.*}} : vector<8xf32>
func.func @elements(%a: memref<512x512xf32>, %c: memref<512x512xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    ins(%a : memref<512x512xf32>) outs(%c : memref<512x512xf32>) {
  ^bb0(%x: f32, %o: f32):
    %e = math.exp %x : f32
    linalg.yield %e : f32
  }
  return
}

// CHECK-LABEL: func.func @small
// CHECK-NOT: scf.parallel
func.func @small(%a: memref<8x8xf32>, %c: memref<8x8xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    ins(%a : memref<8x8xf32>) outs(%c : memref<8x8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %e = math.exp %x : f32
    linalg.yield %e : f32
  }
  return
}
