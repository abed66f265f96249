// RUN: rarefy-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{expected 'spatten.program' without a value, found false}}
func.func @false() attributes {spatten.program = false} { return }

// -----

// expected-error@+1 {{expected 'spatten.program' without a value, found "yes"}}
func.func @text() attributes {spatten.program = "yes"} { return }

// -----

// expected-error@+1 {{expected 'spatten.program', found 'spatten.programme'}}
func.func @misspelt() attributes {spatten.programme} { return }

// -----

func.func @inside() {
  // expected-error@+1 {{expected 'spatten.program' on a function}}
  return {spatten.program}
}

// -----

// expected-error@+1 {{expected 'spatten.program' on no argument or result}}
func.func @argument(%x: i32 {spatten.program}) { return }

// -----

// expected-error@+1 {{expected 'spatten.bits' on no argument or result}}
func.func private @result() -> (i32 {spatten.bits = 8 : i32})
