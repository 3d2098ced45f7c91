"""The annotations view: what a row costs, and questions of the past against those of now.

Ten annotations on each specimen, proposed as agents propose them; at the middle of the history
nobody had decided yet, at its end a quarter is rejected.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bench.result import Result
from eventstore.application import Change, DigitalObjects
from eventstore.envelope import opends_time, to_moment
from fdo.agent import Agent
from fdo.annotation.life import MERGING
from fdo.documents import Document
from fdo.errors import Refused
from fdo.identifiers import Pid
from fdo.lifecycle import Register, decide, stamped
from handlers.annotations import Annotations as Hands
from handlers.projections.annotations import AnnotationQuery, Annotations, AnnotationsIndex

EACH, SECTION, ROUNDS, LIMIT = 10, 500, 15, 3.0
MAKERS = [Agent(f"https://hdl.handle.net/20.5000.5072/MAS-MAS-00{n}", f"s{n}") for n in range(4)]
CURATOR = Agent("urn:collectome:agent:bench", "Bench", "schema:Person")
ASKED: dict[str, dict[str, list[str]]] = {
    "everything": {},
    "of one service": {"service": ["20.5000.5072/MAS-MAS-001"]},
    "of one term": {"term": ["ods:specimenName"]},
    "by a word": {"body": ["number 7*"]},
}


def measure(scratch: Path, records: int) -> list[Result]:
    """What a row costs and what the queue, the lists and the counts take."""
    objects = DigitalObjects(scratch / "review", durability="normal")
    specimens = _specimens(objects, max(1, records // EACH))
    proposed_s, pids = _proposed(objects, specimens)
    middle = objects.log.position()
    hands = Hands(objects)
    for pid in pids[::4]:
        with suppress(Refused):  # remarks are not decided
            hands.reject(pid, CURATOR, "The label says otherwise.")
    path = scratch / "review.sqlite"
    row_s = _followed(objects, path)
    view = Annotations(path)
    results = [
        Result("review", f"{len(pids):,} annotations proposed", len(pids) / proposed_s, "per s"),
        Result("review", "a version of an annotation into the view", row_s * 1e6, "µs"),
    ]
    for name, given in ASKED.items():
        query = AnnotationQuery.parse(given)
        results.append(_compared(f"a page: {name}", _page(view, query), middle))
    counts = _counts(view, AnnotationQuery())
    results.append(_compared("counts by service", counts, middle))
    queue = AnnotationQuery().queued()
    results.append(_told("a page of the review queue", lambda: view.find(queue).total))
    results.append(_told("equal proposals of the queue", lambda: view.groups(queue).total))
    view.close()
    objects.close()
    return results


Ask = Callable[[int | None], int]
"""Ask as of a position (None: now); how many were found."""


def _page(view: Annotations, query: AnnotationQuery) -> Ask:
    return lambda at: view.find(query, as_of=at).total


def _counts(view: Annotations, query: AnnotationQuery) -> Ask:
    return lambda at: sum(tally.proposed for tally in view.tallies("service", query, as_of=at))


def _compared(name: str, ask: Ask, middle: int) -> Result:
    """The least time in the past over that of now, asked by turns, warm."""
    now, then = ask(None), ask(middle)
    assert now == then > 0, (name, now, then)
    spent: dict[int | None, float] = {None: 1e9, middle: 1e9}
    for _ in range(ROUNDS):
        for at in spent:
            started = time.perf_counter()
            ask(at)
            spent[at] = min(spent[at], time.perf_counter() - started)
    ratio = spent[middle] / spent[None]
    told = f"{name} ({now:,} found, now {spent[None] * 1e3:.2f} ms): the past over now"
    return Result("review", told, ratio, "ratio", f"<= {LIMIT:g}", ratio <= LIMIT)


def _told(name: str, ask: Callable[[], int]) -> Result:
    found, least = ask(), 1e9
    for _ in range(ROUNDS):
        started = time.perf_counter()
        ask()
        least = min(least, time.perf_counter() - started)
    return Result("review", f"{name} ({found:,})", least * 1e3, "ms")


def _specimens(objects: DigitalObjects, number: int) -> list[Pid]:
    at = opends_time(to_moment(objects.clock()))
    found: list[Pid] = []
    for start in range(0, number, SECTION):
        changes = []
        for n in range(start, min(number, start + SECTION)):
            pid = objects.reserve("specimen")
            document = stamped(_specimen(n), pid, 1, modified=at)
            (fact,) = decide(None, Register(document))
            changes.append(Change(pid, "specimen", fact, None))
            found.append(pid)
        objects.append(changes, by=CURATOR)
    return found


def _specimen(number: int) -> Document:
    return {
        "@type": "ods:DigitalSpecimen",
        "ods:fdoType": "https://doi.org/21.T11148/894b1e6cad57e921764e",
        "ods:status": "Active",
        "ods:midsLevel": 1,
        "ods:physicalSpecimenID": f"B-{number}",
        "ods:physicalSpecimenIDType": "Local",
        "ods:normalisedPhysicalSpecimenID": f"B-{number}:SRC",
        "ods:sourceSystemID": f"https://hdl.handle.net/20.5000.5072/SRC-SRC-00{number % 3}",
        "ods:organisationID": "https://ror.org/03z77qz90",
        "ods:specimenName": f"Carabus {number % 50}",
        "dwc:basisOfRecord": "PreservedSpecimen",
        "dcterms:license": "https://creativecommons.org/publicdomain/zero/1.0/",
    }


def _proposed(objects: DigitalObjects, specimens: list[Pid]) -> tuple[float, list[Pid]]:
    """(seconds, PIDs) of ten annotations on each specimen."""
    hands, pids, spent = Hands(objects), list[Pid](), 0.0
    drafts = [(n, _draft(pid, n)) for pid in specimens for n in range(EACH)]
    for start in range(0, len(drafts), SECTION):
        part = drafts[start : start + SECTION]
        for number, maker in enumerate(MAKERS):
            section = [draft for n, draft in part if n % len(MAKERS) == number]
            started = time.perf_counter()
            outcomes = hands.propose_many(section, maker)
            spent += time.perf_counter() - started
            pids += [outcome.pid for outcome in outcomes if outcome.required().pid]
    return spent, pids


def _draft(target: Pid, number: int) -> Document:
    """An edit of the name, or a remark."""
    edits = number % 2 == 0
    selector = {"@type": "ods:TermSelector", "ods:term": "$['ods:specimenName']"}
    source: Document = {"@type": "oa:SpecificResource", "oa:hasSource": target.iri}
    if edits:
        source["oa:hasSelector"] = [selector]
    return {
        "oa:motivatedBy": [MERGING[1] if edits else "oa:commenting"],
        "oa:hasTarget": [source],
        "oa:hasBody": [{"@type": "oa:TextualBody", "rdf:value": f"Carabus number {number}"}],
    }


def _followed(objects: DigitalObjects, path: Path) -> float:
    """Seconds a version of an annotation; documents are read before the clock runs."""
    index = AnnotationsIndex(path)
    spent, rows = 0.0, 0
    while events := objects.log.read(index.position(), SECTION):
        rows += sum(1 for e in events if e.type == "annotation" and e.document)
        started = time.perf_counter()
        index.apply(events, objects.log)
        spent += time.perf_counter() - started
    index.close()
    return spent / max(1, rows)
