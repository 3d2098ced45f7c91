"""How many requests the double takes, counted as DataCite counts them."""

from __future__ import annotations

from pathlib import Path

import httpx
from hypothesis import given
from hypothesis import strategies as st

from api.datacite_double import DoubleServer, Limits
from api.datacite_double.limits import Limiter
from tests.api.datacite_double.asking import Caller, a_doi


@given(
    gaps=st.lists(st.floats(0, 20), min_size=1, max_size=60),
    limit=st.integers(1, 8),
    window=st.floats(1, 60),
)
def test_never_more_than_the_limit_in_any_window(gaps: list[float], limit: int, window: float):
    limiter = Limiter(Limits(authenticated=limit, window_s=window))
    now, taken = 0.0, []
    for gap in gaps:
        now += gap
        wait = limiter.wait("a", "authenticated", now)
        if not wait:
            taken.append(now)
        else:  # whoever waits as long as told is welcome
            free = Limiter(Limits(authenticated=limit, window_s=window))
            free.remember(("a", "authenticated", at) for at in taken)
            assert free.wait("a", "authenticated", now + wait + 1e-6) == 0
    assert all(sum(at < other + window and other <= at for other in taken) <= limit for at in taken)


def test_beyond_the_limit_is_429_with_the_time_to_wait(tmp_path: Path):
    limits = Limits(authenticated=2, other=1)
    with (
        DoubleServer(tmp_path / "d.sqlite", limits=limits) as running,
        httpx.Client(base_url=running.url) as client,
    ):
        caller, doi = Caller(client), a_doi()
        assert [caller.put(doi).status_code for _ in range(3)] == [201, 200, 429]
        refused = caller.put(doi)
        assert 290 <= int(refused.headers["retry-after"]) <= 300
        assert [caller.get(doi, known=False).status_code for _ in range(2)] == [404, 429]
        assert [line.fault for line in running.journal()].count("limit") == 3


def test_the_count_goes_on_after_a_restart(tmp_path: Path):
    limits, doi = Limits(authenticated=2), a_doi()
    for expected in ([201, 200, 429], [429]):
        with (
            DoubleServer(tmp_path / "d.sqlite", limits=limits) as running,
            httpx.Client(base_url=running.url) as client,
        ):
            assert [Caller(client).put(doi).status_code for _ in expected] == expected


def test_content_negotiation_has_a_count_of_its_own(tmp_path: Path):
    limits = Limits(negotiation=1)
    with (
        DoubleServer(tmp_path / "d.sqlite", limits=limits) as running,
        httpx.Client(base_url=running.url) as client,
    ):
        doi = Caller(client).published()
        turtle = {"accept": "text/turtle"}
        assert [client.get(doi, headers=turtle).status_code for _ in range(2)] == [200, 429]
        assert client.get(doi).status_code == 302


def test_the_limits_are_those_that_datacite_publishes():
    assert (Limits().authenticated, Limits().identified, Limits().other) == (3_000, 1_000, 500)
    assert Limits.of_test_system().authenticated == 750
