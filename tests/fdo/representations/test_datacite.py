"""DataCite metadata: by the rules of the library, and by DataCite's own XSD 4.7."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from api.datacite_schema import errors, require_valid, to_xml
from fdo.catalogue import OBJECT_TYPES
from fdo.errors import InvalidDocument
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.record import attributes
from fdo.representations import credit
from fdo.representations.citation.genres import genre
from fdo.representations.datacite import metadata, metadata_of_record, shown_hash
from fdo.representations.datacite.description import w3c_date
from fdo.representations.datacite.kinds import kind_of
from handlers.curation import redacted
from tests.darwin_core_sources import SOURCES
from tests.fdo.representations.annotation.made import SAMPLES, SPECIMEN, drafted, stored
from tests.fdo.representations.conftest import Judge
from tests.fdo.representations.documents import BOTANY, collecting, person, place, specimen
from tests.fdo.representations.sampled import Document, documents, sampled

PID = Pid("10.5072", "AAA-BBB-CCC")
NS = {"d": "http://datacite.org/schema/kernel-4"}


@pytest.mark.parametrize("kind", list(OBJECT_TYPES))
def test_every_type_is_valid_by_the_library(kind: str):
    for document in sampled()[kind]:
        require_valid(metadata(document))


@pytest.mark.parametrize("kind", list(OBJECT_TYPES))
def test_every_type_is_valid_by_the_schema_of_datacite(kind: str, valid: Judge):
    for document in sampled()[kind]:
        told = metadata(document, version_of=True, versions=(1, 2, 3, 9), previous=1)
        assert valid(metadata(document)) and valid(told)
        assert told["types"]["resourceTypeGeneral"] != "Other" or kind in ("media",)


@pytest.mark.parametrize("name", SAMPLES)
def test_an_annotation_is_valid_whatever_it_is_about(name: str, valid: Judge):
    assert valid(metadata(stored(drafted(SAMPLES[name])), publisher="Tests"))


def test_an_annotation_references_all_that_it_is_about():
    told = metadata(stored(drafted(SAMPLES["past"])), publisher="Tests")["relatedIdentifiers"]
    about = [one["relatedIdentifier"] for one in told if one["relationType"] == "References"]
    assert about == ["10.5072/AAA-BBB-CCC", f"{SPECIMEN}/3", "https://example.org/else"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [("fdo-profile", "FDO profile"), ("ml-model", "Machine-learning model"),
     ("annotation", "Annotation")],
)  # fmt: skip
def test_a_kind_of_thing_is_named_alike_in_every_reference(kind: str, name: str):
    assert kind_of({"@type": OBJECT_TYPES[kind].rdf_type})["resourceType"] == name
    assert genre(kind, {}).name == name


@pytest.mark.parametrize("source", SOURCES)
def test_the_real_archives_are_valid_by_both(source: str, shared_data: Path, valid: Judge):
    stamps = {"@id": PID.iri, "dcterms:created": "2026-03-02T09:00:00.000Z", "ods:version": 1}
    for mapped in SOURCES[source].mapped(shared_data)[:200]:
        for draft in (mapped.document, *(medium.document for medium in mapped.media)):
            told = metadata(draft | stamps)
            assert errors(told) == []
            assert valid(told)


@pytest.mark.parametrize("kind", ["specimen", "media"])
def test_a_record_alone_is_valid_and_says_no_more(kind: str, valid: Judge):
    for document in documents(kind, "pid-only"):
        pid = Pid.parse(document["@id"])
        record = attributes(kind, Status.PID_ONLY, document)
        told = metadata_of_record(record, pid, document["dcterms:created"])
        require_valid(told)
        assert valid(told)
        assert told["publisher"]["name"] == document["ods:organisationName"]
        assert told["descriptions"][0]["description"] == document["reason"]
        assert not told.keys() & {"geoLocations", "dates", "contributors", "subjects", "formats"}


TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", " ", "\x00", "\x0b\ufffe", "]]>", "<a>&amp;", "\u202e", "x" * 40_000]),
)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXTS, min_size=14, max_size=14), latitude=st.floats(-200, 200))
def test_whatever_a_source_writes_is_valid_xml_and_valid_metadata(
    texts: list[str], latitude: float, valid: Judge
):
    a, b, c, d, e, f, g, h, i, j, k, m, n, o = texts
    agent = person(a, "collector", **{"schema:identifier": b})
    where = place(latitude, 3.5) | {"dwc:locality": c, "dwc:country": d}
    document = specimen(
        e,
        **{
            "ods:specimenName": f,
            "ods:organisationName": g,
            "ods:physicalSpecimenID": h,
            "dcterms:license": i,
            "dcterms:rightsHolder": j,
            "dwc:informationWithheld": k,
            "ods:metadataLanguages": [m],
            "ods:hasIdentifiers": [{"dcterms:identifier": n, "dcterms:title": o}] * 2,
            "ods:hasEvents": [
                collecting(
                    **{"dwc:eventDate": o, "ods:hasLocation": where, "ods:hasAgents": [agent]}
                )
            ],
        },
    )
    told = metadata(document)
    assert errors(told) == []
    assert valid(told)


def test_collectors_are_credited_with_their_identifiers_and_where_these_are_from():
    told = [metadata(document) for document in documents("specimen")]
    schemes = {
        (name["nameIdentifierScheme"], name["schemeUri"])
        for each in told
        for person in each["creators"]
        for name in person.get("nameIdentifiers", ())
    }
    assert {
        ("ORCID", "https://orcid.org/"),
        ("Wikidata", "https://www.wikidata.org/"),
    } <= schemes
    assert all(each["types"]["resourceTypeGeneral"] == "PhysicalObject" for each in told)


def test_the_publisher_has_its_identifier():
    told = metadata(documents("specimen")[0])["publisher"]
    assert told["publisherIdentifier"] == "https://ror.org/03z77qz90"
    assert told["publisherIdentifierScheme"] == "ROR"


def test_a_dataset_is_made_by_its_holder_and_published_by_the_repository(valid: Judge):
    source = documents("source-system")[0] | {
        "schema:description": "Dataset: Oaks; Organisation: University of Tartu; "
        "Organisation id: https://ror.org/03z77qz90"
    }
    told = metadata(source, publisher="Repository")
    valid(told)
    (creator,) = told["creators"]
    assert creator["name"] == "University of Tartu"
    assert creator["nameIdentifiers"][0]["nameIdentifierScheme"] == "ROR"
    assert told["publisher"] == {"name": "Repository"}
    (host,) = told["contributors"]
    assert (host["name"], host["contributorType"]) == ("University of Tartu", "HostingInstitution")
    assert metadata(source)["publisher"]["name"] == "University of Tartu"


def test_a_licence_is_told_by_its_spdx_id_and_its_address():
    document = specimen("Botany", **{"dcterms:license": "CC BY 4.0"})
    assert metadata(document)["rightsList"] == [
        {
            "rights": "CC BY 4.0",
            "rightsUri": "https://creativecommons.org/licenses/by/4.0/",
            "rightsIdentifier": "cc-by-4.0",
            "rightsIdentifierScheme": "SPDX",
            "schemeUri": "https://spdx.org/licenses/",
        }
    ]


def test_a_licence_without_version_has_no_spdx_id():
    told = metadata(specimen("Botany", **{"dcterms:license": "CC BY"}))["rightsList"]
    assert "rightsIdentifier" not in told[0]


@pytest.mark.parametrize("term", ["dwc:informationWithheld", "dwc:dataGeneralizations"])
@pytest.mark.parametrize("on", ["object", "location"])
def test_where_data_were_held_back_no_point_is_told(term: str, on: str):
    said = {term: "Coordinates to 10 km"}
    where = {**place(58.4, 26.7), **(said if on == "location" else {})}
    events = {"ods:hasEvents": [collecting(**{"ods:hasLocation": where})]}
    told = metadata(specimen("Botany", **events, **(said if on == "object" else {})))
    assert told["geoLocations"] == [{"geoLocationPlace": "Estonia"}]
    assert told["descriptions"] == [
        {"description": "Coordinates to 10 km", "descriptionType": "Other"}
    ]


def test_a_point_is_told_where_nothing_was_held_back():
    point = metadata(BOTANY)["geoLocations"][0]["geoLocationPoint"]
    assert point == {"pointLatitude": 58.38, "pointLongitude": 26.72}


def test_a_date_of_collecting_that_datacite_cannot_read_is_left_out():
    stated = ("1901-05/1901-06", "in spring", "1901-13-01")
    dated = [collecting(**{"dwc:eventDate": date}) for date in stated]
    told = metadata(specimen("Botany", **{"ods:hasEvents": dated}))
    assert [d["date"] for d in told["dates"] if d["dateType"] == "Collected"] == ["1901-05/1901-06"]


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ("2008-5-2", "2008-05-02"),
        ("2008-5-12/2008-6", "2008-05-12/2008-06"),
        ("2008-05-12T10:00:00Z", "2008-05-12T10:00:00Z"),
        ("2008-05-12T10:00", "2008-05-12"),
        ("1901/", "1901/"),
        ("12-5-2008", None),
        ("1901-02-30", None),
        ("0000-01-01", None),
        ("1901/1902/1903", None),
        ("/", None),
    ],
)
def test_a_date_is_told_as_datacite_has_dates(stated: str, told: str | None):
    assert w3c_date(stated) == told


def test_a_specimen_names_its_media_and_its_dataset_and_a_medium_its_specimen():
    relations = {
        (each["relationType"], each["relatedIdentifierType"])
        for kind in ("specimen", "media")
        for document in documents(kind)
        for each in metadata(document)["relatedIdentifiers"]
    }
    assert {("IsDocumentedBy", "DOI"), ("Documents", "DOI"), ("IsPartOf", "Handle")} <= relations
    assert "HasPart" not in {kind for kind, _ in relations}


def test_an_object_names_the_versions_that_have_dois():
    told = metadata(specimen("Botany"), versions=(3, 1))
    assert told["doi"] == str(PID)
    assert _related(told, "HasVersion") == [f"{PID}/1", f"{PID}/3"]


def test_a_version_names_its_object_and_its_neighbours():
    document = specimen("Botany", **{"ods:version": 3})
    told = metadata(document, version_of=True, versions=(1, 3, 5, 8), previous=1)
    assert told["doi"] == f"{PID}/3" and told["version"] == "3"
    assert _related(told, "IsVersionOf") == [str(PID)]
    assert _related(told, "IsNewVersionOf") == [f"{PID}/1"]
    assert _related(told, "IsPreviousVersionOf") == [f"{PID}/5"]
    assert _related(told, "HasVersion") == []


def _related(told: Document, relation: str) -> list[str]:
    return [
        each["relatedIdentifier"]
        for each in told.get("relatedIdentifiers", ())
        if each["relationType"] == relation
    ]


def test_a_doi_says_where_the_document_itself_is_had():
    (found,) = _related(metadata(specimen("Botany")), "HasMetadata")
    assert found == f"{PID.iri}?urlappend=%3Fformat%3Djson"
    (found,) = _related(metadata(specimen("Botany"), version_of=True), "HasMetadata")
    assert found == f"{PID.iri}/1?urlappend=%3Fformat%3Djson"
    gone = documents("specimen", "tombstone")[0]
    assert _related(metadata(gone), "HasMetadata") == []


def test_a_tombstone_says_when_it_was_withdrawn_and_why():
    gone = documents("specimen", "tombstone")[0]
    told = metadata(gone)
    assert "Withdrawn" in {date["dateType"] for date in told["dates"]}
    reason = gone["ods:hasTombstoneMetadata"]["ods:tombstoneText"]
    assert any(reason in each["description"] for each in told["descriptions"])


def test_what_took_the_place_of_a_withdrawn_object_is_named():
    related = {"dcterms:identifier": "https://doi.org/10.5072/DDD-EEE-FFF",
               "ods:relationshipType": "IsObsoletedBy"}  # fmt: skip
    ended = {
        "ods:tombstoneDate": "2026-05-01T00:00:00.000Z",
        "ods:tombstoneText": "Registered twice.",
        "ods:hasRelatedPIDs": [related],
    }
    told = metadata(specimen("Botany", **{"ods:hasTombstoneMetadata": ended}))
    assert _related(told, "IsObsoletedBy") == ["10.5072/DDD-EEE-FFF"]


def test_a_handle_has_metadata_without_a_doi():
    told = metadata(documents("source-system")[0])
    assert "doi" not in told
    assert told["alternateIdentifiers"][0]["alternateIdentifierType"] == "Handle"
    found = etree.fromstring(to_xml(told)).find("d:identifier", NS)
    assert found is not None and found.get("identifierType") == "Handle"


def test_a_new_version_that_shows_nothing_new_has_the_same_hash():
    one = specimen("Botany")
    later = specimen(
        "Botany",
        **{
            "ods:version": 2,
            "dcterms:modified": "2026-04-01T00:00:00.000Z",
            "dwc:preparations": "?",
        },
    )
    assert shown_hash(metadata(one)) == shown_hash(metadata(later))


@pytest.mark.parametrize(
    "more",
    [
        {"ods:specimenName": "Abies alba"},
        {"dcterms:rightsHolder": "A. Keeper"},
        {"ods:hasEvents": [collecting(**{"dwc:eventDate": "1901"})]},
    ],
)
def test_whatever_is_shown_changes_the_hash(more: Document):
    assert shown_hash(metadata(specimen("Botany"))) != shown_hash(
        metadata(specimen("Botany", **more))
    )


def test_a_document_without_dates_is_refused_by_name():
    undated = {k: v for k, v in BOTANY.items() if k not in ("dcterms:created", "dcterms:modified")}
    with pytest.raises(InvalidDocument, match="when it was made"):
        metadata(undated)


def test_words_of_4_6_and_4_7_are_valid_json_and_xml(valid: Judge):
    told = metadata(BOTANY) | {
        "types": {"resourceTypeGeneral": "Poster", "resourceType": "x"},
        "dates": [{"date": "1901", "dateType": "Coverage"}],
        "relatedIdentifiers": [
            {
                "relatedIdentifier": "swh:1:cnt:94a9ed024d3859793618152ea559a168bbcbb5e2",
                "relatedIdentifierType": "SWHID",
                "relationType": "Other",
            }
        ],
    }
    require_valid(told)
    assert valid(told)


def test_metadata_that_break_a_rule_are_refused_with_the_property():
    with pytest.raises(InvalidDocument, match="types"):
        require_valid(metadata(BOTANY) | {"types": {"resourceTypeGeneral": "Herb"}})


@pytest.mark.parametrize("kind", ["specimen", "media"])
def test_what_an_erasure_leaves_is_valid_and_holds_no_name(kind: str, valid: Judge):
    for document in documents(kind)[:20]:
        told = metadata(redacted(document))
        assert errors(told) == []
        assert valid(told)
        people = {party.name for _, party in credit.people(document)}
        assert not people & {one["name"] for one in (*told["creators"], *told["contributors"])}
        assert not told.keys() & {"geoLocations", "descriptions"}
