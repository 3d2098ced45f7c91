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
from eventstore.envelope import to_moment
from tests.scenarios.program import until

PAIRS = 1_000
CLIENTS = 4


def test_memento_client_finds_the_version_of_a_thousand_random_instants(demo):
    versions = _versions(demo)
    chance = random.Random(7089)
    pairs = [
        (pid, _instant(chance, moments))
        for pid, moments in chance.choices(sorted(versions.items()), k=PAIRS)
    ]
    shares = [pairs[start::CLIENTS] for start in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as threads:
        found = [
            answer
            for answers in threads.map(lambda share: _asked(demo.base, share), shares)
            for answer in answers
        ]
    wanted = {(pid, when): _expected(demo.base, pid, versions[pid], when) for pid, when in pairs}
    assert len(found) == PAIRS
    wrong = [(pid, when, got) for pid, when, got in found if got != wanted[pid, when]]
    assert not wrong, wrong[:3]


def _versions(demo: Any) -> dict[str, list[datetime]]:
    """PID → when each of its versions was recorded, cut to seconds, from the log itself."""
    objects = DigitalObjects(demo.data)
    found = {
        str(head.pid): [
            to_moment(event.recorded_at).replace(microsecond=0)
            for event in objects.log.history(head.pid)
            if not event.operational
        ]
        for head in objects.log.heads()
    }
    objects.close()
    assert sum(len(moments) > 1 for moments in found.values()) > 20
    return found


def _instant(chance: random.Random, moments: list[datetime]) -> datetime:
    """Any second from before the first version to after the last; often just at a border."""
    if chance.random() < 0.5:
        return chance.choice(moments) + timedelta(seconds=chance.choice((-1, 0, 1)))
    start, end = moments[0] - timedelta(days=30), moments[-1] + timedelta(days=30)
    return start + timedelta(seconds=chance.randrange(int((end - start).total_seconds())))


def _expected(base: str, pid: str, moments: list[datetime], when: datetime) -> dict[str, Any]:
    """What RFC 7089 says: the last memento that is not later, else the first."""
    version = max((n for n, moment in enumerate(moments, 1) if moment <= when), default=1)
    return {
        "closest": (f"{base}/{pid}/{version}", moments[version - 1]),
        "first": (f"{base}/{pid}/1", moments[0]),
        "last": (f"{base}/{pid}/{len(moments)}", moments[-1]),
    }


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
    dataset = next(str(h.pid) for h in objects.log.heads() if h.type == "source-system")
    objects.close()
    with requests.Session() as session:
        for address in (f"{base}/{place}", f"{base}/{dataset}"):
            native = MementoClient("http://127.0.0.1:9/", session=session)
            began = _moment_of(client.head(f"{address}/1"))
            told = native.get_memento_info(address, began.replace(tzinfo=None))
            assert told["mementos"]["closest"]["uri"] == [f"{address}/1"]
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
