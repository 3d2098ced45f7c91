"""Small answers, kept while the published state stays the same.

A published copy never changes, so the same question to the same copy has the same answer, but
for five functions that SPARQL lets differ each time (decision 0029 names them). Pages, editors
and dashboards ask the same look-ups again and again; those cost no worker then. What is kept is
bounded in number and in size, and forgotten as soon as `current` names another copy.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from handlers.queries.answer import Question

MOST_ANSWERS: Final = 512
MOST_BYTES: Final = 32 * 1024
_VOLATILE: Final = re.compile(r"(?:NOW|RAND|UUID|BNODE)\s*\(", re.IGNORECASE)

Mark = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A complete answer with what its headers say."""

    content_type: str
    position: int
    recorded_at: str
    body: bytes


class Memo:
    """Answers by question, for one published state at a time."""

    def __init__(self, folder: Path) -> None:
        self._pointer = os.fspath(folder / "current")
        self._mark: Mark | None = None
        self._kept: OrderedDict[Question, Kept] = OrderedDict()

    def mark(self) -> Mark | None:
        """What tells one published state from the next; `None` before the first."""
        try:
            at = os.stat(self._pointer)  # noqa: PTH116 - in the path of every query
        except OSError:
            return None
        return at.st_mtime_ns, at.st_ino, at.st_size

    def recall(self, question: Question, mark: Mark | None) -> Kept | None:
        """The answer of this very state, if it is kept."""
        if mark is None or mark != self._mark:
            return None
        kept = self._kept.get(question)
        if kept is not None:
            self._kept.move_to_end(question)
        return kept

    def keep(self, question: Question, mark: Mark | None, answer: Kept) -> None:
        """Keep a small answer. `mark` was taken before asking, so no answer is older than it."""
        if mark is None or len(answer.body) > MOST_BYTES or _VOLATILE.search(question.query):
            return
        if mark != self._mark:
            self._kept.clear()
            self._mark = mark
        self._kept[question] = answer
        if len(self._kept) > MOST_ANSWERS:
            self._kept.popitem(last=False)
