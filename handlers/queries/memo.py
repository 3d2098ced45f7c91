"""Small answers, kept while the published state stays the same.

A published copy never changes, so the same question to the same copy has the same answer, but
for five functions that SPARQL lets differ each time (decision 0029 names them). Pages, editors
and dashboards ask the same look-ups again and again; those cost no worker then. What is kept is
bounded in number and in size, and forgotten as soon as `current` names another copy.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from handlers.queries.checkpoint import Mark

MOST_ANSWERS: Final = 512
MOST_BYTES: Final = 32 * 1024
_VOLATILE: Final = re.compile(r"(?:NOW|RAND|UUID|BNODE)\s*\(", re.IGNORECASE)


class Bodied(Protocol):
    """An answer, whatever else it says."""

    @property
    def body(self) -> bytes:
        """Its bytes, whose number is bounded."""


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value", bound=Bodied)


class Kept(NamedTuple):
    """A complete answer with what its headers say."""

    content_type: str
    position: int
    recorded_at: str
    body: bytes


def is_repeatable(query: str) -> bool:
    """Whether the same query on the same state has the same answer."""
    return _VOLATILE.search(query) is None


class Memo(Generic[Key, Value]):
    """Answers by what was asked, for one published state at a time."""

    def __init__(self) -> None:
        self._mark: Mark | None = None
        self._kept: OrderedDict[Key, Value] = OrderedDict()

    def recall(self, key: Key, mark: Mark | None) -> Value | None:
        """The answer of this very state, if it is kept."""
        if mark is None or mark != self._mark:
            return None
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def keep(self, key: Key, mark: Mark | None, answer: Value) -> None:
        """Keep a small answer to what `is_repeatable`. `mark` was taken before asking, so no
        answer is older than it."""
        if mark is None or len(answer.body) > MOST_BYTES:
            return
        if mark != self._mark:
            self._kept.clear()
            self._mark = mark
        self._kept[key] = answer
        if len(self._kept) > MOST_ANSWERS:
            self._kept.popitem(last=False)
