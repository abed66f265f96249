// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml | FileCheck %s
// RUN: rarefy-opt %s --convert-rarefy-to-spatten=config=%src/configs/spatten.yaml --canonicalize -o /dev/null

func.func private @planes(%q: tensor<4x5x16xi16>, %k: tensor<4x8x16xi16>, %v: tensor<4x8x16xi16>, %unused: tensor<2xf32>)
    -> (tensor<4x5x16xi16>, tensor<8xi32>) attributes {spatten.program} {
  %o = tensor.empty() : tensor<4x5x16xi16>
  %z = arith.constant dense<0> : tensor<8xi32>
  %0:2 = rarefy.attention ins(%q, %k, %v : tensor<4x5x16xi16>, tensor<4x8x16xi16>, tensor<4x8x16xi16>)
    outs(%o : tensor<4x5x16xi16>) token_importance(%z : tensor<8xi32>)
    {scale = 1.0 : f32, value_bits = 5, planes = #rarefy.planes<msb = 5, lsb = 3, threshold = 0.1>}
    -> tensor<4x5x16xi16>, tensor<8xi32>
  return %0#0, %0#1 : tensor<4x5x16xi16>, tensor<8xi32>
}

func.func private @wide(%x: tensor<2x8x64xi16>) -> tensor<2x8x64xi16> attributes {spatten.program} {
  %o = tensor.empty() : tensor<2x8x64xi16>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<2x8x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
    outs(%o : tensor<2x8x64xi16>) {scale = 1.0 : f32} -> tensor<2x8x64xi16>
  return %0 : tensor<2x8x64xi16>
}

// CHECK-DAG: #[[PAIRS:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d1, d3)>

// CHECK-LABEL: isa.program @planes
// CHECK: isa.tensor @argument0 in at 0 : tensor<4x5x64xi16>
// CHECK-NEXT: isa.tensor @argument1.msb in at {{[0-9]+}} : tensor<2x8x2x64xi6>
// CHECK-NEXT: isa.tensor @argument2.value in at {{[0-9]+}} : tensor<2x8x2x64xi6>
// CHECK-NEXT: isa.tensor @argument1.lsb in at {{[0-9]+}} : tensor<4x8x64xi4>
// CHECK-NEXT: isa.tensor @result0 out at {{[0-9]+}} : tensor<4x5x64xi16>
// CHECK-NEXT: isa.tensor @result1 out at {{[0-9]+}} : tensor<8xi32>

// CHECK-LABEL: func.func @host(
// CHECK-SAME: %[[Q:.*]]: tensor<4x5x16xi16>, %[[K:.*]]: tensor<4x8x16xi16>, %[[V:.*]]: tensor<4x8x16xi16>, %{{.*}}: tensor<2xf32>)
// A query is as it is, with zeros behind it up to 64 elements.
// CHECK: %[[QUERY:.*]] = linalg.generic {{.*}} ins(%[[Q]] : {{.*}}) outs(%{{.*}} : tensor<4x5x16xi16>)
// CHECK-NEXT: ^bb0(%[[X:.*]]: i16, %{{.*}}: i16):
// CHECK-NEXT: linalg.yield %[[X]]
// CHECK: %[[PAD:.*]] = tensor.pad %[[QUERY]] low[0, 0, 0] high[0, 0, 48]
// Keys without their low plane, in pairs of heads.
// CHECK: %[[APART:.*]] = tensor.expand_shape %[[K]] {{\[\[}}0, 1], [2], [3]] output_shape [2, 2, 8, 16]
// CHECK: %[[HIGH:.*]] = linalg.generic {indexing_maps = [#[[PAIRS]], #{{.*}}], {{.*}}} ins(%[[APART]] : {{.*}}) outs(%{{.*}} : tensor<2x8x2x16xi16>)
// CHECK: arith.constant 3 : i16
// CHECK-NEXT: %[[KEPT:.*]] = arith.shrsi
// The device has a sixth bit, which no key may need.
// CHECK-NEXT: arith.constant 11 : i16
// CHECK-NEXT: arith.shli %[[KEPT]]
// CHECK-NEXT: %[[SAME:.*]] = arith.shrsi
// CHECK-NEXT: %[[FITS:.*]] = arith.cmpi eq, %[[SAME]], %[[KEPT]]
// CHECK-NEXT: %[[REFUSED:.*]] = arith.constant -32768 : i16
// CHECK-NEXT: %[[STORED:.*]] = arith.select %[[FITS]], %[[KEPT]], %[[REFUSED]]
// CHECK-NEXT: linalg.yield %[[STORED]]
// CHECK: %[[KEY:.*]] = tensor.pad %[[HIGH]]
// Values: bits 7 to 11 with a zero below them, as the device has 6.
// CHECK: arith.constant 7 : i16
// CHECK-NEXT: arith.shrsi
// CHECK-NEXT: arith.constant 1 : i16
// CHECK-NEXT: arith.shli
// CHECK-NEXT: linalg.yield
// Low bits of keys: bits 0 to 2 with a zero below them, head by head.
// CHECK: linalg.generic {{.*}} ins(%[[K]] : {{.*}}) outs(%{{.*}} : tensor<4x8x16xi16>)
// CHECK: arith.constant 7 : i16
// CHECK-NEXT: arith.andi
// CHECK-NEXT: arith.constant 1 : i16
// CHECK-NEXT: arith.shli
// CHECK-NEXT: linalg.yield
// CHECK: %[[L:.*]]:2 = isa.launch @planes ins(%[[PAD]], %[[KEY]], %{{.*}}, %{{.*}} : tensor<4x5x64xi16>, tensor<2x8x2x64xi16>, tensor<2x8x2x64xi16>, tensor<4x8x64xi16>)
// CHECK-SAME: outs(%{{.*}}, %{{.*}} : tensor<4x5x64xi16>, tensor<8xi32>)
// CHECK: %[[OUT:.*]] = tensor.extract_slice %[[L]]#0[0, 0, 0] [4, 5, 16] [1, 1, 1]
// CHECK: return %[[OUT]], %[[L]]#1
func.func @host(%q: tensor<4x5x16xi16>, %k: tensor<4x8x16xi16>, %v: tensor<4x8x16xi16>, %u: tensor<2xf32>)
    -> (tensor<4x5x16xi16>, tensor<8xi32>) {
  %0:2 = call @planes(%q, %k, %v, %u) : (tensor<4x5x16xi16>, tensor<4x8x16xi16>, tensor<4x8x16xi16>, tensor<2xf32>)
    -> (tensor<4x5x16xi16>, tensor<8xi32>)
  return %0#0, %0#1 : tensor<4x5x16xi16>, tensor<8xi32>
}

// An argument of three roles is three tensors; 64 elements need no zeros. Each
// call is a launch.
// CHECK-LABEL: func.func @twice(
// CHECK-NOT: tensor.pad
// CHECK: %[[A:.*]] = isa.launch @wide ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<2x8x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
// CHECK: linalg.generic {{.*}} ins(%[[A]] :
// CHECK: %[[B:.*]] = isa.launch @wide
// CHECK-NEXT: return %[[B]]
func.func @twice(%x: tensor<2x8x64xi16>) -> tensor<2x8x64xi16> {
  %0 = call @wide(%x) : (tensor<2x8x64xi16>) -> tensor<2x8x64xi16>
  %1 = call @wide(%0) : (tensor<2x8x64xi16>) -> tensor<2x8x64xi16>
  return %1 : tensor<2x8x64xi16>
}

// A module within is a module of its own.
// CHECK: module @inner
// CHECK-NEXT: func.func @nested({{.*}} attributes {spatten.program}
module @inner {
  func.func @nested(%x: tensor<2x8x64xi16>) -> tensor<2x8x64xi16> attributes {spatten.program} {
    %o = tensor.empty() : tensor<2x8x64xi16>
    %0 = rarefy.attention ins(%x, %x, %x : tensor<2x8x64xi16>, tensor<2x8x64xi16>, tensor<2x8x64xi16>)
      outs(%o : tensor<2x8x64xi16>) {scale = 1.0 : f32} -> tensor<2x8x64xi16>
    return %0 : tensor<2x8x64xi16>
  }
}
