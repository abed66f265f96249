"""Why figures are not the paper's."""

import re
from collections.abc import Sequence

from rarefy.records import Record, find

VALUE_TOPK = (
    "selecting values keeps its engine busy for {bert-base/nominal/value_topk|busy} of {bert-base/nominal|cycles} cycles of "
    "BERT base, where the scores take {bert-base/nominal/score|busy}: quick-select reads 128 probabilities 16 at a time, in "
    "rounds that cost 3 cycles each, while the array makes 8 scores a cycle. "
)
NOMINAL = (
    "vectors of 12 bits at 512 GB/s: the paper's dense step, 366.7 ms / 22.1, reads them at no more than 143 GB/s, or "
    "those of 32 bits at 382, which is the memory of its end-to-end table; with that see the rows of 375 GB/s"
)
PRUNES_MORE = (
    "GPT-2 small is one task, which keeps {trace: multiplied, products|simulated} products; the paper's tasks are printed "
    "as a picture only. GPT-2 medium's schedule is chosen for their mean"
)
ACTIVITY = (
    "the energy of an item is such that the paper's activity, 648 products and 183 bytes a cycle, gives the paper's power; "
    "BERT's activity here is what value top-k leaves, {bert-base/nominal|watts} W, and without it "
    "{why/bert-base/all values|watts} W"
)
# The cause by the beginning of a figure's name; {run|metric} is filled in from the records.
CAUSES = {
    "trace: beside rows in a pipeline": "the sum of each row's slowest engine has no latencies; with a memory that answers "
    "in 1 cycle and a softmax of 5 instead of 87 it is {why/gpt2-small/short latencies|cycles} cycles. The rest is where a "
    "layer waits for the list of its tokens",
    "trace: beside one engine": "busy cycles know no latencies, and engines work at the same time",
    "reduction: multiplications": PRUNES_MORE,
    "reduction: DRAM": PRUNES_MORE,
    "throughput: GPT-2, nominal": "memory decides: {gpt2-medium/nominal|teraflops} TFLOPS of GPT-2 medium at 512 GB/s, "
    "{gpt2-medium/375 GB/s|teraflops} at 375 GB/s, {gpt2-medium/timing|teraflops} with the authors' HBM2",
    "throughput: GPT-2, 375": "small keeps fewer tokens than the paper's mean and so has more latency for its products",
    "throughput: GPT-2, timing": "the authors' HBM2 reads 12.84 bytes a cycle of the paper's 32 from each channel; "
    "with these it is {gpt2-medium/nominal|teraflops} TFLOPS of GPT-2 medium",
    "throughput: BERT": VALUE_TOPK
    + "Where no row selects values it is {why/bert-base/all values|teraflops} TFLOPS, with "
    "384 tokens {why/bert-base/all values of 384 tokens|teraflops}; with 64 comparisons at once and rounds for nothing "
    "{why/bert-base/top-k of 64 at once, rounds for nothing|teraflops}",
    "eighth": VALUE_TOPK
    + "Where no row selects values, SpAtten-1/8 has {why/bert-base/eighth, all values|dense_gigaops} "
    "GOP/s, dense",
    "breakdown: dense, nominal": NOMINAL,
    "breakdown: dense, timing": "as nominal, but at the 205 GB/s of the authors' HBM2",
    "breakdown: + pruning, serial top-k, 375": "see below",
    "breakdown: + pruning, serial top-k": "a top-k that compares one number at a time takes as long with any memory, the "
    "dense step before it does not: " + NOMINAL,
    "breakdown: + 16-way top-k": "with 12 bits in memory value top-k is what is left to wait for, with the paper's 32 it "
    "is memory: see the rows of 375 GB/s",
    "breakdown: + progressive quantization, 375": "after it latencies and value top-k decide, not memory: with twice the "
    "bandwidth GPT-2 small takes {sweep bandwidth/gpt2-small/64|cycles} cycles in place of "
    "{sweep bandwidth/gpt2-small/32|cycles}",
    "breakdown: + progressive quantization": "from 12 bits to 6.2 is half of the bytes at most; the paper's 5.1 times fewer "
    "are those of 32 bits: see the rows of 375 GB/s",
    "breakdown: all": "the product of the steps, of which the paper's own table, 366.7 ms / 2.13, has 172",
    "top-k: gpt2-small": "12 layers that keep a tenth of the tokens leave less to select than the paper's mean",
    "top-k: bert-base": "value top-k stays the slowest engine at 16",
    "end to end: attention, nominal": "the schedule is a choice that has the paper's reduction; at the 375 GB/s of the "
    "weights it is {gpt2-medium/375 GB/s|ms} ms, with the authors' HBM2 {gpt2-medium/timing|ms} ms",
    "end to end: attention": "memory and the latencies of rows: with nominal memory it is {gpt2-medium/nominal|ms} ms, with "
    "the authors' HBM2 {gpt2-medium/timing|ms} ms. The schedule is a choice that has the paper's reduction",
    "end to end: FC, 8 bits": "the weights alone take 18.9 ms at the paper's 512 GB/s. Its table's time is not that of its "
    "own speedups: 35 times less than the GPU's 755 ms are 19.4 ms without attention at 8 bits, 24 times 29.3 ms at 12, and "
    "simulated are {fc-8|ms} and {fc-12|ms}",
    "power": ACTIVITY,
}


def causes(records: Sequence[Record], names: Sequence[str]) -> dict[str, list[str]]:
    """The causes, with the numbers that show them, and the figures that each of them explains."""

    def fill(place: re.Match[str]) -> str:
        number = find(records, place[1], place[2]).value
        return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"

    found: dict[str, list[str]] = {}
    for name in names:
        text = next((text for start, text in CAUSES.items() if name.startswith(start)), None)
        if text is None:
            raise ValueError(f"expected a cause of '{name}', found none")
        found.setdefault(re.sub(r"\{([^|}]+)\|(\w+)\}", fill, text), []).append(name)
    return found
