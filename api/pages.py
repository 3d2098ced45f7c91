"""The home page: what this is, how much there is, what changed last, where to go on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from api.ops import lag
from api.site import Site
from eventstore.confirmations import CONFIRMED
from eventstore.envelope import Recorded, iso
from fdo.catalogue import OBJECT_TYPES
from fdo.lifecycle import Status

_PREFIXES = """\
PREFIX dwc: <http://rs.tdwg.org/dwc/terms/>
PREFIX ods: <http://rs.dissco.eu/opends/terms/>
"""

QUERIES: tuple[tuple[str, str], ...] = (
    (
        "Which countries do the specimens come from?",
        _PREFIXES
        + """
SELECT ?country (COUNT(DISTINCT ?specimen) AS ?specimens) WHERE {
  ?specimen a ods:DigitalSpecimen ; ods:hasEvents/ods:hasLocation/dwc:country ?country .
} GROUP BY ?country ORDER BY DESC(?specimens) ?country LIMIT 50
""",
    ),
    (
        "Which specimens are types, and of what?",
        _PREFIXES
        + """
SELECT ?specimen ?name ?status WHERE {
  ?specimen a ods:DigitalSpecimen ; ods:specimenName ?name ;
    ods:hasIdentifications/dwc:typeStatus ?status .
} ORDER BY ?name LIMIT 100
""",
    ),
    (
        "What changed most often?",
        """\
PREFIX prov: <http://www.w3.org/ns/prov#>

SELECT ?object (COUNT(?version) AS ?versions) (MAX(?when) AS ?last) WHERE {
  GRAPH <urn:collectome:graph:provenance> {
    ?version prov:specializationOf ?object ; prov:generatedAtTime ?when .
  }
} GROUP BY ?object ORDER BY DESC(?versions) DESC(?last) LIMIT 20
""",
    ),
)
"""Questions to start from; each is a link that fills the query form."""

_FIRST = (
    "specimen",
    "media",
    "source-system",
    "annotation",
    "machine-annotation-service",
    "ml-model",
)
"""What people come for; definitions and mappings are told after it."""
_RECENT = 12
_PUBLIC = (Status.ACTIVE, Status.TOMBSTONE, Status.PID_ONLY)


def pages_router(site: Site) -> APIRouter:
    """The route /."""
    router = APIRouter(tags=["pages"])

    @router.get("/", response_class=HTMLResponse)
    def home() -> Response:
        """Say what this repository is and what it holds."""
        log = site.objects.log
        head, counts = log.position(), log.counts()
        page = site.renderer.page(
            "home.html",
            counts=_counts(counts, _FIRST),
            others=_counts(counts, [one for one in counts if one not in _FIRST]),
            head=head,
            recorded=log.recorded_at(head),
            lag=lag(head, site.views),
            recent=[_row(event) for event in _recent(log.read(max(0, head - 200), 200))],
            queries=[
                {"question": question, "href": "/sparql?" + urlencode({"query": query})}
                for question, query in QUERIES
            ],
        )
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    return router


def _counts(found: dict[str, dict[str, int]], kinds: Iterable[str]) -> list[tuple[int, str, int]]:
    """(public objects, what they are, PID-only objects) of these types, as far as there are any."""
    return [
        (count, _plural(kind, count), found[kind].get(Status.PID_ONLY, 0))
        for kind in kinds
        if kind in found
        for count in [found[kind].get(Status.ACTIVE, 0)]
    ]


def _plural(kind: str, count: int) -> str:
    """The label of a type for so many of it: `evaluations of a model`."""
    first, of, rest = _label(kind).partition(" of ")
    return _label(kind) if count == 1 else f"{first}s{of}{rest}"


def _label(kind: str) -> str:
    return OBJECT_TYPES[kind].label


def _recent(events: list[Recorded]) -> list[Recorded]:
    """The newest public changes; confirmations of DOIs only where there is nothing else."""
    public = [event for event in reversed(events) if event.status in _PUBLIC]
    return ([event for event in public if event.what != CONFIRMED] or public)[:_RECENT]


def _row(event: Recorded) -> dict[str, Any]:
    return {
        "position": event.position,
        "pid": event.pid_text,
        "kind": _label(event.type),
        "what": event.what,
        "version": event.version,
        "recorded": iso(event.recorded_at),
        "agent": event.agent.name,
    }
