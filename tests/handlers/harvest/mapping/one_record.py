"""One record of a source, mapped: what a test says of it, and what becomes of it."""

from __future__ import annotations

from typing import Any

from handlers.harvest.mapping.darwin_core import Mapping
from handlers.harvest.records import DatasetMetadata, Diagnostic, Mapped, Record
from tests.darwin_core_sources import SOURCE

ROR = "https://ror.org/05natt857"
Document = dict[str, Any]
Rows = dict[str, list[dict[str, str]]]


def a_record(extensions: Rows | None = None, **core: str) -> Record:
    """A preserved specimen with an id and a holder; keywords are terms, `_` for `:`."""
    cells = {
        "dwc:basisOfRecord": "PreservedSpecimen",
        "dwc:occurrenceID": "https://example.org/specimen/1",
        "dwc:institutionID": ROR,
        "dcterms:license": "CC0",
        **{name.replace("_", ":", 1): value for name, value in core.items()},
    }
    filled = {term: value for term, value in cells.items() if value}
    return Record("row-1", filled, extensions or {}, b"", "occurrence.txt", 2)


def mapping(
    dataset: DatasetMetadata | None = None,
    organisation: str | None = None,
    data_mapping: Document | None = None,
) -> Mapping:
    return Mapping(SOURCE, "A source", dataset or DatasetMetadata(), organisation, data_mapping)


def mapped(record: Record, by: Mapping | None = None) -> Mapped:
    result = (by or mapping()).map(record)
    assert isinstance(result, Mapped), result
    return result


def rejection(record: Record, by: Mapping | None = None) -> Diagnostic:
    result = (by or mapping()).map(record)
    assert isinstance(result, Diagnostic)
    return result


def relations(document: Document) -> dict[str, str]:
    return {
        node["dwc:relationshipOfResource"]: node["dwc:relatedResourceID"]
        for node in document["ods:hasEntityRelationships"]
    }
