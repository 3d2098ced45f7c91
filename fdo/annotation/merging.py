"""The change of an annotation, carried out on a document; and again on the next harvest's.

`applied` is one change. `relaid` lays all accepted changes of an object over what its source says
now, and tells of each what became of it:

    applied    the source says what it said when the change was accepted
    adopted    the source now says the same: the change has done its work
    conflict   the source says a third thing; the change is kept until a person settles it
    dropped    its place is gone, or the result would break the schema

Arrays move: a path is followed from the document in which the change was carried out to the new
one by the alignment of `fdo.difference`, so that an identification put before another one is not
taken for it. Everything here is pure; documents are never changed, but copied along the path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import orjson

from fdo.annotation.life import Edit, edit_of
from fdo.annotation.own_words import said_since
from fdo.annotation.paths import Path, get
from fdo.annotation.values import Impossible, member, place_at, typed
from fdo.difference import IDENTIFIERS, align
from fdo.documents import Document, canonical, equal
from fdo.errors import InvalidDocument

Verdict = Literal["applied", "conflict", "adopted", "dropped"]
LAID = frozenset({"applied", "conflict"})
"""Overlay states of an annotation whose change is in force."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A change with its place and value settled."""

    what: Literal["set", "append", "remove"]
    path: Path
    """Of the value; of the array for an append."""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Laid:
    """An accepted annotation, and the document that its change was carried out in."""

    pid: str
    annotation: Document
    held: Document
    """The object's document just after its change: where its path leads to the right place."""
    agreed: Document | None = None
    """The annotation as a person last agreed to it; None: as it is. So a source that says again
    what it said then ends the conflict."""

    @property
    def before(self) -> Any:
        """What the source said when a person agreed to the change; None for nothing."""
        return source_value(self.agreed or self.annotation)


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of an accepted change at a harvest."""

    verdict: Verdict
    source: Any = None
    """What the source says at the place now; None for nothing."""


# ── one change ───────────────────────────────────────────────────────────────────────────


def operation(document: Document, edit: Edit, kind: str) -> Operation:
    """What an edit does to a document of a type; Impossible where its value does not fit."""
    if edit.motivation == "ods:deleting":
        return Operation("remove", edit.path)
    place = place_at(kind, edit.path)
    if edit.motivation == "oa:editing":
        return Operation("set", edit.path, typed(place, edit.values))
    last = edit.path[-1] if edit.path else None
    if isinstance(last, int):
        return _added(document, edit.path[:-1], member(place, edit.values))
    if place.many and get(document, edit.path) is not None:
        return Operation("append", edit.path, member(place, edit.values))
    return Operation("set", edit.path, typed(place, edit.values))


def _added(document: Document, array: Path, value: Any) -> Operation:
    if get(document, array) is None:
        return Operation("set", array, [value])
    return Operation("append", array, value)


def applied(document: Document, annotation: Mapping[str, Any], kind: str | None = None) -> Document:
    """The document with the change of an annotation; Impossible or InvalidDocument where it
    cannot be carried out (`fdo.annotation.rules` says so before)."""
    edit = edit_of(annotation)
    if edit is None:
        raise InvalidDocument("The annotation proposes no change.")
    return done(document, operation(document, edit, kind or _kind_of(document)))


def done(document: Document, what: Operation) -> Document:
    """The document after an operation; its place is there."""
    changed: Document = _put(document, what.path, what)
    return changed


def _put(node: Any, path: Path, what: Operation) -> Any:
    if not path:
        return [*node, what.value] if what.what == "append" else what.value
    step, rest = path[0], path[1:]
    copy: Any = dict(node) if isinstance(node, dict) else list(node)
    if not rest and what.what == "remove":
        del copy[step]
    else:
        before = copy.get(step) if isinstance(copy, dict) else copy[step]
        copy[step] = _put(before, rest, what)
    return copy


def _kind_of(document: Document) -> str:
    return "media" if document.get("@type") == "ods:DigitalMedia" else "specimen"


# ── again, over what the source says now ─────────────────────────────────────────────────


def relaid(
    draft: Document,
    laid: Sequence[Laid],
    valid: Callable[[Document], bool] = lambda _: True,
) -> tuple[Document, dict[str, Judged]]:
    """The draft with all accepted changes laid over it, in their order, and what became of
    each. `valid` says whether a result may be recorded."""
    document, verdicts = _relaid(draft, laid, lambda _: True)
    if document is not draft and not valid(document) and valid(draft):
        document, verdicts = _relaid(draft, laid, valid)  # find the ones that break it
    return document, verdicts


def _relaid(
    draft: Document, laid: Sequence[Laid], valid: Callable[[Document], bool]
) -> tuple[Document, dict[str, Judged]]:
    document, verdicts = draft, dict[str, Judged]()
    for each in laid:
        try:
            what, judged = judge(document, each)
        except (Impossible, InvalidDocument):
            what, judged = None, Judged("dropped")
        if what is not None:
            changed = done(document, what)
            if valid(changed):
                document = changed
            else:
                judged = Judged("dropped", judged.source)
        verdicts[each.pid] = judged
    return document, verdicts


def judge(document: Document, laid: Laid) -> tuple[Operation | None, Judged]:
    """What an accepted change does to a document that its source says now, and what that means;
    Impossible or InvalidDocument where it cannot be carried out on it."""
    edit = edit_of(laid.annotation)
    if edit is None:  # erased
        return None, Judged("dropped")
    was = carried_out(laid.held, edit, _kind_of(document))
    if was.what == "append":
        array = follow(was.path, laid.held, document)
        if array is None:
            return None, Judged("dropped")
        beside = [each for each in get(laid.held, was.path) if not equal(each, was.value)]
        return _append(document, array, was, beside)
    if was.what == "remove" and isinstance(was.path[-1], int):
        array = follow(was.path[:-1], laid.held, document)
        return (
            (None, Judged("dropped"))
            if array is None
            else _take_out(document, array, was.path[-1], get(laid.held, was.path[:-1]) or (), laid)
        )
    return _set(document, laid, was)


def _set(document: Document, laid: Laid, was: Operation) -> tuple[Operation | None, Judged]:
    there = follow(was.path, laid.held, document)
    if was.what == "set" and there is not None and equal(get(document, there), was.value):
        return None, Judged("adopted", was.value)
    path = follow(was.path, taken_back(laid.held, laid.agreed or laid.annotation), document)
    if path is None or not isinstance(get(document, path[:-1]), dict | list):
        return None, Judged("dropped")
    says = get(document, path)
    if equal(says, was.value):  # of a removal: nothing is there
        return None, Judged("adopted", says)
    what = Operation(was.what, path, was.value)
    return what, Judged("applied" if equal(says, laid.before) else "conflict", says)


def _append(
    document: Document, array: Path, was: Operation, before: Sequence[Any]
) -> tuple[Operation | None, Judged]:
    """Add a member again, unless the source has it; `before` stood there when it was added."""
    members = get(document, array)
    if members is None:
        if not isinstance(get(document, array[:-1]), dict):
            return None, Judged("dropped")
        return Operation("set", array, [was.value]), Judged("applied")
    if any(equal(each, was.value) for each in members):
        return None, Judged("adopted", was.value)
    if (said := said_since(members, was.value, before)) is not None:
        return None, Judged("adopted", said)
    return Operation("append", array, was.value), Judged("applied")


def _take_out(
    document: Document, array: Path, place: int, kept: Sequence[Any], laid: Laid
) -> tuple[Operation | None, Judged]:
    """Take the member that was deleted out again, if the source still shows it: as it was, or
    with other values. `kept` are the members that the deletion left; a twin may be among them."""
    before, since = laid.before, source_value(laid.annotation)
    members = get(document, array) or []
    places = [at for at, each in enumerate(members) if equal(each, before)]
    if len(places) > sum(equal(each, before) for each in kept):
        twin = min(places, key=lambda at: abs(at - place))
        return Operation("remove", (*array, twin)), Judged("applied", before)
    for at, each in enumerate(members):
        ours = any(equal(each, other) for other in kept)
        if not ours and (_revised(before, each) or _revised(since, each)):
            return Operation("remove", (*array, at)), Judged("conflict", each)
    return None, Judged("adopted")


def _revised(before: Any, each: Any) -> bool:
    """Whether a member is another one with some values changed: it bears the same identifier, or
    most of what both say is the same."""
    if not (isinstance(before, dict) and isinstance(each, dict)):
        return False
    for term in IDENTIFIERS:
        if term in before and term in each:
            return equal(before[term], each[term])
    one, other = set(_leaves(before, ())), set(_leaves(each, ()))
    return len(one & other) > len(one | other) / 2


def _leaves(node: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(node, dict | list):
        for step, value in node.items() if isinstance(node, dict) else enumerate(node):
            if step != "@type":
                yield from _leaves(value, (*path, step))
    else:
        yield path, repr(node)


# ── places ───────────────────────────────────────────────────────────────────────────────


def carried_out(held: Document, edit: Edit, kind: str) -> Operation:
    """The operation that made of an earlier document this one, which holds its result."""
    if edit.motivation != "ods:adding":
        return operation(held, edit, kind)
    place = place_at(kind, edit.path)
    last = edit.path[-1]
    if isinstance(last, int) or place.many:
        array = edit.path[:-1] if isinstance(last, int) else edit.path
        members, value = get(held, array), None
        if isinstance(last, int) or len(edit.values) == 1:
            value = member(place, edit.values)
        if value is not None and any(equal(each, value) for each in members or ()):
            return Operation("append", array, value)
    return Operation("set", edit.path, typed(place, edit.values))


def taken_back(document: Document, annotation: Mapping[str, Any]) -> Document:
    """The document in which a change was just carried out, without it: with what the source
    said."""
    edit = edit_of(annotation)
    assert edit is not None
    was = carried_out(document, edit, _kind_of(document))
    back = _reverse(document, was, source_value(annotation))
    return document if back is None else done(document, back)


def reverted(document: Document, laid: Laid) -> Document | None:
    """A later document without an accepted change: with what the source says at its place. None
    where the document no longer holds the change."""
    try:
        was = _now(document, laid)
        back = None if was is None else _reverse(document, was, source_value(laid.annotation))
    except (Impossible, InvalidDocument):
        return None
    return None if back is None else done(document, back)


def holds(laid: Laid, document: Document) -> bool:
    """Whether a later document still holds an accepted change."""
    try:
        return _now(document, laid) is not None
    except (Impossible, InvalidDocument):
        return False


def place_of(laid: Laid, document: Document) -> Path | None:
    """Where in a later document an accepted change stands; None where it holds it no more."""
    try:
        was = _now(document, laid)
    except (Impossible, InvalidDocument):
        return None
    if was is None or was.what != "append":
        return None if was is None else was.path
    members = get(document, was.path)
    return (*was.path, _last(members, was.value))


def _now(document: Document, laid: Laid) -> Operation | None:
    """The operation whose result a later document holds, with its place there."""
    edit = edit_of(laid.annotation)
    moved = None if edit is None else anchored(edit, laid.held, document, done=True)
    if moved is None:
        return None
    was = carried_out(document, moved, _kind_of(document))
    if was.what == "append":
        return was
    if was.what == "remove" and isinstance(was.path[-1], int):
        return was
    return was if equal(get(document, was.path), was.value) else None


def anchored(edit: Edit, old: Document, new: Document, *, done: bool = False) -> Edit | None:
    """The edit with its path as it is in another document; None where its place is gone. `done`:
    the old document holds its result, in which what was deleted has no place."""
    path = edit.path
    gone = edit.motivation == "ods:adding" or (done and edit.motivation == "ods:deleting")
    if gone or isinstance(path[-1], str):
        parent = follow(path[:-1], old, new)
        return None if parent is None else replace(edit, path=(*parent, path[-1]))
    whole = follow(path, old, new)
    return None if whole is None else replace(edit, path=whole)


def _reverse(document: Document, was: Operation, before: Any) -> Operation | None:
    if was.what == "append":
        members = get(document, was.path)
        if len(members) == 1:
            return Operation("remove", was.path)  # there was no array
        return Operation("remove", (*was.path, _last(members, was.value)))
    parent = get(document, was.path[:-1])
    if was.what == "remove" and isinstance(was.path[-1], int):
        if not isinstance(get(document, was.path[:-2]), dict):
            return None
        members = parent or ()  # the last member may have taken the array along
        at = min(was.path[-1], len(members))
        return Operation("set", was.path[:-1], [*members[:at], before, *members[at:]])
    if before is not None:
        return Operation("set", was.path, before) if isinstance(parent, dict | list) else None
    return Operation("remove", was.path) if get(document, was.path) is not None else None


def _last(members: Sequence[Any], value: Any) -> int:
    return max(at for at, each in enumerate(members) if equal(each, value))


def source_value(annotation: Mapping[str, Any]) -> Any:
    """What the source said where an accepted change holds another value; None for nothing."""
    said = annotation.get("col:sourceValue")
    return None if said is None else orjson.loads(said)


def follow(path: Path, old: Any, new: Any) -> Path | None:
    """Where the value at a path of one document stands in another; None where its array lost it.
    Keys lead to the same keys, places of arrays to the members that they are aligned with."""
    found: list[str | int] = []
    for step in path:
        if isinstance(step, str):
            old = old.get(step) if isinstance(old, dict) else None
            new = new.get(step) if isinstance(new, dict) else None
            found.append(step)
            continue
        if not (isinstance(old, list) and isinstance(new, list)):
            return None
        at = dict(align(old, new)).get(step)
        if at is None:
            return None
        found.append(at)
        old, new = old[step], new[at]
    return tuple(found)


def written(value: Any) -> str:
    """A value as `col:sourceValue` keeps it."""
    return canonical(value).decode()


def covers(outer: Path, inner: Path) -> bool:
    """Whether a change at one place also decides what stands at the other."""
    return inner[: len(outer)] == outer
