"""How much an agent may write: so many annotations a minute and a day, so many bytes a day.

    --quota 1000/minute --quota 50000/day --quota 200MB/day

What is used is counted in windows that begin with the minute and with the day (UTC), in the file
of the batches, so that a restart gives nothing away. A window is never overdrawn: of a section
only as many lines are taken as are left.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from fdo.errors import Refused, Unavailable

Unit = Literal["annotations", "bytes"]
_TEXT: Final = re.compile(r"([1-9]\d{0,11})(MB)?/(minute|day)\Z", re.ASCII)
_SECONDS: Final = {"minute": 60, "day": 86_400}


class QuotaSpent(Unavailable):
    """The token has written what it may for now; `details["retry_after"]` in seconds."""


@dataclass(frozen=True, slots=True)
class Quota:
    """One limit of a token."""

    unit: Unit
    per: Literal["minute", "day"]
    most: int

    @property
    def name(self) -> str:
        """In headers and in the table of what was used."""
        return f"{self.unit}-per-{self.per}"

    @property
    def seconds(self) -> int:
        """The length of its window."""
        return _SECONDS[self.per]

    def window(self, now: float) -> int:
        """The window in which a time lies."""
        return int(now // self.seconds)

    def wait(self, now: float) -> int:
        """Whole seconds until the next window."""
        return max(1, math.ceil((self.window(now) + 1) * self.seconds - now))

    @classmethod
    def parse(cls, text: str) -> Quota:
        """Read `1000/minute`, `50000/day` or `200MB/day`; Refused otherwise."""
        found = _TEXT.match(text)
        if found is None:
            raise Refused(f"{text!r} is no quota; write 1000/minute, 50000/day or 200MB/day.")
        most, unit, per = int(found[1]), found[2], found[3]
        assert per in ("minute", "day")
        if unit:
            return cls("bytes", "minute" if per == "minute" else "day", most * 1024 * 1024)
        return cls("annotations", "minute" if per == "minute" else "day", most)


def parse(texts: Iterable[str]) -> tuple[Quota, ...]:
    """The quotas of a token, one of each kind; Refused for what is none or stands twice."""
    found = tuple(Quota.parse(text) for text in texts)
    if len({quota.name for quota in found}) < len(found):
        raise Refused("Give one quota of each kind: of annotations or bytes, a minute or a day.")
    return found


def fitting(sizes: Sequence[int], left: Sequence[tuple[Quota, int]]) -> int:
    """How many lines of these sizes, from the first on, are within what is left."""
    for number, _ in enumerate(sizes):
        for quota, rest in left:
            used = sum(sizes[: number + 1]) if quota.unit == "bytes" else number + 1
            if used > rest:
                return number
    return len(sizes)


def spent(left: Sequence[tuple[Quota, int]], now: float) -> QuotaSpent:
    """The refusal when nothing more fits, by the window that keeps it waiting longest."""
    empty = [quota for quota, rest in left if rest <= 0] or [quota for quota, _ in left]
    longest = max(empty, key=lambda quota: quota.wait(now))
    wait = longest.wait(now)
    return QuotaSpent(
        f"The token has used its {longest.most:,} {longest.unit} a {longest.per}. What was taken "
        f"is recorded; send the same batch with the same Idempotency-Key again in {wait} seconds, "
        "and it goes on where it was.",
        retry_after=wait,
        policy=longest.name,
    )


def headers(left: Sequence[tuple[Quota, int]], now: float) -> dict[str, str]:
    """What is allowed and what is left (IETF draft-ietf-httpapi-ratelimit-headers-09)."""
    if not left:
        return {}
    policies = ", ".join(
        f'"{quota.name}";q={quota.most};w={quota.seconds}'
        + (';qu="content-bytes"' if quota.unit == "bytes" else "")
        for quota, _ in left
    )
    rest = ", ".join(f'"{quota.name}";r={max(0, n)};t={quota.wait(now)}' for quota, n in left)
    return {"RateLimit-Policy": policies, "RateLimit": rest}
