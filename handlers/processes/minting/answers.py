"""What DataCite answers, and what it means for a DOI.

Apart from `client`, whose package takes long to load: commands that send nothing do without.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

import orjson

from handlers.processes.minting.wanted import State
from handlers.retrying import asked_to_wait

QUOTED = 500
"""Characters of a refusal that are kept."""

Outcome = Literal["taken", "refused", "hindered"]
"""DataCite has it; DataCite will never take it as it is; or nothing is known, so try again."""

_PATIENT = frozenset({401, 403, 404, 405, 408, 409, 425, 429})
"""Refusals that are none of this DOI: credentials, an address that is not DataCite's (a PUT there
makes what is unknown), races, limits."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request met."""

    outcome: Outcome
    said: str
    state: State | None = None
    """In which the DOI is now, where it was taken."""
    wait_s: float = 0.0
    """How long DataCite asks us to wait."""


def judged(status: int, headers: Mapping[str, str], text: bytes) -> Answer:
    """What an answer of DataCite means."""
    if status in (200, 201):
        try:
            state = orjson.loads(text)["data"]["attributes"]["state"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            state = None
        if state in get_args(State):
            return Answer("taken", f"answered {status}", cast("State", state))
        return Answer("hindered", f"answered {status}, but what it says cannot be read")
    said = f"answered {status}: {_quoted(text)}"
    if 400 <= status < 500 and status not in _PATIENT:
        return Answer("refused", said)
    return Answer("hindered", said, wait_s=asked_to_wait(headers.get("retry-after", "")) or 0.0)


def _quoted(text: bytes) -> str:
    """The reasons of a JSON:API error in one line, else the beginning of the text."""
    try:
        errors = orjson.loads(text)["errors"]
        found = "; ".join(
            ": ".join(str(one[part]) for part in ("source", "title") if one.get(part))
            for one in errors
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        found = " ".join(text.decode(errors="replace").split())
    return found[:QUOTED] or "nothing more"


def event_for(wanted: State, known: State | None) -> str | None:
    """The event that leads from what DataCite said last to what is wanted; an impossible one
    is ignored there without a word."""
    if wanted == known or wanted == "draft":
        return None
    if wanted == "findable":
        return "publish"
    return "hide" if known == "findable" else "register"
