"""Query parameters: as OpenAPI 3.1 tells them, that each is given once, and whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from api.refusals import UnknownParameter

if TYPE_CHECKING:
    from fastapi import Request  # dear to load, and the command line reads numbers here too

_DIGITS = 9
"""The most that are read of a whole number."""


def text_parameters(told: Mapping[str, str]) -> list[dict[str, Any]]:
    """Parameters that are text: name → what it means."""
    return [
        {"name": name, "in": "query", "description": said, "schema": {"type": "string"}}
        for name, said in told.items()
    ]


def once(request: Request, name: str) -> str | None:
    """The value of a parameter that is given once or not at all; an empty one is none."""
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise UnknownParameter(f"{name} is given twice.", parameter=name)
    return values[0] if values and values[0] else None


def whole_number(text: str, name: str, most: int, least: int = 1) -> int:
    """A whole number within bounds; UnknownParameter says which, and names the parameter."""
    digits = text.isascii() and text.isdigit() and len(text) <= _DIGITS
    if not digits or not least <= int(text) <= most:
        raise UnknownParameter(
            f"{name} is a whole number from {least} to {most}, not {text[:40]!r}.", parameter=name
        )
    return int(text)
