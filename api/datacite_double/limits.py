"""How many requests an address may make in five minutes, as DataCite publishes it.

Anybody is counted in one class: with credentials, with a `mailto:` in its User-Agent, or neither;
content negotiation has a count of its own. Beyond the limit: 429 with Retry-After.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Class = Literal["authenticated", "identified", "other", "negotiation"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests of one address in the window (support.datacite.org, "Rate limits"); 0: no limit."""

    authenticated: int = 3_000
    identified: int = 1_000
    other: int = 500
    negotiation: int = 1_000
    window_s: float = 300.0

    @classmethod
    def of_test_system(cls) -> Limits:
        """Those of DataCite's test system."""
        return cls(750, 750, 750, 750)

    def of(self, kind: Class) -> int:
        """The limit of a class."""
        return int(getattr(self, kind))


class Limiter:
    """Counts requests in a sliding window; what is refused is not counted."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._times: dict[tuple[str, Class], deque[float]] = defaultdict(deque)

    def remember(self, seen: Iterable[tuple[str, Class, float]]) -> None:
        """Count what was answered before a restart: (address, class, time), oldest first."""
        for address, kind, at in seen:
            self._times[address, kind].append(at)

    def wait(self, address: str, kind: Class, now: float) -> int:
        """Seconds until the next request is welcome; 0: now, and this one is counted."""
        limit = self._limits.of(kind)
        if not limit:
            return 0
        times = self._times[address, kind]
        while times and times[0] + self._limits.window_s <= now:
            times.popleft()
        if len(times) >= limit:
            return max(1, math.ceil(times[0] + self._limits.window_s - now))
        times.append(now)
        return 0
