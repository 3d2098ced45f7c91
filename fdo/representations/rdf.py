"""A document in each RDF syntax, all written from the lines of the mapper.

Turtle and RDF/XML are written here, line by line and without a graph library: rdflib 7 writes
doubles in Turtle with seven digits (it would move a specimen by metres) and leaves carriage
returns bare in RDF/XML. Tests read every form back with rdflib and pyoxigraph.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import orjson

from fdo.errors import UNREADABLE
from fdo.representations import mappable
from fdo.representations.jsonld import to_jsonld
from fdo.representations.lexical import XSD, xml_text
from fdo.representations.nquads import quads, triples
from ontologies.jsonld import context
from ontologies.prefixes import PREFIXES

Writer = Callable[[dict[str, Any], str], bytes]
"""(document, address of the JSON-LD context) → bytes, UTF-8."""
Triple = tuple[str, str, str]
"""Subject and predicate IRIs without brackets; the object as N-Triples writes it."""

_LOCAL = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_\-]*[A-Za-z0-9_])?\Z").match
_NAMESPACE = re.compile(r"(.*[/#:])([A-Za-z_][A-Za-z0-9_\-]*)\Z").match
_BARE = {f"{XSD}integer", f"{XSD}double", f"{XSD}boolean"}
_BY_NAMESPACE = {namespace: prefix for prefix, namespace in PREFIXES.items()}


@dataclass(frozen=True, slots=True)
class Syntax:
    """One way to write a document as RDF."""

    name: str
    media_type: str
    extension: str
    write: Writer


def split(line: str) -> Triple:
    """The three parts of one line of the mapper."""
    subject, predicate, rest = line.split(" ", 2)
    return subject[1:-1], predicate[1:-1], rest[:-3]


def ntriples(lines: Iterable[str]) -> str:
    """N-Triples, sorted: the canonical form, since there are no blank nodes (RDFC-1.0)."""
    return "".join(sorted(lines))


def nquads(lines: Iterable[str], graph: str | None = None) -> str:
    """N-Quads, sorted, in the default graph or a named one."""
    return "".join(sorted(quads(lines, graph) if graph else lines))


def turtle(lines: Iterable[str], about: str) -> str:
    """Turtle with prefixes and the object's IRI as base, one block for each node."""
    body: list[str] = []
    used: set[str] = set()
    for subject, group in _by_subject(lines):
        pairs = [
            f"{'a' if predicate == _TYPE else _name(predicate, about, used)} "
            + ", ".join(_object(each, about, used) for each in objects)
            for predicate, objects in _by_predicate(group)
        ]
        body.append(f"{_name(subject, about, used)} " + " ;\n    ".join(pairs) + " .\n")
    head = [f"@base <{about}> .\n", *(f"@prefix {p}: <{PREFIXES[p]}> .\n" for p in sorted(used))]
    return "".join(head) + "\n" + "\n".join(body)


def rdf_xml(lines: Iterable[str]) -> str:
    """RDF/XML 1.1, a flat `rdf:Description` for each node.

    XML 1.0 cannot hold most control characters, not even escaped; they become U+FFFD.
    """
    used = {"rdf"}
    body: list[str] = []
    for subject, group in _by_subject(lines):
        body.append(f"  <rdf:Description rdf:about={quoteattr(subject)}>\n")
        body.extend(_element(predicate, each, used) for _, predicate, each in group)
        body.append("  </rdf:Description>\n")
    names = "".join(f"\n    xmlns:{p}={quoteattr(PREFIXES[p])}" for p in sorted(used))
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<rdf:RDF{names}>\n'
    return head + "".join(body) + "</rdf:RDF>\n"


_TYPE = f"{PREFIXES['rdf']}type"


def write(document: dict[str, Any], syntax: str) -> str:
    """The document in the syntax of that name, for readers without a server at hand.

    JSON-LD then holds its context itself.
    """
    if syntax == "jsonld":
        return orjson.dumps(to_jsonld(document, context())).decode()
    return SYNTAXES[syntax].write(document, "").decode()


def _by_subject(lines: Iterable[str]) -> Iterator[tuple[str, list[Triple]]]:
    """The nodes in the order of the document, each with all its triples."""
    nodes: dict[str, list[Triple]] = {}
    for triple in map(split, lines):
        nodes.setdefault(triple[0], []).append(triple)
    yield from nodes.items()


def _by_predicate(group: list[Triple]) -> Iterator[tuple[str, list[str]]]:
    ordered = sorted(group, key=lambda t: (t[1] != _TYPE, t[1]))
    for predicate, found in groupby(ordered, key=lambda t: t[1]):
        yield predicate, [each for _, _, each in found]


def _name(iri: str, about: str, used: set[str]) -> str:
    if iri.startswith(about) and (iri == about or iri[len(about)] == "#"):
        return f"<{iri[len(about) :]}>"
    if curie := _curie(iri):
        used.add(curie[0])
        return f"{curie[0]}:{curie[1]}"
    return f"<{iri}>"


@lru_cache(maxsize=1 << 12)
def _curie(iri: str) -> tuple[str, str] | None:
    """Prefix and local name, where one of our namespaces is followed by a plain name."""
    found = _NAMESPACE(iri)
    if found and (prefix := _BY_NAMESPACE.get(found[1])) and _LOCAL(found[2]):
        return prefix, found[2]
    return None


def _object(text: str, about: str, used: set[str]) -> str:
    if text[0] == "<":
        return _name(text[1:-1], about, used)
    value, datatype = _literal(text)
    if datatype is None:
        return text
    if datatype in _BARE:
        return value[1:-1]
    return f"{value}^^{_name(datatype, about, used)}"


def _literal(text: str) -> tuple[str, str | None]:
    """The quoted string and the datatype's IRI, if it has one."""
    if text[-1] == '"':
        return text, None
    value, _, datatype = text.rpartition("^^<")
    return value, datatype[:-1]


def _element(predicate: str, text: str, used: set[str]) -> str:
    tag = _tag(predicate, used)
    if text[0] == "<":
        return f"    <{tag} rdf:resource={quoteattr(text[1:-1])}/>\n"
    value, datatype = _literal(text)
    plain = xml_text(orjson.loads(value))
    kind = f" rdf:datatype={quoteattr(datatype)}" if datatype else ""
    return f"    <{tag}{kind}>{escape(plain, {chr(13): '&#13;'})}</{tag}>\n"


def _tag(predicate: str, used: set[str]) -> str:
    curie = _curie(predicate)
    if curie is None:
        raise ValueError(f"{predicate} is in none of our namespaces")
    used.add(curie[0])
    return f"{curie[0]}:{curie[1]}"


def _jsonld_bytes(document: dict[str, Any], context_url: str) -> bytes:
    return orjson.dumps(to_jsonld(document, context_url))


def _in_part(write: Writer) -> Writer:
    """A writer that leaves out of a document what cannot be mapped, as the graph does (decision
    0073)."""

    def written(document: dict[str, Any], context_url: str) -> bytes:
        try:
            return write(document, context_url)
        except UNREADABLE:
            _, refused = mappable.parts(document, document["@id"])
            if not refused:  # it is not for the document
                raise
            rest = {term: value for term, value in document.items() if term not in refused}
            return write(rest, context_url)

    return written


SYNTAXES: dict[str, Syntax] = {
    syntax.name: replace(syntax, write=_in_part(syntax.write))
    for syntax in (
        Syntax("jsonld", "application/ld+json", "jsonld", _jsonld_bytes),
        Syntax("turtle", "text/turtle", "ttl", lambda d, _: turtle(triples(d), d["@id"]).encode()),
        Syntax(
            "ntriples", "application/n-triples", "nt", lambda d, _: ntriples(triples(d)).encode()
        ),
        Syntax("nquads", "application/n-quads", "nq", lambda d, _: nquads(triples(d)).encode()),
        Syntax("rdfxml", "application/rdf+xml", "rdf", lambda d, _: rdf_xml(triples(d)).encode()),
    )
}
"""Every RDF syntax in which a document can be had, by name."""

FORMATS = tuple(SYNTAXES)
"""Their names."""
