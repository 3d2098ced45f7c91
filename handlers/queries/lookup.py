"""Look-ups that cannot run long, answered where they arrive instead of in a worker.

    SELECT * { <https://doi.org/10.5072/ABC-DEF-123> ?p ?o }
    SELECT ?name { <https://doi.org/…> ods:hasIdentifications/dwc:scientificName ?name }

Most requests to an endpoint are of this kind, and the hop to another process costs more than
their answer. No public text meets the engine's parser or planner here: a small grammar is
recognised, and what it describes is walked by reading the index, one pattern of the store at a
time, from a constant subject forwards. Every quad that is touched is counted (of a walk of one
pattern, every row), so the work is bounded whatever is asked. All else (another form, a longer
walk, a copy that is not open yet) is left to the workers, which give the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson
from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    QueryResultsFormat,
    QuerySolutions,
    Store,
)

from handlers.queries.answer import Question
from handlers.queries.checkpoint import Mark, NewestCopy
from handlers.queries.formats import RESULTS
from handlers.queries.memo import Kept, Memo

MOST_QUADS: Final = 2_000
"""Quads that a look-up of one pattern may touch, which the engine writes: some milliseconds."""
MOST_STEPS: Final = 300
"""Quads that a longer walk may touch: some milliseconds too. They are taken one by one, and while
they are, the server does nothing else; nobody's share of the engine is charged for them."""
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
_XSD_STRING: Final = "http://www.w3.org/2001/XMLSchema#string"
_DEFAULT: Final = DefaultGraph()

_IRI: Final = re.compile(r"<([A-Za-z][A-Za-z0-9+.-]*:[^<>\"{}|^`\\\x00-\x20]*)>")

Place = str | NamedNode
"""A variable by name (a hidden one begins with a dot), or a constant; the number of an IRI that
was taken out of the query until it is put back."""
Pattern = tuple[Place, Place, Place]
Term = NamedNode | BlankNode | Literal


Step = tuple[int, int, int]
"""Of a pattern's places: which value of the row stands there, `_CONSTANT`, or `_FRESH`."""
_CONSTANT: Final = -1
_FRESH: Final = -2


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
    """Of one pattern whose IRIs are to be put back: the engine's query between them."""


class _Unlike(Exception):
    """The text is not of the small grammar."""


class _TooMuch(Exception):
    """The walk touched more quads than it may."""


class LookUps:
    """Answers look-ups on the newest published copy, held open in this process."""

    def __init__(self, folder: Path) -> None:
        self._newest = NewestCopy(folder)
        self._opener = ThreadPoolExecutor(1, thread_name_prefix="look-ups")
        self._opening: Future[None] | None = None
        self._memo: Memo[str] = Memo()

    def answer(self, question: Question) -> Kept | None:
        """The answer as SPARQL 1.1 Query Results JSON; None where a worker must be asked."""
        if question.results is not RESULTS[0] or _has_a_dataset(question):
            return None
        kept = self.find(question.query)
        if kept is None or kept.position < (question.min_position or 0):
            return None
        return kept

    def find(self, query: str) -> Kept | None:
        """The same for a query of which nothing more is said."""
        mark = self._newest.mark()
        kept = self._memo.recall(query, mark)
        if kept is not None:
            return kept
        walk = recognise(query)
        if walk is None or not self._is_open(mark):
            return None
        current, store = self._newest.current, self._newest.store
        assert current is not None and store is not None
        body = walked_body(store, walk)
        if body is None:
            return None
        kept = Kept(RESULTS[0].content_type, current.position, current.recorded_at, body)
        self._memo.keep(query, mark, kept)
        return kept

    def close(self) -> None:
        """Let go of the copy."""
        self._opener.shutdown()
        self._newest.close()

    def _is_open(self, mark: Mark | None) -> bool:
        """Whether the copy of this mark is open. Opening takes tens of milliseconds, so it is done
        beside; the workers answer meanwhile."""
        if self._opening is not None:
            if not self._opening.done():
                return False
            done, self._opening = self._opening, None
            if done.exception() is not None:  # swept while it was opened; the next is there soon
                return False
        if self._newest.is_of(mark):
            return self._newest.store is not None
        self._opening = self._opener.submit(self._newest.refresh)
        return False


def walked_body(store: Store, walk: LookUp) -> bytes | None:
    """The rows as SPARQL 1.1 Query Results JSON; None where the walk is too long."""
    if walk.engine:
        return _written(store, walk)
    try:
        rows = walked(store, walk)
    except _TooMuch:
        return None
    return orjson.dumps({"head": {"vars": walk.columns}, "results": {"bindings": rows}})


def _has_a_dataset(question: Question) -> bool:
    return bool(
        question.default_graphs
        or question.named_graphs
        or question.base_iri
        or question.rows
        or question.instead
    )


# ── the small grammar ────────────────────────────────────────────────────────────────────


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
    walk = _shape((head + brace, *pieces[::2]))
    if walk is None:
        return None
    try:
        named = {str(at): _named(iri) for at, iri in enumerate(pieces[1::2])}
    except _Unlike:
        return None
    patterns = [_filled(pattern, named) for pattern in walk.patterns]
    engine = walk.engine
    if engine:
        pieces[::2] = engine
        engine = ("".join(pieces),)
    return LookUp(walk.columns, patterns, walk.reached, walk.limit, walk.steps, engine)


def _filled(pattern: Pattern, named: dict[str, NamedNode]) -> Pattern:
    subject, predicate, target = pattern
    return (
        named.get(subject, subject) if type(subject) is str else subject,
        named.get(predicate, predicate) if type(predicate) is str else predicate,
        named.get(target, target) if type(target) is str else target,
    )


def _is_variable(place: Place) -> bool:
    return isinstance(place, str) and not place.isdigit()


@lru_cache(maxsize=512)
def _shape(pieces: tuple[str, ...]) -> LookUp | None:
    """The walk of a query from which the IRIs of its group were taken; they are numbers in it."""
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
        self._walk.patterns.append((subject, predicate, target))
        if len(self._walk.patterns) > MOST_PATTERNS:
            raise _Unlike
        return target

    def _slot(self, place: Place) -> int:
        if not isinstance(place, str) or place.isdigit():
            return _CONSTANT
        if place in self._reached:
            return self._reached[place]
        self._reached[place] = len(self._reached)
        return _FRESH

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


# ── one pattern ──────────────────────────────────────────────────────────────────────────


def _written(store: Store, walk: LookUp) -> bytes | None:
    """The rows of a walk of one pattern, written by the engine from a query of our own making:
    one read of the index from a constant subject, with a limit. The engine writes them three
    times as fast as they could be taken from it one by one."""
    solutions = store.query(walk.engine[0])
    assert isinstance(solutions, QuerySolutions)
    body = solutions.serialize(format=QueryResultsFormat.JSON)
    assert body is not None
    if len(body) >= _LEAST_OF_MOST and body.count(_NEXT_ROW) + 1 >= MOST_QUADS:
        return None  # perhaps there are more
    return body


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


_NEXT_ROW: Final = b'}},{"'
"""Between two rows, and nowhere else: in a value the quote would be escaped."""
_LEAST_OF_MOST: Final = MOST_QUADS * len(_NEXT_ROW)
"""Bytes without which there cannot be so many rows."""


# ── the walk ─────────────────────────────────────────────────────────────────────────────


def walked(store: Store, walk: LookUp) -> list[dict[str, Any]]:
    """The rows, as bindings of the JSON format; raises `_TooMuch` beyond `MOST_STEPS`.

    A row on the way is the tuple of the values of `walk.reached`, as far as it has come.
    """
    rows: list[tuple[Any, ...]] = [()]
    left = MOST_STEPS
    for (subject, predicate, target), (begin_at, by_at, end_at) in zip(
        walk.patterns, walk.steps, strict=True
    ):
        longer: list[tuple[Any, ...]] = []
        begin: Any = subject
        by: Any = None if by_at == _FRESH else predicate
        end: Any = None if end_at == _FRESH else target
        for row in rows:
            if begin_at >= 0 and type(begin := row[begin_at]) is Literal:
                continue  # no triple has such a subject
            if by_at >= 0 and type(by := row[by_at]) is not NamedNode:
                continue  # nor such a predicate
            if end_at >= 0:
                end = row[end_at]
            found = list(islice(store.quads_for_pattern(begin, by, end, _DEFAULT), left))
            left -= len(found) + 1
            if left <= 0:
                raise _TooMuch
            if by is None:
                if end is None:
                    longer += [(*row, quad.predicate, quad.object) for quad in found]
                else:
                    longer += [(*row, quad.predicate) for quad in found]
            elif end is None:
                longer += [(*row, quad.object) for quad in found]
            else:
                longer += [row] * len(found)
        rows = longer
    slots = {name: slot for slot, name in enumerate(walk.reached)}
    columns = [(name, slots[name]) for name in walk.columns if name in slots]
    return [{name: _shown(row[slot]) for name, slot in columns} for row in rows[: walk.limit]]


def _shown(term: Term) -> dict[str, str]:
    """A term as SPARQL 1.1 Query Results JSON §3.2.2 writes it."""
    if isinstance(term, NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, BlankNode):
        return {"type": "bnode", "value": term.value}
    if (language := term.language) is not None:
        return {"type": "literal", "value": term.value, "xml:lang": language}
    if (datatype := term.datatype.value) != _XSD_STRING:
        return {"type": "literal", "value": term.value, "datatype": datatype}
    return {"type": "literal", "value": term.value}
