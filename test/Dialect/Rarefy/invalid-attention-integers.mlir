// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

func.func @f(%q: tensor<4x8x64xf32>, %k: tensor<4x6x64xf32>, %o: tensor<4x8x64xf32>) {
  // expected-error@+1 {{expected 'planes', 'value_bits', 'keep_group' and 'refetched' beside i16 alone, found 'f32'}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<4x8x64xf32>, tensor<4x6x64xf32>, tensor<4x6x64xf32>)
    outs(%o : tensor<4x8x64xf32>) {scale = 1.0 : f32, value_bits = 6} -> tensor<4x8x64xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x64xi16>, %k: tensor<4x6x64xi16>, %o: tensor<4x8x64xi16>, %t: tensor<6xf32>) {
  // expected-error@+1 {{expected element type 'i32' of token_importance, found 'f32'}}
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<4x8x64xi16>, tensor<4x6x64xi16>, tensor<4x6x64xi16>)
    outs(%o : tensor<4x8x64xi16>) token_importance(%t : tensor<6xf32>) {scale = 1.0 : f32} -> tensor<4x8x64xi16>, tensor<6xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x64xf32>, %k: tensor<4x6x64xf32>, %o: tensor<4x8x64xf32>, %t: tensor<6xi32>) {
  // expected-error@+1 {{expected element type 'f32' of token_importance, found 'i32'}}
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<4x8x64xf32>, tensor<4x6x64xf32>, tensor<4x6x64xf32>)
    outs(%o : tensor<4x8x64xf32>) token_importance(%t : tensor<6xi32>) {scale = 1.0 : f32} -> tensor<4x8x64xf32>, tensor<6xi32>
  return
}

// -----

func.func @f(%q: tensor<4x8x64xi16>, %k: tensor<4x6x64xi16>, %o: tensor<4x8x64xi16>, %h: tensor<4xf32>) {
  // expected-error@+1 {{expected element type 'i64' of head_importance, found 'f32'}}
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<4x8x64xi16>, tensor<4x6x64xi16>, tensor<4x6x64xi16>)
    outs(%o : tensor<4x8x64xi16>) head_importance(%h : tensor<4xf32>) {scale = 1.0 : f32} -> tensor<4x8x64xi16>, tensor<4xf32>
  return
}

// -----

func.func @f(%q: tensor<4x8x64xi16>, %k: tensor<4x6x64xi16>, %o: tensor<4x8x64xi16>, %m: tensor<6xf32>) {
  // expected-error@+1 {{expected element type 'i1' of mask, found 'f32'}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<4x8x64xi16>, tensor<4x6x64xi16>, tensor<4x6x64xi16>) mask(%m : tensor<6xf32>)
    outs(%o : tensor<4x8x64xi16>) {scale = 1.0 : f32} -> tensor<4x8x64xi16>
  return
}

// -----

func.func @f(%q: tensor<4x8x512xi16>, %k: tensor<4x6x512xi16>, %o: tensor<4x8x512xi16>) {
  // expected-error@+1 {{expected a static depth up to 256, so that a score fits i32}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<4x8x512xi16>, tensor<4x6x512xi16>, tensor<4x6x512xi16>)
    outs(%o : tensor<4x8x512xi16>) {scale = 1.0 : f32} -> tensor<4x8x512xi16>
  return
}

// -----

func.func @f(%q: tensor<4x8x64xi16>, %k: tensor<4x6x64xi16>, %o: tensor<4x8x64xi16>) {
  // expected-error@+1 {{expected 'keep_values' beside 'keep_group'}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<4x8x64xi16>, tensor<4x6x64xi16>, tensor<4x6x64xi16>)
    outs(%o : tensor<4x8x64xi16>) {scale = 1.0 : f32, keep_group = 2} -> tensor<4x8x64xi16>
  return
}

// -----

func.func @f(%q: tensor<4x8x64xi16>, %k: tensor<4x6x64xi16>, %o: tensor<4x8x64xi16>) {
  // expected-error@+1 {{expected a static multiple of 3 heads, those of 'keep_group'}}
  %0 = rarefy.attention ins(%q, %k, %k : tensor<4x8x64xi16>, tensor<4x6x64xi16>, tensor<4x6x64xi16>)
    outs(%o : tensor<4x8x64xi16>) {scale = 1.0 : f32, keep_values = 2, keep_group = 3} -> tensor<4x8x64xi16>
  return
}

// -----

func.func @f(%q: tensor<4x8x64xi16>, %k: tensor<4x6x64xi16>, %o: tensor<4x8x64xi16>, %f: tensor<4x8xi1>) {
  // expected-error@+1 {{expected low bits in 'planes' beside 'refetched'}}
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<4x8x64xi16>, tensor<4x6x64xi16>, tensor<4x6x64xi16>)
    outs(%o : tensor<4x8x64xi16>) refetched(%f : tensor<4x8xi1>) {scale = 1.0 : f32} -> tensor<4x8x64xi16>, tensor<4x8xi1>
  return
}

// -----

func.func @f(%q: tensor<4x8x64xi16>, %k: tensor<4x6x64xi16>, %o: tensor<4x8x64xi16>, %f: tensor<4xi1>) {
  // expected-error@+1 {{expected rank 2 of refetched, found 1}}
  %0:2 = rarefy.attention ins(%q, %k, %k : tensor<4x8x64xi16>, tensor<4x6x64xi16>, tensor<4x6x64xi16>)
    outs(%o : tensor<4x8x64xi16>) refetched(%f : tensor<4xi1>) {scale = 1.0 : f32, planes = #rarefy.planes<msb = 6, lsb = 4, threshold = 0.05>} -> tensor<4x8x64xi16>, tensor<4xi1>
  return
}

// -----

// expected-error@+1 {{expected at least 2 high bits and at most 12 in all, found 10 and 4}}
#p = #rarefy.planes<msb = 10, lsb = 4, threshold = 0.05>

// -----

// expected-error@+1 {{expected a threshold from 0 to 1, found 1.500000e+00}}
#p = #rarefy.planes<msb = 6, lsb = 4, threshold = 1.5>
