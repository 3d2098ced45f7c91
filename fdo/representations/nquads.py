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
from functools import lru_cache
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
)
from ontologies.prefixes import PREFIXES
from ontologies.terms import DOCUMENT_TERMS, TERMS, Kind, iri_of_value

Emit = Callable[[str, str, Any, list[str]], None]
"""(subject without `>`, stem of the fragments below it, value, lines) → nothing."""

Write = Callable[[str, str, dict[str, Any], list[str]], None]
"""As `Emit`, for a whole node."""

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
    subject = subject_of(document)
    blob = _dumps(document)
    odd = b"\x7f" in blob or b"\xef\xbf" in blob
    lines: list[str] = []
    if not odd and b"\\" not in blob:
        _write_clean(f"<{subject}", f"<{subject}#", document, lines)
        return lines
    _write_escaped(f"<{subject}", f"<{subject}#", document, lines)
    if odd or b"\\u00" in blob:
        return [canonical_escapes(line) for line in lines]
    return lines


def quads(lines: Iterable[str], graph: str) -> list[str]:
    """The same lines in a named graph, as N-Quads."""
    tail = f"<{graph}> .\n"
    return [line[:-2] + tail for line in lines]


def _writer(clean: bool) -> Write:
    """Compile the term table into a function that writes one node and those below it.

    JSON escapes what N-Triples escapes. So a document whose JSON has no backslash is clean: its
    texts go out as they are, which saves a fifth of the time; most documents are.
    """
    emitters: dict[str, Emit] = {"@id": _emit_id, "@type": _emit_type}

    def write(subject: str, stem: str, node: dict[str, Any], lines: list[str]) -> None:
        append = lines.append
        for key, value in node.items():
            predicate = _TEXT.get(key)
            if predicate is not None and type(value) is str:
                if clean:
                    append(f'{subject}{predicate}"{value}" .\n')
                else:
                    append(f"{subject}{predicate}{_dumps(value).decode()} .\n")
            else:
                emit = emitters.get(key)
                if emit is None:
                    raise unknown_term(key, subject)
                emit(subject, stem, value, lines)

    for key, term in DOCUMENT_TERMS.items():
        predicate = f"> <{term.iri}> "
        if term.kind is Kind.NODE:
            emitters[key] = _node(predicate, key, write)
        else:
            emitters[key] = _COMPILERS[term.kind](predicate, key)
    return write


def subject_of(document: dict[str, Any]) -> str:
    """The IRI in `@id` of a document; InvalidDocument where there is none."""
    subject = document.get("@id")
    if type(subject) is not str or not is_iri(subject):
        raise InvalidDocument(
            f"A document needs an IRI in @id to be mapped, not {subject!r}.", [("/@id", "no IRI")]
        )
    return subject


def unknown_term(key: str, subject: str) -> InvalidDocument:
    """The refusal of a key that the term table does not know, in the node of that name."""
    return InvalidDocument(
        f"{key!r} (at {subject[1:]}) is not in the term table; check the document against its "
        "schema, or add the term to ontologies/words.",
        [(f"/{key}", "unknown term")],
    )


def not_plain(key: str, subject: str) -> InvalidDocument:
    """The refusal of an object where a plain value belongs, in the node of that name."""
    return InvalidDocument(
        f"{key} (at {subject[1:]}) takes a plain value, not an object.",
        [(f"/{key}", "not a plain value")],
    )


def _spread(emit: Emit, subject: str, values: list[Any], lines: list[str]) -> None:
    """Arrays are sets: equal values give one line."""
    found: list[str] = []
    for item in values:
        emit(subject, "", item, found)
    lines.extend(dict.fromkeys(found) if len(found) > 1 else found)


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
        elif type(value) is list:
            _spread(emit, subject, value, lines)
        elif value is not None:
            raise not_plain(key, subject)

    return emit


def _double(predicate: str, key: str) -> Emit:
    plain = _plain(predicate, key)

    def emit(subject: str, stem: str, value: Any, lines: list[str]) -> None:
        if type(value) is float or type(value) is int:
            lines.append(f'{subject}{predicate}"{double(value)}{_DOUBLE}')
        elif type(value) is list:
            _spread(emit, subject, value, lines)
        else:
            plain(subject, stem, value, lines)

    return emit


def _resource(read: Callable[[str], str | None]) -> Callable[[str, str], Emit]:
    """Text that may be more than text: `read` gives the end of its line, or None."""

    def compiler(predicate: str, key: str) -> Emit:
        plain = _plain(predicate, key)

        def emit(subject: str, stem: str, value: Any, lines: list[str]) -> None:
            if type(value) is str:
                end = read(value)
                if end is not None:
                    lines.append(f"{subject}{predicate}{end}")
                    return
            elif type(value) is list:
                _spread(emit, subject, value, lines)
                return
            plain(subject, stem, value, lines)

        return emit

    return compiler


@lru_cache(maxsize=1 << 15)
def _named(text: str) -> str | None:
    return f"<{name}> .\n" if is_iri(name := iri_of_value(text)) else None


@lru_cache(maxsize=1 << 12)
def _instant(text: str) -> str | None:
    return f'"{text}"{_DATE_TIME}' if is_date_time(text) else None


def _json(predicate: str, _: str) -> Emit:
    """The whole value as one `rdf:JSON` literal, keys sorted."""

    def emit(subject: str, _: str, value: Any, lines: list[str]) -> None:
        if value is not None:
            text = _dumps(json_text(value)).decode()
            lines.append(f"{subject}{predicate}{text}{_JSON}")

    return emit


def _node(predicate: str, key: str, write: Write) -> Emit:
    """Nested nodes: numbered from 1 in an array, without number alone."""
    name = DOCUMENT_TERMS[key].fragment
    links = _IRIS(predicate, key)
    placed = key == "ods:hasGeoreference"

    def one(subject: str, child: str, value: dict[str, Any], lines: list[str]) -> None:
        lines.append(f"{subject}{predicate}{child}> .\n")
        write(child, f"{child}-", value, lines)
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
        lines.append(f"{subject}{_class(item)}")


@lru_cache(maxsize=1 << 10)
def _class(name: Any) -> str:
    return f"{_TYPE}<{class_iri(name)}> .\n"


def class_iri(name: Any) -> str:
    """The IRI of a class as `@type` writes it; a name without prefix is one of openDS."""
    if type(name) is str:
        full = iri_of_value(name) if ":" in name else PREFIXES["ods"] + name
        if is_iri(full):
            return full
    raise InvalidDocument(f"{name!r} is not the name of a class.", [("/@type", "no class")])


_IRIS = _resource(_named)
_COMPILERS: dict[Kind, Callable[[str, str], Emit]] = {
    Kind.BOOLEAN: _plain,
    Kind.DATETIME: _resource(_instant),
    Kind.DOUBLE: _double,
    Kind.INTEGER: _plain,
    Kind.IRI: _IRIS,
    Kind.JSON: _json,
    Kind.LITERAL: _plain,
}


_SAME = _IRIS(_SAME_AS, "@id")
_TEXT: dict[str, str] = {
    key: f"> <{term.iri}> " for key, term in DOCUMENT_TERMS.items() if term.kind is Kind.LITERAL
}
"""Predicates of the commonest values, text, which are written without a call of their own."""

_write_clean = _writer(clean=True)
_write_escaped = _writer(clean=False)
