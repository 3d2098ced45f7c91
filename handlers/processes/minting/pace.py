"""As fast as DataCite allows and no faster, across restarts.

DataCite counts requests in a window of five minutes. A bucket that holds a tenth of the limit and
fills with 0.88 of it in a window lets no more than 0.98 of it through in any window; the rest is
for requests that are longer on their way than others. Tokens are taken in the outbox before they
are used: what a crash loses is patience, never a limit.

Beside it stands what DataCite asks for: after 429, or while it is not to be reached, everybody
waits, not only the DOI that met it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from handlers.processes.minting.store import Outbox

WINDOW_S = 300.0
BURST, FILLED = 0.1, 0.88
FIRST_S, FACTOR, LONGEST_S = 1.0, 2.0, 300.0
"""Pauses while DataCite is not to be reached."""
MOST_ASKED_S = 3_600.0
"""Longer pauses than this are not believed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How sending fares."""

    tokens: float
    paused_until: float
    failures: int
    """How often in a row DataCite could not be worked with."""
    trouble: str
    """What it met last, in words; empty when all is well."""


class Pace:
    """The limiter of one outbox."""

    def __init__(self, outbox: Outbox, per_window: int, clock: Callable[[], float]) -> None:
        self._outbox, self._clock = outbox, clock
        self.capacity = max(1.0, per_window * BURST)
        self._rate = per_window * FILLED / WINDOW_S
        if outbox.connection.execute("SELECT 1 FROM pace").fetchone() is None:
            outbox.connection.execute(
                "INSERT INTO pace SELECT ?, ?, 0, 0, '' WHERE NOT EXISTS (SELECT 1 FROM pace)",
                (self.capacity, clock()),
            )

    def take(self, wanted: int) -> int:
        """How many requests may be made now, at most as many as wanted; they count at once."""
        now = self._clock()
        with self._outbox.writing() as run:
            tokens, at, paused = run.execute(
                "SELECT tokens, counted_at, paused_until FROM pace"
            ).fetchone()
            if now < paused <= now + MOST_ASKED_S:
                return 0
            tokens = min(self.capacity, tokens + max(0.0, now - at) * self._rate)
            given = min(wanted, int(tokens))
            run.execute("UPDATE pace SET tokens=?, counted_at=?", (tokens - given, now))
        return given

    def wait_s(self) -> float:
        """Seconds until a request may be made; 0: now."""
        now, standing = self._clock(), self.standing()
        if now < standing.paused_until <= now + MOST_ASKED_S:
            return standing.paused_until - now
        return max(0.0, (1.0 - standing.tokens) / self._rate)

    def well(self) -> None:
        """DataCite works with us."""
        with self._outbox.writing() as run:
            run.execute("UPDATE pace SET failures=0, trouble='' WHERE failures>0 OR trouble<>''")

    def trouble(self, said: str, asked_s: float) -> None:
        """DataCite cannot be worked with now: all wait, longer each time, and at least what it
        asks for."""
        now = self._clock()
        with self._outbox.writing() as run:
            failures, paused = run.execute("SELECT failures, paused_until FROM pace").fetchone()
            if now < paused <= now + MOST_ASKED_S:
                failures = max(0, failures - 1)  # met by several requests at the same time
            own = min(FIRST_S * FACTOR ** min(failures, 20), LONGEST_S) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
            until = now + max(own, min(asked_s, MOST_ASKED_S))
            run.execute(
                "UPDATE pace SET failures=?, trouble=?, paused_until=max(?, ?)",
                (failures + 1, said, until, paused if paused <= now + MOST_ASKED_S else 0.0),
            )

    def standing(self) -> Standing:
        """How sending fares now."""
        tokens, at, paused, failures, said = self._outbox.connection.execute(
            "SELECT tokens, counted_at, paused_until, failures, trouble FROM pace"
        ).fetchone()
        filled = min(self.capacity, tokens + max(0.0, self._clock() - at) * self._rate)
        return Standing(filled, paused, failures, said)
