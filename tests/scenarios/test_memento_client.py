"""A Memento client that knows nothing of us finds the right version of every object.

The PyPI package `memento-client` speaks RFC 7089 with HEAD requests: it looks for a TimeGate at
the original, asks it, follows, and reads the memento's headers.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from memento_client import MementoClient

from eventstore.application import DigitalObjects
from eventstore.envelope import to_moment

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
