"""The endpoint for people: a form, examples, and the answer as a table.

Rendered here, whole, without scripts and without anything from elsewhere. The query is in the
address, so the page can be bookmarked and sent. A table ends after a thousand rows and says so;
the downloads do not.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import orjson
from jinja2 import Environment, FileSystemLoader

from api.objects.addresses import Addresses
from api.rendering import moment
from api.sparql.asking import Asking
from api.sparql.description import Description
from api.sparql.refusals import status_of
from api.sparql.request import Asked
from fdo.errors import CollectomeError
from handlers.queries.pool import QueryPool
from ontologies.terms import shrink

ROWS: Final = 1000
_TEMPLATES: Final = Path(__file__).resolve().parents[1] / "templates"
_ENGINE: Final = Environment(
    loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_ENGINE.filters["moment"] = moment
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

    def __init__(
        self, pool: QueryPool, asking: Asking, description: Description, title: str
    ) -> None:
        self._title = title
        self._pool, self._asking = pool, asking
        self._description = description
        self._path = urlsplit(description.endpoint).path
        self._template = _ENGINE.get_template("sparql.html")
        self.style = (_TEMPLATES / "sparql.css").read_bytes()

    async def show(
        self, asked: Asked, client: str, host: str
    ) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        """Status, page and further headers."""
        status, error, answer = 200, None, None
        if asked.query is not None:
            try:
                answer = await self._answer(asked, client, host)
            except CollectomeError as refusal:
                (status, _), error = status_of(refusal), refusal
        page = self._template.render(
            title=self._title,
            path=self._path,
            query=asked.query if asked.query is not None else _FIRST,
            past=self._asking.knows_the_past,
            as_of=asked.as_of,
            observed_at=asked.observed_at,
            graphs=_graphs(asked),
            of_all=self._link(
                asked.query or _FIRST, replace(asked, default_graphs=[], named_graphs=[])
            ),
            asked=asked.query is not None,
            answer=answer,
            error=error.message if error else None,
            phrase=HTTPStatus(status).phrase,
            downloads=self._downloads(asked, answer),
            permalink=self._link(asked.query, asked) if asked.query is not None else None,
            repeatable=self._link(asked.query, asked, answer) if asked.query and answer else None,
            examples=[(each, self._link(each.query)) for each in self._description.examples],
            rows=ROWS,
            timeout_s=self._pool.timeout_s,
        )
        headers = [(b"content-security-policy", _POLICY), (b"referrer-policy", b"no-referrer")]
        if error is not None and "retry_after" in error.details:
            headers.append((b"retry-after", str(error.details["retry_after"]).encode()))
        elif status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers.append((b"retry-after", b"5"))
        return status, page.encode(), headers

    async def _answer(self, asked: Asked, client: str, host: str) -> dict[str, Any]:
        put = await self._asking.ready(asked, client, host, rows=ROWS)
        async with self._asking.run(put) as answer:
            shown: dict[str, Any] = orjson.loads(await answer.read())
            shown["position"] = answer.position
            shown["recorded_at"] = answer.recorded_at
        then = _moment(asked, answer.position)
        cells = [cell for row in shown.get("rows", ()) for cell in row if cell is not None]
        addresses = Addresses(self._asking.log)
        named = (cell["value"] for cell in cells if cell["type"] == "uri")
        await asyncio.to_thread(addresses.learn, named)
        for cell in cells:
            _dress(cell, addresses, then)
        return shown

    def _downloads(self, asked: Asked, answer: dict[str, Any] | None) -> list[tuple[str, str]]:
        if asked.query is None or answer is None:
            return []
        forms = _GRAPHS if answer["kind"] == "triples" else _TABLES
        link = self._link(asked.query, asked)
        return [(label, f"{link}&format={name}") for label, name in forms]

    def _link(
        self, query: str, asked: Asked | None = None, answer: dict[str, Any] | None = None
    ) -> str:
        """The address of this query with its dataset and time; with the answer, of the very
        state that gave it."""
        fields = [("query", query)]
        if asked is not None:
            fields += _graphs(asked)
            as_of = asked.as_of if answer is None else str(answer["position"])
            fields += [("as-of", as_of)] if as_of else []
            fields += [("observed-at", asked.observed_at)] if asked.observed_at else []
        return f"{self._path}?{urlencode(fields, quote_via=quote, safe='')}"


def _graphs(asked: Asked) -> list[tuple[str, str]]:
    """The dataset of the request, as parameters."""
    return [
        *(("default-graph-uri", each) for each in asked.default_graphs),
        *(("named-graph-uri", each) for each in asked.named_graphs),
    ]


def _moment(asked: Asked, position: int) -> str:
    """The query string that shows an object as the answer saw it; empty for an answer of now."""
    if not asked.as_of and not asked.observed_at:
        return ""
    fields = [("as-of", str(position))]
    fields += [("observed-at", asked.observed_at)] if asked.observed_at else []
    return f"?{urlencode(fields)}"


def _dress(cell: dict[str, Any], addresses: Addresses, then: str) -> None:
    """Add what a reader needs: a link where one can be followed, a short name."""
    value = cell["value"]
    if cell["type"] == "uri":
        cell["href"] = addresses(value, then)
        cell["text"] = shrink(value)
    elif cell["type"] == "bnode":
        cell["text"] = f"_:{value}"
    else:
        cell["text"] = value
        cell["datatype"] = shrink(cell["datatype"]) if "datatype" in cell else None
