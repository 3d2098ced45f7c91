"""The term table is complete, and each of its words is explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rdflib import RDF, RDFS, Graph, URIRef

from ontologies import vocabulary
from ontologies.prefixes import DOCUMENTATION, PREFIXES
from ontologies.schemas.tables import OBJECTS
from ontologies.term import fragment_of_key, label_of
from ontologies.terms import CLASSES, DOCUMENT_TERMS, TERMS, Kind, iri, iri_of_value, shrink
from ontologies.words import ALL_CLASSES, ALL_TERMS, definitions

DATES_MADE_BY_MACHINES = {
    "dcterms:created",
    "dcterms:issued",
    "dcterms:modified",
    "oa:sourceDate",
    "oa:sourceDateEnd",
    "oa:sourceDateStart",
    "ods:mergingStateChangeDate",
    "ods:tombstoneDate",
    "prov:endedAtTime",
    "schema:dateCreated",
    "schema:dateModified",
}


def properties(schema: Any) -> dict[str, list[Any]]:
    """Every property that a JSON Schema declares anywhere, with its declarations."""
    found: dict[str, list[Any]] = {}
    todo = [schema]
    while todo:
        each = todo.pop()
        if isinstance(each, dict):
            for key, value in (each.get("properties") or {}).items():
                found.setdefault(key, []).append(value)
            todo.extend(each.values())
        elif isinstance(each, list):
            todo.extend(each)
    return found


@pytest.fixture(scope="module")
def declared(shared_data: Path) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for file in (shared_data / "openDS" / "fdo-type").glob("**/schema/*.json"):
        for key, uses in properties(json.loads(file.read_text())).items():
            found.setdefault(key, []).extend(uses)
    return found


def test_every_property_of_every_opends_object_is_in_the_table(declared: dict[str, Any]) -> None:
    assert set(declared) - {"@id", "@type"} <= set(DOCUMENT_TERMS)


def test_numbers_and_switches_have_the_kind_that_opends_declares(
    declared: dict[str, list[Any]],
) -> None:
    expected = {"integer": Kind.INTEGER, "number": Kind.DOUBLE, "boolean": Kind.BOOLEAN}
    for key, uses in declared.items():
        for use in uses:
            kind = use.get("type")
            if isinstance(kind, str) and kind in expected:
                assert DOCUMENT_TERMS[key].kind is expected[kind], key
            elif kind == "object":
                assert DOCUMENT_TERMS[key].kind in (Kind.NODE, Kind.JSON), key


def test_every_class_of_every_opends_object_is_in_the_table(declared: dict[str, Any]) -> None:
    names = {name for use in declared["@type"] for name in [use.get("const"), *use.get("enum", [])]}
    assert {n if ":" in n else f"ods:{n}" for n in names if n} <= set(CLASSES)


def test_each_word_stands_in_the_table_once() -> None:
    keys = [each.key for each in ALL_TERMS]
    assert len(set(keys)) == len(keys)
    assert len({term.iri for term in ALL_TERMS}) == len(keys)
    assert len({each.key for each in ALL_CLASSES}) == len(ALL_CLASSES)


def test_only_instants_that_machines_write_are_date_times() -> None:
    found = {key for key, term in DOCUMENT_TERMS.items() if term.kind is Kind.DATETIME}
    assert found == DATES_MADE_BY_MACHINES


def test_words_of_definitions_stand_in_no_other_document_and_ours_in_none_of_openDS() -> None:
    ours = {term.key for term in definitions.TERMS}
    own = {key for key in DOCUMENT_TERMS if key.startswith("col:")}
    assert ours < own
    for name in ("specimen", "media", "source-system", "data-mapping"):
        assert not own & {key for keys in OBJECTS[name].keys.values() for key in keys.split()}
    for name, shape in OBJECTS.items():
        used = {key for keys in shape.keys.values() for key in keys.split()} & ours
        assert bool(used) == name.startswith("fdo-")


def test_curies_and_iris_are_each_others_reverse() -> None:
    for word in (*TERMS.values(), *CLASSES.values()):
        assert iri(word.key) == word.iri
        assert shrink(word.iri) == word.key
    assert iri("https://example.org/") == "https://example.org/"
    assert shrink("https://example.org/") == "https://example.org/"
    assert iri("dwc://x") == "dwc://x"
    assert iri("unknown:x") == "unknown:x"


def test_a_geo_uri_stays_a_geo_uri() -> None:
    assert iri_of_value("geo:58.38,26.72") == "geo:58.38,26.72"
    assert iri_of_value("oa:editing") == "http://www.w3.org/ns/oa#editing"


@pytest.mark.parametrize(
    ("key", "label", "fragment"),
    [
        ("ods:hasEvents", "has events", "event"),
        ("ods:hasRelatedPIDs", "has related PIDs", "related-pid"),
        ("ods:hasEntityRelationships", "has entity relationships", "entity-relationship"),
        ("ods:hasTombstoneMetadata", "has tombstone metadata", "tombstone-metadata"),
        ("ac:hasROI", "has ROI", "roi"),
        ("as:generator", "generator", "generator"),
        ("exif:PixelXDimension", "pixel x dimension", "pixel-x-dimension"),
        ("ods:genusHTMLLabel", "genus HTML label", "genus-html-label"),
    ],
)
def test_labels_and_fragments_follow_from_the_key(key: str, label: str, fragment: str) -> None:
    assert label_of(key) == label
    assert fragment_of_key(key) == fragment


def test_every_word_has_a_label_and_a_definition_or_its_standard() -> None:
    rows = list(vocabulary.entries())
    assert {row.key for row in rows} == set(TERMS) | set(CLASSES)
    for row in rows:
        assert row.label, row.key
        assert row.definition or row.standard, row.key
        assert row.key.startswith(("ods:", "col:")) <= bool(row.definition), row.key


def test_every_definition_is_a_sentence() -> None:
    for word in (*TERMS.values(), *CLASSES.values()):
        if word.definition:
            assert word.definition[0].isupper() and word.definition.endswith("."), word.key


def test_the_turtle_says_the_same_as_the_rows() -> None:
    graph = Graph().parse(data=vocabulary.turtle(), format="turtle")
    for word in (*TERMS.values(), *CLASSES.values()):
        name = URIRef(word.iri)
        assert graph.value(name, RDFS.label) is not None
        assert (graph.value(name, RDFS.comment) or graph.value(name, RDFS.seeAlso)) is not None
        assert graph.value(name, RDFS.isDefinedBy) is not None
    assert (URIRef(PREFIXES["ods"] + "hasEvents"), RDF.type, RDF.Property) in graph
    assert not [s for s in graph.subjects() if not isinstance(s, URIRef)], "no blank nodes"


def test_every_namespace_is_documented_by_its_standard_or_by_us() -> None:
    assert set(PREFIXES) - set(DOCUMENTATION) == {"ods", "col"}
