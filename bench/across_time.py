"""Questions across time: what the view of changed terms costs an ingest, and how fast it answers.

A tenth of the specimens change in each of four steps, every step another tenth. One call for a
series is compared with as many calls for a single count.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.generate import generate
from bench.processes import collectome
from bench.result import Result
from bench.specimens import Plan
from eventstore.application import Change, DigitalObjects
from eventstore.envelope import opends_time, to_moment
from eventstore.patches import mids
from fdo.agent import Agent
from fdo.documents import Document
from fdo.lifecycle import DigitalObject, Revise, decide, stamped
from handlers.projections.search import Search, SearchIndex
from handlers.projections.terms import Terms, TermsReader, Wanted, held_path

STEPS, SECTION, ROUNDS, POINTS = 4, 1_000, 9, 100
SHARE, ONE_CALL = 0.05, 0.5
AGENT = Agent("urn:collectome:agent:bench", "Bench")


def measure(scratch: Path, records: int) -> list[Result]:
    """The share of an ingest, and the time of each question."""
    archive, data = scratch / f"across-{records}.zip", scratch / "across"
    generate(Plan(records), archive)
    _, cost = collectome("ingest", str(archive), "--data", str(data))
    objects = DigitalObjects(data, durability="normal")
    before = objects.log.position()
    _revise(objects)
    first, later = _followed(objects, scratch / "terms.sqlite", before)
    index = SearchIndex(scratch / "found.sqlite")
    while events := objects.log.read(index.position(), SECTION):
        index.apply(events, objects.log)
    index.close()
    share = first / (cost.cpu_seconds / records)
    results = [
        Result("across", "a first version into the view of terms", first * 1e6, "µs CPU"),
        Result("across", "a later version into the view of terms", later * 1e6, "µs CPU"),
        Result("across", "a first version, of the processor time of an ingest", share, "ratio",
               f"<= {SHARE:g}", share <= SHARE),
        *_answers(scratch, before, objects.log.position()),
    ]  # fmt: skip
    objects.close()
    return results


def _revise(objects: DigitalObjects) -> None:
    """Bring new countries to a tenth of the specimens, four times."""
    heads = [h for h in objects.log.heads(limit=10_000_000) if h.type == "specimen"]
    for step in range(STEPS):
        tenth = heads[step::10]
        for start in range(0, len(tenth), 500):
            known = objects.states(tenth[start : start + 500])
            changes = [_change(objects, state, step) for state in known.values()]
            objects.append(changes, by=AGENT)


def _change(objects: DigitalObjects, known: DigitalObject, step: int) -> Change:
    events: list[Document] = known.document.get("ods:hasEvents") or [{"@type": "ods:Event"}]
    place = {**events[0].get("ods:hasLocation", {}), "dwc:country": f"Country {step}"}
    first = {**events[0], "ods:hasLocation": place}
    draft = {**known.document, "ods:hasEvents": [first, *events[1:]]}
    at = opends_time(to_moment(objects.clock()))
    document = stamped(draft, known.pid, known.version + 1, modified=at)
    (fact,) = decide(known, Revise(document))
    return Change(known.pid, "specimen", fact, known)


def _followed(objects: DigitalObjects, path: Path, before: int) -> tuple[float, float]:
    """Processor seconds for a specimen's first version, and for a later one; what other
    projections derive as well (documents, MIDS levels) is there before the clock runs."""
    view, log = Terms(path), objects.log
    spent, rows = {True: 0.0, False: 0.0}, {True: 0, False: 0}
    while view.position() < log.position():
        upto = before if view.position() < before else log.position()
        events = log.read(view.position(), SECTION, upto)
        for event in events:
            if event.type == "specimen" and not event.operational:
                mids(event)
        first = upto == before
        started = time.process_time()
        view.apply(events, log)
        spent[first] += time.process_time() - started
        rows[first] += sum(event.type == "specimen" for event in events)
    view.close()
    return spent[True] / rows[True], spent[False] / rows[False]


def _answers(scratch: Path, before: int, head: int) -> list[Result]:
    terms, search = TermsReader(scratch / "terms.sqlite"), Search(scratch / "found.sqlite")
    path = held_path("country")
    ends = [before + (head - before) * n // POINTS for n in range(1, POINTS + 1)]
    asked: dict[str, Callable[[], Any]] = {
        "a page of who changed country": lambda: terms.changed(Wanted("country"), 0, head),
        "the busiest agents": lambda: terms.busiest("agent", 0, head),
        "the busiest terms": lambda: terms.busiest("term", 0, head),
        "when a country was held": lambda: terms.held(path, "Country 1", head),
        f"changes by term at {POINTS} points": lambda: terms.tallies("term", before, ends),
        f"specimens by country at {POINTS} points": lambda: search.series("country", ends),
    }
    results = [Result("across", name, _least(ask) * 1e3, "ms") for name, ask in asked.items()]
    one = _least(lambda: search.counts("country", as_of=ends[POINTS // 2]))
    many = _least(asked[f"specimens by country at {POINTS} points"])
    ratio = many / (one * POINTS)
    results.append(
        Result("across", f"a series over {POINTS} single counts", ratio, "ratio",
               f"<= {ONE_CALL:g}", ratio <= ONE_CALL)
    )  # fmt: skip
    terms.close()
    search.close()
    return results


def _least(ask: Callable[[], Any]) -> float:
    assert ask(), "a question without an answer measures nothing"
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        ask()
        found.append(time.perf_counter() - started)
    return min(found)
