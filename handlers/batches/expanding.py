"""The same answer for other objects: openDS `batchMetadata`, found and confirmed.

    {"ods:placeInBatch": 1, "searchParams": [
        {"inputField": "$['ods:hasEvents'][*]['ods:hasLocation']['dwc:locality']",
         "inputValue": "Laelatu"}]}

A service that worked something out from certain values (the coordinates of a locality) says from
which; whatever object bears the same values at those places gets a copy of its annotation. The
graph proposes, the document decides: each candidate is confirmed by its own values. Where the
values stood in the second event, the copy is about the second event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from eventstore.log import Log
from fdo.annotation.life import source_of
from fdo.annotation.paths import ANY, Path, Pattern, match, parse, parse_pattern, text
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.errors import InvalidDocument
from fdo.identifiers import Pid
from fdo.lifecycle import Status

PAGE: Final = 300
"""Objects that are read together."""
MOST: Final = 3_000
"""Objects to which one annotation is copied."""
CONDITIONS: Final = 20
"""Values that one batch may name."""
_WAYS: Final = 100
"""Ways in which one object may bear them all."""
_TERMS: Final = ("ods:term", "ods:class")

_Bound = dict[Pattern, Path]
"""Beginning of a pattern up to a `[*]` → the place that it stands for in one object."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A value that stands somewhere in an object."""

    pattern: Pattern
    value: Any

    @classmethod
    def read(cls, found: Any) -> Condition:
        """A search parameter of openDS; InvalidDocument for what is none."""
        field_, value = (
            (found.get("inputField"), found.get("inputValue"))
            if isinstance(found, Mapping)
            else (None, None)
        )
        if not isinstance(field_, str) or isinstance(value, dict | list) or value in (None, ""):
            raise InvalidDocument(
                "A search parameter of a batch has an inputField, a path that may hold [*], and an "
                "inputValue."
            )
        pattern = parse_pattern(field_)
        if not pattern or not isinstance(pattern[-1], str):
            raise InvalidDocument(f"{field_!r:.200} ends at no term; a batch compares values.")
        return cls(pattern, value)

    def places(self, document: Document) -> Iterator[Path]:
        """Where a document bears the value."""
        for path, value in match(document, self.pattern):
            if any(
                _same(self.value, one) for one in (value if isinstance(value, list) else [value])
            ):
                yield path


Finder = Callable[[Sequence[Condition], str], Iterable[Pid]]
"""Candidates for conditions among the objects of a type."""


@dataclass(slots=True)
class Expansion:
    """The copies, and what was left out."""

    drafts: list[Document] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Why something was not copied, as sentences."""


def expanded(
    drafts: Sequence[Document],
    batch: Sequence[Any],
    find: Finder,
    log: Log,
    most: int = MOST,
) -> Expansion:
    """Copies of these drafts (stored form) for all other objects that bear the values which the
    batch names for their place."""
    found = Expansion()
    for draft in drafts:
        for one in _named(batch, draft.get("ods:placeInBatch")):
            try:
                _copy(draft, one, find, log, most, found)
            except InvalidDocument as wrong:
                found.left_out.append(wrong.message)
    return found


def _named(batch: Sequence[Any], place: int | None) -> list[Mapping[str, Any]]:
    """What a batch says of a place in it."""
    if place is None:
        return []
    nodes = [one for one in batch if isinstance(one, Mapping)]
    return [one for one in nodes if one.get("ods:placeInBatch") == place]


def _copy(
    draft: Document, named: Mapping[str, Any], find: Finder, log: Log, most: int, into: Expansion
) -> None:
    searched = named.get("searchParams")
    if not isinstance(searched, list) or not 0 < len(searched) <= CONDITIONS:
        raise InvalidDocument(f"A batch names 1 to {CONDITIONS} search parameters.")
    conditions = [Condition.read(one) for one in searched]
    own = source_of(draft["oa:hasTarget"][0])
    if own is None or _regions(draft):
        raise InvalidDocument("Only what is said of an object or of its terms can be copied.")
    kind = log.head(own.pid).type
    others = (pid for pid in find(conditions, kind) if pid != own.pid)
    copied = 0
    while page := list(islice(others, PAGE)):
        for pid, document in _documents(page, kind, log):
            ways = _ways(document, conditions)
            copied += bool(ways)
            if copied > most:
                into.left_out.append(
                    f"More than {most:,} objects bear these values; the others were left out."
                )
                return
            into.drafts += _copies(draft, pid, kind, ways)


def _documents(pids: Sequence[Pid], kind: str, log: Log) -> Iterator[tuple[Pid, Document]]:
    heads = [
        head
        for head in log.heads_of(map(str, pids))
        if head.type == kind and head.status is Status.ACTIVE
    ]
    events = log.events_at(head.position for head in heads)
    for head in heads:
        yield head.pid, events[head.position].document


# ── where in the other object ────────────────────────────────────────────────────────────


def _ways(document: Document, conditions: Sequence[Condition]) -> list[_Bound]:
    """The ways in which an object bears all values: one node for one node of the pattern."""
    ways: list[_Bound] = [{}]
    for condition in conditions:
        places = list(condition.places(document))
        joined = (_joined(way, condition.pattern, place) for way in ways for place in places)
        ways = list(islice((way for way in joined if way is not None), _WAYS))
    return ways


def _joined(way: _Bound, pattern: Pattern, place: Path) -> _Bound | None:
    """The way with one more place; None where it stands in another node than before."""
    found = dict(way)
    for at, step in enumerate(pattern):
        if step is ANY:
            name, there = pattern[: at + 1], place[: at + 1]
            if found.setdefault(name, there) != there:
                return None
    return found


def _copies(draft: Document, pid: Pid, kind: str, ways: Sequence[_Bound]) -> Iterator[Document]:
    """The draft about another object, once for each different place."""
    seen: set[tuple[str, ...]] = set()
    for way in ways:
        target = {**draft["oa:hasTarget"][0]}
        target["oa:hasSource"] = pid.iri
        target["ods:fdoType"] = OBJECT_TYPES[kind].fdo_type
        target.pop("oa:hasState", None)
        selectors = [_moved(one, way) for one in target.get("oa:hasSelector", ())]
        if selectors:
            target["oa:hasSelector"] = selectors
        key = tuple(str(one) for one in selectors)
        if key not in seen:
            seen.add(key)
            yield {**draft, "oa:hasTarget": [target]}


def _moved(selector: Any, way: _Bound) -> Any:
    paths = {term: text(_path(parse(selector[term]), way)) for term in _TERMS if term in selector}
    return {**selector, **paths}


def _path(path: Path, way: _Bound) -> Path:
    """The path in the other object: its beginning as far as the values lead."""
    for name in sorted(way, key=len, reverse=True):
        if len(name) <= len(path) and all(
            isinstance(step, int) if wanted is ANY else step == wanted
            for step, wanted in zip(path, name, strict=False)
        ):
            return (*way[name], *path[len(name) :])
    return path


def _regions(draft: Document) -> bool:
    selectors = draft["oa:hasTarget"][0].get("oa:hasSelector", ())
    return any(
        not isinstance(one, Mapping) or not any(term in one for term in _TERMS) for one in selectors
    )


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same; a text may say a number or a boolean, but 007 is not 7."""
    if isinstance(one, bool) or isinstance(other, bool):
        return str(one).lower() == str(other).lower()
    if isinstance(one, str) == isinstance(other, str):
        return bool(one == other)
    text_, number = (one, other) if isinstance(one, str) else (other, one)
    try:
        return bool(float(text_) == number)
    except ValueError:
        return False
