"""unAPI 1.0: reference managers take the record of a page by the id that stands on it.

    /unapi                                              the formats there are
    /unapi?id=https://doi.org/10.5072/ABC-DEF-123/2     300: the formats of this one
    /unapi?id=https://doi.org/10.5072/ABC-DEF-123/2&format=ris

The id is the PID of an object or the name of a version, which is what `<abbr class="unapi-id">`
on its page says. Withdrawn objects are still cited, so their record is given and says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Annotated, Any
from xml.sax.saxutils import quoteattr

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.citing.answers import negotiated
from api.negotiation import CITATION_FORMATS, Format, choose
from api.objects.addresses import split
from api.objects.exchange import Asked
from api.objects.shown import Shown
from api.refusals import UnknownParameter
from api.site import Site
from eventstore.naming import named
from fdo.errors import NotFound, PidOnly, Tombstoned
from fdo.representations.lexical import xml_text

_GIVEN = ("ris", "bibtex", "csl", "datacite-xml", "dc")
FORMATS: tuple[Format, ...] = tuple(
    one for name in _GIVEN for one in CITATION_FORMATS if one.name == name
)
"""What reference managers can read, the best of them first."""

_DOCS = {
    "ris": "https://en.wikipedia.org/wiki/RIS_(file_format)",
    "bibtex": "https://www.bibtex.org/Format/",
    "csl": "https://citeproc-js.readthedocs.io/en/latest/csl-json/markup.html",
    "datacite-xml": "https://schema.datacite.org/",
    "dc": "http://www.openarchives.org/OAI/2.0/oai_dc.xsd",
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The formats, or the record", "content": {"application/xml": {}}},
    300: {"description": "The formats of this id", "content": {"application/xml": {}}},
}
_HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}

Id = Annotated[str | None, Query(max_length=300, description="PID of an object, or of a version.")]
Wanted = Annotated[str | None, Query(max_length=100, description="Name of a format.")]


def unapi_router(site: Site) -> APIRouter:
    """The route /unapi."""
    router = APIRouter(tags=["citation"])
    shown = Shown(site)

    @router.get("/unapi", response_class=Response, responses=_ANSWERS)
    def unapi(request: Request, id: Id = None, format: Wanted = None) -> Response:
        """Name the formats of an object's record, or give the record in one of them."""
        _refuse_others(request)
        if id is None:
            if format is not None:
                raise UnknownParameter(
                    "A format is asked of something: name an id.", parameter="id"
                )
            return _formats(FORMATS, None, 200)
        asked = _asked(shown, id)
        _require_public(shown, asked)
        if format is None:
            return _formats(FORMATS, id, 300)
        wanted = choose("", format, FORMATS)
        sent = negotiated(shown, asked, wanted)
        headers = {**_HEADERS, "Content-Type": wanted.content_type.decode()}
        return Response(sent.body, headers=headers)

    return router


def _asked(shown: Shown, id: str) -> Asked:
    """The object or version that an id names."""
    pid, number = split(id.strip())
    if pid is None:
        raise NotFound(
            f"{id!r} names no object; ids are PIDs, as in https://doi.org/10.5072/ABC-DEF-123/2."
        )
    return Asked(named(shown.site.objects, pid), number or None, "")


def _require_public(shown: Shown, asked: Asked) -> None:
    """NotFound where an object is not there, or a draft."""
    head = shown.log.known(asked.pid)
    event = shown.select(asked, head)
    with suppress(PidOnly, Tombstoned):  # of these the record is cited
        shown.guard(event, head)


def _formats(among: Iterable[Format], id: str | None, status: int) -> Response:
    of = "" if id is None else f" id={quoteattr(xml_text(id))}"
    rows = "".join(
        f'  <format name="{one.name}" type="{one.media_type}" docs={quoteattr(_DOCS[one.name])}/>\n'
        for one in among
    )
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<formats{of}>\n{rows}</formats>\n'
    return Response(body, status_code=status, media_type="application/xml", headers=_HEADERS)


def _refuse_others(request: Request) -> None:
    for name in request.query_params:
        if name not in ("id", "format"):
            raise UnknownParameter(
                f"unAPI takes no parameter {name!r}; it takes id and format.",
                parameter=name,
                known=["id", "format"],
            )
