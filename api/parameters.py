"""Query parameters as OpenAPI 3.1 tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text_parameters(told: Mapping[str, str]) -> list[dict[str, Any]]:
    """Parameters that are text: name → what it means."""
    return [
        {"name": name, "in": "query", "description": said, "schema": {"type": "string"}}
        for name, said in told.items()
    ]
