"""A batch while its lines come in: sections recorded as they are full, and found again.

    posting = Posting(batches, batch, recording, by)
    for part in body: posting.feed(part)
    batch = posting.end()

The same body sent again under the same key goes over the sections that are recorded and on from
there; another body under the same key is refused (draft-ietf-httpapi-idempotency-key-header).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable

from handlers.batches.errors import KeyReused, key_reused
from handlers.batches.lines import Line, Lines
from handlers.batches.quotas import spent
from handlers.batches.recording import MANY, Recording, Speaker
from handlers.batches.store import Batch, Batches, Section


class Posting:
    """The lines of one batch on their way into the log."""

    def __init__(
        self,
        batches: Batches,
        batch: Batch,
        recording: Recording,
        by: Speaker,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._batches, self._batch, self._recording = batches, batch, recording
        self._by, self._clock = by, clock
        self._lines = Lines()
        self._waiting: list[Line] = []
        self._size = 0
        self._seen = 0
        self._chain = hashlib.sha256(batch.id.encode()).digest()
        self._number = 0
        self._known = batches.section(batch.id, 0)

    def feed(self, data: bytes) -> None:
        """Take a part of the body; QuotaSpent, KeyReused."""
        self.take(self._lines.feed(data))

    def take(self, lines: Iterable[Line]) -> None:
        """Take lines; each section is recorded as soon as it is full."""
        for line in lines:
            self._waiting.append(line)
            self._seen += 1
            while len(self._waiting) >= (self._known.lines if self._known else MANY):
                self._section()

    def end(self) -> Batch:
        """The body is complete; the batch with what became of it."""
        self.take(self._lines.end())
        if self._known is not None:
            raise self._reused(f"had at least {self._seen + 1 - len(self._waiting)} lines")
        while self._waiting:
            self._section()
        digest = self._chain.hex()
        if self._batch.digest is None:
            return self._batches.move(
                self._batch.id, "done", ended_at=self._clock(), total=self._seen, digest=digest
            )
        if self._batch.digest != digest:
            raise self._reused(f"had {self._batch.total} lines")
        return self._batches.get(self._batch.id)

    def _section(self) -> None:
        """Record the lines that wait, or go over them where they are recorded already."""
        known = self._known
        if known is None:
            known = self._begun()
        else:
            self._chain = _chained(self._chain, self._waiting[: known.lines])
            if self._chain != known.digest:
                raise self._reused(f"had other lines before line {self._waiting[0].number + 1}")
        if known.outcomes is None:
            again = known.before if self._known is not None else None
            outcomes = self._recording.take(self._waiting[: known.lines], again)
            self._batches.record(self._batch.id, known.number, outcomes)
        del self._waiting[: known.lines]
        self._number += 1
        self._known = self._batches.section(self._batch.id, self._number)

    def _begun(self) -> Section:
        """The next section, noted before it is recorded; QuotaSpent where nothing more fits."""
        if self._batch.digest is not None:
            raise self._reused(f"had {self._batch.total} lines")
        limits, now = self._by.quotas, self._clock()
        sizes = [line.size for line in self._waiting[:MANY]]
        number = self._batches.take(self._by.name, limits, sizes, now)
        if not number:
            raise spent(self._batches.left(self._by.name, limits, now), now)
        self._chain = _chained(self._chain, self._waiting[:number])
        section = Section(self._number, number, self._chain, self._recording.position, None)
        self._batches.intend(self._batch.id, section)
        return section

    def _reused(self, had: str) -> KeyReused:
        return key_reused(self._batch.key, self._batch.id, had)


def _chained(chain: bytes, lines: Iterable[Line]) -> bytes:
    found = hashlib.sha256(chain)
    for line in lines:
        found.update(line.digest)
    return found.digest()
