"""What differs between two documents: a table of terms for people, a JSON Patch for programs.

Both stand on one alignment. Members of arrays are matched by what they are: first those that are
equal, then those that bear the same identifier, then those that say mostly the same; so an
identification inserted before another is one addition, not a change of all.

>>> [str(c.kind) for c in changes({"dwc:country": "Norge"}, {"dwc:country": "Norway"})]
['changed']
>>> json_patch({"a": [1, 3]}, {"a": [1, 2, 3]})
[{'op': 'add', 'path': '/a/1', 'value': 2}]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fdo.documents import VOLATILE, Document, canonical
from fdo.representations.fragments import Path, term_path

IDENTIFIERS = (
    "@id",
    "dcterms:identifier",
    "schema:identifier",
    "dwc:identificationID",
    "dwc:eventID",
    "dwc:assertionID",
    "dwc:measurementID",
    "dwc:relatedResourceID",
    "dwc:chronometricAgeID",
)
"""Terms by which two members of an array are the same thing, first that both bear."""

CELLS = 2_500
"""Pairs of members that are compared at most in one array; longer ones are paired by place."""

_SAME, _NAMED, _ALIKE, _OTHER = 4.0, 3.0, 1.0, 0.1
"""What a pair is worth: equal, of one identifier, mostly alike (plus its share), neither."""

Step = tuple[int | None, int | None]
"""Places of a pair in the old and the new array; None: there is none."""


class Kind(StrEnum):
    """What happened to a term."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One term, or one member of an array, that differs."""

    kind: Kind
    path: Path
    """In the new document; of what was removed, in the old one."""
    before: Any = None
    after: Any = None

    @property
    def term(self) -> str:
        """The key that names the value."""
        return next((step for step in reversed(self.path) if isinstance(step, str)), "")

    @property
    def term_path(self) -> str:
        """The path as an openDS term path."""
        return term_path(self.path)

    @property
    def stamp(self) -> bool:
        """Whether the repository itself computes the value, so that it says nothing new."""
        return self.term in VOLATILE


def changes(old: Document, new: Document) -> list[Change]:
    """Every term that differs, in the order of the new document, removed ones where they were."""
    return list(_changes(old, new, (), ()))


def json_patch(old: Document, new: Document) -> list[dict[str, Any]]:
    """The operations (RFC 6902) that make of `old` exactly `new`."""
    return list(_operations(old, new, ""))


# ── the table ────────────────────────────────────────────────────────────────────────────


def _changes(old: Any, new: Any, was: Path, path: Path) -> Iterator[Change]:
    if _equal(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**new, **old}:
            if key not in old:
                yield Change(Kind.ADDED, (*path, key), after=new[key])
            elif key not in new:
                yield Change(Kind.REMOVED, (*was, key), before=old[key])
            else:
                yield from _changes(old[key], new[key], (*was, key), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for left, right in align(old, new):
            if left is None and right is not None:
                yield Change(Kind.ADDED, (*path, right), after=new[right])
            elif left is not None and right is None:
                yield Change(Kind.REMOVED, (*was, left), before=old[left])
            elif left is not None and right is not None:
                yield from _changes(old[left], new[right], (*was, left), (*path, right))
    else:
        yield Change(Kind.CHANGED, path, old, new)


# ── the patch ────────────────────────────────────────────────────────────────────────────


def _operations(old: Any, new: Any, pointer: str) -> Iterator[dict[str, Any]]:
    if _equal(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**new, **old}:
            target = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in old:
                yield {"op": "add", "path": target, "value": new[key]}
            elif key not in new:
                yield {"op": "remove", "path": target}
            else:
                yield from _operations(old[key], new[key], target)
    elif isinstance(old, list) and isinstance(new, list):
        place = 0  # of the next member, in the array as the operations so far leave it
        for left, right in align(old, new):
            if right is None:
                yield {"op": "remove", "path": f"{pointer}/{place}"}
                continue
            if left is None:
                yield {"op": "add", "path": f"{pointer}/{place}", "value": new[right]}
            else:
                yield from _operations(old[left], new[right], f"{pointer}/{place}")
            place += 1
    else:
        yield {"op": "replace", "path": pointer, "value": new}


# ── matching the members of arrays ───────────────────────────────────────────────────────


def align(old: Sequence[Any], new: Sequence[Any]) -> list[Step]:
    """The members of two arrays in pairs, both in order; what has no partner stands alone."""
    start = 0
    while start < min(len(old), len(new)) and _equal(old[start], new[start]):
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and _equal(old[-1 - end], new[-1 - end]):
        end += 1
    left, right = old[start : len(old) - end], new[start : len(new) - end]
    if len(left) * len(right) > CELLS:
        middle = _by_place(len(left), len(right))
    else:
        middle = _by_worth(left, right)
    shifted: list[Step] = [
        (None if a is None else a + start, None if b is None else b + start) for a, b in middle
    ]
    tail: list[Step] = [(len(old) - n, len(new) - n) for n in range(end, 0, -1)]
    return [*((n, n) for n in range(start)), *shifted, *tail]


def _by_place(many: int, more: int) -> list[Step]:
    return [(n if n < many else None, n if n < more else None) for n in range(max(many, more))]


def _by_worth(old: Sequence[Any], new: Sequence[Any]) -> list[Step]:
    """The pairs that are worth most together (the longest common subsequence, weighed)."""
    worth = [[_worth(left, right) for right in new] for left in old]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            pair = best[i + 1][j + 1] + worth[i][j] if worth[i][j] else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], pair)
    steps: list[Step] = []
    i = j = 0
    while i < len(old) and j < len(new):
        if worth[i][j] and best[i][j] == best[i + 1][j + 1] + worth[i][j]:
            steps.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            steps.append((i, None))
            i += 1
        else:
            steps.append((None, j))
            j += 1
    steps += [(n, None) for n in range(i, len(old))]
    steps += [(None, n) for n in range(j, len(new))]
    return steps


def _worth(old: Any, new: Any) -> float:
    """How good a pair is; 0 where the two are different things."""
    if _equal(old, new):
        return _SAME
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return 0.0 if isinstance(old, dict) or isinstance(new, dict) else _OTHER
    for term in IDENTIFIERS:
        if term in old and term in new:
            return _NAMED if _equal(old[term], new[term]) else 0.0
    keys = (old.keys() | new.keys()) - {"@type"}
    alike = sum(key in old and key in new and _equal(old[key], new[key]) for key in keys)
    return _ALIKE + alike / len(keys) if keys and 2 * alike >= len(keys) else _OTHER


def _equal(one: Any, other: Any) -> bool:
    """Equal as JSON: Python takes 1, 1.0 and true for equal."""
    if isinstance(one, str) or isinstance(other, str):
        return bool(one == other)
    return bool(one == other) and canonical({"": one}) == canonical({"": other})
