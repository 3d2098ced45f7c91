"""`collectome follow --sparql` with the real programs: our server, the command, Oxigraph's server.

The store and the follower are killed while they work; in the end the store holds the graph of the
source, by its canonical hash and triple by triple.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.handlers.following.remote import Remote
from tests.scenarios.program import Server, begun, collectome
from tests.scenarios.test_follow import graph


@pytest.fixture(scope="module")
def source(demo_log: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("source") / "data"
    assert collectome("import", demo_log, data=data).code == 0
    with Server("serve", data) as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Remote]:
    remote = Remote(tmp_path / "oxigraph")
    yield remote
    remote.kill()


def test_a_store_is_brought_in_step_and_a_difference_is_told(source: Server, store: Remote) -> None:
    where = ("--sparql", f"{store.base}/query", "--update", f"{store.base}/update", "--json")
    ended = collectome("follow", source.base, "--once", *where)
    assert ended.code == 0, ended
    assert ended.said["position"] == ended.said["head"] and ended.said["triples"] > 10_000
    assert store.graph() == graph(source.data)
    assert collectome("follow", source.base, "--verify", *where).said["equal"] is True
    store.update("INSERT DATA { <urn:a> <urn:b> <urn:c> }")
    told = collectome("follow", source.base, "--verify", *where)
    assert told.code == 1 and told.said["graphs"][0]["extra"] == 1


def test_options_of_a_store_without_one_are_refused(source: Server, tmp_path: Path) -> None:
    ended = collectome("follow", source.base, "--verify", data=tmp_path / "data")
    assert ended.code == 1 and "--sparql" in ended.err
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_kills_of_follower_and_store_lose_nothing(source: Server, store: Remote) -> None:
    chance = random.Random(5)
    where = ("--sparql", f"{store.base}/query", "--update", f"{store.base}/update")
    follower = begun("follow", source.base, *where)
    for _ in range(3):
        time.sleep(chance.uniform(0.9, 1.6))
        if chance.random() < 0.5:
            store.kill()
            time.sleep(chance.uniform(0.0, 0.3))
            store.start()
        follower.kill()
        follower.communicate()
        follower = begun("follow", source.base, *where)
    time.sleep(1.0)
    store.kill()
    time.sleep(0.5)
    store.start()  # the follower that runs has to bear this
    end = time.monotonic() + 60
    while store.graph() != graph(source.data):
        assert time.monotonic() < end and follower.poll() is None
        time.sleep(0.3)
    follower.kill()
    follower.communicate()
