"""A Memento client that knows nothing of us finds the right version of every object.

The PyPI package `memento-client` speaks RFC 7089 with HEAD requests: it looks for a TimeGate at
the original, asks it, follows, and reads the memento's headers.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from memento_client import MementoClient

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded, to_moment
from tests.scenarios.program import until

State = tuple[str, datetime]
PAIRS = 1_000
CLIENTS = 4


def test_memento_client_finds_the_version_of_a_thousand_random_instants(demo):
    states = _states(demo)
    chance = random.Random(7089)
    pairs = [
        (pid, _instant(chance, [moment for _, moment in known]))
        for pid, known in chance.choices(sorted(states.items()), k=PAIRS)
    ]
    shares = [pairs[start::CLIENTS] for start in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as threads:
        found = [
            answer
            for answers in threads.map(lambda share: _asked(demo.base, share), shares)
            for answer in answers
        ]
    wanted = {(pid, when): _expected(demo.base, pid, states[pid], when) for pid, when in pairs}
    assert len(found) == PAIRS
    wrong = [(pid, when, got) for pid, when, got in found if got != wanted[pid, when]]
    assert not wrong, wrong[:3]


def _states(demo: Any) -> dict[str, list[State]]:
    """PID → the end of the address of each of its mementos, and when it was recorded, cut to
    seconds; from the log itself."""
    objects = DigitalObjects(demo.data)
    found = {
        str(head.pid): [
            (_tail(event), to_moment(event.recorded_at).replace(microsecond=0))
            for event in objects.log.history(head.pid)
            if not event.operational or event.what == "HarvestCompleted"
        ]
        for head in objects.log.heads()
    }
    objects.close()
    assert sum(len(states) > 1 for states in found.values()) > 20
    assert any("as-of" in tail for states in found.values() for tail, _ in states)
    return found


def _tail(event: Recorded) -> str:
    """A version, or the state of a dataset after a harvest."""
    return f"?as-of={event.position}" if event.operational else f"/{event.version}"


def _instant(chance: random.Random, moments: list[datetime]) -> datetime:
    """Any second from before the first version to after the last; often just at a border."""
    if chance.random() < 0.5:
        return chance.choice(moments) + timedelta(seconds=chance.choice((-1, 0, 1)))
    start, end = moments[0] - timedelta(days=30), moments[-1] + timedelta(days=30)
    return start + timedelta(seconds=chance.randrange(int((end - start).total_seconds())))


def _expected(base: str, pid: str, states: list[State], when: datetime) -> dict[str, Any]:
    """What RFC 7089 says: the last memento that is not later, else the first."""
    closest = max((n for n, (_, moment) in enumerate(states) if moment <= when), default=0)
    chosen = {"closest": closest, "first": 0, "last": -1}
    return {name: (f"{base}/{pid}{states[n][0]}", states[n][1]) for name, n in chosen.items()}


def _asked(base: str, pairs: list[tuple[str, datetime]]) -> list[tuple[str, datetime, Any]]:
    """What the client finds, knowing only the addresses of originals."""
    found = []
    with requests.Session() as session:
        client = MementoClient("http://127.0.0.1:9/", check_native_timegate=True, session=session)
        for pid, when in pairs:
            told = client.get_memento_info(f"{base}/{pid}", when.replace(tzinfo=None))
            mementos = {
                name: (one["uri"][0], one["datetime"].replace(tzinfo=UTC))
                for name, one in told["mementos"].items()
                if name in ("closest", "first", "last")
            }
            found.append((pid, when, mementos))
    return found


def test_it_finds_the_past_of_a_dataset_of_a_saved_query_and_of_its_result(workshop):
    """The result is a redirection, which this client would follow before it asks what the original
    is; so it is given the answer and the TimeGate that this one names."""
    base, client = workshop.base, workshop.client
    body = {"name": "How many?", "query": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"}
    saved = client.post("/api/queries", json=body, headers=workshop.writing).json()
    place = saved["pid"].split("/", 3)[3]
    objects = DigitalObjects(workshop.data)
    dataset = next(h.pid for h in objects.log.heads() if h.type == "source-system")
    harvest = next(
        event for event in objects.log.history(dataset) if event.what == "HarvestCompleted"
    )
    objects.close()
    asked = [
        (f"{base}/{place}", "/1", _moment_of(client.head(f"{base}/{place}/1"))),
        (f"{base}/{dataset}", f"?as-of={harvest.position}", to_moment(harvest.recorded_at)),
    ]
    with requests.Session() as session:
        for address, tail, when in asked:
            native = MementoClient("http://127.0.0.1:9/", session=session)
            told = native.get_memento_info(address, when.replace(tzinfo=None))
            assert told["mementos"]["closest"]["uri"] == [address + tail]
        original = f"{base}/{place}/result"
        itself = session.head(original, allow_redirects=False)
        assert itself.links["timegate"]["url"] == f"{base}/timegate/{place}/result"
        gate = MementoClient(f"{base}/timegate/", check_native_timegate=False, session=session)
        began = _moment_of(client.head(f"{base}/{place}/1"))

        def found() -> Any:
            told = gate.get_memento_info(
                original, began.replace(tzinfo=None), req_uri_response=itself
            )["mementos"]
            return told if told["closest"].get("http_status_code") == 200 else None

        told = until(found)  # the state has to be made ready first
        assert told["closest"]["datetime"].replace(tzinfo=UTC) == began
        assert "/sparql?query=" in told["closest"]["uri"][0]
        assert told["first"]["uri"][0].startswith(f"{original}?as-of=")


def _moment_of(answer: Any) -> datetime:
    return parsedate_to_datetime(answer.headers["memento-datetime"])
