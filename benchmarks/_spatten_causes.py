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
    "the paper's dense step, 366.7 ms / 22.1, reads vectors of 12 bits at no more than 143 GB/s, or of 32 bits at 382, which "
    "is the memory of its end-to-end table; with that see the rows of 375 GB/s"
)
ONE_BUFFER = (
    "keys of 6 bits come in pairs of heads, and those of some 900 tokens fill the SRAM, as in the authors' RTL: the next pair is "
    "read when the check of this one is over. With twice the SRAM GPT-2 small takes {sweep sram/gpt2-small/512|cycles} cycles "
    "of {sweep sram/gpt2-small/256|cycles}"
)
SCHEDULE = (
    "memory and what is read of it: with 8 + 4 bits, the paper's other common setting, it is "
    "{why/gpt2-medium/8 + 4 bits|ms} ms, and at the 375 GB/s of the paper's weights "
    "{why/gpt2-medium/8 + 4 bits, 375 GB/s|ms} ms; with the HBM2 of the authors' simulator and 6 + 4 bits "
    "{gpt2-medium/timing|ms} ms. The schedule of GPT-2 medium is a choice, which has the paper's reduction"
)
# The cause by the beginning of a figure's name; {run|metric} is filled in from the records.
CAUSES = {
    "trace: beside rows in a pipeline": ONE_BUFFER
    + ", and with a memory that answers in 1 cycle and a softmax of 5 instead of 87 "
    "{why/gpt2-small/twice the SRAM, short latencies|cycles}. The rest is where layers wait for the list of their tokens",
    "trace: beside one engine": "engines work at the same time; busy cycles know no latencies",
    "SRAM: ": ONE_BUFFER,
    "reduction:": "the mean has GPT-2 small of one task, which keeps {trace: multiplied, products|simulated} products, 6 "
    "times fewer; the paper's tasks are printed as a picture only. GPT-2 medium's schedule has the paper's mean",
    "throughput: GPT-2, timing": "the HBM2 of the authors' simulator reads 12.84 bytes a cycle of the paper's 32 from each "
    "channel: GPT-2 medium has {gpt2-medium/timing|teraflops} TFLOPS with it, {gpt2-medium/375 GB/s|teraflops} at 375 GB/s",
    "throughput: GPT-2": "the mean has GPT-2 small of one task, with fewer products to a row: it has "
    "{gpt2-small/nominal|teraflops} TFLOPS at 512 GB/s, GPT-2 medium, whose schedule has the paper's reduction, "
    "{gpt2-medium/nominal|teraflops}. And " + ONE_BUFFER,
    "throughput: BERT": VALUE_TOPK
    + "Where no row selects values it is {why/bert-base/all values|teraflops} TFLOPS, with "
    "384 tokens {why/bert-base/all values of 384 tokens|teraflops}; with 64 comparisons at once and rounds for nothing "
    "{why/bert-base/top-k of 64 at once, rounds for nothing|teraflops}",
    "device: less energy": "less power than the paper's, see there, for a longer time, see how much faster it is",
    "device: ": "22 of the 30 tasks are BERT's, where " + VALUE_TOPK + "GPT-2 medium is "
    "{device: faster than a TITAN Xp, 30 tasks, x|gpt2-medium} times faster than a TITAN Xp, BERT base "
    "{device: faster than a TITAN Xp, 30 tasks, x|bert-base} times. Of that device the paper prints rates of one digit, of "
    "the others one time of a Raspberry Pi: they are in its own proportions",
    "eighth: dense operations, GOP/J": "1/8 of the paper's 8.3 W is more than BERT needs: it reads "
    "{bert-base/eighth|gigabytes_per_second} GB/s; see power",
    "eighth": VALUE_TOPK
    + "Where no row selects values, SpAtten-1/8 has {why/bert-base/eighth, all values|dense_gigaops} "
    "GOP/s",
    "breakdown: dense": NOMINAL,
    "breakdown: + pruning, serial top-k": "a top-k that compares one number at a time takes as long with any memory, the "
    "dense step before it does not: " + NOMINAL,
    "breakdown: + 16-way top-k": "with 12 bits in memory value top-k is what is left to wait for, with 32 it is memory: see "
    "the rows of 375 GB/s",
    "breakdown: + progressive quantization, 375": "with 6 + 4 bits; with 8 + 4 bits the step ends at "
    "{why/gpt2-medium/8 + 4 bits, 375 GB/s|ms} ms instead of {gpt2-medium/375 GB/s|ms} ms",
    "breakdown: + progressive quantization": "from 12 bits to 6.2 is half of the bytes at most, and a row waits for its "
    "check; the paper's 5.1 times fewer bytes are those of 32 bits: see the rows of 375 GB/s. And "
    + ONE_BUFFER,
    "breakdown: all": "366.7 ms over the attention of end to end, see there; the paper's own 2.13 ms are 172",
    "top-k": "the paper's 3 is that of its breakdown, before keys and values have fewer bits: "
    "{breakdown: + 16-way top-k, 375 GB/s memory, x|simulated} there. After it, memory is faster and a serial top-k as slow",
    "end to end: attention": SCHEDULE,
    "end to end: FC, 8 bits": "the weights alone take 18.9 ms at the paper's 512 GB/s. Its table's time is not that of its "
    "own speedups: 35 times less than the GPU's 755 ms are 19.4 ms without attention at 8 bits, 24 times 29.3 ms at 12, and "
    "simulated are {fc-8|ms} and {fc-12|ms}",
    "power": "at 3.9 pJ a bit the paper's DRAM reads 183 GB/s; BERT has {bert-base/nominal|intensity} operations for a byte, "
    "so that even at the paper's 1.61 TFLOPS it would read an eighth of that, GPT-2 medium reads "
    "{gpt2-medium/nominal|gigabytes_per_second} GB/s. Lines of SRAM and products are fewer than the paper's where value "
    "top-k is slower than they are: BERT's power is {bert-base/nominal|watts} W, and {why/bert-base/all values|watts} W "
    "where no row selects values",
}


PLACE = re.compile(r"\{([^|}]+)\|([\w-]+)\}")


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
        found.setdefault(PLACE.sub(fill, text), []).append(name)
    return found
