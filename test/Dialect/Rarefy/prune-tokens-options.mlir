// RUN: sed '/@below/{/case 0:/!d}' %s | rarefy-opt --rarefy-prune-tokens=keep=1,1.5 --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 1:/!d}' %s | rarefy-opt --rarefy-prune-tokens=keep=1,1,1 --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 2:/!d}' %s | rarefy-opt --rarefy-prune-tokens=keep=0.5,0.5 --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 3:/!d}' %s | rarefy-opt --rarefy-prune-tokens="keep=1 counts=8" --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 4:/!d}' %s | rarefy-opt --rarefy-prune-tokens=counts=8,0 --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 5:/!d}' %s | rarefy-opt --rarefy-prune-tokens=counts=8,9 --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 6:/!d}' %s | rarefy-opt --rarefy-prune-tokens=counts=4,4 --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 7:/!d}' %s | rarefy-opt --rarefy-prune-tokens=protect=8 --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 8:/!d}' %s | rarefy-opt --rarefy-prune-tokens=front=2 --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 9:/!d}' %s | rarefy-opt --rarefy-prune-tokens=mean=0.2 --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 10:/!d}' %s | rarefy-opt --rarefy-prune-tokens=mean=-1 --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 11:/!d}' %s | rarefy-opt --rarefy-prune-tokens=end=nan --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 12:/!d}' %s | rarefy-opt --rarefy-prune-tokens="keep=0.5 front=0.3" --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 13:/!d}' %s | rarefy-opt --rarefy-prune-tokens="counts=8,4 mean=0.6" --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 14:/!d}' %s | rarefy-opt --rarefy-prune-tokens="mean=0.6 start=0.5 end=0.4" --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 15:/!d}' %s | rarefy-opt --rarefy-prune-tokens="start=0.5 front=1" --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 2:/!d}' %s | rarefy-opt --rarefy-prune-heads=keep=0.5,0.5 --verify-diagnostics -o /dev/null
// RUN: sed '/@below/{/case 16:/!d}' %s | rarefy-opt --rarefy-prune-heads="keep=0.5 end=0.2" --verify-diagnostics -o /dev/null

// A pipeline that is printed names options at their default, too.
// RUN: rarefy-opt %s --rarefy-prune-tokens="end=0 front=0.15 keep=0.5 mean=0.5 start=0" -o /dev/null
// RUN: rarefy-opt %s --rarefy-prune-tokens="end=0.4 front=0.15 mean=0.5 start=0.5" -o /dev/null

// Of the errors, each run leaves its own.
// case 0: expected-error @below {{expected keep ratios in (0, 1], found 1.5}}
// case 1: expected-error @below {{expected at most 2 entries, one for each layer, found 3}}
// case 2: expected-error @below {{expected keep ratio 1 in the first layer, found 0.5}}
// case 3: expected-error @below {{expected keep or counts, found both}}
// case 4: expected-error @below {{expected positive counts, found 0}}
// case 5: expected-error @below {{expected entries that do not increase, found a larger one for layer 2}}
// case 6: expected-error @below {{expected a count of 8 at least in the first layer, found 4}}
// case 7: expected-error @below {{expected protected positions from -8 to 7, found 8}}
// case 8: expected-error @below {{expected front in [0, 1], found 2}}
// case 9: expected-error @below {{expected a mean keep ratio above 0.5 and at most 1, as 1 of 2 layers keep all, found 0.2}}
// case 10: expected-error @below {{expected mean in [0, 1], found -1}}
// case 11: expected-error @below {{expected end in [0, 1], found nan}}
// case 12: expected-error @below {{expected keep or front, found both}}
// case 13: expected-error @below {{expected counts or mean, found both}}
// case 14: expected-error @below {{expected mean or end beside start, found both}}
// case 15: expected-error @below {{expected front below 1 beside start, found 1}}
// case 16: expected-error @below {{expected keep or end, found both}}
func.func @two_layers(%x: tensor<4x8x4xf32>) -> tensor<4x8x4xf32> {
  %init = tensor.empty() : tensor<4x8x4xf32>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>)
    outs(%init : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  %1 = rarefy.attention ins(%0, %0, %0 : tensor<4x8x4xf32>, tensor<4x8x4xf32>, tensor<4x8x4xf32>)
    outs(%init : tensor<4x8x4xf32>) {scale = 0.5 : f32} -> tensor<4x8x4xf32>
  return %1 : tensor<4x8x4xf32>
}
