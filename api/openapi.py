"""The description of the interface: OpenAPI 3.1, complete with every refusal.

FastAPI describes its own routes. The objects and SPARQL are answered before it is asked, so
their part is written here, and every operation is given the problems it may answer.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.citing.styles import LOCALES, STYLES
from api.negotiation import DATACITE_FORMATS, OBJECT_FORMATS, PLAIN_FORMATS, Format
from api.objects import diff
from api.objects.definitions import SCHEMA_FORMATS, SHAPES_FORMATS
from api.objects.links import LINKSET_FORMATS
from api.objects.reports import HISTORY_FORMATS
from api.parameters import text_parameters
from api.problems import KINDS, MEDIA_TYPE
from api.sparql.request import TIMEMAP
from handlers.queries.formats import GRAPHS, RESULTS

DESCRIPTION = (
    "FAIR Digital Objects of natural-history collections: documents by PID in every version "
    "and format, search, SPARQL and ingest. Refusals are RFC 9457 problem details."
)

_PREFIX = {
    "name": "prefix", "in": "path", "required": True,
    "schema": {"type": "string", "pattern": r"^[0-9]{2}(\.[0-9A-Z]+)+$"}, "example": "10.5072",
}  # fmt: skip
_SUFFIX = {
    "name": "suffix", "in": "path", "required": True,
    "schema": {"type": "string", "pattern": "^[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}$"},
    "example": "ABC-DEF-123",
}  # fmt: skip
_VERSION = {
    "name": "version", "in": "path", "required": True,
    "schema": {"type": "integer", "minimum": 1, "maximum": 999999999},
}  # fmt: skip
_AS_OF = {
    "name": "as-of", "in": "query", "schema": {"type": "string"},
    "description": "The object as the repository knew it then: an event number (`42`), a version "
    "(`v3`), a day (its end in UTC) or an RFC 3339 instant (inclusive).",
}  # fmt: skip
_OBSERVED_AT = {
    "name": "observed-at", "in": "query", "schema": {"type": "string"},
    "description": "Of what its source had said by then: a day or an RFC 3339 instant.",
}  # fmt: skip
_PAST = [_AS_OF, _OBSERVED_AT]
_MANNER = [
    {
        "name": "style", "in": "query", "schema": {"type": "string", "enum": list(STYLES)},
        "description": "Of a citation as text (`format=citation`).",
    },
    {
        "name": "locale", "in": "query", "schema": {"type": "string", "enum": list(LOCALES)},
        "description": "Language of a citation as text; `de` means `de-DE`.",
    },
]  # fmt: skip


def _end(name: str, otherwise: str) -> dict[str, Any]:
    return {
        "name": name, "in": "query", "schema": {"type": "string"},
        "description": f"A version (`2`, `v2`), or a day or instant as in as-of; {otherwise}.",
    }  # fmt: skip


def _begin(name: str, text: str) -> dict[str, Any]:
    whole = {"type": "integer", "minimum": 0}
    return {"name": name, "in": "query", "schema": whole, "description": text}


def install(app: FastAPI) -> None:
    """Let the application describe itself completely."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _describe(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes
    )
    found["paths"] = {**_object_paths(), **_sparql_paths(), **found["paths"]}
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    for path in found["paths"].values():
        for operation in path.values():
            _add_problems(operation)
    return found


_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details; further members depend on the type.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_EVERYWHERE = (400, 404, 405, 406, 413, 422, 429, 500, 503)


def _add_problems(operation: dict[str, Any]) -> None:
    answers = operation.setdefault("responses", {})
    statuses = [*_EVERYWHERE, *((401, 403) if operation.get("security") else ())]
    if "requestBody" in operation:
        statuses.append(415)
    if any(one["name"] == "if-match" for one in operation.get("parameters", ())):
        statuses += (410, 412, 428)
    answers["422"] = None
    for status in statuses:
        if answers.get(str(status)) is None:
            titles = [kind.title for kind in KINDS.values() if kind.status == status]
            answers[str(status)] = {
                "description": " / ".join(titles),
                "content": _CONTENT,
            }


def _object_paths() -> dict[str, Any]:
    pid = "/{prefix}/{suffix}"
    formats = OBJECT_FORMATS
    document = _answers(formats, gone=True)
    report = _answers(PLAIN_FORMATS, gone=False)
    history = _answers(HISTORY_FORMATS, gone=False)
    links = _answers(LINKSET_FORMATS, gone=False)
    ends = [_end("from", "else the version before `to`"), _end("to", "else the newest")]
    return {
        pid: _reading(
            "The document or the citation of an object, now or in the past",
            document,
            [*_PAST, *_MANNER],
            formats,
        ),
        f"{pid}/{{version}}": _reading(
            "One version of an object, or its citation", document, [_VERSION, *_MANNER], formats
        ),
        f"{pid}/cite": _reading("How to cite an object", report, [*_PAST, *_MANNER]),
        f"{pid}/{{version}}/cite": _reading(
            "How to cite a version of an object", report, [_VERSION, *_MANNER]
        ),
        f"{pid}/{{version}}/sealed": _file(
            "The sealed document of a version: its SHA-256 is the hash of the citation",
            "application/octet-stream",
        ),
        f"{pid}/{{version}}/proof": _file(
            "The proof file of a version: from the hash to a signed checkpoint",
            "application/json",
        ),
        f"{pid}/versions": _reading(
            "The versions of an object",
            report,
            [_begin("before", "Begin below this version.")],
        ),
        f"{pid}/history": _reading(
            "Every event of an object, as a table or in PROV-O",
            history,
            [_begin("after", "Begin behind this sequence.")],
            HISTORY_FORMATS,
        ),
        f"{pid}/diff": _reading(
            "What changed between two versions of an object",
            _answers(diff.FORMATS, gone=False)
            | {"410": {"description": "Withdrawn, and only a PID before", "content": _CONTENT}},
            ends,
            diff.FORMATS,
        ),
        f"{pid}/result": _result(),
        f"{pid}/record": _reading("The FDO record of an object", history, _PAST, HISTORY_FORMATS),
        f"{pid}/conformance": _reading("What the shapes say of an object", report, _PAST),
        f"{pid}/datacite": _reading(
            "The DataCite metadata of an object, or of its FDO record",
            _answers(DATACITE_FORMATS, gone=False),
            _PAST,
            DATACITE_FORMATS,
        ),
        f"{pid}/verbatim": _reading("The source record of an object, as read", report, _PAST),
        f"{pid}/linkset": _reading(
            "The links of an object (RFC 9264)", links, _PAST, LINKSET_FORMATS
        ),
        f"{pid}/{{version}}/linkset": _reading(
            "The links of a version of an object (RFC 9264)", links, [_VERSION], LINKSET_FORMATS
        ),
        f"{pid}/schema": _reading(
            "The JSON Schema of what a definition defines",
            _answers(SCHEMA_FORMATS, gone=False),
            _PAST,
            SCHEMA_FORMATS,
        ),
        f"{pid}/shapes": _reading(
            "The SHACL of what a definition defines",
            _answers(SHAPES_FORMATS, gone=False),
            _PAST,
            SHAPES_FORMATS,
        ),
    }


def _result() -> dict[str, Any]:
    """The one address of an object that leads elsewhere."""
    answers = {
        "301": {"description": "The PID in its canonical form", "content": {}},
        "303": {"description": "The query at /sparql, asked of the same moment", "content": {}},
        "403": {"description": "Only the PID is public", "content": _CONTENT},
        "410": {"description": "The query was withdrawn", "content": _CONTENT},
    }
    both = {"tags": ["objects"], "parameters": [_PREFIX, _SUFFIX, *_PAST]}
    summary = "The answer of a saved query"
    return {
        "get": {**both, "summary": summary, "responses": dict(answers)},
        "head": {**both, "summary": f"{summary}: headers only", "responses": dict(answers)},
    }


def _reading(
    summary: str,
    answers: dict[str, Any],
    extra: list[dict[str, Any]],
    formats: tuple[Format, ...] = PLAIN_FORMATS,
) -> dict[str, Any]:
    parameters = [_PREFIX, _SUFFIX, *extra, _format(formats)]
    return _get_and_head("objects", summary, answers, parameters)


def _get_and_head(
    tag: str, summary: str, answers: dict[str, Any], parameters: list[dict[str, Any]]
) -> dict[str, Any]:
    both = {"tags": [tag], "parameters": parameters}
    bare = {status: {**answer, "content": {}} for status, answer in answers.items()}
    return {
        "get": {**both, "summary": summary, "responses": dict(answers)},
        "head": {**both, "summary": f"{summary}: headers only", "responses": bare},
    }


def _file(summary: str, media_type: str) -> dict[str, Any]:
    """A file of a version, which has one form only."""
    answers = _answers((), gone=False)
    answers["200"] = {"description": "A file to keep", "content": {media_type: {}}}
    answers["410"] = {"description": "It was erased", "content": {**_CONTENT, "text/html": {}}}
    path = _reading(summary, answers, [_VERSION])
    for operation in path.values():
        operation["parameters"] = [_PREFIX, _SUFFIX, _VERSION]
    return path


def _format(formats: tuple[Format, ...]) -> dict[str, Any]:
    names = [one.name for one in formats]
    return {"name": "format", "in": "query", "schema": {"type": "string", "enum": names}}


def _answers(formats: tuple[Format, ...], *, gone: bool) -> dict[str, Any]:
    content: dict[str, Any] = {one.media_type: {} for one in formats}
    answers = {
        "200": {"description": "In the format asked for", "content": content},
        "301": {"description": "The PID in its canonical form", "content": {}},
        "304": {"description": "Not changed since it was last read", "content": {}},
        "403": {
            "description": "Only the PID is public",
            "content": {**_CONTENT, "text/html": {}},
        },
    }
    if gone:
        answers["410"] = {"description": "Withdrawn; the tombstone document", "content": content}
    return answers


# ── SPARQL ───────────────────────────────────────────────────────────────────────────────


_SYNTAX = {
    "name": "format", "in": "query", "schema": {"type": "string"},
    "description": "The form of the answer, instead of Accept: a name, a file ending or a media "
    "type.",
}  # fmt: skip
_ASKED = text_parameters({
    "query": "The query. Without one the answer is the service description, or a form.",
    "as-of": "The state that is asked: an event number, a day or an RFC 3339 instant.",
    "observed-at": "Only what the sources had said by this day or instant.",
})  # fmt: skip
_DATASET = [
    {
        "name": name, "in": "query", "description": f"{said}, by IRI (SPARQL 1.1 Protocol, 2.1.4).",
        "schema": {"type": "array", "items": {"type": "string", "format": "uri"}},
    }
    for name, said in (
        ("default-graph-uri", "A graph of the default graph"), ("named-graph-uri", "A named graph"),
    )
]  # fmt: skip
_POSITION = {
    "name": "min-position", "in": "query", "schema": {"type": "integer", "minimum": 0},
    "description": "Wait until this event is in the state that is asked.",
}  # fmt: skip


def _sparql_paths() -> dict[str, Any]:
    asked = [*_ASKED, *_DATASET, _POSITION, _SYNTAX]
    fields = {one["name"]: one["schema"] for one in asked}
    kinds = [*(one.media_types[0] for one in (*RESULTS, *GRAPHS)), "text/html", TIMEMAP]
    answers = _of_kinds("The answer, in the form asked for", kinds) | {
        "403": {"description": "An update, or a call of another server", "content": _CONTENT},
        "504": {"description": "The time was up", "content": _CONTENT},
    }
    posted = {
        "application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": fields}},
        "application/sparql-query": {"schema": {"type": "string"}},
    }
    query = {"requestBody": {"content": posted}, "summary": "Ask the graph, by POST"}
    triples = _of_kinds("RDF", [one.media_types[0] for one in GRAPHS])
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "/sparql": {
            **_get_and_head("sparql", "Ask the graph (SPARQL 1.1 Protocol)", answers, asked),
            "post": {"tags": ["sparql"], "parameters": asked, **query, "responses": dict(answers)},
        },
        "/sparql/examples": _get_and_head("sparql", "The example queries", triples, [_SYNTAX]),
        "/sparql/examples/{name}": _get_and_head(
            "sparql", "One example query", triples, [name, _SYNTAX]
        ),
        "/.well-known/void": _get_and_head(
            "sparql", "What the data holds (VoID)", triples, [_SYNTAX]
        ),
    }


def _of_kinds(description: str, kinds: list[str]) -> dict[str, Any]:
    content: dict[str, Any] = {kind: {} for kind in kinds}
    return {"200": {"description": description, "content": content}}
