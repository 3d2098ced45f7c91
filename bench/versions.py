"""A repository of specimens in several versions of the whole, for the suites on the past."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import DefaultGraph, RdfFormat, Store

from bench.generate import generate
from bench.processes import collectome
from bench.specimens import Plan
from bench.turns import say
from eventstore.application import Change, DigitalObjects
from eventstore.envelope import opends_time, to_moment
from fdo.agent import Agent
from fdo.identifiers import Pid
from fdo.lifecycle import Revise, decide, stamped
from handlers import stores
from handlers.instants.rungs import Policy
from handlers.projector import Projector
from handlers.queries.checkpoint import read_current

VERSIONS, SHARE = 5, 10
"""Each version after the first changes one object of SHARE."""
PAST = VERSIONS // 2
"""The version that is asked about."""
AGENT = Agent("urn:collectome:agent:bench", "Bench")


@dataclass(frozen=True)
class Told:
    """A repository with its versions, and the position of each."""

    data: Path
    objects: DigitalObjects
    pids: list[Pid]
    positions: list[int]


def told_in(scratch: Path, records: int, take: Callable[[int, Path], None]) -> Told:
    """The repository, its ladder with a first rung and a newest one.

    `take` is given the number of each version, when it is there, and its default graph as
    N-Triples in a file that it removes: all of them take more room than the repository.
    """
    archive, data = scratch / "time.zip", scratch / "time"
    say(f"ingesting {records:,} specimens")
    generate(Plan(records), archive)
    collectome("ingest", str(archive), "--data", str(data))
    objects = DigitalObjects(data, durability="normal")
    pids = [head.pid for head in objects.log.heads(limit=10**9) if head.type == "specimen"]
    positions, file = [], scratch / "version.nt"
    projector = Projector(data, Policy(every=1))
    for version in range(VERSIONS):
        say(f"version {version + 1} of {VERSIONS} of the whole")
        if version:
            revise(objects, pids[version::SHARE], version)
        projector.settle()
        positions.append(objects.log.position())
        _dump(published(data, positions[-1]), file)
        take(version, file)
    projector.settle()
    projector.close()
    for kept in stores.all_kept(data / "projections/graph/rungs")[1:-1]:
        stores.remove(kept.path)
    return Told(data, objects, pids, positions)


def published(data: Path, position: int) -> Path:
    """The published checkpoint, which holds the state at a position."""
    graph = data / "projections" / "graph"
    current = read_current(graph)
    assert current is not None and current.position == position
    return graph / "checkpoints" / current.checkpoint


def _dump(store: Path, file: Path) -> None:
    Store.read_only(str(store)).dump(
        str(file), format=RdfFormat.N_TRIPLES, from_graph=DefaultGraph()
    )


def revise(objects: DigitalObjects, pids: Sequence[Pid], number: int) -> None:
    """Two values of each of these change, in one transaction a thousand."""
    at = opends_time(to_moment(objects.clock()))
    for start in range(0, len(pids), 1000):
        changes = []
        for pid in pids[start : start + 1000]:
            known, issue = objects.state(pid)
            assert known is not None
            draft = {
                **known.document,
                "dwc:disposition": f"bench {number}",
                "dwc:preparations": f"sheet {number}",
            }
            document = stamped(draft, pid, known.version + 1, modified=at)
            (fact,) = decide(known, Revise(document))
            changes.append(Change(pid, "specimen", fact, known, issue))
        objects.append(changes, by=AGENT)
