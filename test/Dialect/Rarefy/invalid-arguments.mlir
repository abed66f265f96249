// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{expected 'rarefy.name' to be a string, found 5 : i32}}
func.func @name(%x: tensor<4xf32> {rarefy.name = 5 : i32}) { return }

// -----

// expected-error@+1 {{expected 'rarefy.dims' to be a list of strings, found "a"}}
func.func @no_list(%x: tensor<?xf32> {rarefy.dims = "a"}) { return }

// -----

// expected-error@+1 {{expected 'rarefy.dims' to be a list of strings, found [1]}}
func.func @no_strings(%x: tensor<?xf32> {rarefy.dims = [1]}) { return }

// -----

// expected-error@+1 {{expected 'rarefy.dims' to name 2 dimensions of 'tensor<?x4xf32>', found 1}}
func.func @too_few(%x: tensor<?x4xf32> {rarefy.dims = ["a"]}) { return }

// -----

// expected-error@+1 {{expected 'rarefy.unsigned' without a value, found false}}
func.func @value(%x: tensor<4xi8> {rarefy.unsigned = false}) { return }

// -----

// expected-error@+1 {{expected 'rarefy.unsigned' beside integers, found 'tensor<4xf32>'}}
func.func @float(%x: tensor<4xf32> {rarefy.unsigned}) { return }

// -----

// expected-error@+1 {{expected 'rarefy.name', 'rarefy.dims' or 'rarefy.unsigned', found 'rarefy.nmae'}}
func.func @misspelt(%x: tensor<4xf32> {rarefy.nmae = "x"}) { return }

// -----

// expected-error@+1 {{expected 'rarefy.name' to be a string, found unit}}
func.func private @result() -> (tensor<4xf32> {rarefy.name})

// -----

func.func @valid(%x: tensor<?x4xi8> {rarefy.name = "x", rarefy.dims = ["n", ""], rarefy.unsigned}, %y: f32 {rarefy.name = "y"})
    -> (tensor<?x4xi8> {rarefy.name = "z", rarefy.unsigned}) {
  return %x : tensor<?x4xi8>
}

// -----

// expected-error@+1 {{expected 'rarefy.name' on no operation}}
func.func @operation() attributes {rarefy.name = "f"} { return }
