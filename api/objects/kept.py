"""Documents kept ready to send, as long as the log has not moved on.

The log is asked each time, cheapest question first: has anything been recorded since
(`data_version`)? Then, has this object's head moved, or was something that its links lead to
withdrawn or made public? Only then is the event read again. So an answer is never older than
the log, whoever writes to it.

Used from one thread only: `data_version` compares what one connection saw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from api.objects.exchange import Sent
from api.objects.signposting import still
from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.identifiers import Pid

ROOM = 48 * 1024 * 1024
"""Bytes of bodies that may be kept; the oldest go first."""
LARGEST = 64 * 1024


@dataclass(slots=True)
class Kept:
    """One answer, and what it was made from."""

    sent: Sent
    position: int
    sequence: int
    """Of the object's last event known, content or not: an erasure changes bytes in place."""
    seen: int
    """The log's `data_version` when the answer was last known to be true."""


class KeptDocuments:
    """Current documents by PID text."""

    def __init__(self, log: Log, make: Callable[[Recorded], Sent]) -> None:
        self._log, self._make = log, make
        self._kept: dict[str, Kept] = {}
        self._size = 0

    def current(self, text: str) -> Sent:
        """The answer that shows an object now; NotFound for an unknown PID."""
        now = self._log.changed()
        kept = self._kept.get(text)
        if kept is not None and (kept.seen == now or self._still(kept, text)):
            kept.seen = now
            return kept.sent
        return self._read(text, now)

    def _still(self, kept: Kept, text: str) -> bool:
        head = self._log.head(_pid(text))
        unmoved = head.position == kept.position and head.sequence == kept.sequence
        return unmoved and still(kept.sent.leans, self._log)

    def _read(self, text: str, now: int) -> Sent:
        """Read the event and keep the answer. What it is compared with later was read before
        it, so that a change in between makes the answer look old, never fresh."""
        old = self._kept.pop(text, None)
        pid = _pid(text)
        sequence = None if old is None else self._log.head(pid).sequence
        event = self._log.latest(pid)
        sent = self._make(event)
        if old is not None:
            self._size -= len(old.sent.body)
        if len(sent.body) <= LARGEST:
            self._kept[text] = Kept(sent, event.position, sequence or event.sequence, now)
            self._size += len(sent.body)
            while self._size > ROOM:
                first = next(iter(self._kept))
                self._size -= len(self._kept.pop(first).sent.body)
        return sent


def _pid(text: str) -> Pid:
    prefix, _, suffix = text.partition("/")
    return Pid(prefix, suffix)
