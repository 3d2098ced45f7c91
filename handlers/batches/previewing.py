"""What a batch would do, before it does it; then it is run like one that an agent posted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from fdo.annotation.identity import content_key
from fdo.annotation.life import source_of
from fdo.documents import Document
from fdo.errors import InvalidDocument, Refused
from handlers.batches.choosing import MOST, SHOWN, Chosen, lines_of, shown
from handlers.batches.desk import Desk
from handlers.batches.lines import items
from handlers.batches.outcomes import LineOutcome
from handlers.batches.recording import Recording, Speaker
from handlers.batches.store import Batch

KEPT = 20
"""Previews of one owner that wait to be run; a new one takes the place of the oldest."""
KEPT_BYTES = 64 << 20
"""Bytes of their bodies."""
_NAME = 200
"""Characters of what a row calls its object that are shown."""


@dataclass(slots=True)
class Preview:
    """How many would be recorded, some of them whole, and why the others would not."""

    counts: Counter[str] = field(default_factory=Counter)
    sample: list[Document] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    said: set[str] = field(default_factory=set)
    """Content keys of what would be recorded; the same once more is a duplicate."""

    @property
    def told(self) -> Document:
        """As it is kept with the batch."""
        return {"counts": dict(self.counts), "sample": self.sample, "errors": self.errors}


class Previews:
    """Makes batches of choices, on behalf of one speaker."""

    def __init__(self, desk: Desk, by: Speaker) -> None:
        self._desk, self._by = desk, by

    def make(self, chosen: Iterable[Chosen], asked: Document) -> Batch:
        """A batch of these, with its preview; `asked` is told with it. InvalidDocument where
        nothing, or too much, was chosen."""
        every = list(_few(chosen))
        if not every:
            raise InvalidDocument(
                "Nothing was chosen: the search finds no object, or the table has no row."
            )
        batch = self._desk.begin(self._by, None, "chosen", "previewed")
        recording = self._desk.recording(batch, self._by)
        preview = Preview()
        good = [self._seen(one, recording, preview) for one in every]
        self._desk.batches.body(batch.id).write_bytes(b"".join(lines_of(good)))
        about = {"asked": asked, "preview": preview.told}
        self._desk.batches.keep_previews(self._by.name, KEPT, KEPT_BYTES)
        total = sum(one.annotation is not None for one in good)
        return self._desk.batches.move(batch.id, "previewed", about=about, total=total)

    def ask_run(self, batch: Batch) -> Batch:
        """Have the batch carried out; asked again, it is carried out once."""
        about = {**batch.about, "by": self._by.name}
        if not self._desk.batches.claim(batch.id, ("previewed",), "waiting", "", about):
            batch = self._desk.batches.get(batch.id)
            if batch.state in ("undoing", "undone", "failed"):
                raise Refused(f"The batch {batch.id} is {batch.state}; make a new one.")
        return self._desk.batches.get(batch.id)

    def _seen(self, one: Chosen, recording: Recording, preview: Preview) -> Chosen:
        """The choice, without its annotation where that would be refused."""
        outcome, draft = self._outcome(one, recording)
        if outcome.outcome == "created":
            key = content_key(draft)
            outcome = replace(outcome, outcome="duplicate") if key in preview.said else outcome
            preview.said.add(key)
        preview.counts[outcome.outcome] += 1
        if outcome.outcome == "created" and len(preview.sample) < SHOWN:
            preview.sample.append({"name": one.name[:_NAME], **self._shown(one, draft)})
        if outcome.outcome == "refused":
            if len(preview.errors) < 5 * SHOWN:
                preview.errors.append({"name": one.name[:_NAME], **outcome.told})
            return Chosen(one.line, one.name, None)
        return one

    def _outcome(self, one: Chosen, recording: Recording) -> tuple[LineOutcome, Document]:
        if one.annotation is None:
            return LineOutcome(one.line, "refused", errors=one.why), {}
        (line,) = items(b"[" + orjson.dumps(one.annotation) + b"]")
        read = recording.understood(line)
        meant = read if isinstance(read, LineOutcome) else recording.admitted([read])[0]
        if isinstance(meant, LineOutcome):
            return LineOutcome(one.line, meant.outcome, errors=meant.errors), {}
        found = self._desk.annotations.examine(meant.draft, self._by.agent)
        became = found.what if found.what in ("created", "duplicate") else "refused"
        pid = str(found.pid) if found.pid else None
        return LineOutcome(one.line, became, pid, errors=found.errors), meant.draft

    def _shown(self, one: Chosen, draft: Document) -> Document:
        source = source_of(draft["oa:hasTarget"][0])
        known = self._desk.objects.state(source.pid)[0] if source else None
        return shown(one.line, draft, known.document if known else None)


def _few(chosen: Iterable[Chosen]) -> Iterable[Chosen]:
    for number, one in enumerate(chosen):
        if number == MOST:
            raise InvalidDocument(
                f"More than {MOST:,} are chosen, which is all that one batch takes; narrow the "
                "search, or split the table.",
                [("/query", f"at most {MOST:,}")],
            )
        yield one
