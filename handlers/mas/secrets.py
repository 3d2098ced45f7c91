"""Secrets of services: named in their documents, kept elsewhere, never shown and never recorded."""

from __future__ import annotations

import re
from collections.abc import Mapping

_OTHERS = re.compile(r"[^A-Z0-9]+")


class Secrets:
    """Values by name. Names are compared as environment variables are written: `ocr-key` and
    `OCR_KEY` are the same."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {_written(name): value for name, value in values.items()}

    def __call__(self, name: str) -> str | None:
        """The value of a secret; None where it has none."""
        return self._values.get(_written(name))

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(self._values))})"

    def values(self) -> dict[str, str]:
        """All of them, for the process that is started for dispatch."""
        return dict(self._values)


def _written(name: str) -> str:
    return _OTHERS.sub("_", name.upper())
