"""Which queries are short walks from a known subject, and what they walk.

    SELECT * { <https://doi.org/10.5072/ABC-DEF-123> ?p ?o }
    SELECT ?name { <https://doi.org/…> ods:hasIdentifications/dwc:scientificName ?name }

A small grammar of SPARQL is recognised; all else is left to the engine's own parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Final

from pyoxigraph import NamedNode

MOST_QUADS: Final = 2_000
"""Quads that a look-up of one pattern may touch, which the engine writes: some milliseconds."""
MOST_CHARACTERS: Final = 2_000
MOST_PATTERNS: Final = 16

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<iri><[A-Za-z][A-Za-z0-9+.-]*:[^<>\"{}|^`\\\x00-\x20]*>)"
    r"|(?P<variable>[?$][A-Za-z_][A-Za-z0-9_]*)(?![\w\u00b7])"
    r"|(?P<name>(?:[A-Za-z][A-Za-z0-9_-]*)?:(?:[A-Za-z0-9_][A-Za-z0-9_-]*+)?+)(?![\w:.%\\\u00b7]*[\w:%\\])"
    r"|(?P<word>[A-Za-z]+)(?![\w:])"
    r"|(?P<number>[0-9]+)(?![\w.])"
    r"|(?P<sign>[{}.;,/*]))"
)
_RDF_TYPE: Final = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_IRI: Final = re.compile(r"<([A-Za-z][A-Za-z0-9+.-]*:[^<>\"{}|^`\\\x00-\x20]*)>")

Place = str | NamedNode
"""A variable by name (a hidden one begins with a dot), or a constant; the number of an IRI that
was taken out of the query until it is put back."""
Pattern = tuple[Place, Place, Place]
Step = tuple[int, int, int]
"""Of a pattern's places: which value of the row stands there, `CONSTANT`, or `FRESH`."""
CONSTANT: Final = -1
FRESH: Final = -2


@dataclass(slots=True)
class LookUp:
    """A walk: patterns in an order in which every subject is known when its turn comes."""

    columns: list[str] = field(default_factory=list)
    patterns: list[Pattern] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    """The variables, in the order in which they get their values."""
    limit: int | None = None
    steps: list[Step] = field(default_factory=list)
    engine: tuple[str, ...] = ()
    """Of one pattern, the engine's query; cut where an IRI is to be put back."""
    holes: list[int] = field(default_factory=list)
    """Which patterns have an IRI to be put back."""


class _Unlike(Exception):
    """The text is not of the small grammar."""


def recognise(text: str) -> LookUp | None:
    """The walk that a query describes, or None where it is not of the small grammar.

    PREFIX declarations, `SELECT` variables or `*`, one group of triples (with `;`, `,` and
    paths of `/`) whose subjects are constant or reached before, and `LIMIT`.

    Clients ask the same of one object after the other, so what is read, and remembered, is the
    query with the IRIs of its group taken out.
    """
    if len(text) > MOST_CHARACTERS:
        return None
    head, brace, group = text.partition("{")
    pieces = _IRI.split(group)
    found = shape((head + brace, *pieces[::2]))
    return None if found is None else filled(found, pieces[1::2])


def filled(walk: LookUp, iris: Sequence[str]) -> LookUp | None:
    """The walk of a query of this `shape` with these IRIs in it; None where one is no IRI."""
    try:
        named = {str(at): _named(iri) for at, iri in enumerate(iris)}
    except _Unlike:
        return None
    patterns = walk.patterns.copy()
    for at in walk.holes:
        subject, predicate, target = patterns[at]
        patterns[at] = (
            named.get(subject, subject) if type(subject) is str else subject,
            named.get(predicate, predicate) if type(predicate) is str else predicate,
            named.get(target, target) if type(target) is str else target,
        )
    engine = walk.engine
    if engine:
        engine = ("".join([*chain.from_iterable(zip(engine, iris, strict=False)), engine[-1]]),)
    return LookUp(walk.columns, patterns, walk.reached, walk.limit, walk.steps, engine)


def _is_variable(place: Place) -> bool:
    return isinstance(place, str) and not place.isdigit()


def _is_taken(place: Place) -> bool:
    return isinstance(place, str) and place.isdigit()


@lru_cache(maxsize=512)
def shape(pieces: tuple[str, ...]) -> LookUp | None:
    """The walk of a query from which the IRIs of its group were taken; they are numbers in it. Of
    the pieces of its text the first ends with the brace that opens the group."""
    try:
        return _Reader(pieces).look_up()
    except _Unlike:
        return None


class _Reader:
    """Reads one query, token by token."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self._tokens = list(_tokens(pieces[0] + pieces[1]))
        for number, piece in enumerate(pieces[2:]):
            self._tokens.append(("taken", str(number)))
            self._tokens += _tokens(piece)
        self._at = 0
        self._prefixes: dict[str, str] = {}
        self._walk = LookUp()
        self._reached: dict[str, int] = {}
        self._hidden = 0

    def look_up(self) -> LookUp:
        """The whole query."""
        while self._word("PREFIX"):
            self._prefix()
        if not self._word("SELECT"):
            raise _Unlike
        everything = self._sign("*")
        while not everything and self._kind() == "variable":
            self._walk.columns.append(self._take()[1:])
        self._word("WHERE")
        if not self._sign("{"):
            raise _Unlike
        while not self._sign("}"):
            self._triples()
        if self._word("LIMIT"):
            self._walk.limit = int(self._take("number"))
        self._walk.reached = list(self._reached)
        shown = [name for name in self._reached if name[0] != "."]
        if everything:
            self._walk.columns = sorted(shown)  # as the engine has it
        columns = self._walk.columns
        if self._at < len(self._tokens) or not columns or len(set(columns)) < len(columns):
            raise _Unlike
        if len(self._walk.patterns) == 1 and set(columns) <= set(shown):
            self._walk.engine = _engine_query(self._walk)
        return self._walk

    def _prefix(self) -> None:
        name = self._take("name")
        if not name.endswith(":") or self._kind() != "iri":
            raise _Unlike
        self._prefixes[name[:-1]] = self._take()[1:-1]

    def _triples(self) -> None:
        subject = self._place()
        if _is_variable(subject) and subject not in self._reached:
            raise _Unlike  # nothing to begin from: this would read the whole store
        while True:
            self._one_predicate(subject)
            if not self._sign(";"):
                break
            if self._peek() in (".", "}"):
                break
        if not self._sign(".") and self._peek() != "}":
            raise _Unlike

    def _one_predicate(self, subject: Place) -> None:
        path = [self._predicate()]
        while self._sign("/"):
            path.append(self._predicate())
        if len(path) > 1 and any(map(_is_variable, path)):
            raise _Unlike  # a variable is no path
        while True:
            begin = subject
            for step in path[:-1]:
                self._hidden += 1
                begin = self._pattern(begin, step, f".{self._hidden}")
            self._pattern(begin, path[-1], self._place())
            if not self._sign(","):
                return

    def _pattern(self, subject: Place, predicate: Place, target: Place) -> Place:
        if predicate == target and _is_variable(target):
            raise _Unlike
        self._walk.steps.append((self._slot(subject), self._slot(predicate), self._slot(target)))
        if any(map(_is_taken, (subject, predicate, target))):
            self._walk.holes.append(len(self._walk.patterns))
        self._walk.patterns.append((subject, predicate, target))
        if len(self._walk.patterns) > MOST_PATTERNS:
            raise _Unlike
        return target

    def _slot(self, place: Place) -> int:
        if not isinstance(place, str) or place.isdigit():
            return CONSTANT
        if place in self._reached:
            return self._reached[place]
        self._reached[place] = len(self._reached)
        return FRESH

    def _predicate(self) -> Place:
        if self._peek() == "a":
            self._at += 1
            return _RDF_TYPE
        return self._place()

    def _place(self) -> Place:
        kind = self._kind()
        if kind == "variable":
            return self._take()[1:]
        if kind == "taken":
            return self._take()
        prefix, _, local = self._take("name").partition(":")
        if prefix not in self._prefixes:
            raise _Unlike
        return _named(self._prefixes[prefix] + local)

    # ── tokens ──

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _kind(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _take(self, kind: str | None = None) -> str:
        if kind is not None and self._kind() != kind:
            raise _Unlike
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _sign(self, sign: str) -> bool:
        found = self._kind() == "sign" and self._peek() == sign
        self._at += found
        return found

    def _word(self, word: str) -> bool:
        found = self._kind() == "word" and self._peek().upper() == word
        self._at += found
        return found


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise _Unlike
        assert found.lastgroup is not None
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()


def _named(iri: str) -> NamedNode:
    try:
        return NamedNode(iri)
    except ValueError as wrong:  # the workers' parser says it better
        raise _Unlike from wrong


def _engine_query(walk: LookUp) -> tuple[str, ...]:
    """The query that `_written` puts to the engine, cut where an IRI was taken out."""
    (pattern,) = walk.patterns
    places = " ".join(
        str(place) if not isinstance(place, str) else "<>" if place.isdigit() else f"?{place}"
        for place in pattern
    )
    columns = " ".join(f"?{name}" for name in walk.columns)
    limit = MOST_QUADS if walk.limit is None else min(walk.limit, MOST_QUADS)
    first, *others = f"SELECT {columns} {{ {places} }} LIMIT {limit}".split("<>")
    cut = [f"{first}<", *(f">{other}<" for other in others)]
    return (*cut[:-1], cut[-1][:-1])
