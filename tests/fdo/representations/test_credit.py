"""Who is credited, and under which title."""

from __future__ import annotations

import pytest

from fdo.representations import credit
from fdo.representations.credit import Party
from tests.fdo.representations.citation.cases import OAK, PID


def numbered(number: str, *identifiers: tuple[str, str]) -> dict[str, object]:
    """An oak of this physical id, with identifiers (kind, value)."""
    nodes = [{"dcterms:title": kind, "dcterms:identifier": value} for kind, value in identifiers]
    return OAK | {"ods:physicalSpecimenID": number, "ods:hasIdentifiers": nodes}


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        (numbered("DH-1"), "Quercus robur L. · DH-1"),
        (numbered("DH-1", ("dwc:catalogNumber", "7")), "Quercus robur L. · DH-1"),
        (numbered("https://x.example/7", ("dwc:catalogNumber", "7")), "Quercus robur L. · 7"),
        (numbered("https://x.example/7"), "Quercus robur L. · https://x.example/7"),
        ({"ods:physicalSpecimenID": "DH-1"}, "DH-1"),
        ({"schema:name": "Herbarium"}, "Herbarium"),
        ({}, str(PID)),
    ],
)
def test_a_title_names_the_object_and_its_number(document, wanted):
    assert credit.title(document, PID) == wanted


def test_collectors_and_creators_are_credited_once_in_their_order():
    def agent(name: str, *roles: str) -> dict[str, object]:
        return {"schema:name": name, "ods:hasRoles": [{"schema:roleName": role} for role in roles]}

    agents = [agent("B", "collector"), agent("A", "creator", "collector"), agent("C", "identifier")]
    found = credit.creators({"ods:hasEvents": [{"ods:hasAgents": agents}], "ods:hasAgents": agents})
    assert found == [Party("B", personal=True), Party("A", personal=True)]


def test_the_holder_is_credited_where_nobody_else_is_named():
    assert credit.creators({"ods:organisationID": "https://ror.org/03z77qz90"}) == [
        Party("https://ror.org/03z77qz90", personal=False, iri="https://ror.org/03z77qz90")
    ]
    assert credit.creators({}) == []


@pytest.mark.parametrize(
    ("iri", "scheme"),
    [
        ("https://orcid.org/0000-0002-1825-0097", "ORCID"),
        ("https://www.wikidata.org/entity/Q4247322", "Wikidata"),
        ("https://ror.org/03z77qz90", "ROR"),
        ("https://example.org/me", "URL"),
        ("urn:collectome:agent:x", None),
        (None, None),
    ],
)
def test_an_identifier_tells_its_scheme(iri, scheme):
    assert Party("X", personal=True, iri=iri).scheme == scheme


def test_a_licence_that_we_cannot_tell_is_given_by_its_address_only():
    assert credit.rights({"dcterms:license": "CC BY 4.0"}).spdx == "CC-BY-4.0"
    assert credit.rights({"dcterms:license": "https://x.example/l"}).iri == "https://x.example/l"
    assert credit.rights({"dcterms:license": "ask us"}) is None
