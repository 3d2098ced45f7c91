"""Rows of metadata, each once: DataCite's schema wants the items of its lists to be unique."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

Row = TypeVar("Row", bound=dict[str, str] | dict[str, object])


def once(rows: Iterable[Row]) -> list[Row]:
    """The rows in their order, each once; empty ones left out."""
    found: list[Row] = []
    for row in rows:
        if row and row not in found:
            found.append(row)
    return found
