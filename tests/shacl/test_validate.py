"""Our shapes: what conforms, what is said of what does not, and two engines that agree."""

from __future__ import annotations

from typing import Any

import pytest
from pyshacl import validate as reference
from rdflib import RDF, SH, Graph, URIRef

from fdo.representations.nquads import triples
from shacl.engine import compile_shapes, shapes_text
from shacl.validate import SHAPE, Report, _relevant, same_verdict, validate, validate_many

PID = "https://doi.org/10.5072/AAA-BBB-CC1"


def a_specimen(**changes: Any) -> dict[str, Any]:
    """A specimen about which there is nothing to say; `None` takes a term away."""
    document: dict[str, Any] = {
        "@id": PID,
        "@type": "ods:DigitalSpecimen",
        "dcterms:identifier": PID,
        "ods:version": 2,
        "ods:status": "Active",
        "ods:fdoType": "https://doi.org/21.T11148/894b1e6cad57e921764e",
        "dcterms:created": "2025-01-02T10:00:00.000Z",
        "dcterms:modified": "2026-02-03T10:00:00.000Z",
        "ods:midsLevel": 1,
        "ods:normalisedPhysicalSpecimenID": "https://herbarium.example/B1",
        "ods:physicalSpecimenID": "https://herbarium.example/B1",
        "ods:physicalSpecimenIDType": "Resolvable",
        "ods:organisationID": "https://ror.org/00bv4cx53",
        "ods:sourceSystemID": "https://hdl.handle.net/20.5000.5072/SRC-SRC-SRC",
        "ods:topicDiscipline": "Botany",
        "ods:specimenName": "Bellis perennis L.",
        "ods:isKnownToContainMedia": True,
        "ods:isMarkedAsType": True,
        "dcterms:license": "https://creativecommons.org/publicdomain/zero/1.0/",
        "dwc:preparations": "sheet",
        "ods:hasIdentifications": [an_identification(**{"dwc:typeStatus": "holotype"})],
        "ods:hasEvents": [an_event()],
    }
    document.update({key.replace("_", ":", 1): value for key, value in changes.items()})
    return {key: value for key, value in document.items() if value is not None}


def an_identification(name: str | None = "Bellis perennis L.", **more: Any) -> dict[str, Any]:
    """What somebody took it for."""
    taxon = {"@type": "ods:TaxonIdentification"} | ({"dwc:scientificName": name} if name else {})
    return {
        "@type": "ods:Identification",
        "ods:isVerifiedIdentification": True,
        "ods:hasTaxonIdentifications": [taxon],
        **more,
    }


def an_event(place: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A collecting event with a good date and place."""
    location = {
        "@type": "ods:Location",
        "dwc:countryCode": "LU",
        "dwc:minimumElevationInMeters": 300,
        "dwc:maximumElevationInMeters": 310.5,
        "ods:hasGeoreference": a_georeference(),
    }
    location.update(place or {})
    event = {
        "@type": "ods:Event",
        "dwc:eventDate": "1907-06-12",
        "dwc:year": 1907,
        "dwc:month": 6,
        "dwc:day": 12,
        "ods:hasAgents": [{"@type": "schema:Person", "schema:name": "E. Klein"}],
        "ods:hasLocation": {k: v for k, v in location.items() if v is not None},
    }
    event.update({key.replace("_", ":", 1): value for key, value in changes.items()})
    return {key: value for key, value in event.items() if value is not None}


def a_georeference(**changes: Any) -> dict[str, Any]:
    """A point with all that belongs to it."""
    point = {
        "@type": "ods:GeoReference",
        "dwc:decimalLatitude": 49.6,
        "dwc:decimalLongitude": 6.1,
        "dwc:geodeticDatum": "WGS84",
        "dwc:coordinateUncertaintyInMeters": 50,
    }
    point.update({key.replace("_", ":", 1): value for key, value in changes.items()})
    return {key: value for key, value in point.items() if value is not None}


def at(**georeference: Any) -> dict[str, Any]:
    """A specimen whose georeference differs."""
    return a_specimen(
        ods_hasEvents=[an_event({"ods:hasGeoreference": a_georeference(**georeference)})]
    )


def from_event(place: dict[str, Any] | None = None, **event: Any) -> dict[str, Any]:
    """A specimen whose collecting event differs."""
    return a_specimen(ods_hasEvents=[an_event(place, **event)])


def a_medium(**changes: Any) -> dict[str, Any]:
    """A medium about which there is nothing to say."""
    document: dict[str, Any] = {
        "@id": PID,
        "@type": "ods:DigitalMedia",
        "dcterms:identifier": PID,
        "ods:version": 1,
        "ods:fdoType": "https://doi.org/21.T11148/bbad8c4e101e8af01115",
        "dcterms:created": "2025-01-02T10:00:00.000Z",
        "dcterms:modified": "2025-01-02T10:00:00.000Z",
        "ac:accessURI": "https://herbarium.example/B1.jpg",
        "dcterms:type": "StillImage",
        "dcterms:format": "image/jpeg",
        "dcterms:rights": "https://creativecommons.org/licenses/by/4.0/",
        "ods:sourceSystemID": "https://hdl.handle.net/20.5000.5072/SRC-SRC-SRC",
        "ods:hasEntityRelationships": [
            {
                "@type": "ods:EntityRelationship",
                "dwc:relationshipOfResource": "hasDigitalSpecimen",
                "dwc:relatedResourceID": "https://doi.org/10.5072/AAA-BBB-CC2",
            }
        ],
    }
    document.update({key.replace("_", ":", 1): value for key, value in changes.items()})
    return {key: value for key, value in document.items() if value is not None}


SPECIMENS = [
    ("specimen-physical-id", a_specimen(ods_physicalSpecimenID=None)),
    ("specimen-physical-id", a_specimen(ods_physicalSpecimenID="")),
    ("specimen-normalised-id", a_specimen(ods_normalisedPhysicalSpecimenID=None)),
    ("specimen-id-type", a_specimen(ods_physicalSpecimenIDType="Barcode")),
    ("specimen-organisation", a_specimen(ods_organisationID="https://herbarium.example/")),
    ("specimen-organisation", a_specimen(ods_organisationID=None)),
    ("specimen-source-system", a_specimen(ods_sourceSystemID="our database")),
    ("specimen-fdo-type", a_specimen(ods_fdoType=None)),
    ("specimen-version", a_specimen(ods_version=0)),
    ("specimen-created", a_specimen(dcterms_created=None)),
    ("specimen-modified", a_specimen(dcterms_modified=None)),
    (
        "specimen-created-before-modified",
        a_specimen(dcterms_created="2026-02-03T10:00:00.001Z"),
    ),
    ("specimen-licence", a_specimen(dcterms_license=None)),
    ("specimen-name", a_specimen(ods_specimenName=None)),
    ("specimen-discipline", a_specimen(ods_topicDiscipline="Alchemy")),
    ("specimen-identification", a_specimen(ods_hasIdentifications=None, ods_isMarkedAsType=None)),
    ("specimen-year", from_event(dwc_year=2027)),
    ("specimen-preparations", a_specimen(dwc_preparations=None)),
    ("specimen-event", a_specimen(ods_hasEvents=None)),
    ("specimen-media", a_specimen(ods_isKnownToContainMedia=False)),
    ("specimen-collector", from_event(ods_hasAgents=None)),
    ("specimen-type-status", a_specimen(ods_hasIdentifications=[an_identification()])),
    ("event-date", from_event(dwc_eventDate="12.6.1907")),
    ("event-date", from_event(dwc_eventDate="0197-06-12")),
    ("event-year", from_event(dwc_year=197)),
    ("event-month", from_event(dwc_month=13)),
    ("event-day", from_event(dwc_day=0)),
    ("location-elevation-order", from_event({"dwc:minimumElevationInMeters": 311})),
    (
        "location-elevation",
        from_event({"dwc:minimumElevationInMeters": 9000, "dwc:maximumElevationInMeters": 9000}),
    ),
    (
        "location-depth-order",
        from_event({"dwc:minimumDepthInMeters": 20, "dwc:maximumDepthInMeters": 2}),
    ),
    ("location-depth", from_event({"dwc:minimumDepthInMeters": -3})),
    ("location-country", from_event({"dwc:countryCode": None})),
    ("georeference-latitude", at(dwc_decimalLatitude=90.01)),
    ("georeference-longitude", at(dwc_decimalLongitude=-181)),
    ("georeference-uncertainty", at(dwc_coordinateUncertaintyInMeters=-1)),
    ("georeference-both", at(dwc_decimalLongitude=None)),
    ("georeference-both", at(dwc_decimalLatitude=None)),
    ("georeference-datum", at(dwc_geodeticDatum=None)),
    ("georeference-zero", at(dwc_decimalLatitude=0, dwc_decimalLongitude=0)),
    (
        "taxon-identification-name",
        a_specimen(
            ods_hasIdentifications=[
                an_identification(None, **{"dwc:typeStatus": "holotype"}),
            ]
        ),
    ),
]
MEDIA = [
    ("media-access-uri", a_medium(ac_accessURI="B1.jpg")),
    ("media-access-uri", a_medium(ac_accessURI=None)),
    ("media-source-system", a_medium(ods_sourceSystemID=None)),
    ("media-fdo-type", a_medium(ods_fdoType=None)),
    ("media-version", a_medium(ods_version=0)),
    ("media-created", a_medium(dcterms_created=None)),
    ("media-modified", a_medium(dcterms_modified=None)),
    ("media-created-before-modified", a_medium(dcterms_created="2025-03-02T10:00:00.000Z")),
    ("media-licence", a_medium(dcterms_rights=None)),
    ("media-type-known", a_medium(dcterms_type="photo")),
    ("media-type", a_medium(dcterms_type=None)),
    ("media-specimen", a_medium(ods_hasEntityRelationships=None)),
    ("media-format", a_medium(dcterms_format=None)),
]
CASES = [
    *((shape, document, "specimen") for shape, document in SPECIMENS),
    *((shape, document, "media") for shape, document in MEDIA),
]
IDS = [f"{shape}-{i}" for i, (shape, _, _) in enumerate(CASES)]
"""Shape that must speak, and alone; the document; its type."""

ALSO = {"specimen-event": {"specimen-collector"}}
"""What necessarily comes along: without an event there is no collector."""


def spoken(report: Report) -> set[str]:
    """The shapes that speak in a report, by local name."""
    return {each.shape.removeprefix(SHAPE) for each in report.results}


@pytest.mark.parametrize(("document", "kind"), [(a_specimen(), "specimen"), (a_medium(), "media")])
def test_of_a_good_document_nothing_is_said(document: dict[str, Any], kind: str):
    assert validate(triples(document), kind) == Report(True, ())


@pytest.mark.parametrize(("shape", "document", "kind"), CASES, ids=IDS)
def test_each_rule_speaks_when_it_alone_is_broken(shape: str, document: dict[str, Any], kind: str):
    report = validate(triples(document), kind)
    assert spoken(report) == {shape} | ALSO.get(shape, set())
    assert report.conforms == all(each.severity != "Violation" for each in report.results)


def test_every_rule_of_the_shapes_has_a_case_that_breaks_it():
    rules = set()
    for kind in ("specimen", "media"):
        graph = Graph().parse(data=shapes_text(kind), format="turtle")
        rules |= {str(s) for s in graph.subjects(SH.message) if isinstance(s, URIRef)}
    assert rules == {SHAPE + shape for shape, _, _ in CASES}


@pytest.mark.parametrize("kind", ["specimen", "media"])
def test_every_shape_has_a_name_and_every_rule_a_message_and_a_severity(kind: str):
    graph = Graph().parse(data=shapes_text(kind), format="turtle")
    for shape in {s for s in graph.subjects(RDF.type) if isinstance(s, URIRef)}:
        assert graph.value(shape, SH.name), f"{shape} lacks sh:name"
        if not graph.value(shape, SH.property):
            assert graph.value(shape, SH.message), f"{shape} lacks sh:message"
            assert graph.value(shape, SH.severity), f"{shape} lacks sh:severity"


def test_a_result_says_where_what_and_the_next_step():
    (result,) = validate(triples(at(dwc_decimalLatitude=123)), "specimen").results
    assert result.shape == "urn:collectome:shape:georeference-latitude"
    assert result.focus == f"{PID}#event-1-location-georeference"
    assert result.path == "dwc:decimalLatitude"
    assert result.severity == "Violation"
    assert float(result.value or "nan") == 123.0
    assert result.component == "MaxInclusiveConstraintComponent"
    assert "exchanged" in result.message


def test_types_without_shapes_conform():
    assert validate(["<urn:a> <urn:b> <urn:c> .\n"], "source-system").conforms


@pytest.mark.parametrize("size", [1, 7, 100])
def test_many_together_give_what_each_gives_alone(size: int):
    documents = []
    for number, (_, document, kind) in enumerate([*CASES, ("", a_specimen(), "specimen")]):
        pid = f"https://doi.org/10.5072/AAA-BBB-{number:03d}"
        documents.append((triples({**document, "@id": pid}), kind))
    documents.append((documents[0][0], "source-system"))
    alone = [validate(lines, kind) for lines, kind in documents]
    assert validate_many(documents, size) == alone


def test_two_versions_of_one_object_do_not_mix():
    documents = [(triples(at(dwc_decimalLatitude=v)), "specimen") for v in (1, 99, 2)]
    assert [r.conforms for r in validate_many(documents)] == [True, False, True]


def _reference(document: dict[str, Any], kind: str) -> set[tuple[str, str, str]]:
    """(shape, focus, severity) of each result of the reference engine."""
    lines = [*triples(document), *_relevant(triples(document), kind)]
    _, report, _ = reference(
        Graph().parse(data="".join(lines), format="nt"),
        shacl_graph=Graph().parse(data=shapes_text(kind), format="turtle"),
    )
    assert isinstance(report, Graph)
    return {
        (
            str(report.value(r, SH.sourceShape)),
            str(report.value(r, SH.focusNode)),
            str(report.value(r, SH.resultSeverity)).partition("#")[2],
        )
        for r in report.subjects(RDF.type, SH.ValidationResult)
    }


@pytest.mark.parametrize(("shape", "document", "kind"), CASES, ids=IDS)
def test_the_reference_engine_agrees(shape: str, document: dict[str, Any], kind: str):
    ours = validate(triples(document), kind)
    assert {(r.shape, r.focus, r.severity) for r in ours.results} == _reference(document, kind)


def test_a_shapes_graph_without_shapes_is_refused():
    with pytest.raises(ValueError, match="no shapes"):
        compile_shapes("<urn:a> <urn:b> <urn:c> .")


@pytest.mark.parametrize(("shape", "document", "kind"), CASES, ids=IDS)
def test_versions_of_the_same_verdict_have_the_same_report(
    shape: str, document: dict[str, Any], kind: str
):
    good = a_specimen() if kind == "specimen" else a_medium()
    one, other = triples(good), triples(document)
    assert not same_verdict(one, other, kind), shape
    stamped = {**document, "ods:version": 7, "dcterms:modified": "2026-03-02T00:00:00.000Z"}
    later = triples(stamped)
    if same_verdict(other, later, kind):
        assert validate(later, kind) == validate(other, kind)
