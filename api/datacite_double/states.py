"""The states of a DOI and what moves it from one to the next (lupo: `app/models/doi.rb`).

draft ── register ──▶ registered ◀── hide ── findable
draft ── publish ──▶ findable   registered ── publish, show ──▶ findable
"""

from __future__ import annotations

from typing import Literal

State = Literal["draft", "registered", "findable"]
STATES: tuple[State, ...] = ("draft", "registered", "findable")

_TRANSITIONS: dict[tuple[State, str], State] = {
    ("draft", "register"): "registered",
    ("draft", "publish"): "findable",
    ("registered", "publish"): "findable",
    ("registered", "show"): "findable",
    ("findable", "hide"): "registered",
}


def after(state: State, event: str | None) -> State:
    """The state after an event; an event that is impossible here changes nothing and is no
    error, which is what the service does."""
    return _TRANSITIONS.get((state, event or ""), state)
