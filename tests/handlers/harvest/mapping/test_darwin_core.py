"""Darwin Core to openDS: every term has its place, and what has none is never bent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fdo.documents import canonical, equal
from fdo.identifiers import Pid
from handlers.harvest.mapping.terms import PLACES, Slot
from handlers.harvest.records import DatasetMetadata, Record
from tests.darwin_core_sources import SOURCE, SOURCES
from tests.handlers.harvest.mapping.one_record import (
    ROR,
    Document,
    a_record,
    mapped,
    mapping,
    rejection,
    relations,
)

# ── places ───────────────────────────────────────────────────────────────────────────────


def values_of(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return [value for child in node.values() for value in values_of(child)]
    if isinstance(node, list):
        return [value for child in node for value in values_of(child)]
    return [node]


PLAIN = [term for term, place in PLACES.items() if place.slot is not Slot.ASIDE]


@pytest.mark.parametrize("term", sorted(PLAIN))
def test_every_term_with_a_plain_place_reaches_the_document(term: str) -> None:
    place = PLACES[term]
    value = "7" if place.convert else f"value of {term}"
    record = a_record(dwc_scientificName="Abies alba", dwc_genus="Abies")
    record.core[term] = value
    made = place.convert(value) if place.convert else value
    assert made in values_of(mapped(record).document)


def test_the_mapping_table_of_opends_for_the_core_is_covered(shared_data: Path) -> None:
    """Each source term of openDS's own table for the core has a place in ours."""
    table = (shared_data / "openDS/data-mapping/0.4.0/sssom_dwca.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in table.splitlines()[1:]]
    fixed = {  # slips of that table: capital letters, terms of the extension, of the EML
        "dc:license": "dcterms:license",
        "dwca:ID": "",
        "dwc:GeoreferenceVerificationStatus": "dwc:georeferenceVerificationStatus",
        "dwc:GeoreferencedDate": "dwc:georeferencedDate",
        "dwc:GeoreferenceProtocol": "dwc:georeferenceProtocol",
        "dwc:GeoreferenceSources": "dwc:georeferenceSources",
        "dwc:GeoreferenceRemarks": "dwc:georeferenceRemarks",
    }
    terms = {
        fixed.get(row[5], row[5])
        for row in rows
        if row[8].endswith("dwc/terms/Occurrence") and not row[5].startswith("eml:")
    }
    assert {term for term in terms if term} - PLACES.keys() == set()


def test_the_nodes_of_a_gathering_are_nested() -> None:
    document = mapped(
        a_record(
            dwc_recordedBy="E. Jaasund | P. Svendsen",
            dwc_year="1959",
            dwc_country="Norway",
            dwc_decimalLatitude="70.7141",
            dwc_formation="Kalkgrotten",
            dwc_georeferencedBy="G. Mapper",
        )
    ).document
    (event,) = document["ods:hasEvents"]
    location = event["ods:hasLocation"]
    assert event["dwc:year"] == 1959
    assert [agent["schema:name"] for agent in event["ods:hasAgents"]] == [
        "E. Jaasund",
        "P. Svendsen",
    ]
    assert location["dwc:country"] == "Norway"
    assert location["ods:hasGeoreference"]["dwc:decimalLatitude"] == 70.7141
    assert location["ods:hasGeoreference"]["ods:hasAgents"][0]["schema:name"] == "G. Mapper"
    assert location["ods:hasGeologicalContext"]["dwc:formation"] == "Kalkgrotten"


def test_nested_nodes_bear_no_id_of_their_own() -> None:
    for source in (a_record(dwc_recordedBy="A", dwc_scientificName="Abies alba"),):
        assert "@id" not in json.dumps(mapped(source).document)


def test_the_order_of_columns_is_nothing() -> None:
    record = a_record(
        {
            "ac:Multimedia": [
                {"dc:title": "b", "dcterms:title": "a", "ac:accessURI": "http://x.org/1"}
            ]
        },
        dwc_scientificName="Abies alba",
        dwc_recordedBy="A",
        gbif_recordedByID="0000-0002-1825-0097",
        dwciri_recordedBy="https://orcid.org/0000-0001-6131-7026",
    )
    turned = Record(
        record.id,
        dict(reversed(record.core.items())),
        {k: [dict(reversed(r.items())) for r in rows] for k, rows in record.extensions.items()},
        b"",
        record.file,
        record.line,
    )
    here, there = mapped(record), mapped(turned)
    assert canonical(here.document) == canonical(there.document)
    assert canonical(here.media[0].document) == canonical(there.media[0].document)


# ── values that do not fit ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("term", "value"),
    [
        ("dwc:decimalLatitude", "71N"),
        ("dwc:decimalLatitude", "90.05722"),
        ("dwc:decimalLongitude", "-181"),
        ("dwc:decimalLongitude", "nan"),
        ("dwc:coordinateUncertaintyInMeters", "-1"),
        ("dwc:month", "13"),
        ("dwc:day", "0"),
        ("dwc:year", "about 1900"),
        ("dwc:year", "1900.5"),
        ("dwc:year", "-1e30"),
        ("dwc:year", "10000"),
        ("dwc:footprintSpatialFit", "1e30"),
        ("dwc:footprintSpatialFit", "-1"),
        ("dwc:minimumElevationInMeters", "1_000"),
    ],
)
def test_a_value_that_does_not_fit_is_left_out_and_reported(term: str, value: str) -> None:
    record = a_record()
    record.core[term] = value
    result = mapped(record)
    assert term not in json.dumps(result.document)
    (finding,) = result.diagnostics
    assert (finding.code, finding.severity, finding.line) == ("value-does-not-fit", "warning", 2)
    assert term in finding.message and repr(value) in finding.message and finding.next_step


def test_a_whole_number_with_a_point_is_a_whole_number() -> None:
    (event,) = mapped(a_record(dwc_year="1959.0")).document["ods:hasEvents"]
    assert event["dwc:year"] == 1959 and isinstance(event["dwc:year"], int)


# ── identity, holder, rejections ─────────────────────────────────────────────────────────


def test_the_occurrence_id_names_the_object_before_the_catalogue_number() -> None:
    result = mapped(a_record(dwc_catalogNumber="C 1"))
    assert result.physical_id == result.normalised_id == "https://example.org/specimen/1"
    assert result.physical_id_type == "Resolvable"


def test_a_local_id_is_claimed_within_its_source() -> None:
    result = mapped(a_record(dwc_occurrenceID="", dwc_catalogNumber=" C 1 "))
    assert (result.physical_id_type, result.normalised_id) == ("Local", "C 1:SRC-SRC-SRC")


def test_the_id_looked_up_without_mapping_is_the_id_mapped() -> None:
    by = mapping(
        data_mapping={"ods:hasTermMapping": [{"ods:physicalSpecimenID": "dwc:recordNumber"}]}
    )
    record = a_record(dwc_recordNumber="77")
    assert by.normalised_id_of(record.core) == mapped(record, by).normalised_id == "77:SRC-SRC-SRC"


def test_a_record_that_names_no_object_is_rejected() -> None:
    finding = rejection(a_record(dwc_occurrenceID=""))
    assert (finding.code, finding.severity, finding.rows) == ("no-physical-id", "error", 1)


@pytest.mark.parametrize(
    ("basis", "code"), [("HumanObservation", "not-a-specimen"), ("", "no-basis-of-record")]
)
def test_what_is_no_specimen_is_rejected(basis: str, code: str) -> None:
    assert rejection(a_record(dwc_basisOfRecord=basis)).code == code


def test_a_record_without_a_known_holder_is_rejected() -> None:
    finding = rejection(a_record(dwc_institutionID="75", dwc_institutionCode="INHS"))
    assert finding.code == "no-organisation" and "'75'" in finding.message
    assert "--organisation" in finding.next_step


@pytest.mark.parametrize(
    ("record", "operator", "dataset", "holder"),
    [
        (ROR, "https://ror.org/0566bfb96", None, ROR),
        ("75", "0566bfb96.invalid", "Q42", "https://www.wikidata.org/wiki/Q42"),
        ("75", "https://ror.org/0566bfb96", "Q42", "https://ror.org/0566bfb96"),
    ],
)
def test_the_record_names_its_holder_then_the_operator_then_the_dataset(
    record: str, operator: str, dataset: str | None, holder: str
) -> None:
    by = mapping(DatasetMetadata(organisation_id=dataset), operator)
    document = mapped(a_record(dwc_institutionID=record), by).document
    assert document["ods:organisationID"] == relations(document)["hasOrganisationID"] == holder


# ── licence ──────────────────────────────────────────────────────────────────────────────


def test_an_inherited_licence_is_marked_as_such() -> None:
    by = mapping(DatasetMetadata(licence="CC-BY 4.0"))
    result = mapped(a_record(dcterms_license=""), by)
    document = result.document
    assert document["dcterms:license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert relations(document)["hasInheritedLicense"] == SOURCE.iri
    assert "hasLicense" not in relations(document)
    assert result.gate.passes and result.gate.inherited


def test_another_licence_of_the_dataset_makes_no_other_specimen() -> None:
    record = a_record(dcterms_license="")
    one, two = (mapped(record, mapping(DatasetMetadata(licence=text))) for text in ("CC0", "CC-BY"))
    assert one.document != two.document
    assert equal(one.document, two.document)


def test_an_own_licence_is_a_relation_of_its_own() -> None:
    document = mapped(a_record(dcterms_license="CC0 1.0")).document
    assert relations(document)["hasLicense"] == "https://creativecommons.org/publicdomain/zero/1.0/"


def test_a_licence_that_does_not_pass_gives_a_draft_that_may_not_be_shown() -> None:
    result = mapped(a_record(dcterms_license="CC BY-NC 4.0"))
    assert not result.gate.passes and "CC BY-NC 4.0" in result.gate.reason


# ── names ────────────────────────────────────────────────────────────────────────────────


def test_a_mineral_is_never_a_taxon() -> None:
    document = mapped(
        a_record(
            dwc_basisOfRecord="OtherSpecimen",
            dwc_collectionCode="Mineralogy",
            dwc_scientificName="CALCITE, GALENA",
            dwc_taxonRank="genus",
            dwc_nomenclaturalCode="ICZN",
        )
    ).document
    (identification,) = document["ods:hasIdentifications"]
    assert identification["dwc:verbatimIdentification"] == "CALCITE, GALENA"
    assert "ods:hasTaxonIdentifications" not in identification
    assert document["ods:specimenName"] == "CALCITE, GALENA"


def test_a_taxon_without_name_is_named_by_genus_and_epithets_else_by_its_lowest_rank() -> None:
    fir = mapped(a_record(dwc_genus="Abies", dwc_specificEpithet="alba", dwc_family="Pinaceae"))
    salp = mapped(a_record(dwc_family="Salpidae", dwc_kingdom="Animalia"))
    assert fir.document["ods:specimenName"] == "Abies alba"
    assert salp.document["ods:specimenName"] == "Salpidae"


def test_a_code_of_nomenclature_alone_names_nothing() -> None:
    assert "ods:hasIdentifications" not in mapped(a_record(dwc_nomenclaturalCode="ICZN")).document


def test_the_identification_extension_adds_what_the_core_does_not_say() -> None:
    rows = [
        {"dwc:scientificName": "Abies alba", "dwc:identifiedBy": "A. Bee"},
        {
            "dwc:scientificName": "Abies nebrodensis",
            "dwc:identifiedBy": "C. Dee",
            "dwc:identifiedByID": "0000-0002-1825-0097",
            "dwc:typeStatus": "holotype",
        },
    ]
    document = mapped(
        a_record(
            {"dwc:Identification": rows},
            dwc_scientificName="Abies alba",
            dwc_identifiedBy="A. Bee",
        )
    ).document
    first, second = document["ods:hasIdentifications"]
    assert first["ods:isVerifiedIdentification"] and not second["ods:isVerifiedIdentification"]
    assert (
        second["ods:hasAgents"][0]["schema:identifier"] == "https://orcid.org/0000-0002-1825-0097"
    )
    assert document["ods:isMarkedAsType"] is True


def test_an_identification_that_the_core_names_too_adds_what_it_says_further() -> None:
    rows = [
        {
            "dwc:scientificName": "Aus bus",
            "dwc:family": "Aidae",
            "dwc:typeStatus": "Holotype",
            "dwc:identificationRemarks": "of the original series",
            "dwc:taxonRank": "SPECIES",
        }
    ]
    document = mapped(
        a_record(
            {"dwc:Identification": rows}, dwc_scientificName="Aus bus", dwc_taxonRank="species"
        )
    ).document
    (only,) = document["ods:hasIdentifications"]
    assert only["dwc:typeStatus"] == "Holotype"
    assert only["dwc:identificationRemarks"] == "of the original series"
    (taxon,) = only["ods:hasTaxonIdentifications"]
    assert (taxon["dwc:family"], taxon["dwc:taxonRank"]) == ("Aidae", "species")
    assert document["ods:isMarkedAsType"] is True


@pytest.mark.parametrize(
    ("core", "name", "epithet"),
    [
        ({"gbif_species": "Quercus robur", "dwc_genus": "Quercus"}, "Quercus robur", None),
        ({"gbif_species": "robur", "dwc_genus": "Quercus"}, "Quercus robur", "robur"),
        (
            {"gbif_species": "Quercus robur", "dwc_scientificName": "Quercus robur L."},
            "Quercus robur L.",
            None,
        ),
    ],
)
def test_a_column_of_species_is_a_name_or_an_epithet_as_its_value_tells(
    core: dict[str, str], name: str, epithet: str | None
) -> None:
    document = mapped(a_record({}, **core)).document
    (taxon,) = document["ods:hasIdentifications"][0]["ods:hasTaxonIdentifications"]
    assert document["ods:specimenName"] == taxon["dwc:scientificName"] == name
    assert taxon.get("dwc:specificEpithet") == epithet


# ── people ───────────────────────────────────────────────────────────────────────────────


def test_as_many_ids_as_people_pair_and_others_stand_alone() -> None:
    def agents(names: str, ids: str) -> list[tuple[str | None, str | None]]:
        record = a_record(dwc_recordedBy=names, dwc_recordedByID=ids)
        (event,) = mapped(record).document["ods:hasEvents"]
        return [(a.get("schema:name"), a.get("schema:identifier")) for a in event["ods:hasAgents"]]

    one, two = "https://orcid.org/0000-0002-1825-0097", "https://orcid.org/0000-0001-6131-7026"
    assert agents("A | B", f"{one}|{two}") == [("A", one), ("B", two)]
    assert agents("A", f"{one}|{two}") == [("A", one)]
    assert agents("A | B", one) == [("A", None), ("B", None), (None, one)]


# ── extensions ───────────────────────────────────────────────────────────────────────────


def test_measurements_relations_ages_references_and_identifiers_have_their_nodes() -> None:
    document = mapped(
        a_record(
            {
                "obis:ExtendedMeasurementOrFact": [
                    {
                        "dwc:measurementType": "length",
                        "obis:measurementTypeID": "http://vocab.example.org/length",
                        "dwc:measurementValue": "12",
                        "dwc:measurementDeterminedBy": "A. Bee",
                    }
                ],
                "dwc:ResourceRelationship": [
                    {
                        "dwc:relationshipOfResource": "host of",
                        "dwc:relatedResourceID": "https://example.org/2",
                        "dwc:relationshipEstablishedDate": "2020-01-01",
                    }
                ],
                "chrono:ChronometricAge": [
                    {
                        "chrono:verbatimChronometricAge": "27 BP",
                        "chrono:earliestChronometricAge": "27",
                    }
                ],
                "gbif:Reference": [{"dcterms:title": "On firs", "dcterms:date": "1999"}],
                "gbif:Identifier": [
                    {"dcterms:identifier": "doi:10.1234/x", "dcterms:title": "DOI"}
                ],
            }
        )
    ).document
    (assertion,) = document["ods:hasAssertions"]
    assert assertion["dwciri:measurementType"] == "http://vocab.example.org/length"
    assert assertion["ods:hasAgents"][0]["schema:name"] == "A. Bee"
    assert relations(document)["host of"] == "https://example.org/2"
    assert "2020-01-01" not in json.dumps(document), "dates of relations are volatile"
    assert document["ods:hasChronometricAges"][0]["chrono:earliestChronometricAge"] == 27
    assert document["ods:hasCitations"][0]["dcterms:bibliographicCitation"] == "On firs"
    kinds = {i["dcterms:identifier"]: i["dcterms:type"] for i in document["ods:hasIdentifiers"]}
    assert kinds["doi:10.1234/x"] == "DOI" and kinds["row-1"] == "Locally unique identifier"


def test_citations_and_addresses_are_not_torn_at_semicolons() -> None:
    document = mapped(
        a_record(
            dwc_associatedReferences="Smith J; Jones K (2001) A revision | Lee (1999)",
            dcterms_references="https://example.org/page;view=full",
        )
    ).document
    assert [each["dcterms:bibliographicCitation"] for each in document["ods:hasCitations"]] == [
        "Smith J; Jones K (2001) A revision",
        "Lee (1999)",
    ]
    assert relations(document)["hasReference"] == "https://example.org/page;view=full"


@pytest.mark.parametrize("name", ["hasDigitalMedia", "hasInheritedLicense", "hasSourceSystemID"])
def test_a_source_cannot_state_the_relations_of_the_repository(name: str) -> None:
    row = {
        "dwc:relationshipOfResource": name,
        "dwc:relatedResourceID": "https://example.org/2",
    }
    result = mapped(a_record({"dwc:ResourceRelationship": [row]}))
    (node,) = (
        node
        for node in result.document["ods:hasEntityRelationships"]
        if node["dwc:relatedResourceID"] == "https://example.org/2"
    )
    assert node["dwc:relationshipOfResource"] == "hasRelatedResource"
    assert node["dwc:relationshipRemarks"] == name
    assert [finding.code for finding in result.diagnostics] == ["relation-reserved"]


def test_each_identifier_stands_once_and_the_physical_one_is_preferred() -> None:
    document = mapped(
        a_record(
            dwc_catalogNumber="C 1", dwc_otherCatalogNumbers="C 1 | old 7", dwc_recordNumber="12"
        )
    ).document
    nodes = document["ods:hasIdentifiers"]
    assert [node["dcterms:identifier"] for node in nodes] == [
        "https://example.org/specimen/1",
        "C 1",
        "12",
        "old 7",
        "row-1",
    ]
    assert [n["ods:identifierStatus"] for n in nodes] == ["Preferred", *["Alternative"] * 4]


def test_the_stopgap_id_of_a_table_without_ids_is_no_identifier() -> None:
    record = a_record()
    record.id = "occurrence.txt-line-2"
    identifiers = mapped(record).document["ods:hasIdentifiers"]
    assert len(identifiers) == 1


def test_a_title_of_the_dataset_makes_no_version_of_its_specimens() -> None:
    one = mapped(a_record(), mapping(DatasetMetadata(title="Old title")))
    two = mapped(a_record(), mapping(DatasetMetadata(title="New title")))
    assert one.document == two.document


# ── the curator's mapping, hints ─────────────────────────────────────────────────────────


def test_a_default_beats_a_source_term_which_beats_the_built_in_place() -> None:
    record = a_record(dwc_country="Norge", x_land="Noreg")
    terms = {"ods:hasTermMapping": [{"dwc:country": "x:land"}]}
    defaults = {"ods:hasDefaultMapping": [{"dwc:country": "Norway"}]}

    def country(data_mapping: Document | None) -> str:
        document = mapped(record, mapping(data_mapping=data_mapping)).document
        return str(document["ods:hasEvents"][0]["ods:hasLocation"]["dwc:country"])

    assert country(None) == "Norge"
    assert country(terms) == "Noreg"
    assert country(terms | defaults) == "Norway"


def test_a_source_term_that_no_record_has_is_told() -> None:
    terms = {"ods:hasTermMapping": [{"dwc:country": "land"}, {"dwc:county": "kreis"}]}
    by = mapping(data_mapping=terms)
    by.map(a_record())
    by.map(a_record(kreis="Harju"))
    (finding,) = by.findings()
    assert (finding.code, finding.severity) == ("mapping-term-absent", "warning")
    assert "'land'" in finding.message and "dwc:country" in finding.message


def test_a_mapping_may_say_what_kind_of_object_it_is() -> None:
    by = mapping(
        data_mapping={
            "ods:hasDefaultMapping": [
                {"ods:topicDiscipline": "Geology"},
                {"ods:organisationID": "https://ror.org/0566bfb96"},
                {"ods:physicalSpecimenIDType": "Global"},
                {"dwc:basisOfRecord": "OtherSpecimen"},
            ]
        }
    )
    result = mapped(a_record(dwc_basisOfRecord="", dwc_occurrenceID="RGM 1"), by)
    assert result.document["ods:topicDiscipline"] == "Geology"
    assert result.document["ods:organisationID"] == "https://ror.org/0566bfb96"
    assert (result.physical_id_type, result.normalised_id) == ("Global", "RGM 1")


@pytest.mark.parametrize(
    ("name", "specimens", "discipline", "media", "open_media"),
    [
        ("algae", 2921, "Botany", 2951, 0),
        ("insects", 5000, "Zoology", 0, 0),
        ("fossils", 20, "Palaeontology", 21, 21),
        ("tunicates", 14, "Zoology", 14, 14),
        ("minerals", 1000, "Geology", 62, 62),
    ],
)
def test_every_record_of_the_real_archives_becomes_a_specimen(
    name: str, specimens: int, discipline: str, media: int, open_media: int, shared_data: Path
) -> None:
    results = SOURCES[name].mapped(shared_data)
    assert len(results) == specimens
    assert {result.document["ods:topicDiscipline"] for result in results} == {discipline}
    assert all(result.gate.passes for result in results)
    pictures = [medium for result in results for medium in result.media]
    assert len(pictures) == media
    assert sum(medium.gate.passes for medium in pictures) == open_media


def test_no_two_specimens_of_a_real_archive_claim_the_same_id(shared_data: Path) -> None:
    for source in SOURCES.values():
        results = source.mapped(shared_data)
        assert len({result.normalised_id for result in results}) == len(results)


def test_the_source_system_is_named_in_every_document() -> None:
    assert mapped(a_record()).document["ods:sourceSystemID"] == Pid.parse(str(SOURCE)).iri
