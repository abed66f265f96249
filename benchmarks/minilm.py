"""MiniLM-L6 with its real weights on real text: dense and with half of its tokens, beside the peers."""

import argparse
import sys

from _driver import ROOT, Workload, run
from rarefy.records import Recorder

sys.path.append(str(ROOT / "examples" / "minilm"))
from schedules import SCHEDULES, model_file  # noqa: E402
from texts import Encoder, passages  # noqa: E402


def pytorch_model():
    from export import SentenceEncoder

    return SentenceEncoder().eval()


def workload(tokens: int) -> Workload:
    """One text that fills the length, so that no peer gains from padding."""
    ids, mask = Encoder()(" ".join(passages(20)), tokens)
    passes = {schedule.name: schedule.passes for schedule in SCHEDULES}
    return Workload(
        f"minilm/{tokens}",
        model_file(tokens),
        {"input_ids": ids, "attention_mask": mask},
        {"rarefy-dense": passes["dense"], "rarefy-half": passes["half"]},
        pytorch_model,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, nargs="+", default=[128, 256])
    parser.add_argument(
        "--seconds", type=float, default=20, help="how long to time, for each length and thread count"
    )
    options = parser.parse_args()
    recorder = Recorder(ROOT, "bench-minilm", "./x bench minilm")
    run([workload(tokens) for tokens in options.tokens], "ms", recorder, options.seconds)


if __name__ == "__main__":
    main()
