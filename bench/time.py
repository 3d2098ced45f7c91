"""Questions about the past: the ladder against the present, raw replay, and other layouts.

N specimens in five versions of the whole: each step changes two values of a tenth of them. Rows
are counted against the truth (a version loaded from nothing) before any time is taken. A state is
asked as soon as it is made, and again when it was compacted, as it is once somebody asks twice.
Then a year of checkpoints is made in the same repository.

100,000 records take about 40 GB of disk.
"""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pyoxigraph import RdfFormat, Store, parse

from bench.layouts import Layouts
from bench.result import Result
from bench.turns import ROUNDS, beside, rows, say, seconds
from bench.versions import AGENT, PAST, Told, published, told_in
from bench.year import a_year, bytes_of
from eventstore.application import Change, DigitalObjects
from eventstore.envelope import Recorded, opends_time, to_moment
from eventstore.instant import Instant
from eventstore.log import Log
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import Fact, Noted, Registered, Revised, stamped
from handlers import stores
from handlers.instants import Instants
from handlers.instants.build import UPDATE_QUADS, Builder
from handlers.instants.difference import Difference, Sink
from handlers.instants.ladder import Ladder
from handlers.instants.model import compacted

MANY = 1_000
"""Versions of an object with a long history."""
DWC = "PREFIX dwc: <http://rs.tdwg.org/dwc/terms/> PREFIX ods: <http://rs.dissco.eu/opends/terms/>"


def measure(scratch: Path, records: int) -> list[Result]:
    """All figures of this suite."""
    layouts = Layouts(scratch)
    told = told_in(scratch, records, layouts.take)
    layouts.complete()
    past = told.positions[PAST]
    current = published(told.data, told.positions[-1])
    with _held(told, past) as then:
        queries = _queries(told, then)
        _same_rows(queries, then, layouts)
        results = _warm(queries, then, current, "as-of just made:")
    results += _compacted(told, past, current)
    with _held(told, past) as then:
        _same_rows(queries, then, layouts)
        results += _warm(queries, then, current, "warm as-of", "<= 1.15", ROUNDS)
        results += layouts.compare(queries, then)
    layouts.remove()
    results += _cold(told, past)
    results += _one_object(told, scratch)
    results += _disk(told)
    results += a_year(told)
    told.objects.close()
    return results


# ── what is measured on ──────────────────────────────────────────────────────────────────


@contextmanager
def _held(told: Told, position: int) -> Iterator[Path]:
    instants = Instants(told.data, told.objects.log)
    with instants.hold_now(Instant(position)) as held:
        yield held.path


def _same_rows(queries: dict[str, str], then: Path, layouts: Layouts) -> None:
    """That a state has as many rows for each query as what was built from nothing."""
    for name, text in queries.items():
        assert rows(Store.read_only(str(then)), text) == layouts.truth(text) > 0, name


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


# ── warm ─────────────────────────────────────────────────────────────────────────────────


def _warm(
    queries: dict[str, str],
    then: Path,
    current: Path,
    label: str,
    target: str = "",
    rounds: int = 5,
) -> list[Result]:
    say(f"questions in the past beside the same of now, {label}")
    past, now = Store.read_only(str(then)), Store.read_only(str(current))
    results = []
    for name, text in queries.items():
        took = beside(
            lambda text=text: rows(past, text), lambda text=text: rows(now, text), rounds=rounds
        )
        ratio = took[0] / took[1]
        holds = ratio <= 1.15 if target else None
        results += [
            Result("time", f"{label} {name}", took[0] * 1000, "ms"),
            Result("time", f"{label} {name} over current", ratio, "ratio", target, holds),
        ]
    return results


def _compacted(told: Told, past: int, current: Path) -> list[Result]:
    """What comes of a second question (`handlers.instants.compaction`)."""
    say("compacting the state")
    ladder = Ladder(told.data, told.objects.log)
    plain = ladder.instants / str(past)
    took = seconds(lambda: Builder(ladder).compact(plain))
    ratio = bytes_of(compacted(plain)) / bytes_of(current)
    return [
        Result("time", "compacting a state that is asked again", took, "s"),
        Result("time", "a compacted state over the current store", ratio, "of its bytes"),
    ]


# ── cold ─────────────────────────────────────────────────────────────────────────────────


def _cold(told: Told, past: int) -> list[Result]:
    """The whole way to an instant, against replay alone on a clone of the same starting point."""
    say("a cold instant beside the replay of its difference")
    log, instant = told.objects.log, Instant(past)
    ladder = Ladder(told.data, log)
    made = ladder.instants / str(past)
    ladder.evict(0)
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
        raw.append(seconds(lambda: _replayed(nearest.kept.path, place, *text)))
        shutil.rmtree(place)
        whole.append(seconds(lambda: Builder(ladder).build(instant)))
        stores.remove(made)
    ratio = statistics.median(whole) / statistics.median(raw)
    return [
        Result("time", "events between the instant and its rung", nearest.distance, "events"),
        Result("time", f"cold instant, {len(added) + len(removed):,} quads",
               statistics.median(whole), "s", "aim < 1"),
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


def _one_object(told: Told, scratch: Path) -> list[Result]:
    """A version's document, against the same bytes by primary key: one of few versions, and one in
    the middle of many, by its number and by a moment."""
    say("a version of one object beside the same bytes by key")
    log, pid = told.objects.log, told.pids[1]
    first = log.version(pid, 1)
    long, its = _many_versions(scratch / "long", first.document)
    half = MANY // 2
    middle = long.log.version(its, half)
    asked: dict[str, tuple[Log, int, Callable[[], Recorded]]] = {
        "a version": (log, first.position, lambda: log.version(pid, 1)),
        f"a version of {MANY:,}": (long.log, middle.position, lambda: long.log.version(its, half)),
        f"a moment of {MANY:,} versions": (
            long.log, middle.position, lambda: long.log.at(its, middle.position)
        ),
    }  # fmt: skip
    results = []
    for what, (where, position, ask) in asked.items():
        took = beside(
            lambda ask=ask: ask().document_bytes,
            lambda where=where, position=position: where.event(position).document_bytes,
        )
        ratio = took[0] / took[1]
        results.append(
            Result("time", f"{what} over the same event by key", ratio, "ratio", "<= 3", ratio <= 3)
        )
    long.close()
    return results


def _many_versions(place: Path, document: Document) -> tuple[DigitalObjects, Pid]:
    """A repository of one object with many versions, and something operational behind each."""
    objects = DigitalObjects(place, durability="normal")
    pid = objects.reserve("specimen")
    at = opends_time(to_moment(objects.clock()))
    facts: list[Fact] = [Registered(stamped(document, pid, 1, modified=at))]
    for number in range(2, MANY + 1):
        draft = {**document, "dwc:disposition": f"bench {number}"}
        facts += [Noted("PidConfirmed", {}), Revised(stamped(draft, pid, number, modified=at))]
    objects.append([Change(pid, "specimen", fact, None) for fact in facts], by=AGENT)
    return objects, pid


# ── disk ─────────────────────────────────────────────────────────────────────────────────


def _disk(told: Told) -> list[Result]:
    graph, deltas = told.data / "projections/graph", told.data / "projections/deltas"
    current = bytes_of(published(told.data, told.positions[-1]))
    all_versions = bytes_of(graph / "store", graph / "rungs", deltas)
    ratio = all_versions / current
    return [
        Result("time", "current store", current / 1e6, "MB"),
        Result("time", "five versions over the current store", ratio, "ratio", "<= 2.5",
               ratio <= 2.5),
    ]  # fmt: skip
