"""Each fault as a client meets it, and what it leaves behind."""

from __future__ import annotations

import time
from collections.abc import Iterator

import anyio
import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.datacite_double import DoubleServer, Fault, Plan, Rule
from api.datacite_double.faults import KINDS
from fdo.errors import Refused
from tests.api.datacite_double.asking import HOME, Caller, a_doi, attributes, valid


@pytest.fixture(autouse=True)
def mended(double: DoubleServer) -> Iterator[None]:
    """Nothing goes wrong after a test."""
    yield
    double.break_by(Plan())


def broken_by(double: DoubleServer, fault: Fault) -> None:
    """The next PUT meets this fault, and no other."""
    double.break_by(Plan([Rule(fault, method="PUT", path=r"^/dois/", times=1)]))


def state(caller: Caller, doi: str) -> str | None:
    """The state of a DOI; None: it is not there."""
    answer = caller.get(doi)
    return attributes(answer)["state"] if answer.status_code == 200 else None


def publish(caller: Caller, doi: str) -> httpx.Response:
    """Ask for a findable DOI."""
    return caller.put(doi, event="publish", url=HOME + doi, **valid())


@pytest.mark.parametrize(
    ("fault", "done"),
    [(Fault("status", 429, retry_after=7), False), (Fault("status", 503), False),
     (Fault("status", 409), False), (Fault("status-after", 502), True)],
)  # fmt: skip
def test_a_status_says_nothing_of_what_was_done(
    double: DoubleServer, caller: Caller, fault: Fault, done: bool
):
    doi = a_doi()
    broken_by(double, fault)
    answer = publish(caller, doi)
    assert answer.status_code == fault.status
    assert answer.headers.get("retry-after") == (str(fault.retry_after or "") or None)
    assert state(caller, doi) == ("findable" if done else None)


@pytest.mark.parametrize(("kind", "done"), [("reset-before", False), ("reset-after", True)])
def test_a_reset_connection_says_nothing_of_what_was_done(
    double: DoubleServer, caller: Caller, kind: str, done: bool
):
    doi = a_doi()
    broken_by(double, Fault(kind))  # type: ignore[arg-type] # one of the two above
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        publish(caller, doi)
    assert state(caller, doi) == ("findable" if done else None)
    assert publish(caller, doi).status_code == (200 if done else 201)


def test_a_slow_body_comes_whole(double: DoubleServer, caller: Caller):
    broken_by(double, Fault("slow", seconds=0.3))
    doi, began = a_doi(), time.monotonic()
    assert attributes(publish(caller, doi))["doi"] == doi
    assert time.monotonic() - began >= 0.3


def test_a_slow_body_is_too_slow_for_the_impatient(double: DoubleServer, caller: Caller):
    broken_by(double, Fault("slow", seconds=5))
    doi = a_doi()
    body = {"data": {"attributes": {"doi": doi}}}
    with pytest.raises(httpx.ReadTimeout):
        httpx.put(
            f"{double.url}dois/{doi}", json=body, auth=("COLLECTOME.DEMO", "demo"), timeout=0.2
        )
    assert state(caller, doi) == "draft"


def test_a_truncated_body_is_no_json(double: DoubleServer, caller: Caller):
    broken_by(double, Fault("truncated"))
    doi = a_doi()
    answer = publish(caller, doi)
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.content)
    assert state(caller, doi) == "findable"


def test_a_late_handle_leads_to_the_old_address_for_a_while(double: DoubleServer, caller: Caller):
    doi = caller.published()
    broken_by(double, Fault("late-handle", seconds=2))
    assert attributes(caller.put(doi, url=HOME + "new"))["url"] == HOME + "new"
    assert caller.client.get(doi).headers["location"] == HOME + doi
    until = time.monotonic() + 60
    while (leads := caller.client.get(doi).headers["location"]) != HOME + "new":
        assert time.monotonic() < until, leads
        time.sleep(0.05)


def test_a_late_handle_of_a_new_doi_is_not_there_yet(double: DoubleServer, caller: Caller):
    doi = a_doi()
    broken_by(double, Fault("late-handle", seconds=60))
    assert publish(caller, doi).status_code == 201
    assert state(caller, doi) == "findable"
    assert caller.client.get(doi).status_code == 404
    assert caller.client.get(f"api/handles/{doi}").json()["responseCode"] == 100


def test_the_journal_tells_every_request_with_what_it_met_and_did(
    double: DoubleServer, caller: Caller
):
    doi, since = a_doi(), double.journal()[-1].n
    broken_by(double, Fault("reset-after"))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        publish(caller, doi)
    publish(caller, doi)
    caller.put(doi, event="hide")
    told = caller.client.get("__journal", params={"after": since}).json()["journal"]
    assert [(line["status"], line["fault"], line["effect"]) for line in told] == [
        (0, "reset-after", "created"),
        (200, "", "unchanged"),
        (200, "", "changed"),
    ]
    assert told[0]["body"] == told[1]["body"] != told[2]["body"]
    assert {line["kind"] for line in told} == {"authenticated"}


def test_a_plan_can_be_set_over_http(caller: Caller):
    plan = {"seed": 3, "rules": [{"fault": "status", "status": 418, "method": "GET", "nth": 2}]}
    assert caller.client.put("__faults", json=plan).json() == {"rules": 1}
    doi = a_doi()
    assert [caller.get(doi).status_code for _ in range(3)] == [404, 418, 404]


@pytest.mark.parametrize(
    "told",
    [[], {"rules": 1}, {"seed": "x"}, {"rules": [{}]}, {"rules": [{"fault": "flood"}]},
     {"rules": [{"fault": "slow", "colour": 1}]}, {"rules": [{"fault": "slow", "path": "("}]},
     {"rules": [{"fault": "slow", "every": 0}]}, {"rules": [{"fault": "slow", "times": -1}]},
     {"rules": [{"fault": "slow", "seconds": "x"}]}],
)  # fmt: skip
def test_a_plan_that_cannot_be_read_is_refused(caller: Caller, told: object):
    answer = caller.client.put("__faults", json=told)
    assert answer.status_code == 400
    with pytest.raises(Refused):
        Plan.parse(told)


def test_only_this_machine_may_break_things_and_read_the_journal(double: DoubleServer):
    async def asked(address: str) -> int:
        transport = httpx.ASGITransport(double.app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url=double.url) as client:
            return (await client.get("__journal")).status_code

    assert [anyio.run(asked, each) for each in ("127.0.0.1", "203.0.113.9")] == [200, 403]


@given(seed=st.integers(0, 2**32), probability=st.floats(0.01, 0.99))
def test_the_same_seed_gives_the_same_faults(seed: int, probability: float):
    rules = [Rule(Fault(KINDS[0]), probability=probability)]
    one, other = Plan(rules, seed), Plan(rules, seed)
    drawn = [[plan.draw("PUT", "/dois/x") is None for _ in range(20)] for plan in (one, other)]
    assert drawn[0] == drawn[1]


def test_a_rule_meets_each_of_so_many_requests():
    plan = Plan([Rule(Fault("slow"), every=3, times=2)])
    met = [plan.draw("GET", "/") is not None for _ in range(12)]
    assert met == [False, False, True, False, False, True, *[False] * 6]
