"""Whoever replays public patches, from whenever on, ends with the same graph and no secret."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import DefaultGraph, Quad

from api.feeds.formats import rdf_patches
from api.feeds.reading import read
from eventstore.log import Log
from eventstore.patches import state_quads
from fdo.documents import canonical
from fdo.errors import CollectomeError
from fdo.identifiers import Pid
from fdo.lifecycle import Restore, Status, stamped
from tests.api.conftest import CURATOR, Repository
from tests.api.documents import a_specimen
from tests.api.feeding import in_country, replayed

DEEDS = ("revise", "withhold", "release", "tombstone", "restore", "erase")
deeds = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 1)), max_size=9)


def value(number: int) -> str:
    """What version of an object says and no other does."""
    return f"Land-{number}-of-nobody"


def carry_out(repository: Repository, deed: str, pid: Pid, number: str) -> None:
    """One deed, if the life of the object allows it."""
    log, draft = repository.objects.log, in_country(value(repository.now), number)
    try:
        match deed:
            case "revise":
                repository.revise(pid, draft)
            case "withhold":
                repository.withhold(pid, "No licence.")
            case "release":
                repository.release(pid, draft)
            case "tombstone":
                repository.tombstone(pid, "Lost.")
            case "restore":
                at = "2026-03-01T12:00:00.000Z"
                version = log.head(pid).version + 1
                repository.do(Restore(stamped(draft, pid, version, modified=at)), pid)
            case "erase":
                event = log.latest(pid)
                if event.status is Status.ACTIVE:
                    left = canonical({**event.document, "ods:hasEvents": []})
                    repository.objects.erase(pid, [event.position], left, CURATOR)
    except CollectomeError:
        return


def told(log: Log, after: int) -> str:
    """The public patches behind an event, as they are told now."""
    positions = [event.position for event in log.read(after, 1000)]
    return b"".join(rdf_patches(read(log, positions), after)).decode()


def documents(quads: set[Quad]) -> set[Quad]:
    return {quad for quad in quads if quad.graph_name == DefaultGraph()}


@given(deeds, deeds)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_replica_is_in_step_wherever_it_began(
    first: list[tuple[str, int]], then: list[tuple[str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder))
        pids = [repository.register("specimen", a_specimen(f"DH-{n}")) for n in range(2)]
        log = repository.objects.log
        for deed, which in first:
            carry_out(repository, deed, pids[which], f"DH-{which}")
        seen = log.position()
        early = replayed(told(log, 0))
        for deed, which in then:
            carry_out(repository, deed, pids[which], f"DH-{which}")
        late, whole = told(log, seen), told(log, 0)
        now = [log.event(log.head(pid).position) for pid in pids]
        lines = "".join(f"A {quad}" for event in now for quad in state_quads(event))
        assert documents(replayed(whole)) == documents(replayed(lines))
        assert documents(replayed(late, early)) == documents(replayed(lines))
        for event in now:
            if event.status is Status.PID_ONLY:
                public = [line for line in whole.splitlines() if f"<{event.pid.iri}#" in line]
                assert public == []
        repository.objects.close()
