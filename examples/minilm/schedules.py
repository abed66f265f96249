"""The keep schedules of the MiniLM demo and benchmark, and the exported model's files."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LAYERS = 6


@dataclass(frozen=True)
class Schedule:
    """The ratio of the tokens that each layer works on."""

    name: str
    keep: tuple[float, ...] = (1.0,) * LAYERS

    @property
    def passes(self) -> str:
        """The compiler's passes that make it so."""
        raised = "rarefy-raise-attention"
        if min(self.keep) == 1:
            return raised
        return f"{raised},rarefy-prune-tokens{{keep={','.join(map(str, self.keep))} protect=0}}"


SCHEDULES = (
    Schedule("dense"),
    Schedule("three-quarters", (1.0, 0.8, 0.75, 0.7, 0.65, 0.6)),
    Schedule("half", (1.0, 0.4, 0.4, 0.4, 0.4, 0.4)),
    Schedule("half-linear", (1.0, 0.6, 0.5, 0.4, 0.3, 0.2)),
    Schedule("third", (1.0, 0.25, 0.2, 0.2, 0.2, 0.15)),
)


def model_file(tokens: int) -> Path:
    """The exported model, made on first use; 0 tokens for the one of dynamic length."""
    path = ROOT / "build" / "minilm" / f"minilm-{tokens or 'dyn'}.onnx"
    if not path.exists():
        print(f"exporting {path.relative_to(ROOT)}", flush=True)
        command = [sys.executable, HERE / "export.py", path.parent, "--tokens", str(tokens)]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            raise SystemExit(f"the export failed:\n{result.stderr}")
    return path
