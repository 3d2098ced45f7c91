"""Search in the past against search now: the same questions of 10,000 specimens × 5 versions.

Every specimen gets four new versions, so at the middle of the history nothing of what is
current holds: the dearest case for a view that keeps all versions side by side.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.generate import generate
from bench.processes import collectome
from bench.result import Result
from bench.specimens import Plan
from eventstore.application import Change, DigitalObjects
from eventstore.envelope import opends_time, to_moment
from fdo.agent import Agent
from fdo.documents import Document
from fdo.lifecycle import DigitalObject, Revise, decide, stamped
from handlers.projections.search import FACETS, Search, SearchIndex, SearchQuery

VERSIONS, ROUNDS, SECTION = 5, 25, 2_000
LIMIT = 3.0
AGENT = Agent("urn:collectome:agent:bench", "Bench")

QUERIES: dict[str, dict[str, list[str]]] = {
    "everything": {},
    "a frequent word": {"q": ["carabus"]},
    "two words": {"q": ["carabus forest*"]},
    "a word of most": {"q": ["pinned"]},
    "a facet": {"country": ["FR"]},
    "a broad facet": {"kingdom": ["Animalia"]},
    "two facets": {"country": ["FR"], "family": ["Carabidae"]},
    "words and a facet": {"q": ["carabus"], "country": ["FR"]},
    "years": {"date_from": ["1950"], "date_to": ["1960"]},
    "one year": {"date_from": ["1955"], "date_to": ["1955"]},
    "metres": {"elevation_from": ["1000"], "elevation_to": ["1100"]},
    "a box": {"bbox": ["0,45,10,55"]},
    "by name": {"kingdom": ["Animalia"], "sort": ["name"]},
}


@dataclass(frozen=True)
class View:
    """A filled view, the positions that are compared, and what filling it took."""

    search: Search
    middle: int
    first_s: float
    """Seconds for a first version."""
    later_s: float
    """Seconds for a later version: a row, and the end of the one before."""


def measure(scratch: Path, records: int) -> list[Result]:
    """The ratio of each kind of question, and what a row costs."""
    data = _history(scratch, records)
    view = _filled(data, scratch / "search.sqlite")
    results = [
        Result("search", "a first version into the view", view.first_s * 1e6, "µs"),
        Result("search", "a later version into the view", view.later_s * 1e6, "µs"),
    ]
    for name, given in QUERIES.items():
        query = SearchQuery.parse(given)
        results.append(_compared(view, f"a page: {name}", _page(view.search, query)))
        results.append(_compared(view, f"facets: {name}", _facets(view.search, query)))
    results.append(_compared(view, "counts of all facets", _counts(view.search)))
    results.append(_compared(view, "a page far behind", _far(view.search, view.middle)))
    view.search.close()
    return results


Ask = Callable[[int | None], int]
"""Ask as of a position (None: now); how many specimens were selected."""


def _page(search: Search, query: SearchQuery) -> Ask:
    return lambda at: search.find(query, as_of=at).total


def _facets(search: Search, query: SearchQuery) -> Ask:
    return lambda at: search.facets(query, as_of=at).counted


def _counts(search: Search) -> Ask:
    return lambda at: search.facets(SearchQuery(), FACETS, cap=None, as_of=at).counted


def _far(search: Search, middle: int) -> Ask:
    """The page behind the ninth tenth of all specimens."""
    query, cursors = SearchQuery(), dict[int | None, str | None]()
    for at in (None, middle):
        page = search.find(query, limit=1_000, as_of=at)
        for _ in range(page.total * 9 // 10_000):
            page = search.find(query, page.next_cursor, limit=1_000)
        cursors[at] = page.next_cursor
    return lambda at: search.find(query, cursors[at]).total


def _compared(view: View, name: str, ask: Ask) -> Result:
    """The least time in the past over that of now, asked by turns, warm; equal answers first."""
    now, then = ask(None), ask(view.middle)
    assert now == then > 0, (name, now, then)
    spent: dict[int | None, list[float]] = {None: [], view.middle: []}
    for _ in range(ROUNDS):
        for at, times in spent.items():
            started = time.perf_counter()
            ask(at)
            times.append(time.perf_counter() - started)
    current = min(spent[None])
    ratio = min(spent[view.middle]) / current
    told = f"{name} ({now:,} found, now {current * 1e3:.2f} ms): the past over now"
    return Result("search", told, ratio, "ratio", f"<= {LIMIT:g}", ratio <= LIMIT)


def _history(scratch: Path, records: int) -> Path:
    """A log in which every specimen has five versions."""
    archive, data = scratch / f"search-{records}.zip", scratch / "search"
    generate(Plan(records), archive)
    collectome("ingest", str(archive), "--data", str(data))
    shutil.rmtree(data / "projections")
    objects = DigitalObjects(data, durability="normal")
    heads = [h for h in objects.log.heads(limit=10_000_000) if h.type == "specimen"]
    for version in range(2, VERSIONS + 1):
        for start in range(0, len(heads), 500):
            known = objects.states(heads[start : start + 500])
            objects.append([_change(objects, state, version) for state in known.values()], by=AGENT)
        heads = objects.log.heads_of([str(head.pid) for head in heads])
    objects.close()
    return data


def _change(objects: DigitalObjects, known: DigitalObject, version: int) -> Change:
    """A new version of a specimen: a remark on its collecting event."""
    events: list[Document] = known.document.get("ods:hasEvents") or [{"@type": "ods:Event"}]
    first = {**events[0], "dwc:eventRemarks": f"checked for harvest {version}"}
    draft = {**known.document, "ods:hasEvents": [first, *events[1:]]}
    at = opends_time(to_moment(objects.clock()))
    document = stamped(draft, known.pid, known.version + 1, modified=at)
    (fact,) = decide(known, Revise(document))
    return Change(known.pid, "specimen", fact, known)


def _filled(data: Path, path: Path) -> View:
    """Follow the log into a view; documents, which all projections share, are read before the
    clock runs."""
    objects = DigitalObjects(data)
    index, log = SearchIndex(path), objects.log
    spent, rows = {True: 0.0, False: 0.0}, {True: 0, False: 0}
    closed: list[int] = []
    while events := log.read(index.position(), SECTION):
        for event in (*events, *log.previous(events).values()):
            _ = event.document
        first = all(event.version == 1 for event in events)
        started = time.perf_counter()
        index.apply(events, log)
        spent[first] += time.perf_counter() - started
        rows[first] += sum(event.type == "specimen" for event in events)
        closed += [e.position for e in events if e.type == "specimen" and e.version == 3]
    index.close()
    objects.close()
    return View(Search(path), closed[-1], spent[True] / rows[True], spent[False] / rows[False])
