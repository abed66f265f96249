"""The MiniLM demo: a sentence encoder with its real weights, its tokens pruned, on English text of this machine.

Imports the model, raises its attentions, compiles it dense and for several keep schedules, embeds passages, and says how
close the pruned embeddings and their nearest neighbours are to the dense ones. The number of tokens is dynamic, so that
one compiled model takes each passage at its own length: there is no padding that could survive. Writes
build/results/demo-minilm.json.
"""

import argparse
import time

import numpy as np
import rarefy
from rarefy.records import Column, Recorder, all_threads, interleave, speedup, table
from schedules import LAYERS, ROOT, SCHEDULES, Schedule, model_file
from texts import Encoder, passages

NEIGHBOURS = 10


def nearest(embeddings: np.ndarray) -> np.ndarray:
    """For each row the NEIGHBOURS most similar other rows."""
    similar = embeddings @ embeddings.T
    np.fill_diagonal(similar, -np.inf)
    return np.argsort(-similar, axis=1, kind="stable")[:, :NEIGHBOURS]


def agreement(found: np.ndarray, expected: np.ndarray) -> float:
    """Which part of the expected neighbours is found, whatever their order."""
    return float(
        np.mean([len(np.intersect1d(a, b)) / NEIGHBOURS for a, b in zip(found, expected, strict=True)])
    )


def embed(run: rarefy.CompiledFunction, rows: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    return np.concatenate([run(*row) for row in rows])


def prepare(schedule: Schedule) -> rarefy.CompiledFunction:
    """The compiled model; an error if an attention was not raised, or tokens were not pruned."""
    run = rarefy.compile(model_file(0), schedule.passes)
    raised = sum(remark.name == "Raised" for remark in run.remarks)
    missed = [str(remark) for remark in run.remarks if remark.name == "TokensNotPruned"]
    if raised != LAYERS or missed:
        missed = [f"{schedule.name}: expected {LAYERS} attentions, found {raised}", *missed]
        raise rarefy.RarefyError(missed)
    return run


def measure(texts: list[str], longest: int, seconds: float) -> tuple[Recorder, np.ndarray]:
    """Runs every schedule; the records of all, and the dense embeddings."""
    recorder, encoder = Recorder(ROOT, "demo-minilm", "./x demo minilm"), Encoder()
    rows = [encoder(text, longest) for text in texts]
    lengths = [ids.size for ids, _ in rows]
    print(
        f"{min(lengths)} to {max(lengths)} tokens a passage, {np.median(lengths):.0f} at the median\n",
        flush=True,
    )
    dense, compiled = np.empty(0), {}
    for schedule in SCHEDULES:
        name = f"minilm/{longest}/{schedule.name}"
        start = time.perf_counter()
        compiled[name] = run = prepare(schedule)
        recorder.add(name, "compile_s", time.perf_counter() - start, "s")
        embeddings = embed(run, rows)
        dense = embeddings if schedule is SCHEDULES[0] else dense
        recorder.add(name, "token_layers_kept", sum(schedule.keep) / LAYERS, "ratio")
        recorder.add(name, "cosine", (embeddings * dense).sum(1).tolist(), "ratio")
        recorder.add(name, "neighbours", agreement(nearest(embeddings), nearest(dense)), "ratio")
    reference = f"minilm/{longest}/{SCHEDULES[0].name}"
    full = encoder(" ".join(texts), longest)
    for threads in dict.fromkeys((1, all_threads())):
        for run in compiled.values():
            run.threads = threads
        calls = {name: lambda run=run: run(*full) for name, run in compiled.items()}
        for name, samples in interleave(calls, seconds, burst=3).items():
            baseline = reference if name != reference else None
            milliseconds = [1e3 * sample for sample in samples]
            recorder.add(name, "ms", milliseconds, "ms", baseline=baseline, threads=threads)
    return recorder, dense


def columns(threads: int) -> list[Column]:
    listed = [
        Column("kept", ["token_layers_kept"], "{:.0%}"),
        Column("cosine, median", ["cosine"], "{:.4f}"),
        Column("least", ["cosine"], "{:.4f}", pick=lambda record: record.samples[0]),
        Column(f"top-{NEIGHBOURS} neighbours", ["neighbours"], "{:.1%}"),
        Column("compile s", ["compile_s"], "{:.2f}"),
    ]
    for count in dict.fromkeys((1, threads)):
        listed.append(Column(f"ms, {count} thread{'s' * (count > 1)}", ["ms"], "{:.2f}", threads=count))
        listed.append(Column("faster", ["ms"], "{:.2f}x", threads=count, pick=speedup))
    return listed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=200, help="how many passages")
    parser.add_argument(
        "--tokens", type=int, default=128, help="longest passage, which is timed; longer ones are cut"
    )
    parser.add_argument(
        "--seconds", type=float, default=6, help="how long to time, for each number of threads"
    )
    options = parser.parse_args()
    texts = passages(options.texts)
    print(f"minilm: {len(texts)} passages of English text on this machine", flush=True)
    recorder, dense = measure(texts, options.tokens, options.seconds)
    path = recorder.write()
    near = nearest(dense)
    for index in range(0, len(texts), len(texts) // 3)[:3]:
        print(f"{texts[index][:100]}...")
        for other in near[index][:3]:
            print(f"  {dense[index] @ dense[other]:.3f}  {texts[other][:92]}...")
    print(f"\n{table(recorder.records, columns(all_threads()))}\n\nrecords: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
