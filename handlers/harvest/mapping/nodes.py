"""The nested nodes of an openDS document: relations, identifiers, agents, assertions, citations.

No node has an `@id`: its name in RDF is its path in the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fdo.annotation.rules import KEPT_RELATIONS
from handlers.harvest.mapping.values import (
    is_absolute,
    kind_of_agent,
    kind_of_identifier,
    person_ids,
    split_names,
)

Node = dict[str, Any]
Row = dict[str, str]

RELATED = "hasRelatedResource"
"""The relation of which nothing more is known."""


def relation(name: str, target: str, **more: str) -> Node:
    """An `ods:EntityRelationship`; a target that is a URI stands as URI too."""
    node: Node = {
        "@type": "ods:EntityRelationship",
        "dwc:relationshipOfResource": name,
        "dwc:relatedResourceID": target,
    }
    if ":" in target and is_absolute(target):
        node["ods:relatedResourceURI"] = target
    node.update(more)
    return node


def identifier(title: str, value: str, status: str | None = None) -> Node:
    """An `ods:Identifier` with the kind and the stability that its form tells."""
    kind, level = kind_of_identifier(value)
    node: Node = {
        "@type": "ods:Identifier",
        "dcterms:title": title,
        "dcterms:type": kind,
        "dcterms:identifier": value,
        "ods:gupriLevel": level,
    }
    if status:
        node["ods:identifierStatus"] = status
    return node


def agents(names: str | None, ids: str | None, role: str) -> list[Node]:
    """The agents that two parallel lists name, in one role.

    As many ids as names: they pair. One name: all ids are its. Otherwise nobody can tell whose
    an id is, so names and ids stand as agents of their own.
    """
    if not names and not ids:
        return []
    return [_agent(name, own, role) for name, own in _paired(names, ids)]


def _paired(names: str | None, ids: str | None) -> Iterator[tuple[str | None, tuple[str, ...]]]:
    people = split_names(names) if names else ()
    numbers = person_ids(ids) if ids else ()
    if not numbers:
        yield from ((name, ()) for name in people)
    elif len(people) == len(numbers):
        yield from ((name, (number,)) for name, number in zip(people, numbers, strict=True))
    elif len(people) == 1:
        yield people[0], numbers
    else:
        yield from ((name, ()) for name in people)
        yield from ((None, (number,)) for number in numbers)


def _agent(name: str | None, ids: tuple[str, ...], role: str) -> Node:
    node: Node = {
        "@type": kind_of_agent(name) if name else "schema:Person",
        "ods:hasRoles": [{"@type": "schema:Role", "schema:roleName": role}],
    }
    if name:
        node["schema:name"] = name
    if ids:
        node["schema:identifier"] = ids[0]
        node["ods:hasIdentifiers"] = [
            identifier("ORCID" if "orcid.org" in one else "Agent identifier", one) for one in ids
        ]
    return node


_ASSERTION = {
    "dwc:measurementID": "dwc:measurementID",
    "dwc:parentMeasurementID": "dwc:parentMeasurementID",
    "dwc:measurementType": "dwc:measurementType",
    "dwc:measurementValue": "dwc:measurementValue",
    "dwc:measurementAccuracy": "dwc:measurementAccuracy",
    "dwc:measurementUnit": "dwc:measurementUnit",
    "dwc:measurementMethod": "dwc:measurementMethod",
    "dwc:measurementRemarks": "dwc:measurementRemarks",
    "dwc:measurementDeterminedDate": "dwc:measurementDeterminedDate",
    "dwciri:measurementType": "dwciri:measurementType",
    "dwciri:measurementValue": "dwciri:measurementValue",
    "dwciri:measurementUnit": "dwciri:measurementUnit",
    "dwciri:measurementMethod": "dwciri:measurementMethod",
    "obis:measurementTypeID": "dwciri:measurementType",
    "obis:measurementValueID": "dwciri:measurementValue",
    "obis:measurementUnitID": "dwciri:measurementUnit",
    "obis:measurementMethodID": "dwciri:measurementMethod",
}
_CITATION = {
    "dcterms:identifier": "dcterms:identifier",
    "dc:identifier": "dcterms:identifier",
    "dcterms:type": "dcterms:type",
    "dc:type": "dcterms:type",
    "dcterms:date": "dcterms:date",
    "dc:date": "dcterms:date",
    "dcterms:title": "dcterms:title",
    "dc:title": "dcterms:title",
    "dcterms:description": "dcterms:description",
    "dc:description": "dcterms:description",
    "dcterms:bibliographicCitation": "dcterms:bibliographicCitation",
}


def assertion(row: Row) -> Node | None:
    """A row of MeasurementOrFact or of its extended form; None without type and value."""
    node = _renamed(row, _ASSERTION)
    if not (
        node.keys() & {"dwc:measurementType", "dwciri:measurementType", "dwc:measurementValue"}
    ):
        return None
    node["@type"] = "ods:Assertion"
    if who := row.get("dwc:measurementDeterminedBy"):
        node["ods:hasAgents"] = agents(who, row.get("dwc:measurementDeterminedByID"), "measurer")
    return node


def citation(row: Row) -> Node | None:
    """A row of References; without a citation text, its title or identifier is the text."""
    node = _renamed(row, _CITATION)
    text = next(
        (
            node[term]
            for term in ("dcterms:bibliographicCitation", "dcterms:title", "dcterms:identifier")
            if term in node
        ),
        None,
    )
    if text is None:
        return None
    node["@type"] = "ods:Citation"
    node["dcterms:bibliographicCitation"] = text
    if who := row.get("dcterms:creator") or row.get("dc:creator"):
        node["ods:hasAgents"] = agents(who, None, "author")
    return node


def related(row: Row) -> Node | None:
    """A row of ResourceRelationship; None without a target. The date is left out: volatile.

    A name that the repository gives a meaning of its own becomes a remark on a plain relation.
    """
    target = row.get("dwc:relatedResourceID")
    if not target:
        return None
    name = row.get("dwc:relationshipOfResource", RELATED)
    node = relation(RELATED if is_ours(row) else name, target)
    for term in ("dwc:relationshipOfResourceID", "dwc:relationshipRemarks"):
        if term in row:
            node[term] = row[term]
    if is_ours(row):
        node.setdefault("dwc:relationshipRemarks", name)
    if who := row.get("dwc:relationshipAccordingTo"):
        node["ods:hasAgents"] = agents(who, None, "according to")
    return node


def is_ours(row: Row) -> bool:
    """Whether a row of ResourceRelationship names its relation as only the repository may."""
    return row.get("dwc:relationshipOfResource") in KEPT_RELATIONS


def _renamed(row: Row, names: dict[str, str]) -> Node:
    """The cells of a row under their openDS names; a name given twice keeps the first."""
    node: Node = {}
    for term, target in names.items():
        if term in row and target not in node:
            node[target] = row[term]
    return node
