"""What differs between two documents of an object, term by term; what values a document holds.

A term path is the way of keys from the document to a value, without places in lists:
`ods:hasEvents/ods:hasLocation/dwc:country`. Which of several nodes is meant, the fragment of
the node says beside it (`event-2-location`).

Nodes of a list that are equal in both documents are no change, wherever they stand; the rest
are compared in their order, and what is left over on one side was added or removed whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from fdo.documents import Document, canonical, essence
from fdo.representations.fragments import Path, fragment_of
from ontologies.terms import DOCUMENT_TERMS, Kind

MIDS, STATUS = "ods:midsLevel", "ods:status"
"""Terms whose values the repository itself states: the level by our rules, and the status."""

_NOT_CONTENT = frozenset({STATUS, "ods:hasTombstoneMetadata"})
"""What a withdrawal adds to a document; the row of the status says it."""

_TAXON = "ods:hasIdentifications/ods:hasTaxonIdentifications"
_LOCATION = "ods:hasEvents/ods:hasLocation"
HELD: dict[str, str] = {
    "country": f"{_LOCATION}/dwc:country",
    "countryCode": f"{_LOCATION}/dwc:countryCode",
    "organisation": "ods:organisationID",
    "source": "ods:sourceSystemID",
    "collection": "dwc:collectionCode",
    "discipline": "ods:topicDiscipline",
    "family": f"{_TAXON}/dwc:family",
    "genus": f"{_TAXON}/dwc:genus",
    "scientificName": f"{_TAXON}/dwc:scientificName",
    "typeStatus": "ods:hasIdentifications/dwc:typeStatus",
    "basisOfRecord": "dwc:basisOfRecord",
    "licence": "dcterms:license",
    "rights": "dcterms:rights",
    "physicalSpecimenID": "ods:physicalSpecimenID",
    "midsLevel": MIDS,
    "status": STATUS,
}
"""Short name → path of the terms of which is kept when each of their values was held."""

_NUMBERS = {path: number for number, path in enumerate(HELD.values(), 1)}


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not what it was; None where there is none on that side."""

    term: str
    fragment: str
    """Of the node that bears the value, in the newer document where it is there; "" is the
    document itself."""
    old: str | None
    new: str | None

    @property
    def kind(self) -> Literal["added", "removed", "changed"]:
        """What happened to the value."""
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "changed"


def differences(before: Document, after: Document) -> list[Difference]:
    """Every value in which two documents differ, in the order of their terms.

    What makes no version makes no difference either (`fdo.documents.essence`).
    """
    return list(_of_nodes(_content(before), _content(after), (), (), ""))


def _content(document: Document) -> Document:
    return {key: value for key, value in essence(document).items() if key not in _NOT_CONTENT}


def _of_nodes(
    old: Mapping[str, Any], new: Mapping[str, Any], was: Path, now: Path, above: str
) -> Iterator[Difference]:
    for key in sorted(old.keys() | new.keys()):
        one, other = old.get(key), new.get(key)
        if one is other or (one is not None and other is not None and _same(one, other)):
            continue
        left, right = _nodes(key, one), _nodes(key, other)
        term = f"{above}/{key}" if above else key
        if left is not None and right is not None:
            for (node, path), (node2, path2) in _pairs(left, right, was, now):
                yield from _of_nodes(node, node2, path, path2, term)
        else:
            for text, text2 in _values(one, other):
                place = fragment_of(was if text2 is None else now)
                yield Difference(term, place, text, text2)


def _same(one: Any, other: Any) -> bool:
    return canonical(one) == canonical(other)


_Placed = tuple[Mapping[str, Any], Path]


def _nodes(key: str, value: Any) -> list[_Placed] | None:
    """The nodes that stand under a key, each with its path from there; None for plain values."""
    term = DOCUMENT_TERMS.get(key)
    if term is None or term.kind is not Kind.NODE:
        return None
    if value is None:
        return []
    if isinstance(value, dict):
        return [(value, (key,))]
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return [(item, (key, place)) for place, item in enumerate(value)]
    return None


def _pairs(
    left: Sequence[_Placed], right: Sequence[_Placed], was: Path, now: Path
) -> Iterator[tuple[_Placed, _Placed]]:
    """Nodes that belong together, with their paths; an empty node where one side lacks it."""
    waiting: dict[bytes, int] = {}
    for node, _ in right:
        waiting[canonical(dict(node))] = waiting.get(canonical(dict(node)), 0) + 1
    gone, equal = [], dict[bytes, int]()
    for node, path in left:
        said = canonical(dict(node))
        if waiting.get(said, 0) > 0:
            waiting[said] -= 1
            equal[said] = equal.get(said, 0) + 1
        else:
            gone.append((node, was + path))
    come = []
    for node, path in right:
        said = canonical(dict(node))
        if equal.get(said, 0) > 0:
            equal[said] -= 1
        else:
            come.append((node, now + path))
    for place in range(max(len(gone), len(come))):
        one = gone[place] if place < len(gone) else ({}, was)
        other = come[place] if place < len(come) else ({}, now)
        yield one, other


def _values(one: Any, other: Any) -> Iterator[tuple[str | None, str | None]]:
    """(old, new) of plain values; members of both lists are no change."""
    old, new = _texts(one), _texts(other)
    kept = list(new)
    gone = [text for text in old if not _taken(kept, text)]
    kept = list(old)
    come = [text for text in new if not _taken(kept, text)]
    if not gone and not come:  # the order alone, the JSON type alone, or an empty list
        yield (None if one is None else _text(one), None if other is None else _text(other))
    for place in range(max(len(gone), len(come))):
        yield (
            gone[place] if place < len(gone) else None,
            come[place] if place < len(come) else None,
        )


def _taken(texts: list[str], text: str) -> bool:
    if text not in texts:
        return False
    texts.remove(text)
    return True


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [_text(item) for item in value] if isinstance(value, list) else [_text(value)]


def _text(value: Any) -> str:
    """A value as people read it; what is no text, as JSON."""
    if isinstance(value, str):
        return value
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


# ── values held ──────────────────────────────────────────────────────────────────────────

_Tree = dict[str, "int | _Tree"]


def _tree(paths: Mapping[str, int]) -> _Tree:
    """The paths as nested keys, so that each node of a document is visited once."""
    grown: _Tree = {}
    for path, number in paths.items():
        *above, last = path.split("/")
        here = grown
        for key in above:
            step = here.setdefault(key, {})
            assert isinstance(step, dict)
            here = step
        here[last] = number
    return grown


_STATED = {path: n for path, n in _NUMBERS.items() if path not in (MIDS, STATUS)}
_TREE = _tree(_STATED)


def held_values(document: Document, mids: int | None) -> set[tuple[int, str]]:
    """(number of the term, value) of all that an active object holds; `mids` by our rules."""
    found = {(_NUMBERS[STATUS], "active")}
    if mids is not None:
        found.add((_NUMBERS[MIDS], str(mids)))
    _collect(document, _TREE, found)
    return found


def _collect(node: Mapping[str, Any], tree: _Tree, found: set[tuple[int, str]]) -> None:
    for key, below in tree.items():
        value = node.get(key)
        if value is None:
            continue
        for item in value if isinstance(value, list) else (value,):
            if isinstance(below, int):
                found.add((below, _text(item)))
            elif isinstance(item, dict):
                _collect(item, below, found)


def held_number(path: str) -> int | None:
    """The number under which values of a term are kept; None for terms of which none are."""
    return _NUMBERS.get(path)
