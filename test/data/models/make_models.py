"""Exports the small models that test importing and raising: two layers of attention each, seeded weights, < 100 KB.

An encoder, a causal decoder and a vision transformer, written in the ways that people write attention, by PyTorch's
TorchScript and dynamo exporters at several opsets. Beside each <name>.onnx stands <name>.npz: its inputs and PyTorch's
outputs, by name. Needs torch, onnx and onnxscript; run it with the names of models, or with none for all.
"""

import argparse
import io
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx.reference import ReferenceEvaluator
from torch import Tensor, nn

SEED, LAYERS, WIDTH, HEADS, DEPTH, HIDDEN, VOCABULARY, TOKENS = 7, 2, 16, 4, 4, 32, 24, 12
Attend = Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]


def attend_added(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """Scaled after the product, a float mask added (BERT's eager code)."""
    scores = query @ key.transpose(-1, -2) / math.sqrt(DEPTH)
    if mask is not None:
        scores = scores + (1.0 - mask.to(scores.dtype)) * torch.finfo(torch.float32).min
    return scores.softmax(-1) @ value


def attend_selected(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """Scaled before the product, the mask selects, softmax spelled out."""
    scores = (query * DEPTH**-0.5) @ key.transpose(-1, -2)
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e9)
    weights = (scores - scores.amax(-1, keepdim=True)).exp()
    return (weights / weights.sum(-1, keepdim=True)) @ value


def attend_fused(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """PyTorch's own operator: scale split over Q and K, a mask made by Where, a guard against rows of NaN."""
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)


def attend_grouped(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """PyTorch's own operator with fewer key heads than query heads, causal."""
    return F.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)


def attend_causal(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """A causal mask of PyTorch's own operator."""
    return F.scaled_dot_product_attention(query, key, value, is_causal=True)


def attend_repeated(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """Key heads repeated by expand and reshape, an upper triangle of -inf added (LLaMA's eager code)."""
    batch, heads, tokens, depth = key.shape
    group = query.shape[1] // heads
    key, value = (
        x[:, :, None].expand(batch, heads, group, tokens, depth).reshape(batch, heads * group, tokens, depth)
        for x in (key, value)
    )
    hidden = torch.full((tokens, tokens), -math.inf).triu(1)
    scores = query @ key.transpose(2, 3) * DEPTH**-0.5 + hidden
    return scores.softmax(-1, dtype=torch.float32) @ value


class PlainRMSNorm(nn.Module):
    """RMS norm spelled out (LLaMA's code)."""

    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))


class Layer(nn.Module):
    """A transformer layer around one way of attending; norm first or last, projections apart or fused."""

    def __init__(
        self,
        attend: Attend,
        key_heads: int = HEADS,
        fused: bool = False,
        first: bool = True,
        norm: type[nn.Module] = nn.LayerNorm,
    ):
        super().__init__()
        self.attend, self.key_heads, self.fused, self.first = attend, key_heads, fused, first
        sizes = [WIDTH, key_heads * DEPTH, key_heads * DEPTH]
        self.project = nn.ModuleList(nn.Linear(WIDTH, size) for size in ([sum(sizes)] if fused else sizes))
        self.out, self.up, self.down = (
            nn.Linear(WIDTH, WIDTH),
            nn.Linear(WIDTH, HIDDEN),
            nn.Linear(HIDDEN, WIDTH),
        )
        self.norm1, self.norm2 = norm(WIDTH), norm(WIDTH)

    def split(self, x: Tensor) -> list[Tensor]:
        batch, tokens, _ = x.shape
        if self.fused:
            return list(
                self.project[0](x).reshape(batch, tokens, 3, HEADS, DEPTH).permute(2, 0, 3, 1, 4).unbind(0)
            )
        return [linear(x).view(batch, tokens, -1, DEPTH).transpose(1, 2) for linear in self.project]

    def attention(self, x: Tensor, mask: Tensor | None) -> Tensor:
        heads = self.attend(*self.split(x), mask)
        return self.out(heads.transpose(1, 2).reshape(x.shape))

    def mlp(self, x: Tensor) -> Tensor:
        return self.down(F.gelu(self.up(x)))

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        if self.first:
            x = x + self.attention(self.norm1(x), mask)
            return x + self.mlp(self.norm2(x))
        x = self.norm1(x + self.attention(x, mask))
        return self.norm2(x + self.mlp(x))


class Encoder(nn.Module):
    """BERT: tokens and a padding mask to one vector per text, the mean of its tokens."""

    def __init__(self, attend: Attend):
        super().__init__()
        self.embed, self.position = (
            nn.Embedding(VOCABULARY, WIDTH),
            nn.Parameter(torch.randn(1, TOKENS, WIDTH)),
        )
        self.layers = nn.ModuleList(Layer(attend, first=False) for _ in range(LAYERS))

    def forward(self, ids: Tensor, padding: Tensor) -> Tensor:
        x = self.embed(ids) + self.position[:, : ids.shape[1]]
        for layer in self.layers:
            x = layer(x, padding[:, None, None, :])
        weight = padding[:, :, None].to(x.dtype)
        return (x * weight).sum(1) / weight.sum(1)


class Decoder(nn.Module):
    """LLaMA's shape: RMS norm, grouped heads where `key_heads` is smaller, causal; logits of every token."""

    def __init__(self, attend: Attend, key_heads: int = HEADS, norm: type[nn.Module] = PlainRMSNorm):
        super().__init__()
        self.embed, self.head = nn.Embedding(VOCABULARY, WIDTH), nn.Linear(WIDTH, VOCABULARY, bias=False)
        self.layers = nn.ModuleList(Layer(attend, key_heads, norm=norm) for _ in range(LAYERS))
        self.norm = norm(WIDTH)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed(ids)
        for layer in self.layers:
            x = layer(x, None)
        return self.head(self.norm(x))


class Vision(nn.Module):
    """ViT: 12x12 images in 4x4 patches by a convolution, a class token, logits of ten classes."""

    def __init__(self, attend: Attend):
        super().__init__()
        self.patch = nn.Conv2d(1, WIDTH, 4, 4)
        self.class_token, self.position = (nn.Parameter(torch.randn(1, n, WIDTH)) for n in (1, 10))
        self.layers = nn.ModuleList(Layer(attend, fused=True) for _ in range(LAYERS))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 10)

    def forward(self, image: Tensor) -> Tensor:
        patches = self.patch(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(image.shape[0], -1, -1), patches], 1) + self.position
        for layer in self.layers:
            x = layer(x, None)
        return self.head(self.norm(x)[:, 0])


class Stock(nn.Module):
    """PyTorch's stock nn.TransformerEncoder on embedded tokens."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, HIDDEN, activation="gelu", batch_first=True, norm_first=True
        )
        self.body = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)

    def forward(self, embedded: Tensor) -> Tensor:
        return self.body(embedded)


@dataclass
class Case:
    """How one file is made: the model, its exporter, opset and dynamic dimensions."""

    make: Callable[[], nn.Module]
    dynamo: bool
    opset: int
    dynamic: bool = False


CASES = {
    "encoder-script-17": Case(lambda: Encoder(attend_added), False, 17),
    "encoder-script-19": Case(lambda: Encoder(attend_fused), False, 19),
    "encoder-dynamo-18": Case(lambda: Encoder(attend_fused), True, 18),
    "encoder-dynamo-21": Case(lambda: Encoder(attend_selected), True, 21, dynamic=True),
    "encoder-dynamo-23": Case(lambda: Encoder(attend_fused), True, 23),
    "decoder-script-17": Case(lambda: Decoder(attend_causal), False, 17),
    "decoder-dynamo-20": Case(lambda: Decoder(attend_repeated, 2), True, 20),
    "decoder-dynamo-22": Case(lambda: Decoder(attend_causal), True, 22, dynamic=True),
    "decoder-dynamo-23": Case(lambda: Decoder(attend_grouped, 2, nn.RMSNorm), True, 23),
    "vision-script-18": Case(lambda: Vision(attend_selected), False, 18),
    "vision-dynamo-18": Case(lambda: Vision(attend_fused), True, 18),
    "vision-dynamo-23": Case(lambda: Vision(attend_fused), True, 23),
    "stock-script-20": Case(Stock, False, 20),
    "stock-dynamo-20": Case(Stock, True, 20),
}


def example_inputs(model: nn.Module) -> dict[str, Tensor]:
    """Seeded inputs; the second text of the encoder's batch is padded."""
    random = torch.Generator().manual_seed(SEED)
    if isinstance(model, Vision):
        return {"image": torch.rand(1, 1, 12, 12, generator=random)}
    if isinstance(model, Stock):
        return {"embedded": torch.randn(1, TOKENS, WIDTH, generator=random)}
    ids = torch.randint(0, VOCABULARY, (2, TOKENS), generator=random)
    if isinstance(model, Decoder):
        return {"ids": ids[:1]}
    return {"ids": ids, "padding": torch.arange(TOKENS) < torch.tensor([[TOKENS], [TOKENS - 5]])}


def export(model: nn.Module, case: Case, inputs: dict[str, Tensor]) -> onnx.ModelProto:
    names = {"input_names": list(inputs), "output_names": ["result"], "opset_version": case.opset}
    if not case.dynamo:
        buffer = io.BytesIO()
        torch.onnx.export(model, tuple(inputs.values()), buffer, dynamo=False, **names)
        return onnx.load_from_string(buffer.getvalue())
    length = torch.export.Dim("tokens", min=2, max=TOKENS)
    shapes = {name: {1: length} for name in inputs} if case.dynamic else None
    return torch.onnx.export(
        model, tuple(inputs.values()), dynamo=True, dynamic_shapes=shapes, verbose=False, **names
    ).model_proto


def strip(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drops stack traces and other notes, which name files of the machine that exports."""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    for item in [*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info]:
        item.doc_string = ""
        del item.metadata_props[:]
    return model


def write(name: str, folder: Path) -> None:
    torch.manual_seed(SEED)
    case = CASES[name]
    model = case.make().eval()
    inputs = example_inputs(model)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        proto = strip(export(model, case, inputs))
        expected = model(*inputs.values()).numpy()
    data = {key: value.numpy() for key, value in inputs.items()}
    actual = ReferenceEvaluator(proto).run(None, data)[0]
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5, err_msg=name)
    onnx.save(proto, folder / f"{name}.onnx")
    np.savez_compressed(folder / f"{name}.npz", **data, result=expected)
    print(f"{name}: {(folder / f'{name}.onnx').stat().st_size} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="models to write (default: all)")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    torch.backends.mha.set_fastpath_enabled(False)  # its fused operator has no ONNX form
    for name in options.names or CASES:
        write(name, options.output)


if __name__ == "__main__":
    main()
