"""DataCite metadata: who did what, by which other names a thing goes, and what kind it is of."""

from __future__ import annotations

import pytest

from fdo.representations.datacite import metadata
from tests.fdo.representations.conftest import Judge
from tests.fdo.representations.documents import collecting, person, specimen, taxon
from tests.fdo.representations.sampled import Document, documents


def identified(name: str, scheme: str, iri: str, home: str) -> Document:
    """A person as DataCite names those who have an identifier."""
    identifier = {"nameIdentifier": iri, "nameIdentifierScheme": scheme, "schemeUri": home}
    return {"name": name, "nameType": "Personal", "nameIdentifiers": [identifier]}


def test_whoever_collected_identified_and_owns_is_a_contributor_with_an_identifier(valid: Judge):
    def agent(name: str, role: str, iri: str) -> Document:
        return person(name, role, **{"schema:identifier": iri})

    orcid, entity = "https://orcid.org/0000-0002-1825-0097", "http://www.wikidata.org/entity/Q34286"
    collector = agent("J. Carberry", "collector", orcid)
    identifier = agent("A. Gray", "identifier", entity)
    owner = agent("R. Owner", "rights-owner", orcid)
    document = specimen(
        "Botany",
        **{
            "ods:hasEvents": [collecting(**{"ods:hasAgents": [collector]})],
            "ods:hasIdentifications": [taxon("Quercus", **{"ods:hasAgents": [identifier]})],
            "ods:hasAgents": [owner, agent("N. Obody", "georeferencer", orcid)],
            "dcterms:rightsHolder": "The Museum",
            "ods:organisationName": "Holder",
        },
    )
    told = metadata(document)
    valid(told)
    carberry = identified("J. Carberry", "ORCID", orcid, "https://orcid.org/")
    gray = identified("A. Gray", "Wikidata", entity, "https://www.wikidata.org/")
    owned = identified("R. Owner", "ORCID", orcid, "https://orcid.org/")
    host = told["contributors"][-1]
    assert (host["name"], host["contributorType"]) == ("Holder", "HostingInstitution")
    assert told["contributors"][:-1] == [
        carberry | {"contributorType": "DataCollector"},
        gray | {"contributorType": "Researcher"},
        owned | {"contributorType": "RightsHolder"},
        {"name": "The Museum", "nameType": "Organizational", "contributorType": "RightsHolder"},
    ]
    assert told["creators"] == [carberry]


def test_specimens_of_the_sample_credit_who_collected_and_who_identified():
    credited = {
        (one["contributorType"], name["nameIdentifierScheme"])
        for document in documents("specimen")
        for one in metadata(document)["contributors"]
        for name in one.get("nameIdentifiers", ())
    }
    for role in ("DataCollector", "Researcher"):
        assert {(role, "ORCID"), (role, "Wikidata")} <= credited


def test_a_specimen_has_its_catalogue_number_and_its_occurrence_id_as_other_names(valid: Judge):
    names = {"dwc:catalogNumber": "TU-1", "dwc:occurrenceID": "urn:catalog:TU:Herbarium:1"}
    document = specimen(
        "Botany",
        **{
            "ods:physicalSpecimenID": "TU-1",
            "ods:hasIdentifiers": [
                {"dcterms:title": kind, "dcterms:identifier": value}
                for kind, value in names.items()
            ],
        },
    )
    told = metadata(document)
    valid(told)
    assert told["alternateIdentifiers"] == [
        {"alternateIdentifier": value, "alternateIdentifierType": kind}
        for kind, value in names.items()
    ]


def test_every_name_that_a_specimen_of_the_sample_has_is_told():
    kinds = set()
    for document in documents("specimen", "active"):
        named = {(one["dcterms:title"], one["dcterms:identifier"])
                 for one in document.get("ods:hasIdentifiers", ())}  # fmt: skip
        told = {(one["alternateIdentifierType"], one["alternateIdentifier"])
                for one in metadata(document)["alternateIdentifiers"]}  # fmt: skip
        assert named <= told
        kinds |= {kind for kind, _ in named}
    assert {"dwc:catalogNumber", "dwc:occurrenceID"} <= kinds


@pytest.mark.parametrize(
    ("stated", "form", "general"),
    [
        ("StillImage", "image/jpeg", "Image"),
        ("Image", "", "Image"),
        ("MovingImage", "video/mp4", "Audiovisual"),
        ("Sound", "audio/mpeg", "Sound"),
        ("InteractiveResource", "model/gltf+json", "InteractiveResource"),
        ("Text", "application/pdf", "Text"),
        ("Dataset", "text/csv", "Dataset"),
        ("Software", "", "Software"),
        ("http://purl.org/dc/dcmitype/Sound", "", "Sound"),
        ("", "audio/x-wav", "Sound"),
        ("", "Video/quicktime", "Audiovisual"),
        ("Event", "image/png", "Image"),
        ("PhysicalObject", "model/obj", "Other"),
        ("", "", "Other"),
    ],
)
def test_a_medium_is_of_the_general_type_of_its_kind(
    stated: str, form: str, general: str, valid: Judge
):
    medium = documents("media")[0] | {"dcterms:type": stated, "dcterms:format": form}
    told = metadata(medium)
    valid(told)
    assert told["types"] == {"resourceTypeGeneral": general, "resourceType": "Digital media object"}
