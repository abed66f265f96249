// RUN: rarefy-opt %s --rarefy-prune-tokens=keep=7 --verify-diagnostics -o /dev/null
// RUN: rarefy-opt %s --rarefy-prune-heads=keep=7 --verify-diagnostics -o /dev/null
// RUN: rarefy-opt %s --rarefy-prune-values=keep=7 --verify-diagnostics -o /dev/null
// RUN: not rarefy-opt %s --rarefy-prune-tokens=keep=7 2>&1 >/dev/null | FileCheck %s

// Options that make no sense are refused where there is nothing to prune, too;
// the program is not printed along.

// CHECK: :[[#@LINE+3]]:1: error: expected keep ratios
// CHECK-NOT: note
// expected-error @below {{expected keep ratios in (0, 1], found 7}}
func.func @no_attention(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
