"""schema.org JSON-LD: read as RDF without asking the network, no node without a name."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCTERMS, RDF

from fdo.documents import canonical
from fdo.representations.citation.genres import genre
from fdo.representations.citation.schema_org import schema_org
from tests.fdo.representations.citation.cases import (
    OAK,
    PID,
    TEXTS,
    WITHDRAWN,
    cited,
    labelled,
)

SDO = Namespace("https://schema.org/")
VERSION = URIRef(f"{PID.iri}/3")
MEDIUM = {
    "@type": "ods:DigitalMedia",
    "ac:accessURI": "https://example.org/1.jpg",
    "dcterms:type": "StillImage",
    "dcterms:format": "image/jpeg",
}


def graph(found: dict[str, Any]) -> Graph:
    return Graph().parse(data=orjson.dumps(found), format="json-ld")


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("specimen", OAK),
        ("media", MEDIUM),
        ("source-system", {"schema:name": "Herbarium"}),
        ("data-mapping", {"schema:name": "Mapping"}),
        ("saved-query", {"schema:name": "Query"}),
    ],
)
def test_every_type_is_described_in_terms_of_schema_org(kind, document):
    read = graph(schema_org(cited(document, kind)))
    assert (VERSION, RDF.type, SDO[genre(kind, document).schema_org]) in read
    assert (VERSION, SDO.version, Literal("3")) in read
    others = {one for one in read.predicates() if not one.startswith(str(SDO))}
    assert others <= {RDF.type, DCTERMS.conformsTo}


@given(TEXTS, TEXTS)
def test_each_node_has_a_name_so_that_copies_can_be_compared(name, collector):
    found = schema_org(cited(labelled(name, collector)))
    read = graph(orjson.loads(canonical(found)))
    assert all(isinstance(subject, URIRef) for subject in read.subjects())
    assert canonical(found) == canonical(schema_org(cited(labelled(name, collector))))


def test_the_object_as_it_is_now_bears_its_pid_and_a_version_is_an_example_of_it():
    now = schema_org(cited(OAK), numbered=False)
    assert (now["@id"], now["workExample"]) == (PID.iri, {"@id": f"{PID.iri}/3"})
    version = schema_org(cited(OAK))
    assert version["@id"] == f"{PID.iri}/3"
    assert version["exampleOfWork"] == {"@id": PID.iri}


def test_a_medium_leads_to_its_content_and_its_specimen():
    relation = {
        "dwc:relationshipOfResource": "hasDigitalSpecimen",
        "dwc:relatedResourceID": "https://doi.org/10.5072/DDD-EEE-FFF",
    }
    found = schema_org(cited(MEDIUM | {"ods:hasEntityRelationships": [relation]}, "media"))
    assert found["@type"] == "ImageObject"
    assert found["contentUrl"] == [{"@id": "https://example.org/1.jpg"}]
    assert found["about"] == [{"@id": "https://doi.org/10.5072/DDD-EEE-FFF"}]


def test_the_accepted_taxon_is_what_a_specimen_is_about():
    names = [("Quercus robur L.", True), ("Quercus petraea", False)]
    identifications = [
        {
            "ods:isVerifiedIdentification": accepted,
            "ods:hasTaxonIdentifications": [{"dwc:scientificName": name}],
        }
        for name, accepted in names
    ]
    found = schema_org(cited(OAK | {"ods:hasIdentifications": identifications}))
    assert [taxon["name"] for taxon in found["about"]] == ["Quercus robur L."]


def test_a_tombstone_is_withdrawn_and_says_why():
    found = schema_org(cited(WITHDRAWN))
    assert found["creativeWorkStatus"] == "Withdrawn"
    assert found["expires"] == "2026-10-20"
    assert "Destroyed in transit." in found["description"]


def test_a_record_tells_its_reason_and_nothing_of_the_content():
    found = schema_org(cited(OAK | {"reason": "Not open."}, pid_only=True))
    assert found["conditionsOfAccess"] == "Not open."
    assert not {"about", "keywords", "spatialCoverage", "dateCreated"} & found.keys()
