"""Questions about the past: the ladder against the present, raw replay, and other layouts.

N specimens in five versions of the whole: each step changes two values of a tenth of them. Rows
are counted against the truth (a store of the state then) before any time is taken. Baselines:
one store with a named graph per version; a file of N-Quads per commit that is loaded when it is
touched, as QuitStore does; PyPI `oxilite`, where it is installed.
"""

from __future__ import annotations

import importlib.util
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyoxigraph import NamedNode, RdfFormat, Store, parse

from bench.generate import generate
from bench.processes import collectome
from bench.result import Result
from bench.specimens import Plan
from eventstore.application import Change, DigitalObjects
from eventstore.envelope import opends_time, to_moment
from eventstore.instant import Instant
from fdo.agent import Agent
from fdo.identifiers import Pid
from fdo.lifecycle import Revise, decide, stamped
from handlers import stores
from handlers.instants import Instants
from handlers.instants.build import UPDATE_QUADS, Builder
from handlers.instants.difference import Difference, Sink
from handlers.instants.ladder import Ladder
from handlers.instants.rungs import Policy, Rungs
from handlers.projector import Projector
from handlers.queries.checkpoint import read_current

VERSIONS, SHARE, ROUNDS = 5, 10, 15
CHECKPOINTS = 100
MONTHLY = 0.01
"""Of the objects that change in a month, in the year of checkpoints."""
AGENT = Agent("urn:collectome:agent:bench", "Bench")
DWC = "PREFIX dwc: <http://rs.tdwg.org/dwc/terms/> PREFIX ods: <http://rs.dissco.eu/opends/terms/>"


@dataclass(frozen=True)
class Told:
    """A repository with its versions: position and N-Quads file of each."""

    data: Path
    objects: DigitalObjects
    pids: list[Pid]
    positions: list[int]
    files: list[Path]


def measure(scratch: Path, records: int) -> list[Result]:
    """All figures of this suite."""
    told = _told(scratch, records)
    past = told.positions[VERSIONS // 2]
    with _held(told, past) as then:
        current = told.data / "projections/graph/checkpoints" / _current(told)
        queries = _queries(told, then)
        truth = _loaded(told.files[VERSIONS // 2])
        for name, text in queries.items():
            assert _rows(Store.read_only(str(then)), text) == _rows(truth, text) > 0, name
        results = _warm(queries, then, current)
        results += _baselines(scratch, told, queries, truth, then)
    results += _cold(told, past)
    results += _one_object(told)
    results += _disk(told)
    told.objects.close()
    return results + _year(scratch, told)


# ── what is measured on ──────────────────────────────────────────────────────────────────


def _told(scratch: Path, records: int) -> Told:
    archive, data = scratch / "time.zip", scratch / "time"
    generate(Plan(records), archive)
    collectome("ingest", str(archive), "--data", str(data))
    objects = DigitalObjects(data, durability="normal")
    pids = [head.pid for head in objects.log.heads(limit=10**9) if head.type == "specimen"]
    positions, files = [], []
    projector = Projector(data, Policy(every=1))
    for version in range(VERSIONS):
        if version:
            _revise(objects, pids[version::SHARE], version)
        projector.settle()
        positions.append(objects.log.position())
        files.append(scratch / f"version-{version}.nq")
        projector.graph.dump(files[-1])
    projector.settle()
    projector.close()
    for kept in stores.all_kept(data / "projections/graph/rungs")[1:-1]:
        stores.remove(kept.path)  # the ladder has a first rung and a newest one
    return Told(data, objects, pids, positions, files)


def _revise(objects: DigitalObjects, pids: Sequence[Pid], number: int) -> None:
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


@contextmanager
def _held(told: Told, position: int) -> Iterator[Path]:
    instants = Instants(told.data, told.objects.log)
    with instants.hold_now(Instant(position)) as held:
        yield held.path


def _current(told: Told) -> str:
    current = read_current(told.data / "projections/graph")
    assert current is not None and current.position == told.positions[-1]
    return current.checkpoint


def _loaded(file: Path) -> Store:
    store = Store()
    store.bulk_load(path=str(file), format=RdfFormat.N_QUADS)
    return store


def _queries(told: Told, then: Path) -> dict[str, str]:
    """One query of each class, with values that occur."""
    places = "?event ods:hasLocation ?place . ?place dwc:country ?country"
    store = Store.read_only(str(then))
    (first, *_) = store.query(
        f"{DWC} SELECT ?country (COUNT(*) AS ?n) {{ ?place dwc:country ?country }} "
        "GROUP BY ?country ORDER BY DESC(?n) LIMIT 1"
    )
    country = str(first["country"])
    return {
        "look-up": f"SELECT ?p ?o {{ <{told.pids[1].iri}> ?p ?o }}",
        "?PO": f"{DWC} SELECT ?place {{ ?place dwc:country {country} }}",
        "join": f"{DWC} SELECT ?s ?name {{ ?s ods:specimenName ?name ; ods:hasEvents ?event . "
        f"?event ods:hasLocation ?place . ?place dwc:country {country} }}",
        "count": f"{DWC} SELECT ?country (COUNT(*) AS ?n) {{ {places} }} GROUP BY ?country",
    }


def _rows(store: Any, text: str, **more: Any) -> int:
    return sum(1 for _ in store.query(text, **more))


# ── warm ─────────────────────────────────────────────────────────────────────────────────


def _warm(queries: dict[str, str], then: Path, current: Path) -> list[Result]:
    past, now = Store.read_only(str(then)), Store.read_only(str(current))
    results = []
    for name, text in queries.items():
        took = _beside(lambda text=text: _rows(past, text), lambda text=text: _rows(now, text))
        ratio = took[0] / took[1]
        results += [
            Result("time", f"warm as-of {name}", took[0] * 1000, "ms"),
            Result("time", f"warm as-of {name} over current", ratio, "ratio", "<= 1.15",
                   ratio <= 1.15),
        ]  # fmt: skip
    return results


def _beside(*measured: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Median seconds of each, taken by turns; all are repeated as often within a round, so that
    none has warmer caches than another."""
    times: list[list[float]] = [[] for _ in measured]
    for call in measured:
        call()
    repeat = max(1, int(0.02 / min(_seconds(call) + 1e-9 for call in measured)))
    for _ in range(rounds):
        for call, found in zip(measured, times, strict=True):
            started = time.perf_counter()
            for _ in range(repeat):
                call()
            found.append((time.perf_counter() - started) / repeat)
    return [statistics.median(found) for found in times]


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _baselines(
    scratch: Path, told: Told, queries: dict[str, str], truth: Store, then: Path
) -> list[Result]:
    ours = Store.read_only(str(then))
    peers: dict[str, Callable[[str], int]] = {}
    layered = _graph_per_version(scratch, told.files)
    graph = NamedNode(f"urn:version:{VERSIONS // 2}")
    peers["graph per version"] = lambda text: _rows(layered, text, default_graph=graph)
    touched, touch = _touched(told.files[VERSIONS // 2])
    peers["QuitStore-style, loaded"] = lambda text: _rows(touched, text)
    results = [Result("time", "QuitStore-style: first touch of a commit", touch, "s")]
    if importlib.util.find_spec("oxilite") is None:
        results.append(Result("time", "oxilite is not installed: left out", 0.0, ""))
    else:
        versioned, name = _oxilite(scratch, told.files)
        peers["oxilite"] = lambda text: _rows(versioned, text, as_of=name)
    for kind, text in queries.items():
        wanted = _rows(truth, text)
        for peer, ask in peers.items():
            found = ask(text)
            if found != wanted:
                results.append(
                    Result("time", f"{peer}: {kind} gives {found} rows for {wanted}", 0.0, "")
                )
                continue
            took = _beside(
                lambda text=text: _rows(ours, text), lambda ask=ask, text=text: ask(text), rounds=5
            )
            ratio = took[0] / took[1]
            results.append(Result("time", f"warm as-of {kind} over {peer}", ratio, "ratio"))
    return results


def _graph_per_version(scratch: Path, files: Sequence[Path]) -> Store:
    store = Store(str(scratch / "layered"))
    for number, file in enumerate(files):
        plain = scratch / "plain.nt"
        _default_graph(file, plain)
        store.bulk_load(
            path=str(plain),
            format=RdfFormat.N_TRIPLES,
            to_graph=NamedNode(f"urn:version:{number}"),
        )
    store.optimize()
    return store


def _default_graph(file: Path, plain: Path) -> None:
    with file.open() as source, plain.open("w") as out:
        out.writelines(line for line in source if "<urn:collectome:graph:" not in line)


def _touched(file: Path) -> tuple[Store, float]:
    started = time.perf_counter()
    return _loaded(file), time.perf_counter() - started


def _oxilite(scratch: Path, files: Sequence[Path]) -> tuple[Any, str]:
    """A versioned store of the default graphs, and the name of the version asked for."""
    import oxilite

    store = oxilite.Store(
        str(scratch / "oxilite.sqlite"), versioning="log", as_of_index=True, stamp_index=True
    )
    before: set[str] = set()
    for file in files:
        plain = scratch / "plain.nt"
        _default_graph(file, plain)
        after = set(plain.read_text().splitlines(keepends=True))
        if before:
            gone, come = "".join(before - after), "".join(after - before)
            store.update(f"DELETE DATA {{ {gone} }} ; INSERT DATA {{ {come} }}")
        else:
            store.load("".join(after), format=oxilite.RdfFormat.N_TRIPLES)
        before = after
    return store, f"HEAD~{VERSIONS - 1 - VERSIONS // 2}"


# ── cold ─────────────────────────────────────────────────────────────────────────────────


def _cold(told: Told, past: int) -> list[Result]:
    """The whole way to an instant, against replay alone on a clone of the same starting point."""
    log, instant = told.objects.log, Instant(past)
    ladder = Ladder(told.data, log)
    made = ladder.instants / str(past)
    stores.remove(made)
    nearest = ladder.choices(instant)[0]
    assert nearest.kept is not None
    added: list[str] = []
    removed: list[str] = []
    Difference(log, ladder.deltas, nearest.instant, instant).into(
        Sink(added.extend, removed.extend)
    )
    raw, whole = [], []
    place = told.data / "raw"
    text = ["".join(lines).encode() for lines in (removed, added)]
    for _ in range(5):
        raw.append(_seconds(lambda: _replayed(nearest.kept.path, place, *text)))
        shutil.rmtree(place)
        whole.append(_seconds(lambda: Builder(ladder).build(instant)))
        stores.remove(made)
    ratio = statistics.median(whole) / statistics.median(raw)
    return [
        Result("time", "events between the instant and its rung", nearest.distance, "events"),
        Result("time", f"cold instant, {len(added) + len(removed):,} quads",
               statistics.median(whole), "s"),
        Result("time", "cold instant over raw replay", ratio, "ratio", "<= 1.5", ratio <= 1.5),
    ]  # fmt: skip


def _replayed(source: Path, place: Path, removed: bytes, added: bytes) -> None:
    stores.clone(source, place)
    store = Store(str(place))
    for quad in parse(removed, format=RdfFormat.N_QUADS):
        store.remove(quad)
    bring_in = store.bulk_load if added.count(b"\n") > UPDATE_QUADS else store.load
    bring_in(added, format=RdfFormat.N_QUADS)
    store.flush()


def _one_object(told: Told) -> list[Result]:
    """A version's document, against the same bytes by primary key."""
    log, pid = told.objects.log, told.pids[1]
    event = log.version(pid, 1)
    took = _beside(
        lambda: log.version(pid, 1).document_bytes,
        lambda: log.event(event.position).document_bytes,
    )
    ratio = took[0] / took[1]
    return [
        Result("time", "a version over the same event by key", ratio, "ratio", "<= 3", ratio <= 3)
    ]


# ── disk ─────────────────────────────────────────────────────────────────────────────────


def _disk(told: Told) -> list[Result]:
    graph, deltas = told.data / "projections/graph", told.data / "projections/deltas"
    current = _bytes(graph / "checkpoints" / _current(told))
    all_versions = _bytes(graph / "store", graph / "rungs", deltas)
    ratio = all_versions / current
    return [
        Result("time", "current store", current / 1e6, "MB"),
        Result("time", "five versions over the current store", ratio, "ratio", "<= 2.5",
               ratio <= 2.5),
    ]  # fmt: skip


def _year(scratch: Path, told: Told) -> list[Result]:
    """A year of small changes with a rung after each of a hundred parts of it."""
    data = scratch / "year"
    shutil.copytree(told.data, data, ignore=shutil.ignore_patterns("instants", "rungs"))
    objects = DigitalObjects(data, durability="normal")
    projector = Projector(data, Policy(every=10**9))  # the rungs are made here
    rungs = Rungs(projector.graph.folder)
    each = max(1, round(len(told.pids) * MONTHLY * 12 / CHECKPOINTS))
    for number in range(CHECKPOINTS):
        first = number * each % len(told.pids)
        _revise(objects, told.pids[first : first + each], number + 100)
        projector.settle()
        position = objects.log.position()
        current = read_current(projector.graph.folder)
        assert current is not None and current.position == position
        rungs.make(
            projector.graph.folder / "checkpoints" / current.checkpoint,
            position,
            current.recorded_at,
            position,
        )
    folder = projector.graph.folder / "rungs"
    kept = len(stores.all_kept(folder))
    assert kept >= CHECKPOINTS
    projector.close()
    current = _bytes(projector.graph.folder / "store")
    ratio = _bytes(folder, projector.graph.folder / "store") / current
    objects.close()
    return [
        Result("time", f"{kept} checkpoints over a year, over the current store", ratio, "ratio",
               "<= 3", ratio <= 3)
    ]  # fmt: skip


def _bytes(*folders: Path) -> int:
    """Bytes on disk; a file with several names counts once."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            status = path.stat()
            if path.is_file():
                found[status.st_ino] = status.st_size
    return sum(found.values())
