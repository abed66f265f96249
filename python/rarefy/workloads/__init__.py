"""Attention workloads of pruned models, from schedule files: tables of rows, totals, busy cycles and MLIR.

from rarefy import workloads

schedule = workloads.read_schedule("configs/workloads/gpt2-small.json")
table = list(workloads.rows(schedule))
print(workloads.total(table, schedule).report())
module = workloads.function(schedule)  # to compile to a program of SpAtten
"""

from rarefy.workloads.busy import Busy, Hardware, busy_cycles, expected_topk_cycles
from rarefy.workloads.function import function
from rarefy.workloads.products import Matrix, Products, product_program, read_products
from rarefy.workloads.reading import read_schedule
from rarefy.workloads.rows import Row, live_importance, rows, topk_events, write_csv
from rarefy.workloads.schedule import Bits, Generation, Schedule, Step, Summarization, interpolated_keep
from rarefy.workloads.totals import Totals, total

__all__ = [
    "Bits",
    "Busy",
    "Generation",
    "Hardware",
    "Matrix",
    "Products",
    "Row",
    "Schedule",
    "Step",
    "Summarization",
    "Totals",
    "busy_cycles",
    "expected_topk_cycles",
    "function",
    "interpolated_keep",
    "live_importance",
    "product_program",
    "read_products",
    "read_schedule",
    "rows",
    "topk_events",
    "total",
    "write_csv",
]
