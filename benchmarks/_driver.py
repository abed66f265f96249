"""Times models beside peers in one run: in turns, on one thread and on all, the peers that are installed.

A contestant prepares a call that returns the model's first result. What Rarefy cannot do is an error; a peer that is not
there, or cannot take the model, is named as missing with its reason.
"""

import importlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rarefy
from rarefy.records import Column, Recorder, all_threads, interleave, table

ROOT = Path(__file__).resolve().parents[1]
Call = Callable[[], np.ndarray]


@dataclass
class Workload:
    """A model with its inputs; Rarefy's variants are pass pipelines by name, the first of them is the baseline."""

    name: str
    model: Path
    inputs: dict[str, np.ndarray]
    variants: dict[str, str]
    pytorch: Callable[[], Callable] | None = None
    missing: dict[str, str] = field(default_factory=dict)


def prepare_rarefy(work: Workload, passes: str, threads: int) -> Call:
    run = rarefy.compile(work.model, passes, threads=threads)
    arrays = list(work.inputs.values())
    return lambda: run(*arrays)


def prepare_onnxruntime(work: Workload, threads: int) -> Call:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(str(work.model), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, work.inputs)[0]


def prepare_openvino(work: Workload, threads: int) -> Call:
    import openvino

    options = {
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    compiled = openvino.Core().compile_model(str(work.model), "CPU", options)
    request = compiled.create_infer_request()
    return lambda: request.infer(work.inputs)[0]


def prepare_iree(work: Workload, threads: int) -> Call:
    import iree.compiler
    import iree.runtime

    with tempfile.TemporaryDirectory() as folder:
        imported = os.path.join(folder, "model.mlir")
        importer = [sys.executable, "-m", "iree.compiler.tools.import_onnx", str(work.model), "-o", imported]
        subprocess.run(importer, check=True, capture_output=True)
        options = ["--iree-llvmcpu-target-cpu=host", "--iree-opt-level=O3"]
        options.append("--iree-llvmcpu-fail-on-out-of-bounds-stack-allocation=false")
        image = iree.compiler.compile_file(
            imported, target_backends=["llvm-cpu"], input_type="onnx", extra_args=options
        )
    if threads > 1:
        iree.runtime.flags.parse_flags(f"--task_topology_max_group_count={threads}")
    module = iree.runtime.load_vm_flatbuffer(image, driver="local-sync" if threads == 1 else "local-task")
    names = [
        name for name in module.vm_module.function_names if not name.startswith("__") and "$" not in name
    ]
    function, arrays = module[names[0]], list(work.inputs.values())
    return lambda: np.asarray(function(*arrays))


def prepare_pytorch(work: Workload, threads: int) -> Call:
    import torch

    if work.pytorch is None:
        raise NotImplementedError("this benchmark has the model in ONNX only")
    torch.set_num_threads(threads)
    model = work.pytorch()
    tensors = [torch.from_numpy(array) for array in work.inputs.values()]

    def call() -> np.ndarray:
        with torch.inference_mode():
            return model(*tensors).numpy()

    return call


# What a peer's compile time leaves out: loading these.
PACKAGES = {
    "onnxruntime": ["onnxruntime"],
    "openvino": ["openvino"],
    "iree": ["iree.compiler", "iree.runtime"],
    "pytorch": ["torch"],
}
PEERS = {
    "onnxruntime": prepare_onnxruntime,
    "openvino": prepare_openvino,
    "iree": prepare_iree,
    "pytorch": prepare_pytorch,
}


def prepare_all(work: Workload, threads: int, recorder: Recorder) -> dict[str, Call]:
    """The calls of all that can run, with their seconds from file to callable."""
    makers = {
        name: lambda passes=passes: prepare_rarefy(work, passes, threads)
        for name, passes in work.variants.items()
    }
    makers |= {name: lambda prepare=prepare: prepare(work, threads) for name, prepare in PEERS.items()}
    calls = {}
    for name, make in makers.items():
        try:
            for package in PACKAGES.get(name, []):
                importlib.import_module(package)
            start = time.perf_counter()
            calls[name] = make()
            elapsed = time.perf_counter() - start
            calls[name]()
        except Exception as error:
            if name in work.variants:
                raise
            calls.pop(name, None)
            work.missing[name] = (
                str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            )
            continue
        if name != "pytorch":  # runs eagerly
            recorder.add(f"{work.name}/{name}", "compile_s", elapsed, "s", threads=threads)
    return calls


def compare(work: Workload, calls: dict[str, Call], threads: int, recorder: Recorder) -> None:
    """How far each result is from ONNX Runtime's, or from the first variant's without it."""
    reference = calls["onnxruntime" if "onnxruntime" in calls else next(iter(work.variants))]()
    for name, call in calls.items():
        result = call()
        if result.shape != reference.shape:
            raise SystemExit(
                f"{work.name}/{name}: expected a result of {reference.shape}, found {result.shape}"
            )
        error = float(np.abs(result - reference).max())
        cosine = float(np.vdot(result, reference) / (np.linalg.norm(result) * np.linalg.norm(reference)))
        recorder.add(f"{work.name}/{name}", "largest_error", error, "absolute", threads=threads)
        recorder.add(f"{work.name}/{name}", "cosine", cosine, "ratio", threads=threads)


def run(works: list[Workload], metric: str, recorder: Recorder, seconds: float) -> None:
    """Measures all, prints the table and writes the records; `metric` is ms or us."""
    scale = {"ms": 1e3, "us": 1e6}[metric]
    for work in works:
        for threads in dict.fromkeys((1, all_threads())):
            calls = prepare_all(work, threads, recorder)
            compare(work, calls, threads, recorder)
            baseline = f"{work.name}/{next(iter(work.variants))}"
            for name, samples in interleave(calls, seconds, burst=5).items():
                full = f"{work.name}/{name}"
                times = [scale * sample for sample in samples]
                recorder.add(
                    full,
                    metric,
                    times,
                    metric,
                    threads=threads,
                    baseline=None if full == baseline else baseline,
                )
            print(f"{work.name}: measured on {threads} thread{'s' * (threads > 1)}", flush=True)
    path = recorder.write()
    print(f"\n{table(recorder.records, columns(metric))}\n")
    for work in works:
        for name, reason in work.missing.items():
            print(f"missing: {work.name}/{name}: {reason}")
    print(f"records: {path.relative_to(ROOT)}")


def columns(metric: str) -> list[Column]:
    listed = []
    for threads in dict.fromkeys((1, all_threads())):
        title = f"{metric}, {threads} thread{'s' * (threads > 1)}"
        listed.append(Column(title, [metric], "{:.2f}", threads=threads))
        listed.append(
            Column("to dense", [metric], "{:.2f}", threads=threads, pick=lambda record: record.ratio)
        )
    return [
        *listed,
        Column("compile s", ["compile_s"], "{:.2f}"),
        Column("largest error", ["largest_error"], "{:.1e}"),
        Column("cosine", ["cosine"], "{:.4f}"),
    ]
