// The stock tool has no sanitizer for a plugin to use.
// UNSUPPORTED: asan
// The plugin brings the dialect and its passes to the stock mlir-opt; neither is there without it.
// RUN: mlir-opt --load-dialect-plugin=%plugin --load-pass-plugin=%plugin %s \
// RUN:   --pass-pipeline='builtin.module(rarefy-decompose)' | FileCheck %s
// A tool that has both keeps them, and so does mlir-opt the second time.
// RUN: rarefy-opt --load-dialect-plugin=%plugin --load-pass-plugin=%plugin %s --rarefy-decompose | FileCheck %s
// RUN: mlir-opt --load-dialect-plugin=%plugin --load-pass-plugin=%plugin --load-dialect-plugin=%plugin \
// RUN:   --load-pass-plugin=%plugin %s --pass-pipeline='builtin.module(rarefy-decompose)' | FileCheck %s
// RUN: not mlir-opt %s 2>&1 | FileCheck %s --check-prefix=WITHOUT

// WITHOUT: Dialect `rarefy' not found for custom op 'rarefy.topk'

// CHECK-LABEL: func.func @topk
// CHECK-NOT: rarefy.topk
// CHECK: return
func.func @topk(%scores: tensor<8xf32>, %init: tensor<2xi32>) -> tensor<2xi32> {
  %0 = rarefy.topk ins(%scores : tensor<8xf32>) outs(%init : tensor<2xi32>) -> tensor<2xi32>
  return %0 : tensor<2xi32>
}
