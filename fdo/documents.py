"""The canonical form of a document, and when two documents say the same.

A document is openDS JSON. Its canonical bytes are JSON with sorted keys, UTF-8, no white
space: what is stored, hashed, signed and sent.
"""

from __future__ import annotations

from typing import Any

import orjson

Document = dict[str, Any]

VOLATILE = frozenset(
    {
        "ods:midsLevel",
        "ods:version",
        "dcterms:created",
        "dcterms:modified",
        "schema:version",
        "schema:dateCreated",
        "schema:dateModified",
        "dwc:relationshipEstablishedDate",
        "ods:sourceSystemName",
        "ods:organisationName",
    }
)
"""Terms left out of equality wherever they stand: what the repository itself computes or
looks up in other objects. A change in these alone makes no version."""

LICENCES = frozenset({"dcterms:license", "dcterms:rights"})
"""Where specimens and media keep their licence; left out when it is only the dataset's."""
_WITH_LICENCES = VOLATILE | LICENCES

RELATIONSHIPS = "ods:hasEntityRelationships"
"""Where a document says, among others, that its licence is inherited."""


def canonical(document: Any) -> bytes:
    """The one byte form of a document; equal documents give equal bytes."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def parse(data: bytes) -> Document:
    """The document of its canonical bytes."""
    parsed: Document = orjson.loads(data)
    return parsed


def essence(node: Any) -> Any:
    """The node without volatile terms and without a licence that is only inherited."""
    if isinstance(node, dict):
        left_out = _left_out(node)
        return {
            key: value if type(value) is str else essence(value)  # most values are text
            for key, value in node.items()
            if key not in left_out
        }
    if isinstance(node, list):
        return [essence(item) for item in node]
    return node


def identical(one: Any, other: Any) -> bool:
    """Equal as JSON: Python takes 1, 1.0 and true for equal, JSON and RDF do not."""
    return bool(one == other) and (type(one) is str or canonical(one) == canonical(other))


def equal(one: Any, other: Any) -> bool:
    """Whether two documents, or parts of them, say the same: their essences are identical.

    Looks no further than to the first difference, and into nothing that is identical.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        left_out, of_other = _left_out(one), _left_out(other)
        names = [name for name in one if name not in left_out]
        if len(names) != sum(name not in of_other for name in other):
            return False
        return all(
            name in other and name not in of_other and _as_equal(one[name], other[name])
            for name in names
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_as_equal, one, other))
    return identical(one, other)


def _as_equal(one: Any, other: Any) -> bool:
    return identical(one, other) or (type(one) in (dict, list) and equal(one, other))


def _left_out(node: dict[str, Any]) -> frozenset[str]:
    return _WITH_LICENCES if _licence_is_inherited(node) else VOLATILE


def _licence_is_inherited(node: dict[str, Any]) -> bool:
    return RELATIONSHIPS in node and any(
        relation.get("dwc:relationshipOfResource") == "hasInheritedLicense"
        for relation in node[RELATIONSHIPS]
        if isinstance(relation, dict)
    )


def changed_terms(before: Document, after: Document) -> list[str]:
    """The keys whose values differ between two documents, each once, deepest key that names
    the difference; volatile terms are left out."""
    found: dict[str, None] = {}
    _compare(essence(before), essence(after), "", found)
    return list(found)


def _compare(one: Any, other: Any, key: str, found: dict[str, None]) -> None:
    if one == other:
        return
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            _compare(one.get(name), other.get(name), name, found)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for left, right in zip(one, other, strict=True):
            _compare(left, right, key, found)
    else:
        found[key] = None
