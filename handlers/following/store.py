"""A SPARQL 1.1 store somewhere: asked and updated over the standard protocol, nothing else.

Where it stands is a few triples in its own graph `urn:collectome:graph:meta`, which are moved in
the update that moves it: after any death both are there, or neither.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, RdfFormat, parse

from eventstore.patches import META, PROVENANCE, RECORDS
from fdo.errors import Refused
from handlers.following.asking import MEBIBYTE, Away, SourceRefuses, good_address, seconds_of

LOG = "urn:collectome:log"
_COL = "urn:collectome:vocab:"
_XSD_INTEGER = "http://www.w3.org/2001/XMLSchema#integer"
MAX_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of an answer with solutions; what a store is asked for is a few hundred rows."""
_BACKSLASH_U: Final = re.compile(r"(?<!\\)((?:\\\\)+)([uU])")
"""Backslashes of a value (each is written as two) before its letter u."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a store has read, and of which log."""

    log_id: str
    position: int
    patch: str
    """The name of the last patch that is in it."""


class SparqlStore:
    """The default graph of a store, or one graph of it, and our named graphs beside it."""

    def __init__(
        self,
        query: str,
        update: str | None = None,
        *,
        graph: str | None = None,
        authorization: str | None = None,
    ) -> None:
        self.query, self.updates = good_address(query), good_address(update or query)
        self.graph = DefaultGraph() if graph is None else NamedNode(graph)
        headers = {"User-Agent": "collectome-follow"}
        if authorization:
            headers["Authorization"] = header_of(authorization)
        self._client = httpx.Client(
            headers=headers, timeout=httpx.Timeout(120.0, connect=10.0), trust_env=False
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def standing(self) -> Standing | None:
        """Where the store stands; None for one that never followed."""
        rows = self.rows(f"SELECT ?p ?o {{ GRAPH <{META}> {{ <{LOG}> ?p ?o }} }}")
        said = {row["p"].removeprefix(_COL): row["o"] for row in rows}
        if not said:
            return None
        try:
            return Standing(said["logId"], int(said["position"]), said["patch"])
        except (KeyError, ValueError) as wrong:
            raise Refused(
                f"What {self.query} says in <{META}> is not what a follower wrote there; empty "
                "the store and begin anew."
            ) from wrong

    def empty(self) -> bool:
        """Whether there is nothing in the graphs that a follower keeps."""
        graphs = [self.graph, NamedNode(RECORDS), NamedNode(PROVENANCE)]
        return not any(self._any(graph) for graph in graphs)

    def rows(self, query: str) -> list[dict[str, str]]:
        """The solutions of a SELECT, as text."""
        headers = {"Accept": "application/sparql-results+json"}
        body = self._post(self.query, "application/sparql-query", query, headers)
        try:
            return [
                {name: str(cell["value"]) for name, cell in row.items()}
                for row in orjson.loads(body)["results"]["bindings"]
            ]
        except (AttributeError, LookupError, TypeError, ValueError) as wrong:
            raise SourceRefuses(
                f"{self.query} does not answer a query with SPARQL results in JSON; is it the "
                "query address of the store?"
            ) from wrong

    def update(self, text: str) -> None:
        """Carry out one update request, which the store does whole or not at all."""
        self._post(self.updates, "application/sparql-update", text, {})

    def quads(self, graph: NamedNode | DefaultGraph) -> Iterator[Quad]:
        """All triples of a graph, as they come."""
        inside = within(graph, "?s ?p ?o")
        query = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {inside} }}"
        headers = {
            "Accept": "application/n-triples",
            "Content-Type": "application/sparql-query",
        }
        try:
            with self._client.stream("POST", self.query, content=query, headers=headers) as answer:
                if not answer.is_success:
                    _judge(answer, _bounded(answer))
                for triple in parse(_Readable(answer.iter_bytes()), format=RdfFormat.N_TRIPLES):  # type: ignore[arg-type]  # a file of bytes: `read` is all that is asked
                    yield Quad(triple.subject, triple.predicate, triple.object, graph)
        except httpx.HTTPError as error:
            raise _away(self.query, error) from error
        except (SyntaxError, ValueError) as wrong:
            raise SourceRefuses(
                f"{self.query} does not answer CONSTRUCT with N-Triples ({wrong})."
            ) from wrong

    def _any(self, graph: NamedNode | DefaultGraph) -> bool:
        return bool(self.rows(f"SELECT ?s {{ {within(graph, '?s ?p ?o')} }} LIMIT 1"))

    def _post(self, url: str, kind: str, text: str, headers: dict[str, str]) -> bytes:
        sent = {"Content-Type": kind, **headers}
        try:
            with self._client.stream("POST", url, content=text.encode(), headers=sent) as answer:
                body = _bounded(answer)
        except httpx.HTTPError as error:
            raise _away(url, error) from error
        _judge(answer, body)
        return body


def _bounded(answer: httpx.Response) -> bytes:
    """The body of an answer; SourceRefuses where it does not end."""
    body = bytearray()
    for block in answer.iter_bytes():
        body += block
        if len(body) > MAX_ANSWER:
            raise SourceRefuses(
                f"{answer.url} answers with more than {MAX_ANSWER // MEBIBYTE} MiB, which is more "
                "than is taken."
            )
    return bytes(body)


def _judge(answer: httpx.Response, body: bytes) -> None:
    """Away where the store may do better later, SourceRefuses where it said no."""
    if answer.is_success:
        return
    said = f"{answer.url} answers {answer.status_code}: {body[:300].decode(errors='replace')}"
    if answer.status_code >= 500 or answer.status_code in (408, 429):
        raise Away(said, retry_after=seconds_of(answer.headers.get("retry-after", "")))
    if answer.status_code in (401, 403):
        said += " Set FDO_STORE_AUTHORIZATION, or name a file with --auth-file."
    if answer.is_redirect:
        said += f" It leads to {answer.headers.get('location', '')[:200]}; name that address."
    raise SourceRefuses(said, status=answer.status_code)


def _away(url: str, error: httpx.HTTPError) -> Away:
    return Away(f"{url}: {str(error) or type(error).__name__}")


class _Readable:
    """Blocks of bytes as the file that a parser reads."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._left = blocks, b""

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; none at the end."""
        while not self._left:
            try:
                self._left = next(self._blocks)
            except StopIteration:
                return b""
        size = len(self._left) if size < 0 else size
        part, self._left = self._left[:size], self._left[size:]
        return part


def header_of(secret: str) -> str:
    """An Authorization header: as it is given, or Basic of `user:password` (RFC 7617)."""
    secret = secret.strip()
    if secret.split(" ", 1)[0].lower() in ("basic", "bearer"):
        return secret
    if ":" not in secret:
        raise Refused("The authorization is `Bearer …`, `Basic …` or `user:password`.")
    return "Basic " + base64.b64encode(secret.encode()).decode()


def within(graph: NamedNode | DefaultGraph, pattern: str) -> str:
    """A pattern of triples in a graph."""
    return pattern if isinstance(graph, DefaultGraph) else f"GRAPH {graph} {{ {pattern} }}"


def moved(standing: Standing) -> str:
    """The part of an update that says how far the store has read."""
    said = (
        f"<{LOG}> <{_COL}logId> {Literal(standing.log_id)} ; "
        f'<{_COL}position> "{standing.position}"^^<{_XSD_INTEGER}> ; '
        f"<{_COL}patch> <{standing.patch}> ."
    )
    return (
        f"DELETE WHERE {{ GRAPH <{META}> {{ <{LOG}> ?p ?o }} }} ;\n"
        f"INSERT DATA {{ GRAPH <{META}> {{ {said} }} }}"
    )


def data(quads: Sequence[Quad], default: NamedNode | DefaultGraph) -> str:
    """Quads as the body of a DATA block; those of the default graph go where `default` says."""
    groups: dict[NamedNode | DefaultGraph, list[str]] = {}
    for quad in quads:
        graph = quad.graph_name
        assert isinstance(graph, NamedNode | DefaultGraph)
        place = default if isinstance(graph, DefaultGraph) else graph
        line = plain(f"{quad.subject} {quad.predicate} {quad.object} .")
        groups.setdefault(place, []).append(line)
    return " ".join(within(graph, " ".join(lines)) for graph, lines in groups.items())


def plain(line: str) -> str:
    """A line of N-Triples as text of an update. What reads in a value as the escape of a character
    is written so that it stays, since some stores replace such escapes before they read the text
    (SPARQL 1.1 Query, 19.2)."""
    return _BACKSLASH_U.sub(lambda m: f"{m[1]}\\u{ord(m[2]):04X}", line)


def solutions(rows: Sequence[dict[str, Any]], name: str) -> list[str]:
    """The values of one variable."""
    return [str(row[name]) for row in rows if name in row]
