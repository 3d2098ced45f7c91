"""How much of the query engine one client may use: token buckets on time and on errors.

    rates = Rates(time_per_minute=60, errors_per_minute=30)
    rates.admit(client)                  # raises TooManyRequests with the seconds to wait
    rates.charge(client, 1.5)            # seconds of engine time, after the answer

A bucket holds two minutes' worth, so that a burst passes, and fills evenly. Time is charged when
it is known, so the last query of a burst may overdraw; the client then waits the longer. A
client is the holder of a known token, else an IP address (of IPv6 the /64 that a host is given).
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.security import Tokens, reader
from fdo.errors import Unavailable

_BURST: Final = 2
_MOST_CLIENTS: Final = 10_000


class TooManyRequests(Unavailable):
    """The client has used up its time or made too many errors (RFC 6585 §4)."""


@dataclass(slots=True)
class _Bucket:
    """What is left, and since when it fills."""

    level: float
    at: float


class _Policy:
    """One quantity that is counted: so much a minute, by client."""

    def __init__(self, name: str, per_minute: float, clock: Callable[[], float]) -> None:
        self.name, self.per_minute, self._clock = name, per_minute, clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def left(self, client: str) -> float:
        """What the client may still use now; below zero when it has overdrawn."""
        bucket = self._buckets.get(client)
        if bucket is None:
            return self.per_minute * _BURST
        filled = (self._clock() - bucket.at) * self.per_minute / 60
        return min(bucket.level + filled, self.per_minute * _BURST)

    def take(self, client: str, amount: float) -> None:
        """Count this amount; clients that were not seen for long are forgotten."""
        self._buckets[client] = _Bucket(self.left(client) - amount, self._clock())
        self._buckets.move_to_end(client)
        if len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)

    def wait(self, client: str) -> int:
        """Whole seconds until one unit is there; 0 when it is there already."""
        return max(0, math.ceil((1 - self.left(client)) * 60 / self.per_minute))


class Rates:
    """The buckets of all clients; 0 a minute turns a limit off."""

    def __init__(
        self,
        *,
        time_per_minute: float = 0,
        errors_per_minute: float = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._time = _Policy("time", time_per_minute, clock)
        self._errors = _Policy("errors", errors_per_minute, clock)
        self._on = [policy for policy in (self._time, self._errors) if policy.per_minute > 0]

    def admit(self, client: str) -> None:
        """Let the client ask, or say for how long it has to wait."""
        for policy in self._on:
            wait = policy.wait(client)
            if wait:
                what = "seconds of engine time" if policy is self._time else "failed queries"
                raise TooManyRequests(
                    f"You have used {policy.per_minute:g} {what} a minute (a burst of "
                    f"{policy.per_minute * _BURST:g}); ask again in {wait} seconds.",
                    retry_after=wait,
                    policy=policy.name,
                )

    def charge(self, client: str, seconds: float) -> None:
        """Count time that the engine worked for the client."""
        if self._time in self._on:
            self._time.take(client, seconds)

    def error(self, client: str) -> None:
        """Count a query that failed by the client's doing."""
        if self._errors in self._on:
            self._errors.take(client, 1)

    def headers(self, client: str) -> list[tuple[bytes, bytes]]:
        """What is allowed and what is left (IETF draft-ietf-httpapi-ratelimit-headers-09)."""
        if not self._on:
            return []
        policies = ", ".join(
            f'"{each.name}";q={int(each.per_minute * _BURST)};w={60 * _BURST}' for each in self._on
        )
        left = ", ".join(
            f'"{each.name}";r={max(0, int(each.left(client)))};t={each.wait(client)}'
            for each in self._on
        )
        return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", left.encode())]


@dataclass(frozen=True, slots=True)
class Clients:
    """Who asks, and what everybody may use."""

    rates: Rates
    tokens: Tokens | None = None
    address_header: str = ""
    apart: bool = True
    """Whether clients are told apart; else all requests are of one client without a share."""

    def of(self, scope: Mapping[str, Any]) -> str:
        """The client behind a request, "" where clients are not told apart."""
        return client_of(scope, self.tokens, self.address_header) if self.apart else ""


def client_of(scope: Mapping[str, Any], tokens: Tokens | None, address_header: str) -> str:
    """Who asks: the name of a known token, else the address.

    `address_header` names the header in which a trusted proxy says whom it speaks for; its last
    entry is the one that the proxy itself wrote.
    """
    wanted = address_header.lower().encode()
    address = scope["client"][0] if scope.get("client") else ""
    for name, value in scope["headers"]:
        if name == b"authorization" and tokens is not None:
            token = reader(value.decode("latin-1"), tokens)
            if token is not None:
                return f"token {token.name}"
        elif wanted and name == wanted:
            address = value.decode("latin-1").rpartition(",")[2].strip()
    return _network(address)


def _network(address: str) -> str:
    """The address, of IPv6 its /64; text that is none stays as it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return str(parsed)
