"""The digits model for demos and tests: its images, pruned modules, and what can be seen inside of a module."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rarefy
from architecture import Schedule

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODEL = HERE / "digits.onnx"


def read_images() -> tuple[np.ndarray, np.ndarray]:
    """The held-back images, scaled to 0..1, and their labels."""
    with np.load(HERE / "digits-test.npz") as data:
        return (data["images"] / 16).astype(np.float32)[:, None], data["labels"]


def attention_tokens(module: rarefy.Module) -> tuple[int, ...]:
    """The tokens that each attention of a module really works on."""
    queries = re.findall(r"rarefy\.attention\b[^\n]*?tensor<(?:\d+x)*?(\d+)x\d+xf32>", str(module))
    return tuple(map(int, queries))


def prune(schedule: Schedule) -> rarefy.Module:
    module = rarefy.import_onnx(MODEL).run(schedule.passes)
    if attention_tokens(module) != schedule.tokens:
        found = attention_tokens(module)
        raise rarefy.RarefyError([f"{schedule.name}: expected tokens {schedule.tokens}, found {found}"])
    return module


def accuracy(run: rarefy.CompiledFunction, images: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean([run(image).argmax() == label for image, label in zip(images, labels, strict=True)]))


def with_results(module: rarefy.Module, values: Sequence[tuple[str, str]]) -> rarefy.Module:
    """The module with more results: values of its text, each with its type."""
    text = module.to_mlir()
    names, types = ("".join(f", {part}" for part in parts) for parts in zip(*values, strict=True))
    text = re.sub(
        r"(?m)^( *(?:func\.)?return %[^:\n]*?) : (.*?)( loc\(.*\))?$", rf"\1{names} : \2{types}", text
    )
    arguments, results = re.search(r"@main\((.*)\) -> (.*) \{$", text, re.MULTILINE).span(2)
    signature = text[arguments:results].removeprefix("(").removesuffix(")")
    return rarefy.load(f"{text[:arguments]}({signature}{types}){text[results:]}")


def with_positions(module: rarefy.Module) -> rarefy.Module:
    """The module with one more result for each selection of tokens: the positions that go on."""
    chosen = re.findall(r"(%\S+) = rarefy\.topk\b[^\n]*-> (tensor<[\dx]*xi32>)", module.to_mlir())
    return with_results(module, chosen)


def with_attention(module: rarefy.Module) -> rarefy.Module:
    """The module with what each attention returns, its output and importance, as more results."""
    found = re.findall(r"(%\S+?)(:\d+)? = rarefy\.attention\b[^\n]*-> (tensor<[^\n]*>)", module.to_mlir())
    values = [
        (f"{name}#{index}" if several else name, type)
        for name, several, types in found
        for index, type in enumerate(types.split(", "))
    ]
    return with_results(module, values)
