"""Lists and statistics of annotations: who proposed what of which object, and what became of it.

    GET /api/annotations              by target, creator, state, term, dataset …; JSON or CSV
    GET /api/annotations/{pid}        one, and whether what it is about has changed since
    GET /api/annotations/statistics   by service, model, creator, term, dataset …

The lists look at one state of the repository, now or `as-of`; a cursor keeps it from page to page.
"""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.annotations.asking import (
    AS_OF,
    CONTROL,
    LIMIT,
    SELECTING,
    Given,
    address,
    described,
    given,
    item,
    json,
    moment,
    parsed,
    view_of,
    whole,
)
from api.annotations.rights import annotation
from api.negotiation import JSON, Format, choose
from api.refusals import UnknownParameter
from api.site import Site
from eventstore.envelope import Recorded, iso
from fdo.errors import Unavailable
from handlers.annotations import changed_since
from handlers.projections.annotations import (
    BY,
    LIMIT_CAP,
    SEVERITIES,
    AnnotationQuery,
    Found,
    Page,
    Tally,
)

CSV = Format("csv", "text/csv", "csv", "CSV")
_FORMATS = (JSON, CSV)
_PATH = "/api/annotations"
_STATISTICS = {
    "by": f"What to count by: {', '.join(BY)}; service when left out.",
    "limit": "Lines at most, 1 to 1000.",
    "as-of": AS_OF,
}
_COLUMNS = (
    "pid", "version", "state", "severity", "motivation", "target", "term", "proposed",
    "body", "creator", "creatorName", "service", "model", "score", "dataset", "organisation",
    "created", "decided", "decidedBy", "reason", "overlay", "batch", "job",
)  # fmt: skip


def annotation_queries_router(site: Site) -> APIRouter:
    """The routes /api/annotations, one of them, and /api/annotations/statistics."""
    router = APIRouter(prefix="/api", tags=["annotations"])

    @router.get(
        "/annotations",
        **described(SELECTING | CONTROL, "Annotations", "application/json", "text/csv"),
    )
    def annotations(request: Request) -> Response:
        """Find annotations by object, maker, state, term, dataset and words, now or as it was."""
        asked = given(request)
        steering, query = parsed(asked)
        shown = choose(request.headers.get("accept", ""), steering.get("format"), _FORMATS)
        page = view_of(site).find(
            query, steering.get("cursor"), whole(steering, "limit", LIMIT, LIMIT_CAP),
            moment(site, steering),
        )  # fmt: skip
        links = _links(site, asked, page)
        headers = {"Link": ", ".join(f'<{to}>; rel="{rel}"' for rel, to in links.items())}
        return _csv(page, headers) if shown is CSV else json(_listed(site, page, links), headers)

    @router.get("/annotations/statistics", **described(SELECTING | _STATISTICS, "Counts"))
    def statistics(request: Request) -> Response:
        """Count what was proposed, accepted and rejected, by service, model, creator or term."""
        steering, query = parsed(given(request), _STATISTICS)
        by = steering.get("by", "service")
        if by not in BY:
            raise UnknownParameter(
                f"by is one of {', '.join(BY)}, not {by!r}.", parameter="by", known=list(BY)
            )
        view, at = view_of(site), moment(site, steering)
        at = view.position() if at is None else min(at, view.position())
        lines = view.tallies(by, query, whole(steering, "limit", 1_000, 1_000), at)
        return json(
            {
                "by": by,
                "asOf": at,
                "states": view.states(query, at),
                "items": [_counted(tally) for tally in lines],
            }
        )

    @router.get("/annotations/{prefix}/{suffix}", **described({}, "The annotation"))
    def one(prefix: str, suffix: str) -> Response:
        """One annotation: its state, its ratings, and whether its target has changed since."""
        event = annotation(f"{prefix}/{suffix}", site.objects.log)
        query = AnnotationQuery.parse({"pid": [str(event.pid)]})
        found = view_of(site).find(query, limit=1).found
        if not found:
            raise Unavailable(f"{event.pid} is not in the annotations view yet; ask again.")
        return json(item(site.base, found[0]) | _since(site, event))

    return router


def _since(site: Site, event: Recorded) -> dict[str, Any]:
    since = changed_since(event, site.objects.log)
    if since is None:
        return {}
    return {
        "targetPid": str(since.target),
        "madeOn": since.made_on,
        "targetVersion": since.current,
        "targetChanged": since.changed,
        "targetEnded": since.ended,
    }


def _links(site: Site, asked: Given, page: Page) -> dict[str, str]:
    path = site.base + _PATH
    links = {
        "self": address(path, asked),
        "first": address(path, asked, without=("cursor",)),
    }
    if page.next_cursor is not None:
        links["next"] = address(path, asked, without=("as-of",), cursor=page.next_cursor)
    return links


def _listed(site: Site, page: Page, links: dict[str, str]) -> dict[str, Any]:
    return {
        "total": page.total,
        "totalIsExact": page.exact,
        "asOf": page.as_of,
        "links": links,
        "items": [item(site.base, found) for found in page.found],
    }


def _counted(tally: Tally) -> dict[str, Any]:
    rate = tally.acceptance
    return {**asdict(tally), "acceptanceRate": None if rate is None else round(rate, 4)}


# ── CSV ──────────────────────────────────────────────────────────────────────────────────


def _csv(page: Page, headers: dict[str, str]) -> Response:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")  # RFC 4180
    writer.writerow(_COLUMNS)
    writer.writerows([harmless(cell) for cell in _cells(found)] for found in page.found)
    sent = {"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*", "Vary": "Accept"}
    return Response(
        text.getvalue(), media_type="text/csv; charset=utf-8; header=present",
        headers=sent | headers,
    )  # fmt: skip


def harmless(cell: Any) -> Any:
    """Text that a spreadsheet would run as a formula, made text by an apostrophe before it."""
    risky = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{cell}" if risky else cell


def _cells(found: Found) -> list[Any]:
    row, shown = found.row, found.shown
    return [
        row.pid, row.version, row.state, SEVERITIES[row.severity],
        " ".join(shown["motivations"]), row.target, row.term, shown.get("proposed"),
        found.body, row.creator, row.creator_name, row.service, row.model, row.score,
        row.dataset, row.organisation, iso(row.created), shown.get("decided"),
        shown.get("decidedBy"), shown.get("reason"), row.overlay, row.batch, row.job,
    ]  # fmt: skip
