"""The endpoint for people: a form, examples, and the answer as a table.

Rendered here, whole, without scripts and without anything from elsewhere. The query is in the
address, so the page can be bookmarked and sent. A table ends after a thousand rows and says so;
the downloads do not.
"""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import orjson
from jinja2 import Environment, FileSystemLoader

from api.sparql_description import Description
from fdo.errors import CollectomeError
from handlers.queries.answer import Question
from handlers.queries.errors import (
    ForbiddenQuery,
    MalformedQuery,
    QueryStopped,
    QueryTooLarge,
    UnsupportedQuery,
)
from handlers.queries.pool import QueryPool
from ontologies.terms import shrink

ROWS: Final = 1000
_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
_ENGINE: Final = Environment(
    loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_POLICY: Final = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'"
)
_FIRST: Final = (
    "SELECT ?subject ?property ?value WHERE {\n  ?subject ?property ?value .\n}\nLIMIT 25\n"
)
_TABLES: Final = (("CSV", "csv"), ("TSV", "tsv"), ("JSON", "json"), ("XML", "xml"))
_GRAPHS: Final = (
    ("Turtle", "turtle"),
    ("JSON-LD", "jsonld"),
    ("N-Triples", "ntriples"),
    ("RDF/XML", "rdfxml"),
)


class Page:
    """Renders the form and, when there is a query, its answer."""

    def __init__(self, pool: QueryPool, description: Description, title: str) -> None:
        self._title = title
        self._pool = pool
        self._description = description
        self._path = urlsplit(description.endpoint).path
        self._template = _ENGINE.get_template("sparql.html")
        self.style = (_TEMPLATES / "sparql.css").read_bytes()

    async def show(
        self, query: str | None, default_graphs: list[str], named_graphs: list[str]
    ) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        """Status, page and further headers."""
        status, error, answer = 200, None, None
        if query is not None:
            question = Question(
                query,
                default_graphs=tuple(default_graphs),
                named_graphs=tuple(named_graphs),
                rows=ROWS,
                instead=await self._description.instead_of_graph(query),
            )
            try:
                answer = await self._answer(question)
            except CollectomeError as refusal:
                status, error = _status(refusal), refusal
        page = self._template.render(
            title=self._title,
            path=self._path,
            query=query if query is not None else _FIRST,
            asked=query is not None,
            answer=answer,
            error=error.message if error else None,
            phrase=HTTPStatus(status).phrase,
            downloads=self._downloads(query, answer, default_graphs, named_graphs),
            examples=[(each, self._link(each.query)) for each in self._description.examples],
            rows=ROWS,
            timeout_s=self._pool.timeout_s,
        )
        headers = [(b"content-security-policy", _POLICY), (b"referrer-policy", b"no-referrer")]
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers.append((b"retry-after", b"5"))
        return status, page.encode(), headers

    async def _answer(self, question: Question) -> dict[str, Any]:
        async with self._pool.run(question) as answer:
            shown: dict[str, Any] = orjson.loads(await answer.read())
            shown["position"] = answer.position
            shown["recorded_at"] = answer.recorded_at
        for row in shown.get("rows", ()):
            for cell in row:
                if cell is not None:
                    _dress(cell)
        return shown

    def _downloads(
        self,
        query: str | None,
        answer: dict[str, Any] | None,
        default_graphs: list[str],
        named_graphs: list[str],
    ) -> list[tuple[str, str]]:
        if query is None or answer is None:
            return []
        dataset = "".join(
            [f"&default-graph-uri={quote(each, safe='')}" for each in default_graphs]
            + [f"&named-graph-uri={quote(each, safe='')}" for each in named_graphs]
        )
        forms = _GRAPHS if answer["kind"] == "triples" else _TABLES
        return [(label, f"{self._link(query)}{dataset}&format={name}") for label, name in forms]

    def _link(self, query: str) -> str:
        return f"{self._path}?query={quote(query, safe='')}"


def _dress(cell: dict[str, Any]) -> None:
    """Add what a reader needs: a link where one can be followed, a short name."""
    value = cell["value"]
    if cell["type"] == "uri":
        cell["href"] = value if value.startswith(("http://", "https://")) else None
        cell["text"] = shrink(value)
    elif cell["type"] == "bnode":
        cell["text"] = f"_:{value}"
    else:
        cell["text"] = value
        cell["datatype"] = shrink(cell["datatype"]) if "datatype" in cell else None


def _status(error: CollectomeError) -> int:
    match error:
        case MalformedQuery() | UnsupportedQuery():
            return 400
        case ForbiddenQuery():
            return 403
        case QueryTooLarge():
            return 413
        case QueryStopped(reason="deadline"):
            return 504
        case _:
            return 503
