"""A small log with a history of its own, behind the endpoint: what questions about time ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from api.sparql.asking import Past
from api.sparql.times import Times
from fdo.lifecycle import Register, Revise, Tombstone
from tests.eventstore.story import AT
from tests.fdo.story import CURATOR
from tests.handlers.instants.history import History
from tests.handlers.queries.server import Served

DWC = "http://rs.tdwg.org/dwc/terms/"
RECORDS = "urn:collectome:graph:records"
PROVENANCE = "urn:collectome:graph:provenance"
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
START = 1_772_366_400
"""2026-03-01T12:00:00Z; one event every ten seconds."""


def eight_events(folder: Path) -> History:
    """A country changes and changes back, a name changes, an object goes."""
    told = History(folder)
    deeds: list[tuple[int, Any]] = [
        (1, Register(document(told, 1, 1, "Abies alba", "Estonia"))),
        (2, Register(document(told, 2, 1, "Abies alba", "Estonia"))),
        (1, Revise(document(told, 1, 2, "Abies alba", "Latvia"))),
        (3, Register(document(told, 3, 1, "Abies alba", "Estonia"))),
        (1, Revise(document(told, 1, 3, "Abies alba", "Estonia"))),
        (2, Revise(document(told, 2, 2, "Betula", "Estonia"))),
        (3, Tombstone("Lost.", CURATOR, AT)),
        (2, Revise(document(told, 2, 3, "Betula nana", "Norway"))),
    ]
    for at, (number, command) in enumerate(deeds):
        told.clock.now = (START + 10 * at) * 1_000_000
        told.do(number, command, observed_at=told.clock.now)
    told.project()
    return told


def document(told: History, number: int, version: int, name: str, country: str) -> Any:
    """A specimen that was collected in a country."""
    place = {"@type": "ods:Location", "dwc:country": country}
    events = [{"@type": "ods:Event", "ods:hasLocation": place}]
    return told.stamp(number, name, version, **{"ods:hasEvents": events})


def past_of(history: History, base: str, **more: Any) -> Past:
    """What an endpoint needs to answer of this history."""
    times = Times(history.objects, base)
    return Past(times, history.instants(**more), history.log, "1.2.3")


def ask(where: Served, query: str, accept: str = "text/csv", **params: Any) -> httpx.Response:
    """One query by GET; `as_of` stands for `as-of`."""
    headers = {"accept": accept, **params.pop("headers", {})}
    fields = {"query": query, **{name.replace("_", "-"): value for name, value in params.items()}}
    return httpx.get(where.endpoint, params=fields, headers=headers, timeout=60)


def lines(response: httpx.Response) -> list[str]:
    """The rows of a CSV, sorted."""
    assert response.status_code == 200, response.text
    return sorted(response.text.splitlines()[1:])


def number(response: httpx.Response) -> int:
    """The one number that an answer holds."""
    return int(lines(response)[0])
