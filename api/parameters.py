"""Query parameters: as OpenAPI 3.1 tells them, and that each is given once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request

from api.refusals import UnknownParameter


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
