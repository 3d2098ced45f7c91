"""Say what models run on here: `python -m handlers.services`, or `./run gpu`."""

from __future__ import annotations

import sys

from handlers.services.runtime import CUDA, providers, session, used
from handlers.services.text_lines import weights


def main() -> int:
    """0 where a model that ships runs on a GPU; else 1, and what may be missing."""
    runs_on = used([session(weights()[0])])
    sys.stdout.write(f"Models of services run on {runs_on} here.\n")
    if runs_on == CUDA:
        return 0
    why = (
        "its driver, CUDA or cuDNN cannot be loaded (above, ONNX Runtime says which)"
        if CUDA in providers()
        else "the ONNX Runtime that is installed is the one for CPUs"
    )
    sys.stdout.write(f"No GPU is used: {why}.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
