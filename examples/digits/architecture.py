"""The digits model's sizes, and the schedules that the demo shows."""

from dataclasses import dataclass

SIDE, NEAR = 8, 9
PIXELS, WIDTH, HEADS, LAYERS, HIDDEN, CLASSES = SIDE * SIDE, 64, 4, 4, 128, 10
DEPTH, TOKENS = WIDTH // HEADS, PIXELS + 1


@dataclass(frozen=True)
class Schedule:
    """How many tokens and heads each layer works on. Token 0, the class token, is never pruned."""

    name: str
    tokens: tuple[int, ...] = (TOKENS,) * LAYERS
    heads: tuple[int, ...] = (HEADS,) * LAYERS

    @property
    def passes(self) -> str:
        """The compiler's passes that make it so."""
        passes = ["rarefy-raise-attention"]
        if self.tokens[-1] < TOKENS:
            passes.append(f"rarefy-prune-tokens{{counts={','.join(map(str, self.tokens))} protect=0}}")
        if self.heads[-1] < HEADS:
            passes.append(f"rarefy-prune-heads{{counts={','.join(map(str, self.heads))}}}")
        return ",".join(passes)

    @property
    def token_layers_kept(self) -> float:
        return sum(self.tokens) / (TOKENS * LAYERS)


SCHEDULES = (
    Schedule("dense"),
    Schedule("light", (65, 48, 32, 16)),
    Schedule("half", (65, 35, 20, 10)),
    Schedule("default", (65, 13, 8, 6)),
    Schedule("deep", (65, 8, 6, 4)),
    Schedule("heads", heads=(4, 4, 3, 2)),
    Schedule("both", (65, 13, 8, 6), (4, 4, 3, 2)),
)
