"""What a document must satisfy before it is recorded: its schema, and shapes that reject."""

from __future__ import annotations

from collections.abc import Collection

from fdo.documents import Document
from fdo.representations.nquads import triples
from ontologies.schemas import explain, validator
from shacl.validate import validate


def breaches(kind: str, document: Document, rejecting: Collection[str]) -> list[tuple[str, str]]:
    """(JSON pointer or shape, message) for each breach; [] for a document that may be recorded.

    `rejecting` names the object types whose SHACL violations reject; for the others
    conformance is a report.
    """
    if not validator(kind).is_valid(document):
        return explain(kind, document)
    if kind in rejecting:
        report = validate(triples(document), kind)
        return [
            (result.shape, result.message)
            for result in report.results
            if result.severity == "Violation"
        ]
    return []
