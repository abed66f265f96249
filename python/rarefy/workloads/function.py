"""A schedule as one MLIR function on integers, which convert-rarefy-to-spatten turns into a program."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rarefy.errors import RarefyError
from rarefy.workloads.rows import live_importance, selections
from rarefy.workloads.schedule import Generation, Schedule, Step

# What memory delivers at a time: heads whose rows are no whole number of these lie in pairs.
TRANSACTION_BITS = 256
# Scores of random operands of full width then spread so far that some rows have a large probability and some do not.
DEFAULT_SCALE = 1e-6
# What binary32 has between nothing and infinity.
TINIEST, LARGEST = 2.0**-149, (2 - 2.0**-23) * 2.0**127
# Thresholds by which every row needs its second plane, or none does.
ALWAYS, NEVER = 1.0, 0.0
REQUANTIZE = ("run", "schedule")


def function(schedule: Schedule, requantize: str = "run", scale: float = DEFAULT_SCALE) -> str:
    """The text of a module whose function computes every row of the schedule.

    With `requantize` "run" a row reads its second plane where its probabilities are below the schedule's threshold, with
    "schedule" where the schedule lists it. `scale` is that of the scores: a schedule has none.
    """
    if requantize not in REQUANTIZE:
        raise RarefyError([f"error: requantize: expected {' or '.join(REQUANTIZE)}, found {requantize}"])
    if not TINIEST <= scale <= LARGEST:
        raise RarefyError([f"error: scale: expected from {TINIEST:.3g} to {LARGEST:.3g}, found {scale}"])
    return _Writer(schedule, requantize == "schedule", scale).text()


def _tensor(*shape: int, element: str = "i16") -> str:
    return f"tensor<{'x'.join(map(str, shape))}x{element}>"


class _Writer:
    """Writes a function step by step and holds the names of the values that lead from one to the next."""

    def __init__(self, schedule: Schedule, listed: bool, scale: float):
        self.schedule, self.listed, self.scale = schedule, listed, scale
        self.streams = isinstance(schedule, Generation)
        self.steps = schedule.steps()
        bits, heads = schedule.bits, self.steps[0].heads
        widths = (bits.key_msb, bits.value)
        self.pairs = any(width * schedule.head_dim % TRANSACTION_BITS for width in widths)
        self.pairs = self.pairs and all(step.heads % 2 == 0 for step in self.steps)
        # Which heads are kept is known when the program runs, which lie in pairs before.
        self.selects_heads = not self.streams and self.steps[-1].heads < heads
        self.pairs = self.pairs and not self.selects_heads
        self.heads = heads
        length = self.steps[-1].length
        self.cache = _tensor(schedule.layers, heads, length, schedule.head_dim)
        iterations = [schedule.iterations] if self.streams else []
        queries = [*iterations, schedule.layers, heads, 1 if self.streams else length, schedule.head_dim]
        self.queries = self.outputs = _tensor(*queries)
        self.all_tokens = _tensor(length, element="i32")
        self.lines: list[str] = []
        self.constants: dict[str, str] = {}
        self.count = 0
        self.keys, self.values = "%keys", "%values"
        self.output = self._constant(f"arith.constant dense<0> : {self.outputs}")
        self.importance: str | None = None
        # The list of kept tokens with its length; without one all that there are.
        self.kept: tuple[str, int] | None = None
        # The same for heads, and their importance.
        self.kept_heads: tuple[str, int] | None = None
        self.head_importance: str | None = None

    def text(self) -> str:
        arguments = {"queries": self.queries, "keys": self.cache, "values": self.cache}
        if self.streams:
            arguments |= {"new_keys": self.queries, "new_values": self.queries}
        named = (f'%{name}: {kind} {{rarefy.name = "{name}"}}' for name, kind in arguments.items())
        for step, selection, live in self._plan():
            self._step(step, selection, live)
            if self._counts_heads(step):
                self._select_heads(step, self.steps[step.layer + 1].heads)
        result = f'{self.outputs} {{rarefy.name = "outputs"}}'
        head = f"func.func @main({', '.join(named)}) -> ({result}) attributes {{spatten.program}} {{"
        first = [f"{name} = {definition}" for definition, name in self.constants.items()]
        last = f"return {self.output} : {self.outputs}"
        return "\n".join([head, *(f"  {line}" for line in [*first, *self.lines, last]), "}\n"])

    def _plan(self) -> Iterator[tuple[Step, int | None, bool]]:
        """The steps with how many tokens are selected after each and whether what it adds to importance is read."""
        selected = selections(self.steps)
        live = live_importance(selected)
        for step, selection, is_live in zip(self.steps, selected, live, strict=True):
            yield step, selection if selection > 0 else None, is_live

    def _let(self, operation: str, results: int = 1) -> str:
        self.count += 1
        self.lines.append(f"%{self.count}{f':{results}' if results > 1 else ''} = {operation}")
        return f"%{self.count}"

    def _constant(self, definition: str) -> str:
        """A value that is defined once, before all others."""
        return self.constants.setdefault(definition, f"%c{len(self.constants)}")

    def _empty(self, kind: str) -> str:
        return self._constant(f"tensor.empty() : {kind}")

    def _whole_importance(self) -> str:
        """The importance of all tokens, which is zero at first."""
        return self.importance or self._constant(f"arith.constant dense<0> : {self.all_tokens}")

    def _slice(self, source: str, source_type: str, offsets: Sequence[int], sizes: Sequence[int]) -> str:
        """A part of a tensor without the leading dimensions that `sizes` leaves out."""
        leading = [1] * (len(offsets) - len(sizes))
        element = source_type.rsplit("x", 1)[1].rstrip(">")
        kind = _tensor(*sizes, element=element)
        places = f"{list(offsets)} {[*leading, *sizes]} {[1] * len(offsets)}"
        return self._let(f"tensor.extract_slice {source}{places} : {source_type} to {kind}")

    def _insert(self, part: str, kind: str, whole: str, whole_type: str, offsets: Sequence[int]) -> str:
        sizes = [int(size) for size in kind[len("tensor<") :].split("x")[:-1]]
        leading = [1] * (len(offsets) - len(sizes))
        places = f"{list(offsets)} {[*leading, *sizes]} {[1] * len(offsets)}"
        return self._let(f"tensor.insert_slice {part} into {whole}{places} : {kind} into {whole_type}")

    def _gather(self, source: str, kind: str, dim: int, result: str, by: tuple[str, int]) -> str:
        name, kept = by
        positions = _tensor(kept, element="i32")
        operands = f"ins({source}, {name} : {kind}, {positions})"
        return self._let(
            f"rarefy.gather dim {dim} {operands} outs({self._empty(result)} : {result}) -> {result}"
        )

    def _step(self, step: Step, selection: int | None, is_live: bool) -> None:
        if self.streams:
            self._append(step)
        if step.keys == step.length:
            self.kept = None
        elif self.kept is None:
            raise RarefyError(
                [
                    "error: expected a schedule whose first layer keeps all tokens, "
                    f"found {step.keys} of {step.length}: the program has no list of them"
                ]
            )
        importance = self._gathered_importance(step) if is_live else None
        for first, heads, threshold in self._ranges(step):
            importance = self._attention(step, first, heads, threshold, importance)
        if importance:
            self._put_back(step, importance)
        if selection is not None:
            self._select(step, selection, importance)

    def _append(self, step: Step) -> None:
        """The token of this iteration joins the keys and values of the layer."""
        row = _tensor(step.heads, 1, self.schedule.head_dim)
        place = [step.iteration, step.layer, 0, 0, 0]
        sizes = [step.heads, 1, self.schedule.head_dim]
        to = [step.layer, 0, step.length - 1, 0]
        key = self._slice("%new_keys", self.queries, place, sizes)
        value = self._slice("%new_values", self.queries, place, sizes)
        self.keys = self._insert(key, row, self.keys, self.cache, to)
        self.values = self._insert(value, row, self.values, self.cache, to)

    def _gathered_importance(self, step: Step) -> str:
        kind = _tensor(step.keys, element="i32")
        if self.kept:
            return self._gather(self._whole_importance(), self.all_tokens, 0, kind, self.kept)
        if kind == self.all_tokens:
            return self._whole_importance()
        return self._slice(self._whole_importance(), self.all_tokens, [0], [step.keys])

    def _ranges(self, step: Step) -> list[tuple[int, int, float]]:
        """Ranges of heads with the threshold of their second plane."""
        schedule = self.schedule
        if not self.listed or not schedule.bits.key_lsb:
            threshold = schedule.requant_threshold if schedule.bits.key_lsb else NEVER
            return [(0, step.heads, threshold)]
        lanes = 2 if self.pairs else 1
        firsts = range(0, step.heads, lanes)

        def needs(first: int) -> bool:
            rows = ((step.iteration, step.layer, head) for head in range(first, first + lanes))
            return not schedule.requantized.isdisjoint(rows)

        ranges = []
        for always, group in groupby(firsts, needs):
            heads = list(group)
            ranges.append((heads[0], len(heads) * lanes, ALWAYS if always else NEVER))
        return ranges

    def _rows(self, source: str, step: Step, first: int, heads: int) -> str:
        """The kept tokens' keys or values of some heads."""
        every = self._of_heads(source, self.cache, [step.layer, first, 0, 0], heads, step.length)
        if not self.kept:
            return every
        depth = self.schedule.head_dim
        all_rows, kept_rows = _tensor(heads, step.length, depth), _tensor(heads, step.keys, depth)
        return self._gather(every, all_rows, 1, kept_rows, self.kept)

    def _of_heads(self, source: str, kind: str, place: Sequence[int], heads: int, rows: int) -> str:
        """Rows of the kept heads, or of some from a place on where all are kept."""
        depth = self.schedule.head_dim
        if not self.kept_heads:
            return self._slice(source, kind, place, [heads, rows, depth])
        every = self._slice(source, kind, place, [self.heads, rows, depth])
        return self._gather(
            every, _tensor(self.heads, rows, depth), 0, _tensor(heads, rows, depth), self.kept_heads
        )

    def _counts_heads(self, step: Step) -> bool:
        """Whether a later step has fewer heads, which are selected by what all before counted."""
        return self.selects_heads and self.steps[-1].heads < step.heads

    def _select_heads(self, step: Step, kept: int) -> None:
        """The heads of the next step: among all, or among the kept ones."""
        if kept == step.heads:
            return
        counters, positions = _tensor(step.heads, element="i64"), _tensor(kept, element="i32")
        places = self._let(
            f"rarefy.topk ins({self.head_importance} : {counters}) outs({self._empty(positions)} : {positions}) "
            f"-> {positions}"
        )
        left = _tensor(kept, element="i64")
        self.head_importance = self._gather(self.head_importance, counters, 0, left, (places, kept))
        if self.kept_heads:
            name, heads = self.kept_heads
            listed = _tensor(heads, element="i32")
            self.kept_heads = self._gather(name, listed, 0, positions, (places, kept)), kept
        else:
            self.kept_heads = places, kept

    def _attention(
        self, step: Step, first: int, heads: int, threshold: float, importance: str | None
    ) -> str | None:
        depth, bits = self.schedule.head_dim, self.schedule.bits
        place = [*([step.iteration] if self.streams else []), step.layer, first, 0, 0]
        query = self._of_heads("%queries", self.queries, place, heads, step.queries)
        key = self._rows(self.keys, step, first, heads)
        value = self._rows(self.values, step, first, heads)
        rows, keys = _tensor(heads, step.queries, depth), _tensor(heads, step.keys, depth)
        tokens = _tensor(step.keys, element="i32")
        attributes = {"scale": f"{self.scale:e} : f32", "value_bits": bits.value}
        if step.values < step.keys:
            attributes["keep_values"] = step.values
            attributes |= {"keep_group": 2} if self.pairs else {}
        attributes["planes"] = (
            f"#rarefy.planes<msb = {bits.key_msb}, lsb = {bits.key_lsb}, threshold = {threshold:e}>"
        )
        listed = ", ".join(f"{name} = {value}" for name, value in attributes.items())
        counts, results = "", [rows]
        if importance:
            counts += f" token_importance({importance} : {tokens})"
            results.append(tokens)
        if self._counts_heads(step):
            counters = _tensor(heads, element="i64")
            self.head_importance = self.head_importance or self._constant(
                f"arith.constant dense<0> : {counters}"
            )
            counts += f" head_importance({self.head_importance} : {counters})"
            results.append(counters)
        result = self._let(
            f"rarefy.attention ins({query}, {key}, {value} : {rows}, {keys}, {keys}) "
            f"outs({self._empty(rows)} : {rows}){counts} {{{listed}}} -> {', '.join(results)}",
            len(results),
        )
        names = [f"{result}#{i}" for i in range(len(results))] if len(results) > 1 else [result]
        self.output = self._insert(names[0], rows, self.output, self.outputs, place)
        if self._counts_heads(step):
            self.head_importance = names[-1]
        return names[1] if importance else None

    def _put_back(self, step: Step, importance: str) -> None:
        kind = _tensor(step.keys, element="i32")
        if self.kept:
            name, kept = self.kept
            operands = f"ins({importance}, {name} : {kind}, {_tensor(kept, element='i32')})"
            whole = f"outs({self._whole_importance()} : {self.all_tokens}) -> {self.all_tokens}"
            self.importance = self._let(f"rarefy.scatter dim 0 {operands} {whole}")
        elif kind != self.all_tokens:
            self.importance = self._insert(importance, kind, self._whole_importance(), self.all_tokens, [0])
        else:
            self.importance = importance

    def _with_next_token(self, step: Step) -> str:
        """The importance of all tokens with the largest there is for the one that the next iteration appends."""
        one = _tensor(1, element="i32")
        largest = self._constant(f"arith.constant dense<-1> : {one}")
        return self._insert(largest, one, self._whole_importance(), self.all_tokens, [step.length])

    def _select(self, step: Step, selection: int, importance: str) -> None:
        """The list of the next step: among the kept tokens, or at the end of an iteration among all."""
        last = step.layer == self.schedule.layers - 1
        candidates = step.length + 1 if last else step.keys
        scores, kind = importance, _tensor(candidates, element="i32")
        if last:
            scores = self._with_next_token(step)
            scores = self._slice(scores, self.all_tokens, [0], [candidates])
        result = _tensor(selection, element="i32")
        places = self._let(
            f"rarefy.topk ins({scores} : {kind}) outs({self._empty(result)} : {result}) -> {result}"
        )
        if self.kept and not last:
            name, kept = self.kept
            self.kept = places, selection
            places = self._gather(name, _tensor(kept, element="i32"), 0, result, self.kept)
        self.kept = places, selection
