"""Trains the digits model: a small vision transformer, one token per pixel, robust to losing tokens and heads.

The 1,797 8x8 images ship with scikit-learn; a quarter is held back for testing. Most training batches run with the
cascade pruning that the compiler later applies (random schedules, so that the model is tied to none of them).
Writes digits.onnx and digits-test.npz beside this file. Takes a few minutes on two cores.
"""

import argparse
import math
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from architecture import CLASSES, DEPTH, HEADS, HIDDEN, LAYERS, NEAR, PIXELS, SCHEDULES, SIDE, WIDTH
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

SEED = 2022


class State:
    """What cascade pruning carries from layer to layer: accumulated importance of tokens and heads."""

    def __init__(self, batch: int, tokens: int):
        self.tokens = torch.zeros(batch, tokens)
        self.heads = torch.zeros(batch, HEADS)
        self.head_mask = torch.ones(batch, HEADS)


class Block(nn.Module):
    """A pre-norm transformer layer."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)

    def split(self, x: Tensor) -> list[Tensor]:
        shape = (x.shape[0], x.shape[1], HEADS, DEPTH)
        return [part.reshape(shape).transpose(1, 2) for part in self.qkv(self.norm1(x)).split(WIDTH, dim=-1)]

    def finish(self, x: Tensor, heads: Tensor) -> Tensor:
        x = x + self.out(heads.transpose(1, 2).reshape(x.shape))
        return x + self.down(F.gelu(self.up(self.norm2(x))))

    def forward(self, x: Tensor) -> Tensor:
        return self.finish(x, F.scaled_dot_product_attention(*self.split(x)))

    def pruned(self, x: Tensor, state: State) -> Tensor:
        query, key, value = self.split(x)
        probs = (query @ key.transpose(-1, -2) / math.sqrt(DEPTH)).softmax(-1)
        heads = probs @ value * state.head_mask[:, :, None, None]
        with torch.no_grad():
            state.tokens = state.tokens + (probs * state.head_mask[:, :, None, None]).sum((1, 2))
            state.heads = state.heads + heads.abs().sum((2, 3))
        return self.finish(x, heads)


class DigitsTransformer(nn.Module):
    """Images [batch, 8, 8] in 0..1 to logits [batch, 10]; token 0 is the class token, the others a pixel and its
    eight neighbours each."""

    def __init__(self):
        super().__init__()
        self.pixel = nn.Linear(NEAR, WIDTH)
        row, column = torch.arange(SIDE)[:, None, None, None], torch.arange(SIDE)[:, None, None]
        near = (row + torch.arange(3)[:, None]) * (SIDE + 2) + column + torch.arange(3)
        self.register_buffer("near", near.reshape(-1), persistent=False)
        self.class_token = nn.Parameter(torch.randn(1, 1, WIDTH) * 0.02)
        self.position = nn.Parameter(torch.randn(1, PIXELS + 1, WIDTH) * 0.5)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, CLASSES)

    def embed(self, image: Tensor) -> Tensor:
        padded = F.pad(image, (1, 1, 1, 1)).flatten(1)
        pixels = self.pixel(padded.index_select(1, self.near).reshape(-1, PIXELS, NEAR))
        tokens = torch.cat([self.class_token.expand(image.shape[0], -1, -1), pixels], dim=1)
        return tokens + self.position

    def forward(self, image: Tensor) -> Tensor:
        x = self.embed(image)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x[:, 0]))

    def pruned(self, image: Tensor, tokens: Sequence[int], heads: Sequence[int]) -> Tensor:
        """The same with tokens[i] tokens and heads[i] heads alive in layer i."""
        x = self.embed(image)
        state = State(*x.shape[:2])
        for layer, block in enumerate(self.blocks):
            if tokens[layer] < x.shape[1]:
                score = state.tokens.clone()
                score[:, 0] = math.inf
                kept = score.topk(tokens[layer], dim=1).indices.sort(dim=1).values
                x = x.gather(1, kept[:, :, None].expand(-1, -1, WIDTH))
                state.tokens = state.tokens.gather(1, kept)
            if heads[layer] < HEADS:
                score = state.heads.masked_fill(state.head_mask == 0, -1)
                kept = score.topk(heads[layer], dim=1).indices
                state.head_mask = torch.zeros_like(state.head_mask).scatter(1, kept, 1.0)
            x = block.pruned(x, state)
        return self.head(self.norm(x[:, 0]))


def augment(image: Tensor) -> Tensor:
    """Small random rotations, scalings, shears and shifts."""
    angle = torch.empty(len(image)).uniform_(-0.22, 0.22)
    zoom = torch.empty(len(image), 2).uniform_(0.9, 1.12)
    shear = torch.empty(len(image)).uniform_(-0.15, 0.15)
    shift = torch.empty(len(image), 2).uniform_(-0.22, 0.22)
    rows = torch.stack(
        [
            torch.stack([zoom[:, 0] * angle.cos(), shear - angle.sin(), shift[:, 0]], 1),
            torch.stack([angle.sin(), zoom[:, 1] * angle.cos(), shift[:, 1]], 1),
        ],
        1,
    )
    grid = F.affine_grid(rows, [len(image), 1, 8, 8], align_corners=False)
    return F.grid_sample(image[:, None], grid, align_corners=False)[:, 0]


def random_schedule() -> tuple[list[int], list[int]]:
    """Tokens and heads per layer, never growing."""
    tokens, heads = [PIXELS + 1], [HEADS]
    for layer in range(1, LAYERS):
        most = tokens[-1] if layer > 1 else 30
        tokens.append(random.randint(min(most, 6), most))
        heads.append(max(1, heads[-1] - (random.random() < 0.2)))
    return tokens, heads


def accuracy(logits: Tensor, labels: Tensor) -> float:
    return (logits.argmax(1) == labels).float().mean().item()


def train(model: DigitsTransformer, images: Tensor, labels: Tensor, steps: int, batch: int = 64) -> nn.Module:
    """The first steps are dense, later three of four are pruned; returns the running average of the weights."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps, pct_start=0.1)
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995), use_buffers=False
    )
    total = 0.0
    for step in range(steps):
        pick = torch.randint(0, len(images), (batch,))
        image = augment(images[pick])
        dense = step < steps // 4 or step % 4 == 0
        logits = model(image) if dense else model.pruned(image, *random_schedule())
        loss = F.cross_entropy(logits, labels[pick], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
        total += loss.item()
        if step % 100 == 99:
            print(f"step {step + 1}: loss {total / 100:.4f}", flush=True)
            total = 0.0
    return average.module


def export(model: nn.Module, image: Tensor, path: Path) -> None:
    """Writes the model for single images, without the exporter's notes on where it was run."""
    names = {"input_names": ["image"], "output_names": ["logits"]}
    proto = torch.onnx.export(
        model, (image,), dynamo=True, opset_version=18, verbose=False, **names
    ).model_proto
    for item in (proto, proto.graph, *proto.graph.node, *proto.graph.value_info, *proto.graph.output):
        del item.metadata_props[:]
    onnx.save(proto, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3200)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    random.seed(SEED)
    torch.manual_seed(SEED)

    digits = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        digits.images, digits.target, test_size=0.25, random_state=SEED, stratify=digits.target
    )
    model = DigitsTransformer()
    model = train(
        model, torch.tensor(train_x / 16, dtype=torch.float32), torch.tensor(train_y), options.steps
    ).eval()

    images, labels = torch.tensor(test_x / 16, dtype=torch.float32), torch.tensor(test_y)
    with torch.no_grad():
        for schedule in SCHEDULES:
            logits = model.pruned(images, schedule.tokens, schedule.heads)
            print(
                f"{schedule.name}: tokens {schedule.tokens}, heads {schedule.heads}, accuracy {accuracy(logits, labels):.4f}"
            )
    export(model, images[:1], options.output / "digits.onnx")
    np.savez_compressed(
        options.output / "digits-test.npz", images=test_x.astype(np.uint8), labels=test_y.astype(np.uint8)
    )


if __name__ == "__main__":
    main()
