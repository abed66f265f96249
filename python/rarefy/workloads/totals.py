"""What a workload adds up to: work and bytes, and how much less that is than without pruning."""

from collections.abc import Iterable
from dataclasses import dataclass

from rarefy.workloads.rows import Row
from rarefy.workloads.schedule import Generation, Schedule


@dataclass(frozen=True)
class Totals:
    """Sums over the rows; MACs are multiplications of the two products of attention, bytes what memory delivers.

    `length_sum` counts the tokens that there are, whether or not they are fetched. The dense workload has all heads, rows,
    keys and values. Bytes of vectors that are not whole are rounded up once, in the sum.
    """

    rows: int
    key_sum: int
    value_sum: int
    length_sum: int
    topk_events: int
    requantized_rows: int
    requantized_key_sum: int
    dense_macs: int
    qk_macs: int
    pv_macs: int
    requantized_macs: int
    dense_elements: int
    key_msb_bytes: int
    key_lsb_bytes: int
    value_bytes: int
    query_bytes: int

    @property
    def executed_macs(self) -> int:
        """Without the scores that are computed a second time."""
        return self.qk_macs + self.pv_macs

    @property
    def key_value_bytes(self) -> int:
        return self.key_msb_bytes + self.key_lsb_bytes + self.value_bytes

    def report(self) -> dict[str, dict[str, int | float]]:
        """The figures by kind. The reduction of bytes is that of keys and values, against widths without a second plane."""
        executed, fetched = self.executed_macs, self.key_value_bytes
        return {
            "rows": {
                "all": self.rows,
                "requantized": self.requantized_rows,
                "topk": self.topk_events,
            },
            "sums": {
                "key": self.key_sum,
                "value": self.value_sum,
                "length": self.length_sum,
                "requantized_key": self.requantized_key_sum,
            },
            "macs": {
                "dense": self.dense_macs,
                "executed": executed,
                "qk": self.qk_macs,
                "pv": self.pv_macs,
                "requantized": self.requantized_macs,
            },
            "bytes": {
                "key_msb": self.key_msb_bytes,
                "key_lsb": self.key_lsb_bytes,
                "value": self.value_bytes,
                "query": self.query_bytes,
            },
            "reduction": {
                "macs": self.dense_macs / executed,
                "macs_with_requantized": self.dense_macs / (executed + self.requantized_macs),
                **{f"bytes_of_{bits}_bits": self.dense_elements * bits / 8 / fetched for bits in (32, 12, 8)},
            },
        }


def total(table: Iterable[Row], schedule: Schedule) -> Totals:
    """Adds up the rows of a schedule."""
    streams = isinstance(schedule, Generation)
    width, bits = schedule.head_dim, schedule.bits
    steps = schedule.steps()
    lengths = {(step.iteration, step.layer): step.length for step in steps}
    dense = sum(step.dense_heads * step.dense_queries * step.length for step in steps)
    table = list(table)
    again = [row for row in table if row.if_requant]
    keys, requantized_keys = (sum(row.key_fetch_num for row in part) for part in (table, again))
    values = sum(row.val_fetch_num for row in table)
    queries = [1 if streams else row.key_fetch_num for row in table]

    def macs(counts: Iterable[int]) -> int:
        return width * sum(count * rows for count, rows in zip(counts, queries, strict=True))

    return Totals(
        rows=len(table),
        key_sum=keys,
        value_sum=values,
        length_sum=sum(lengths[row.iteration, row.layer] for row in table),
        topk_events=sum(row.if_topk for row in table),
        requantized_rows=len(again),
        requantized_key_sum=requantized_keys,
        dense_macs=2 * width * dense,
        qk_macs=macs(row.key_fetch_num for row in table),
        pv_macs=macs(row.val_fetch_num for row in table),
        requantized_macs=width * requantized_keys,
        dense_elements=2 * width * sum(step.dense_heads * step.length for step in steps),
        key_msb_bytes=_bytes(width * keys * bits.key_msb),
        key_lsb_bytes=_bytes(width * requantized_keys * bits.key_lsb),
        value_bytes=_bytes(width * (values if streams else keys) * bits.value),
        query_bytes=_bytes(width * sum(queries) * bits.query),
    )


def _bytes(bits: int) -> int:
    return -(-bits // 8)
