"""Products of matrices of odd shapes: the CPU's micro-kernels against the plain loops of the same module."""

import numpy as np
import pytest
import rarefy

SIZES = [
    (1, 17, 16),
    (5, 7, 65),
    (6, 1, 7),
    (7, 65, 1),
    (15, 16, 17),
    (16, 65, 15),
    (17, 5, 5),
    (65, 17, 6),
    (40, 500, 33),
]
TYPES = {
    "f32": ("f32", 1e-5),
    "f16": ("f32", 1e-3),
    "bf16": ("f32", 1e-2),
    "i8": ("i32", 0),
    "i32": ("i32", 0),
}


def product(name: str, m: str, k: str, n: str, element: str, total: str, transposed: bool) -> str:
    """A function of two matrices; `?` for a size makes it dynamic."""
    rhs = f"{n}x{k}" if transposed else f"{k}x{n}"
    read = "(m, n, k) -> (n, k)" if transposed else "(m, n, k) -> (k, n)"
    if total == "f32":
        widen, multiply, add, zero = "arith.extf", "arith.mulf", "arith.addf", "0.0"
    else:
        widen, multiply, add, zero = "arith.extsi", "arith.muli", "arith.addi", "0"
    body = f"%p = {multiply} %x, %y : {total}"
    if element != total:
        body = f"%a = {widen} %x : {element} to {total}\n%b = {widen} %y : {element} to {total}\n"
        body += f"%p = {multiply} %a, %b : {total}"
    sizes = ", ".join(size for size, text in (("%m", m), ("%n", n)) if text == "?")
    lhs_type, rhs_type = f"tensor<{m}x{k}x{element}>", f"tensor<{rhs}x{element}>"
    out_type = f"tensor<{m}x{n}x{total}>"
    return f"""
func.func @{name}(%lhs: {lhs_type}, %rhs: {rhs_type}) -> {out_type} {{
  %c0 = arith.constant 0 : index
  %column = arith.constant {0 if transposed else 1} : index
  %m = tensor.dim %lhs, %c0 : {lhs_type}
  %n = tensor.dim %rhs, %column : {rhs_type}
  %zero = arith.constant {zero} : {total}
  %empty = tensor.empty({sizes}) : {out_type}
  %init = linalg.fill ins(%zero : {total}) outs(%empty : {out_type}) -> {out_type}
  %0 = linalg.generic {{indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<{read}>,
      affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]}}
    ins(%lhs, %rhs : {lhs_type}, {rhs_type}) outs(%init : {out_type}) {{
  ^bb0(%x: {element}, %y: {element}, %o: {total}):
    {body}
    %s = {add} %o, %p : {total}
    linalg.yield %s : {total}
  }} -> {out_type}
  return %0 : {out_type}
}}"""


def matrix(rng: np.random.Generator, shape: tuple[int, int], element: str) -> np.ndarray:
    if element.startswith("i"):
        return rng.integers(-100, 100, shape).astype(element.replace("i", "int"))
    if element == "bf16":
        return rng.standard_normal(shape).astype(pytest.importorskip("ml_dtypes").bfloat16)
    return rng.standard_normal(shape).astype({"f16": np.float16, "f32": np.float32}[element])


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("element", TYPES)
def test_static_sizes(element: str, transposed: bool) -> None:
    total, tolerance = TYPES[element]
    rng = np.random.default_rng(0)
    for m, k, n in SIZES[:: 1 if element == "f32" else 3]:
        module = rarefy.load(product("main", str(m), str(k), str(n), element, total, transposed))
        lhs = matrix(rng, (m, k), element)
        rhs = matrix(rng, (n, k) if transposed else (k, n), element)
        found, expected = rarefy.compile(module)(lhs, rhs), rarefy.compile(module, reference=True)(lhs, rhs)
        np.testing.assert_allclose(
            found, expected, rtol=tolerance, atol=tolerance * k**0.5, err_msg=f"{m}x{k}x{n}"
        )


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("element", ["f32", "i8"])
def test_dynamic_sizes(element: str, transposed: bool) -> None:
    total, tolerance = TYPES[element]
    rng = np.random.default_rng(1)
    module = rarefy.load(product("main", "?", "?", "?", element, total, transposed))
    fast, plain = rarefy.compile(module), rarefy.compile(module, reference=True)
    for m, k, n in SIZES:
        lhs = matrix(rng, (m, k), element)
        rhs = matrix(rng, (n, k) if transposed else (k, n), element)
        np.testing.assert_allclose(
            fast(lhs, rhs), plain(lhs, rhs), rtol=tolerance, atol=tolerance * k**0.5, err_msg=f"{m}x{k}x{n}"
        )
