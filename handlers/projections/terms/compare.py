"""What differs between two documents of an object, term by term; what values a document holds.

A term path is the way of keys from the document to a value, without places in lists:
`ods:hasEvents/ods:hasLocation/dwc:country`. Which of several nodes is meant, the fragment of
the node says beside it (`event-2-location`).

A node that was added or removed is all of its values, so that each term tells its own story.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from fdo.difference import Kind, changes
from fdo.documents import RELATIONSHIPS, Document, essence, identical
from fdo.representations.fragments import Path, fragment_of
from ontologies.terms import DOCUMENT_TERMS
from ontologies.terms import Kind as TermKind

MIDS, STATUS = "ods:midsLevel", "ods:status"
"""Terms whose values the repository itself states: the level by our rules, and the status."""

_NOT_CONTENT = frozenset({STATUS, "ods:hasTombstoneMetadata"})
"""What a withdrawal adds to a document; the row of the status says it."""

_TAXON = "ods:hasIdentifications/ods:hasTaxonIdentifications"
_LOCATION = "ods:hasEvents/ods:hasLocation"
LONGEST = 1_000
"""Characters of a value that are kept; the version has the rest."""

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


_Leaf = tuple[str, str, str]
"""Term, fragment of its node, value as text."""


def differences(before: Document, after: Document) -> list[Difference]:
    """Every value in which two documents differ.

    What makes no version makes no difference either (`fdo.documents.essence`). Nodes are matched
    as in the comparison of versions (`fdo.difference`); a value that only moved is no change.
    """
    changed: list[Difference] = []
    gone: list[Difference] = []
    come: list[Difference] = []
    for change in changes(*map(_content, _apart(before, after))):
        old = [] if change.kind is Kind.ADDED else list(_leaves(change.before, change.path))
        new = [] if change.kind is Kind.REMOVED else list(_leaves(change.after, change.path))
        if len(old) == len(new) == 1 and old[0][0] == new[0][0]:
            (term, place, text), (_, _, text2) = old[0], new[0]
            changed.append(Difference(term, place, text, text2))
        else:
            gone += [Difference(term, place, text, None) for term, place, text in _said(old)]
            come += [Difference(term, place, None, text) for term, place, text in _said(new)]
    return changed + _unmoved(gone, come)


def _said(leaves: Sequence[_Leaf]) -> list[_Leaf]:
    """Without the types of nodes, which follow from where they stand."""
    return [leaf for leaf in leaves if leaf[0].rpartition("/")[2] != "@type"]


def _apart(one: Document, other: Document) -> tuple[Document, Document]:
    """Two documents without the terms that are equal in both: most revisions touch few. What
    decides whether a licence counts stays."""
    same = {
        term
        for term, value in one.items()
        if term != RELATIONSHIPS and term in other and identical(value, other[term])
    }
    first, second = (
        {term: value for term, value in document.items() if term not in same}
        for document in (one, other)
    )
    return first, second


def _content(document: Document) -> Document:
    return {key: value for key, value in essence(document).items() if key not in _NOT_CONTENT}


def _leaves(value: Any, path: Path) -> Iterator[_Leaf]:
    """Every plain value at or below a path."""
    key = next(step for step in reversed(path) if isinstance(step, str))
    term = DOCUMENT_TERMS.get(key)
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from _leaves(item, (*path, place))
    elif isinstance(value, dict) and term is not None and term.kind is TermKind.NODE:
        for name, below in value.items():
            yield from _leaves(below, (*path, name))
    else:
        keys = [step for step in path if isinstance(step, str)]
        yield "/".join(keys), fragment_of(_node(path)), _text(value)


def _node(path: Path) -> Path:
    """The innermost node on the way to a plain value, or to one inside of JSON kept whole."""
    last = max(place for place, step in enumerate(path) if isinstance(step, str))
    for place, step in enumerate(path[:last]):
        term = DOCUMENT_TERMS.get(step) if isinstance(step, str) else None
        if isinstance(step, str) and (term is None or term.kind is not TermKind.NODE):
            return path[:place]
    return path[:last]


def _unmoved(gone: Sequence[Difference], come: Sequence[Difference]) -> list[Difference]:
    """What went and what came, without values that did both under one term."""
    back = Counter((each.term, each.new) for each in come)
    back &= Counter((each.term, each.old) for each in gone)
    kept = []
    for side, name in ((gone, "old"), (come, "new")):
        left = back.copy()
        for each in side:
            said = (each.term, getattr(each, name))
            left[said] -= 1
            if left[said] < 0:
                kept.append(each)
    return kept


def _text(value: Any) -> str:
    """A value as people read it; what is no text, as JSON."""
    if isinstance(value, str):
        return value
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


# ── values held ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Tree:
    """The held terms of one node, and the nodes below it that bear more."""

    terms: list[tuple[str, int]]
    nodes: list[tuple[str, _Tree]]


def _tree(paths: Mapping[str, int]) -> _Tree:
    """The paths as nested keys, so that each node of a document is visited once."""
    below: dict[str, dict[str, int]] = {}
    for path, number in paths.items():
        key, slash, rest = path.partition("/")
        if slash:
            below.setdefault(key, {})[rest] = number
    return _Tree(
        [(path, number) for path, number in paths.items() if "/" not in path],
        [(key, _tree(rest)) for key, rest in below.items()],
    )


_TREE = _tree({path: n for path, n in _NUMBERS.items() if path not in (MIDS, STATUS)})

HeldValue = tuple[int, str]
"""Number of the term, and the value, cut where it is too long to be kept whole."""


def held_values(document: Document, mids: int | None) -> set[HeldValue]:
    """All that an active object holds; `mids` is its level by our rules."""
    found = {(_NUMBERS[STATUS], "active")}
    if mids is not None:
        found.add((_NUMBERS[MIDS], str(mids)))
    _collect(document, _TREE, found)
    return found


def _collect(node: Mapping[str, Any], tree: _Tree, found: set[HeldValue]) -> None:
    get = node.get
    for key, number in tree.terms:
        value = get(key)
        if type(value) is str:
            found.add((number, value[:LONGEST]))
        elif value is not None:
            found.update((number, text[:LONGEST]) for text in _texts(value))
    for key, below in tree.nodes:
        value = get(key)
        if value is not None:
            for item in value if isinstance(value, list) else (value,):
                if isinstance(item, dict):
                    _collect(item, below, found)


def _texts(value: Any) -> list[str]:
    return [_text(item) for item in value] if isinstance(value, list) else [_text(value)]


def held_number(path: str) -> int | None:
    """The number under which values of a term are kept; None for terms of which none are."""
    return _NUMBERS.get(path)
