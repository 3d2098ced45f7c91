"""The words and rules behind the documents, each at an address that resolves.

/vocab explains every term (page and Turtle), /contexts serves the JSON-LD context, /schemas
the JSON Schemas, /shapes the SHACL shapes, /problems every type of problem. All are tables and
files of this release: they change with it and may be cached.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.negotiation import HTML, JSON, PLAIN_FORMATS, RDF_FORMATS, Format, choose
from api.problems import KINDS
from api.rendering import Renderer
from fdo.errors import NotFound
from ontologies.jsonld import CONTEXTS
from ontologies.schemas import NAMES, schema
from ontologies.vocabulary import sections, turtle

SHAPES = Path(__file__).resolve().parents[1] / "shacl" / "shapes"
TURTLE = next(one for one in RDF_FORMATS if one.name == "turtle")


@dataclass(frozen=True, slots=True)
class Shelf:
    """A set of files of one kind, listed at `/{path}` and served at `/{path}/{name}`."""

    path: str
    heading: str
    serves: Format
    names: Sequence[str]
    read: Callable[[str], bytes]

    def find(self, asked: str) -> bytes:
        """The file of that name, with or without its ending; NotFound lists the names."""
        for name in self.names:
            stem = name.partition(".")[0]
            if asked in (name, stem, f"{stem}.{self.serves.extension}"):
                return self.read(name)
        raise NotFound(f"There is no {asked!r} here; there is {', '.join(self.names)}.")


SHELVES = (
    Shelf(
        "contexts", "JSON-LD contexts",
        Format("context", "application/ld+json", "jsonld", "JSON-LD context"),
        tuple(CONTEXTS), lambda name: orjson.dumps(CONTEXTS[name]()),
    ),
    Shelf(
        "schemas", "JSON Schemas",
        Format("schema", "application/schema+json", "json", "JSON Schema"),
        tuple(NAMES), lambda name: orjson.dumps(schema(name), option=orjson.OPT_INDENT_2),
    ),
    Shelf(
        "shapes", "SHACL shapes", TURTLE,
        tuple(sorted(path.name for path in SHAPES.glob("*.ttl"))),
        lambda name: (SHAPES / name).read_bytes(),
    ),
)  # fmt: skip


def vocabulary_router(renderer: Renderer, base: str) -> APIRouter:
    """The routes under /vocab, /contexts, /schemas, /shapes and /problems."""
    router = APIRouter(tags=["vocabulary"])
    for shelf in SHELVES:
        _add_shelf(router, renderer, shelf)
    _add_vocabulary(router, renderer)
    _add_problems(router, renderer, base)
    return router


def _add_shelf(router: APIRouter, renderer: Renderer, shelf: Shelf) -> None:
    @router.get(
        f"/{shelf.path}", response_class=Response, responses=_made_of(*PLAIN_FORMATS),
        name=f"list {shelf.path}", summary=f"List the {shelf.heading}",
    )  # fmt: skip
    def listed(request: Request, format: str | None = None) -> Response:
        return _listed(request, renderer, format, shelf.heading, shelf.path, shelf.names)

    @router.get(
        f"/{shelf.path}/{{name}}", response_class=Response, responses=_made_of(shelf.serves),
        name=f"read {shelf.path}", summary=f"Give one of the {shelf.heading}",
    )  # fmt: skip
    def one(request: Request, name: str) -> Response:
        return _released(request, shelf.find(name), shelf.serves)


def _add_vocabulary(router: APIRouter, renderer: Renderer) -> None:
    @router.get("/vocab", response_class=Response, responses=_made_of(HTML, TURTLE))
    def vocabulary(request: Request, format: str | None = None) -> Response:
        """Explain every term that a document or a record may bear."""
        shown = choose(request.headers.get("accept", ""), format, (HTML, TURTLE))
        if shown is TURTLE:
            return _released(request, turtle().encode(), TURTLE)
        page = renderer.page("vocab.html", sections=sections())
        return _released(request, page.encode(), HTML)


def _add_problems(router: APIRouter, renderer: Renderer, base: str) -> None:
    @router.get("/problems", response_class=Response, responses=_made_of(*PLAIN_FORMATS))
    def problems(request: Request, format: str | None = None) -> Response:
        """List every type of problem that this server answers."""
        return _listed(request, renderer, format, "Types of problem", "problems", list(KINDS))

    @router.get("/problems/{slug}", response_class=Response, responses=_made_of(*PLAIN_FORMATS))
    def problem(request: Request, slug: str, format: str | None = None) -> Response:
        """Explain one type of problem."""
        kind = KINDS.get(slug)
        if kind is None:
            raise NotFound(f"There is no type of problem {slug!r}; /problems lists them.")
        shown = choose(request.headers.get("accept", ""), format, PLAIN_FORMATS)
        if shown is HTML:
            return _released(request, renderer.page("problem_kind.html", kind=kind).encode(), HTML)
        body = {
            "type": f"{base}/problems/{slug}",
            "title": kind.title,
            "status": kind.status,
            "meaning": kind.meaning,
            "nextStep": kind.next_step,
        }
        return _released(request, orjson.dumps(body), JSON)


def _made_of(*formats: Format) -> dict[int | str, dict[str, Any]]:
    return {
        200: {
            "description": "As it is in this release",
            "content": {one.media_type: {} for one in formats},
        },
        304: {"description": "Not changed since it was last read"},
    }


def _released(request: Request, body: bytes, shown: Format) -> Response:
    """An answer that changes only with the release; 304 where the client has it."""
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "public, max-age=3600",
        "Vary": "Accept",
        "Access-Control-Allow-Origin": "*",
    }
    known = [one.strip() for one in request.headers.get("if-none-match", "").split(",")]
    if etag in known:
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = shown.content_type.decode()
    return Response(body, headers=headers)


def _listed(
    request: Request,
    renderer: Renderer,
    asked: str | None,
    heading: str,
    path: str,
    names: Sequence[str],
) -> Response:
    shown = choose(request.headers.get("accept", ""), asked, PLAIN_FORMATS)
    rows = [{"name": name, "url": f"/{path}/{name}"} for name in names]
    if shown is JSON:
        return _released(request, orjson.dumps(rows), JSON)
    page = renderer.page("names.html", heading=heading, rows=rows)
    return _released(request, page.encode(), HTML)
