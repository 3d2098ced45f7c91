"""Old forms of facts lifted to the current one: pure functions, dict to dict, one per step.

When a fact's form changes: raise its number in `CURRENT`, add the step from the old number in
`STEPS`, add a golden file for the new one. Golden files of old forms stay for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]
Step = Callable[[Document | None, dict[str, Any]], tuple[Document | None, dict[str, Any]]]

CURRENT: dict[str, int] = {}
"""Topic name → version of its current form; 1 where not named."""

STEPS: dict[tuple[str, int], Step] = {}
"""(topic name, version) → the step to version + 1."""


def upcast(
    topic: str, document: Document | None, detail: dict[str, Any]
) -> tuple[Document | None, dict[str, Any]]:
    """The current form of a stored fact's content."""
    name, _, version = topic.rpartition(".v")
    for number in range(int(version), CURRENT.get(name, 1)):
        document, detail = STEPS[name, number](document, detail)
    return document, detail
