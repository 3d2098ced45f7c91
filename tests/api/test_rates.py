"""Who has used up its share waits, and nobody else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.rates import Rates, TooManyRequests, client_of
from api.security import Tokens


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_passes_then_the_client_waits_until_its_bucket_has_filled(clock: Clock) -> None:
    rates = Rates(time_per_minute=60, clock=clock)
    rates.charge("a", 119.5)
    with pytest.raises(TooManyRequests) as refusal:
        rates.admit("a")
    assert refusal.value.details["retry_after"] == 1
    rates.admit("b")
    clock.now += 1
    rates.admit("a")


def test_who_overdraws_waits_the_longer(clock: Clock) -> None:
    rates = Rates(time_per_minute=60, clock=clock)
    rates.charge("a", 150)
    with pytest.raises(TooManyRequests) as refusal:
        rates.admit("a")
    assert refusal.value.details["retry_after"] == 31
    clock.now += 31
    rates.admit("a")


def test_errors_are_counted_apart_from_time(clock: Clock) -> None:
    rates = Rates(time_per_minute=60, errors_per_minute=30, clock=clock)
    for _ in range(60):
        rates.admit("a")
        rates.error("a")
    with pytest.raises(TooManyRequests, match="30 failed queries") as refusal:
        rates.admit("a")
    assert refusal.value.details == {"retry_after": 2, "policy": "errors"}


def test_a_bucket_never_holds_more_than_a_burst(clock: Clock) -> None:
    rates = Rates(time_per_minute=60, clock=clock)
    rates.charge("a", 1)
    clock.now += 10_000
    rates.charge("a", 121)
    with pytest.raises(TooManyRequests):
        rates.admit("a")


def test_nought_turns_a_limit_off(clock: Clock) -> None:
    rates = Rates(clock=clock)
    for _ in range(1000):
        rates.error("a")
        rates.charge("a", 1000)
    rates.admit("a")
    assert rates.headers("a") == []


def test_the_headers_say_what_is_allowed_and_what_is_left(clock: Clock) -> None:
    rates = Rates(time_per_minute=60, errors_per_minute=30, clock=clock)
    rates.charge("a", 20.5)
    assert rates.headers("a") == [
        (b"ratelimit-policy", b'"time";q=120;w=120, "errors";q=60;w=120'),
        (b"ratelimit", b'"time";r=99;t=0, "errors";r=60;t=0'),
    ]


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
    ],
)
def test_an_address_is_a_client(address: str, client: str) -> None:
    assert client_of(_scope(address), None, "") == client


def test_only_a_known_token_is_a_client_of_its_own(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    text = tokens.create("reader", ("agent",))
    known = _scope("192.0.2.7", authorization=f"Bearer {text}")
    invented = _scope("192.0.2.7", authorization="Bearer fdo_invented")
    assert client_of(known, tokens, "") == "token reader"
    assert client_of(invented, tokens, "") == "192.0.2.7"


def test_a_proxy_is_believed_only_where_it_is_trusted_and_only_its_own_entry() -> None:
    scope = _scope("10.0.0.1", **{"x-forwarded-for": "203.0.113.9, 198.51.100.4"})
    assert client_of(scope, None, "") == "10.0.0.1"
    assert client_of(scope, None, "X-Forwarded-For") == "198.51.100.4"


def _scope(address: str, **headers: str) -> dict[str, Any]:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"client": (address, 4711), "headers": pairs}
