"""How a node of an event stream is written and sent: one set of members, several syntaxes.

Syntaxes with graphs (N-Quads, TriG, JSON-LD) keep each payload in the graph of its member;
those without (N-Triples, Turtle) bear it on the member. `fdo.representations.member` says how
the one is had from the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from fastapi import Request
from pyoxigraph import RdfFormat, parse, serialize
from starlette.responses import Response

from api.feeds.hypermedia import LDES, TREE, Link, relation_lines
from api.feeds.ldes_members import Member
from api.negotiation import HTML, RDF_FORMATS, Format, choose
from ontologies.prefixes import PREFIXES

_RDF = {one.name: one for one in RDF_FORMATS}
TRIG = Format("trig", "application/trig", "trig", "TriG")
WITH_GRAPHS = (_RDF["nquads"], TRIG, _RDF["jsonld"])
FORMATS: tuple[Format, ...] = (*WITH_GRAPHS, _RDF["ntriples"], _RDF["turtle"], HTML)
"""The first is the quickest, for us and for readers, and is given to those who take anything."""

_ENGINE = {
    "jsonld": RdfFormat.JSON_LD,
    "trig": RdfFormat.TRIG,
    "turtle": RdfFormat.TURTLE,
}
_PREFIXES = {**PREFIXES, "ldes": LDES, "tree": TREE}

CLOSED = "public, max-age=86400, immutable"
"""Of a node whose bytes never change: what is taken off it later moves it to another address. For a
day, so that shared caches let go of that as of versions (decision 0062)."""
CHECKED = "public, max-age=3600"
"""Of a node to which nothing is added, but whose members may show less later."""
SHORTLY = "public, max-age=5"


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a stream, ready to be written."""

    address: str
    heading: str
    lines: list[str]
    """What it says of itself and of the stream."""
    children: Sequence[Link] = ()
    """The nodes to which it leads."""
    members: Sequence[Member] = ()
    cache: str = SHORTLY
    stream: str = ""
    """The stream whose members these are."""
    links: dict[str, str] = field(default_factory=dict)
    """Relation type → address, for the Link header."""
    moved: bool = False
    """Whether the node is at its address, and not where it was asked for."""


def write(node: Node, shown: Format) -> bytes:
    """The bytes of a node in a format."""
    graphs = shown in WITH_GRAPHS
    lines = [*node.lines, *relation_lines(node.address, node.children)]
    for member in node.members:
        lines.append(f"<{node.stream}> <{TREE}member> <{member.iri}> .\n")
        lines += member.quads() if graphs else member.triples()
    text = "".join(lines).encode()
    engine = _ENGINE.get(shown.name)
    if engine is None:
        return text
    read = parse(text, format=RdfFormat.N_QUADS if graphs else RdfFormat.N_TRIPLES)
    used = {prefix: name for prefix, name in _PREFIXES.items() if f"<{name}".encode() in text}
    written = serialize(read, format=engine, prefixes=used)
    assert written is not None
    return written


def asked_format(request: Request, asked: str | None) -> Format:
    """The format to answer in; NotAcceptable lists those there are."""
    return choose(request.headers.get("accept", ""), asked, FORMATS)


def answer(request: Request, node: Node, shown: Format, body: bytes) -> Response:
    """The node as an answer, with a strong validator; 304 where the reader has it."""
    headers = {
        "ETag": f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"',
        "Cache-Control": node.cache,
        "Vary": "Accept",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag, Link",
    }
    if node.links:
        headers["Link"] = ", ".join(f'<{to}>; rel="{rel}"' for rel, to in node.links.items())
    known = [
        one.strip().removeprefix("W/")
        for one in request.headers.get("if-none-match", "").split(",")
    ]
    if headers["ETag"] in known or "*" in known:
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = shown.content_type.decode()
    headers["Content-Length"] = str(len(body))
    return Response(b"" if request.method == "HEAD" else body, headers=headers)
