"""What runs say, as records: their figures, and beside each figure of the paper or of the authors' trace the same of a run."""

import math
from collections.abc import Mapping

from _spatten_runs import GENERATORS, MEMORIES, MODELS, STEPS, Result, sweeps
from rarefy import workloads
from rarefy.records import Recorder

# The paper's means are over 22 tasks of BERT and 8 of GPT-2, half of each on the larger model.
TASKS = {"gpt2-small": 4, "gpt2-medium": 4, "bert-base": 11, "bert-large": 11}
# The paper's table of end-to-end performance: GPT-2 medium, 32 tokens, on a TITAN Xp.
GPU_ATTENTION_MS, GPU_FC_MS = 366.7, 388.3
A3_GIGAOPS, MNNFAST_GIGAOPS = 221, 120
EIGHTH_SQUARE_MM = 1.55
POWER = {
    "all": (("total",), 8.30),
    "DRAM": (("dram",), 5.71),
    "SRAM": (("sram",), 1.24),
    "logic": (("multiply", "softmax", "topk", "control"), 1.36),
}
# Section V-B: geometric means over the tasks of how much faster it is, and of the energy that it saves. Of the devices the
# paper has the rates of a TITAN Xp alone, in its roofline, and one time of a Raspberry Pi.
DEVICES = {
    "TITAN Xp": (162, 1193),
    "Xeon E5-2640 v4": (347, 4059),
    "Jetson Nano": (1095, 406),
    "Raspberry Pi 4": (5071, 1910),
}
GPU_TERAFLOPS = {"gpt2-small": 0.01, "gpt2-medium": 0.01, "bert-base": 0.02, "bert-large": 0.02}
# Section V-C: what each step of STEPS is faster than the one before, the first than the TITAN Xp.
STEP_FACTORS = (22.1, 1.1, 3.0, 2.8)


def add_run(recorder: Recorder, name: str, result: Result) -> None:
    figures = result.statistics
    measured = {
        "cycles": (result.cycles, "cycles"),
        "ms": (result.milliseconds, "ms"),
        "teraflops": (result.teraflops, "TFLOPS"),
        "intensity": (result.intensity, "op/byte"),
        "gigabytes_per_second": (figures["dram_bytes"] / figures["microseconds"] / 1e3, "GB/s"),
        "watts": (result.watts("total"), "W"),
        "requantized": (figures["requantized_rows"], "rows"),
        "megacycles_per_second": (result.speed, "Mcycles/s"),
    }
    for metric, (value, unit) in measured.items():
        recorder.add(name, metric, value, unit)
    if not isinstance(result.schedule, workloads.Products):
        recorder.add(name, "dense_gigaops", result.dense_gigaops, "GOP/s")
    for engine, busy in figures["busy"].items():
        stall = figures["stall"][engine]
        parts = {"busy": busy, "waiting": sum(stall["waiting_for"].values())}
        for part, cycles in (parts | {part: stall[part] for part in ("memory", "empty")}).items():
            recorder.add(f"{name}/{engine}", part, cycles, "cycles")


def add_sweeps(recorder: Recorder, results: Mapping[str, Result]) -> None:
    """What was swept is a record of its own, so that a picture needs nothing else."""
    for name, parameter, _ in sweeps():
        recorder.add(name, "parameter", parameter, "")
        recorder.add(name, "cycles", results[name].cycles, "cycles")


def add_comparison(recorder: Recorder, name: str, found: float, reference: float) -> None:
    """The unit is part of the name: "energy, J"."""
    unit = name.rsplit(", ", 1)[-1]
    recorder.add(name, "simulated", found, unit)
    recorder.add(name, "reference", reference, unit)
    recorder.add(name, "ratio", found / reference, "ratio")


def over_tasks(figures: Mapping[str, float]) -> float:
    """The mean over the paper's tasks, or over those of some models, of a figure of each model."""
    return sum(TASKS[model] * figure for model, figure in figures.items()) / sum(map(TASKS.get, figures))


def compare_with_trace(recorder: Recorder, result: Result) -> None:
    """GPT-2 small against the sums over the rows that the authors released."""
    rows = list(workloads.rows(result.schedule))
    busy, total = workloads.busy_cycles(rows, result.schedule), result.totals
    figures = result.statistics
    read = figures["bytes"]["read"]
    fetched = sum(read[kind] for kind in ("key_msb", "key_lsb", "value"))
    lanes = figures["config"]["memory_nominal_bytes_per_cycle"]
    compared = {
        "requantized, rows": (figures["requantized_rows"], total.requantized_rows),
        "multiplied, products": (result.macs, total.executed_macs),
        **{
            f"{kind}, bytes": (read[kind], getattr(total, f"{kind}_bytes"))
            for kind in ("key_msb", "key_lsb", "value")
        },
        "busy memory for keys and values, cycles": (fetched / lanes, busy.dram),
        "busy score, cycles": (figures["busy"]["score"], busy.qk),
        "busy value_topk, cycles": (figures["busy"]["value_topk"], busy.topk),
        "busy weight, cycles": (figures["busy"]["weight"], busy.pv),
        "beside rows in a pipeline, cycles": (result.cycles, busy.slowest),
        "beside one engine at a time, cycles": (result.cycles, busy.dram + busy.qk + busy.topk + busy.pv),
        **{
            f"DRAM reduction against {bits} bits, x": (total.dense_elements * bits / 8 / fetched, known)
            for bits, known in ((32, 28.9), (12, 10.8), (8, 7.2))
        },
    }
    for name, (found, reference) in compared.items():
        add_comparison(recorder, f"trace: {name}", found, reference)


def compare_reductions(recorder: Recorder, results: Mapping[str, Result]) -> None:
    """Against vectors of 32 bits: only of those is the paper's 5.1 what 6.24 bits, 6 and 4 for 5.9 % of the rows, give."""
    products, fetched = {}, {}
    for model in MODELS:
        result = results[f"{model}/nominal"]
        total = result.totals
        products[model] = total.dense_macs / result.macs
        dense_queries = sum(step.dense_heads * step.dense_queries for step in result.schedule.steps())
        dense_bytes = 4 * (total.dense_elements + dense_queries * result.schedule.head_dim)
        fetched[model] = dense_bytes / result.fetched_bytes
    gpt2 = over_tasks({model: products[model] for model in GENERATORS})
    add_comparison(recorder, "reduction: multiplications, GPT-2, x", gpt2, 3.8 * 1.1)
    for kind, factors, reference in (("multiplications", products, 2.1), ("DRAM bytes", fetched, 10.0)):
        name = f"reduction: {kind}, 30 tasks, x"
        add_comparison(recorder, name, over_tasks(factors), reference)
        for model, factor in factors.items():
            recorder.add(name, model, factor, "x")


def compare_throughput(recorder: Recorder, results: Mapping[str, Result]) -> None:
    for memory in MEMORIES:
        found = over_tasks({model: results[f"{model}/{memory}"].teraflops for model in GENERATORS})
        add_comparison(recorder, f"throughput: GPT-2, {memory} memory, TFLOPS", found, 0.43)
    bert = over_tasks({model: results[f"{model}/nominal"].teraflops for model in MODELS[2:]})
    add_comparison(recorder, "throughput: BERT, TFLOPS", bert, 1.61)


def compare_devices(recorder: Recorder, results: Mapping[str, Result]) -> None:
    """Other devices in the paper's own proportions to the TITAN Xp, and powers in those to its own."""

    def mean(figures: Mapping[str, float]) -> float:
        return math.exp(over_tasks({model: math.log(figure) for model, figure in figures.items()}))

    found = {model: results[f"{model}/nominal"] for model in MODELS}
    speeds = {model: result.dense_gigaops / 1e3 / GPU_TERAFLOPS[model] for model, result in found.items()}
    powers = {model: result.watts("total") / POWER["all"][1] for model, result in found.items()}
    gpu = next(iter(DEVICES.values()))[0]
    for device, (faster, _) in DEVICES.items():
        name = f"device: faster than a {device}, 30 tasks, x"
        add_comparison(recorder, name, mean(speeds) * faster / gpu, faster)
        for model, speed in speeds.items():
            recorder.add(name, model, speed * faster / gpu, "x")
    for device, (_, saved) in DEVICES.items():
        energies = {model: speeds[model] / gpu * saved / powers[model] for model in MODELS}
        add_comparison(recorder, f"device: less energy than a {device}, 30 tasks, x", mean(energies), saved)


def compare_eighth(recorder: Recorder, results: Mapping[str, Result]) -> None:
    """On BERT, which is what A3 and MNNFast compute; operations are those of the model without pruning."""
    found = {model: results[f"{model}/eighth"] for model in MODELS[2:]}
    speed = over_tasks({model: result.dense_gigaops for model, result in found.items()})
    energy = over_tasks(
        {model: result.dense_gigaops / result.watts("total") for model, result in found.items()}
    )
    add_comparison(recorder, "eighth: dense operations, GOP/s", speed, 360)
    add_comparison(recorder, "eighth: dense operations, GOP/J", energy, 382)
    add_comparison(recorder, "eighth: on the paper's area, GOP/s/mm2", speed / EIGHTH_SQUARE_MM, 238)
    add_comparison(recorder, "eighth: over A3, x", speed / A3_GIGAOPS, 1.6)
    add_comparison(recorder, "eighth: over MNNFast, x", speed / MNNFAST_GIGAOPS, 3.0)
    gpt2 = over_tasks({model: results[f"{model}/eighth"].dense_gigaops for model in GENERATORS})
    recorder.add("eighth: dense operations on GPT-2, GOP/s", "simulated", gpt2, "GOP/s")


def compare_steps(recorder: Recorder, results: Mapping[str, Result]) -> None:
    """On GPT-2 medium, of which the GPU's time is known and whose schedule has the paper's reduction; small beside it."""
    for memory in MEMORIES:
        times = {
            model: [
                results[f"steps/{model}/{memory}/{step}" if variant else f"{model}/{memory}"].milliseconds
                for step, (variant, _) in STEPS.items()
            ]
            for model in GENERATORS
        }
        medium = [GPU_ATTENTION_MS, *times["gpt2-medium"]]
        for index, (step, reference) in enumerate(zip(STEPS, STEP_FACTORS, strict=True)):
            name = f"breakdown: {step}, {memory} memory, x"
            add_comparison(recorder, name, medium[index] / medium[index + 1], reference)
            for model in GENERATORS:
                recorder.add(name, model, times[model][index], "ms")
        add_comparison(
            recorder, f"breakdown: all, {memory} memory, x", medium[0] / medium[-1], math.prod(STEP_FACTORS)
        )
    cycles = {count: results[f"sweep topk/gpt2-small/{count}"].cycles for count in (1, 16, 32)}
    add_comparison(recorder, "top-k: whole machine, 16 over 1, x", cycles[1] / cycles[16], 3.0)
    add_comparison(recorder, "top-k: whole machine, 32 over 16, x", cycles[16] / cycles[32], 1.0)
    for model in ("gpt2-small", "bert-base"):
        half, whole = (results[f"sweep sram/{model}/{lines}"].cycles for lines in (256, 512))
        add_comparison(recorder, f"SRAM: {model}, 393 KB over 197 KB, x", half / whole, 1.0)


def compare_end_to_end(recorder: Recorder, results: Mapping[str, Result]) -> None:
    attention = results["gpt2-medium/nominal"]
    add_comparison(recorder, "end to end: attention, GFLOP", 2 * attention.macs / 1e9, 0.9)
    add_comparison(recorder, "end to end: dense attention, GFLOP", 2 * attention.totals.dense_macs / 1e9, 3.3)
    for memory in MEMORIES:
        time = results[f"gpt2-medium/{memory}"].milliseconds
        add_comparison(recorder, f"end to end: attention, {memory} memory, ms", time, 2.13)
    add_comparison(recorder, "end to end: FC, GFLOP", 2 * results["fc-8"].macs / 1e9, 19.3)
    add_comparison(recorder, "end to end: FC, 8 bits, ms", results["fc-8"].milliseconds, 25.75)
    gpu = GPU_ATTENTION_MS + GPU_FC_MS
    for bits, reference in ((8, 35), (12, 24)):
        both = results[f"fc-{bits}"].milliseconds + attention.milliseconds
        add_comparison(
            recorder, f"end to end: over the TITAN Xp, FC of {bits} bits, x", gpu / both, reference
        )


def compare_power(recorder: Recorder, results: Mapping[str, Result]) -> None:
    """The paper does not say of which tasks its power is."""
    for part, (names, reference) in POWER.items():
        watts = {model: results[f"{model}/nominal"].watts(*names) for model in MODELS}
        name = f"power: {part}, 30 tasks, W"
        add_comparison(recorder, name, over_tasks(watts), reference)
        for model, found in watts.items():
            recorder.add(name, model, found, "W")
        gpt2 = over_tasks({model: watts[model] for model in GENERATORS})
        add_comparison(recorder, f"power: {part}, GPT-2, W", gpt2, reference)


def compare(recorder: Recorder, results: Mapping[str, Result]) -> None:
    compare_with_trace(recorder, results["gpt2-small/nominal"])
    compare_reductions(recorder, results)
    compare_throughput(recorder, results)
    compare_devices(recorder, results)
    compare_eighth(recorder, results)
    compare_steps(recorder, results)
    compare_end_to_end(recorder, results)
    compare_power(recorder, results)
