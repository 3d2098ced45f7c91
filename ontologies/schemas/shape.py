"""What a class is in the tables of this folder."""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    """One class: its `@type` values, what it must hold, and its keys by kind."""

    types: tuple[str, ...]
    required: str
    keys: dict[str, str]


def joined(common: dict[str, str], keys: dict[str, str]) -> dict[str, str]:
    """Keys by kind of two tables in one."""
    return {
        name: f"{common.get(name, '')} {keys.get(name, '')}".strip() for name in {**common, **keys}
    }
