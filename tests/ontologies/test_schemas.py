"""Schemas: ours and those of openDS say the same of every real and every broken document."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fdo.catalogue import OBJECT_TYPES
from fdo.definitions.documents import definitions
from fdo.lifecycle import stamped
from ontologies.schemas import NAMES, explain, schema, validator
from ontologies.schemas.tables import CLASSES
from tests.darwin_core_sources import SOURCE, SOURCES
from tests.opends_reference import THEIRS, their_validator

WHEN = "2026-11-01T12:00:00.000Z"
Document = dict[str, Any]


def completed(document: Document) -> Document:
    """A draft with what registration adds."""
    pid = "https://doi.org/10.5072/AAA-BBB-CCC"
    return document | {
        "@id": pid,
        "dcterms:identifier": pid,
        "ods:version": 1,
        "ods:status": "Active",
        "dcterms:created": WHEN,
        "dcterms:modified": WHEN,
    }


@pytest.mark.parametrize("source", SOURCES)
def test_every_draft_of_the_real_archives_is_valid_by_both(source: str, shared_data: Path) -> None:
    theirs = {name: their_validator(shared_data / "openDS", name) for name in ("specimen", "media")}
    for mapped in SOURCES[source].mapped(shared_data):
        for name, draft in [
            ("specimen", mapped.document),
            *(("media", medium.document) for medium in mapped.media),
        ]:
            document = completed(draft)
            assert validator(name).is_valid(document), explain(name, document)
            assert theirs[name].is_valid(document), list(theirs[name].iter_errors(document))[:3]


def named(kind: str) -> Document:
    """What every document stamped with Dublin Core terms begins with."""
    told: Document = {
        "@id": SOURCE.iri,
        "@type": OBJECT_TYPES[kind].rdf_type,
        "dcterms:identifier": SOURCE.iri,
        "ods:version": 1,
        "dcterms:created": WHEN,
        "dcterms:modified": WHEN,
    }
    if kind == "annotation":
        told["ods:fdoType"] = OBJECT_TYPES[kind].fdo_type
    return told


def full_documents(shared_data: Path) -> dict[str, Document]:
    """One rich valid document of each type."""
    mapped = SOURCES["algae"].mapped(shared_data)[0]
    creator = {"@type": "schema:Person", "schema:name": "E. Jaasund", "schema:email": "e@uit.no"}
    dates = {"schema:version": 1, "schema:dateCreated": WHEN, "schema:dateModified": WHEN}
    return {
        "specimen": completed(mapped.document),
        "media": completed(mapped.media[0].document | {"ac:variant": "http://example.org/v"}),
        "source-system": {
            "@id": SOURCE.iri,
            "@type": "ods:SourceSystem",
            "schema:identifier": SOURCE.iri,
            "ods:fdoType": OBJECT_TYPES["source-system"].fdo_type,
            "schema:creator": creator,
            "schema:url": "https://ipt.example.org/archive.do?r=algae",
            "ods:translatorType": "dwca",
            "ods:dataMappingID": SOURCE.iri,
            **dates,
        },
        "data-mapping": {
            "@type": "ods:DataMapping",
            "schema:identifier": SOURCE.iri,
            "ods:fdoType": OBJECT_TYPES["data-mapping"].fdo_type,
            "schema:creator": creator,
            "ods:mappingDataStandard": "DwC",
            "ods:hasDefaultMapping": [{"ods:organisationID": "https://ror.org/0566bfb96"}],
            "ods:hasTermMapping": [{"ods:physicalSpecimenID": "dwc:catalogNumber"}],
            **dates,
        },
        "saved-query": {
            "@id": SOURCE.iri,
            "@type": "schema:SoftwareSourceCode",
            "dcterms:identifier": SOURCE.iri,
            "ods:version": 1,
            "dcterms:created": WHEN,
            "dcterms:modified": WHEN,
            "dcterms:creator": creator,
            "schema:name": "Countries",
            "schema:text": "SELECT ?c { ?s ?p ?c }",
            "schema:programmingLanguage": "SPARQL 1.1",
        },
        "annotation": {
            **named("annotation"),
            "oa:motivatedBy": ["oa:editing"],
            "oa:hasTarget": [
                {
                    "@type": "oa:SpecificResource",
                    "oa:hasSource": "https://doi.org/10.5072/AAA-BBB-CCC",
                    "ods:fdoType": OBJECT_TYPES["specimen"].fdo_type,
                    "oa:hasSelector": [{"@type": "ods:TermSelector", "ods:term": "$['dwc:x']"}],
                    "oa:hasState": [{"@type": "oa:TimeState", "oa:sourceDate": WHEN}],
                }
            ],
            "oa:hasBody": [
                {
                    "@type": "oa:Choice",
                    "as:items": [{"@type": "oa:TextualBody", "rdf:value": "x", "ods:score": 0.5}],
                },
                "https://example.org/body",
            ],
            "dcterms:creator": [creator],
            "col:contentKey": "0" * 64,
            "ods:mergingDecisionStatus": "Pending",
        },
        "machine-annotation-service": {
            "@id": SOURCE.iri,
            "@type": "ods:MachineAnnotationService",
            "schema:identifier": SOURCE.iri,
            "ods:fdoType": OBJECT_TYPES["machine-annotation-service"].fdo_type,
            "schema:creator": creator,
            "schema:name": "Label reader",
            "ods:topicName": "label-reader",
            "ods:containerImage": "example.org/label-reader",
            "ods:containerTag": "1.0",
            "ods:batchingPermitted": False,
            "ods:timeToLive": 3600,
            "ods:hasTargetDigitalObjectFilter": {"$['dcterms:type']": ["StillImage"]},
            "ods:hasEnvironmentalVariables": [{"schema:name": "LANG", "schema:value": "en"}],
            "col:worksOn": ["media"],
            **dates,
        },
        "ml-model": {**named("ml-model"), "schema:name": "Lines", "dcterms:creator": creator},
        "ml-dataset": {**named("ml-dataset"), "schema:name": "Labels", "dcterms:creator": creator},
        "ml-evaluation": {
            **named("ml-evaluation"),
            "schema:name": "Errors",
            "dcterms:creator": creator,
            "col:model": SOURCE.iri,
            "col:metric": "character error rate",
            "col:measured": 0.02,
        },
        **{
            one.kind: stamped(one.document, one.pid, 1, modified=WHEN)
            for one in definitions("20.5000.5072")
        },
    }


def mutants(document: Document) -> Iterator[tuple[str, Document]]:
    """The document with one thing wrong, at every place."""
    for path in list(_paths(document)):
        for what, change in CHANGES.items():
            mutant = copy.deepcopy(document)
            if change(mutant, path):
                yield f"{what} {'/'.join(map(str, path))}", mutant


def _paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items: Any = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from _paths(value, (*path, key))


def _holder(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path[:-1]:
        document = document[step]
    return document


def _removed(document: Document, path: tuple[Any, ...]) -> bool:
    del _holder(document, path)[path[-1]]
    return True


def _set(value: Any) -> Callable[[Document, tuple[Any, ...]], bool]:
    def change(document: Document, path: tuple[Any, ...]) -> bool:
        _holder(document, path)[path[-1]] = value
        return True

    return change


def _misspelt(document: Document, path: tuple[Any, ...]) -> bool:
    holder = _holder(document, path)
    if not isinstance(holder, dict) or not str(path[-1]).startswith(("@", "ods:", "dwc:")):
        return False
    holder[f"{path[-1]}X"] = holder[path[-1]]
    return True


CHANGES: dict[str, Callable[[Document, tuple[Any, ...]], bool]] = {
    "without": _removed,
    "misspelt": _misspelt,
    "text": _set("not it"),
    "number": _set(-181),
    "fraction": _set(0.5),
    "nothing": _set(None),
    "list": _set([]),
    "object": _set({}),
    "true": _set(True),
}


@pytest.mark.parametrize("name", sorted(set(THEIRS) - {"annotation"}))  # kept in the W3C's form
def test_ours_and_theirs_agree_on_every_broken_document(name: str, shared_data: Path) -> None:
    document = full_documents(shared_data)[name]
    theirs = their_validator(shared_data / "openDS", name)
    assert validator(name).is_valid(document) and theirs.is_valid(document)
    differing = [
        what
        for what, mutant in mutants(document)
        if validator(name).is_valid(mutant) != theirs.is_valid(mutant)
        and not _stricter_by_design(name, what)
    ]
    assert differing == []


def _stricter_by_design(name: str, what: str) -> bool:
    """We refuse unknown keys in digital media, and mapping tables that hold no terms."""
    parts = what.split()
    if name == "media" and parts[0] == "misspelt":
        return "/" not in parts[1]
    return name == "data-mapping" and "Mapping" in parts[1] and "/" in parts[1]


@pytest.mark.parametrize("name", NAMES)
def test_the_fast_validator_and_the_explaining_one_agree(name: str, shared_data: Path) -> None:
    document = full_documents(shared_data)[name]
    assert explain(name, document) == []
    for what, mutant in mutants(document):
        assert validator(name).is_valid(mutant) is (explain(name, mutant) == []), what


def test_an_explanation_names_the_place() -> None:
    found = explain("specimen", {"ods:hasEvents": [{"@type": "ods:Event", "dwc:month": 13}]})
    assert ("/ods:hasEvents/0/dwc:month", "13 is greater than the maximum of 12") in found


def test_every_object_type_has_a_schema() -> None:
    assert set(NAMES) == set(OBJECT_TYPES)


def test_a_schema_stands_on_its_own() -> None:
    for name in NAMES:
        references = json.dumps(schema(name)).split('"$ref": "')[1:]
        assert all(one.startswith("#/$defs/") for one in references)
        assert set(schema(name)["$defs"]) <= set(CLASSES)
