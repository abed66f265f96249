"""The digits model's sizes, the schedules that the demo shows, and what each costs on paper."""

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

    def layers(self) -> list[tuple[int, int, int]]:
        """Tokens in the attention, tokens behind it and width of the heads, layer by layer."""
        return list(
            zip(
                self.tokens, (*self.tokens[1:], self.tokens[-1]), (h * DEPTH for h in self.heads), strict=True
            )
        )

    def macs(self) -> int:
        """Multiply-adds of one image."""
        total = PIXELS * NEAR * WIDTH + WIDTH * CLASSES
        for before, behind, inner in self.layers():
            total += before * WIDTH * 3 * inner + 2 * before * before * inner
            total += behind * inner * WIDTH + behind * 2 * WIDTH * HIDDEN
        return total

    def bytes(self) -> int:
        """Bytes of one image: each weight once, each product's and attention's operands and results once."""
        total = PIXELS * (NEAR + WIDTH) + NEAR * WIDTH + 2 * TOKENS * WIDTH + WIDTH * CLASSES
        for before, behind, inner in self.layers():
            total += 4 * WIDTH * inner + 2 * WIDTH * HIDDEN
            total += before * (WIDTH + 3 * inner) + before * 3 * inner + before * inner
            total += behind * (inner + 2 * WIDTH) + behind * (3 * WIDTH + 2 * HIDDEN)
        return 4 * total


SCHEDULES = (
    Schedule("dense"),
    Schedule("light", (65, 48, 32, 16)),
    Schedule("half", (65, 35, 20, 10)),
    Schedule("default", (65, 13, 8, 6)),
    Schedule("deep", (65, 8, 6, 4)),
    Schedule("heads", heads=(4, 4, 3, 2)),
    Schedule("both", (65, 13, 8, 6), (4, 4, 3, 2)),
)
