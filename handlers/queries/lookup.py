"""Look-ups that cannot run long, answered where they arrive instead of in a worker.

    SELECT * { <https://doi.org/10.5072/ABC-DEF-123> ?p ?o }
    SELECT ?name { <https://doi.org/…> ods:hasIdentifications/dwc:scientificName ?name }

Most requests to an endpoint are of this kind, and the hop to another process costs more than
their answer. No public text meets the engine's parser or planner here: a small grammar is
recognised (`walks`), and what it describes is walked by reading the index, one pattern of the
store at a time, from a constant subject forwards. Every quad that is touched is counted (of a walk
of one pattern, every row), so the work is bounded whatever is asked. All else (another form, a
longer walk, a copy that is not open yet) is left to the workers, which give the same answer.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
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
from handlers.queries.memo import Kept
from handlers.queries.walks import FRESH, MOST_QUADS, LookUp, recognise

MOST_STEPS: Final = 300
"""Quads that a longer walk may touch: some milliseconds too. They are taken one by one, and while
they are, the server does nothing else; nobody's share of the engine is charged for them."""
_XSD_STRING: Final = "http://www.w3.org/2001/XMLSchema#string"
_DEFAULT: Final = DefaultGraph()

Term = NamedNode | BlankNode | Literal


class _TooMuch(Exception):
    """The walk touched more quads than it may."""


class LookUps:
    """Answers look-ups on the newest published copy, held open in this process."""

    def __init__(self, folder: Path) -> None:
        self._newest = NewestCopy(folder)
        self._opener = ThreadPoolExecutor(1, thread_name_prefix="look-ups")
        self._opening: Future[None] | None = None

    def answer(self, question: Question) -> Kept | None:
        """The answer as SPARQL 1.1 Query Results JSON; None where a worker must be asked."""
        if question.results is not RESULTS[0] or _has_a_dataset(question):
            return None
        walk = recognise(question.query)
        kept = None if walk is None else self.find(walk, self._newest.mark())
        if kept is None or kept.position < (question.min_position or 0):
            return None
        return kept

    def find(self, walk: LookUp, mark: Mark | None) -> Kept | None:
        """The same for a query that is recognised already, of the state that was the newest one
        just now (`NewestCopy.mark`)."""
        if not self._is_open(mark):
            return None
        current, store = self._newest.current, self._newest.store
        assert current is not None and store is not None
        body = walked_body(store, walk)
        if body is None:
            return None
        return Kept(RESULTS[0].content_type, current.position, current.recorded_at, body)

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
        by: Any = None if by_at == FRESH else predicate
        end: Any = None if end_at == FRESH else target
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
