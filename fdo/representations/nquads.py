"""A document as N-Triples text: the direct mapper of the hot path.

Each key of the term table is compiled once into a small function that writes its lines, so
that a document becomes text in one walk, without a graph in between. The JSON-LD form
(`jsonld.py`) read by PyLD or pyoxigraph gives exactly the same triples; tests hold them
together. Nested nodes are named by fragments (`fragments.py`): no blank nodes, ever.

>>> triples({"@id": "https://doi.org/10.5072/AAA-BBB-CCC", "ods:version": 1})
['<https://doi.org/10.5072/AAA-BBB-CCC> <http://rs.dissco.eu/opends/terms/version> \
"1"^^<http://www.w3.org/2001/XMLSchema#integer> .\\n']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from fdo.errors import InvalidDocument
from fdo.representations.derived import geometry
from fdo.representations.lexical import (
    RDF_JSON,
    WKT_LITERAL,
    XSD,
    canonical_escapes,
    double,
    is_date_time,
    is_iri,
    json_text,
    needs_canonical_escapes,
)
from ontologies.prefixes import PREFIXES
from ontologies.terms import DOCUMENT_TERMS, TERMS, Kind, Term, iri_of_value

Emit = Callable[[str, str, Any, list[str]], None]
"""(subject without `>`, stem of the fragments below it, value, lines) → nothing."""

_dumps = orjson.dumps

_INTEGER = f'"^^<{XSD}integer> .\n'
_DOUBLE = f'"^^<{XSD}double> .\n'
_TRUE = f'"true"^^<{XSD}boolean> .\n'
_FALSE = f'"false"^^<{XSD}boolean> .\n'
_DATE_TIME = f"^^<{XSD}dateTime> .\n"
_JSON = f"^^<{RDF_JSON}> .\n"
_TYPE = f"> <{TERMS['rdf:type'].iri}> "
_SAME_AS = f"> <{TERMS['schema:sameAs'].iri}> "
_HAS_GEOMETRY = f"> <{TERMS['geo:hasGeometry'].iri}> "
_AS_WKT = f"> <{TERMS['geo:asWKT'].iri}> "
_GEOMETRY = f"{_TYPE}<{PREFIXES['geo']}Geometry> .\n"
_WKT = f"^^<{WKT_LITERAL}> .\n"


def triples(document: dict[str, Any]) -> list[str]:
    """The default graph's lines of one document: `<s> <p> o .` and a newline, each once.

    Refuses a document without a PID IRI in `@id` and one with a key that the term table does
    not know: nothing is left out silently.
    """
    subject = document.get("@id")
    if type(subject) is not str or not is_iri(subject):
        raise InvalidDocument(
            f"A document needs an IRI in @id to be mapped, not {subject!r}.", [("/@id", "no IRI")]
        )
    lines: list[str] = []
    _write(f"<{subject}", f"<{subject}#", document, lines)
    text = "".join(lines)
    if needs_canonical_escapes(text):
        return [canonical_escapes(line) for line in lines]
    return lines


def quads(lines: Iterable[str], graph: str) -> list[str]:
    """The same lines in a named graph, as N-Quads."""
    tail = f"<{graph}> .\n"
    return [line[:-2] + tail for line in lines]


def _write(subject: str, stem: str, node: dict[str, Any], lines: list[str]) -> None:
    append = lines.append
    for key, value in node.items():
        predicate = _TEXT.get(key)
        if predicate is not None and type(value) is str:
            append(f"{subject}{predicate}{_dumps(value).decode()} .\n")
        else:
            emit = _EMIT.get(key)
            if emit is None:
                raise _unknown(key, subject)
            emit(subject, stem, value, lines)


def _unknown(key: str, subject: str) -> InvalidDocument:
    return InvalidDocument(
        f"{key!r} (at {subject[1:]}) is not in the term table; check the document against its "
        "schema, or add the term to ontologies/words.",
        [(f"/{key}", "unknown term")],
    )


def _each(one: Emit) -> Emit:
    """An emitter that also takes arrays, as sets: equal values give one line."""

    def emit(subject: str, stem: str, value: Any, lines: list[str]) -> None:
        if type(value) is list:
            found: list[str] = []
            for item in value:
                emit(subject, stem, item, found)
            lines.extend(dict.fromkeys(found) if len(found) > 1 else found)
        elif value is not None:
            one(subject, stem, value, lines)

    return emit


def _plain(predicate: str, key: str) -> Emit:
    """Values whose JSON type decides: text, integer, double, boolean."""

    def emit(subject: str, _: str, value: Any, lines: list[str]) -> None:
        if type(value) is str:
            lines.append(f"{subject}{predicate}{_dumps(value).decode()} .\n")
        elif type(value) is bool:
            lines.append(f"{subject}{predicate}{_TRUE if value else _FALSE}")
        elif type(value) is int:
            lines.append(f'{subject}{predicate}"{value}{_INTEGER}')
        elif type(value) is float:
            lines.append(f'{subject}{predicate}"{double(value)}{_DOUBLE}')
        else:
            raise InvalidDocument(
                f"{key} (at {subject[1:]}) takes a plain value, not an object.",
                [(f"/{key}", "not a plain value")],
            )

    return emit


def _integer(predicate: str, key: str) -> Emit:
    plain = _plain(predicate, key)

    def emit(subject: str, stem: str, value: Any, lines: list[str]) -> None:
        if type(value) is int:
            lines.append(f'{subject}{predicate}"{value}{_INTEGER}')
        else:
            plain(subject, stem, value, lines)

    return emit


def _double(predicate: str, key: str) -> Emit:
    plain = _plain(predicate, key)

    def emit(subject: str, stem: str, value: Any, lines: list[str]) -> None:
        if type(value) is float or type(value) is int:
            lines.append(f'{subject}{predicate}"{double(value)}{_DOUBLE}')
        else:
            plain(subject, stem, value, lines)

    return emit


def _date_time(predicate: str, key: str) -> Emit:
    plain = _plain(predicate, key)

    def emit(subject: str, stem: str, value: Any, lines: list[str]) -> None:
        if type(value) is str and is_date_time(value):
            lines.append(f'{subject}{predicate}"{value}"{_DATE_TIME}')
        else:
            plain(subject, stem, value, lines)

    return emit


def _iri(predicate: str, key: str) -> Emit:
    plain = _plain(predicate, key)

    def emit(subject: str, stem: str, value: Any, lines: list[str]) -> None:
        if type(value) is str and is_iri(name := iri_of_value(value)):
            lines.append(f"{subject}{predicate}<{name}> .\n")
        else:
            plain(subject, stem, value, lines)

    return emit


def _json(predicate: str, _: str) -> Emit:
    """The whole value as one `rdf:JSON` literal, keys sorted."""

    def emit(subject: str, _: str, value: Any, lines: list[str]) -> None:
        if value is not None:
            text = _dumps(json_text(value)).decode()
            lines.append(f"{subject}{predicate}{text}{_JSON}")

    return emit


def _node(predicate: str, key: str) -> Emit:
    """Nested nodes: numbered from 1 in an array, without number alone."""
    name = DOCUMENT_TERMS[key].fragment
    links = _each(_iri(predicate, key))
    placed = key == "ods:hasGeoreference"

    def one(subject: str, child: str, value: dict[str, Any], lines: list[str]) -> None:
        lines.append(f"{subject}{predicate}{child}> .\n")
        _write(child, f"{child}-", value, lines)
        if placed and (wkt := geometry(value)):
            shape = f"{child}-geometry"
            lines.append(f"{child}{_HAS_GEOMETRY}{shape}> .\n")
            lines.append(f"{shape}{_GEOMETRY}")
            lines.append(f'{shape}{_AS_WKT}"{wkt}"{_WKT}')

    def emit(subject: str, stem: str, value: Any, lines: list[str]) -> None:
        if type(value) is list:
            for number, item in enumerate(value, 1):
                if type(item) is dict:
                    one(subject, f"{stem}{name}-{number}", item, lines)
            links(subject, "", [item for item in value if type(item) is not dict], lines)
        elif type(value) is dict:
            one(subject, f"{stem}{name}", value, lines)
        else:
            links(subject, "", value, lines)

    return emit


def _emit_id(subject: str, stem: str, value: Any, lines: list[str]) -> None:
    """A nested `@id` of a foreign document is never a subject: it becomes `schema:sameAs`."""
    if not stem.endswith("#"):
        _SAME(subject, stem, value, lines)


def _emit_type(subject: str, _: str, value: Any, lines: list[str]) -> None:
    for item in dict.fromkeys(value) if type(value) is list else (value,):
        lines.append(f"{subject}{_TYPE}<{class_iri(item)}> .\n")


def class_iri(name: Any) -> str:
    """The IRI of a class as `@type` writes it; a name without prefix is one of openDS."""
    if type(name) is str:
        full = iri_of_value(name) if ":" in name else PREFIXES["ods"] + name
        if is_iri(full):
            return full
    raise InvalidDocument(f"{name!r} is not the name of a class.", [("/@type", "no class")])


_COMPILERS: dict[Kind, Callable[[str, str], Emit]] = {
    Kind.BOOLEAN: _plain,
    Kind.DATETIME: _date_time,
    Kind.DOUBLE: _double,
    Kind.INTEGER: _integer,
    Kind.IRI: _iri,
    Kind.JSON: _json,
    Kind.LITERAL: _plain,
    Kind.NODE: _node,
}


def _compile(term: Term) -> Emit:
    emit = _COMPILERS[term.kind](f"> <{term.iri}> ", term.key)
    return emit if term.kind in (Kind.NODE, Kind.JSON) else _each(emit)


_SAME = _each(_iri(_SAME_AS, "@id"))
_EMIT: dict[str, Emit] = {key: _compile(term) for key, term in DOCUMENT_TERMS.items()}
_EMIT |= {"@id": _emit_id, "@type": _emit_type}
_TEXT: dict[str, str] = {
    key: f"> <{term.iri}> " for key, term in DOCUMENT_TERMS.items() if term.kind is Kind.LITERAL
}
