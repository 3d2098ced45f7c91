"""The FDO record as values of a Handle."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import orjson

from fdo.definitions.attributes import ATTRIBUTES
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.record import attributes, identity
from fdo.representations.handle import VERSIONS, HandleValue, handle_values

PID = Pid("10.5072", "AAA-BBB-CCC")
BASE = "https://collectome.example"
DOCUMENT = {
    "ods:physicalSpecimenID": "https://e.org/1",
    "ods:normalisedPhysicalSpecimenID": "https://e.org/1",
    "ods:organisationID": "https://ror.org/03z77qz90",
    "ods:isMarkedAsType": True,
    "ods:hasIdentifiers": [
        {"dcterms:identifier": "DH-1", "dcterms:title": "dwc:catalogNumber"},
        {"dcterms:identifier": "https://e.org/1", "dcterms:title": "dwc:occurrenceID"},
    ],
}


def values(status: Status = Status.ACTIVE, **more: Any) -> dict[str, HandleValue]:
    version = more.pop("version_asked", None)
    record = {**attributes("specimen", status, DOCUMENT), **identity(PID, "specimen"), **more}
    found = handle_values(PID, record, base=BASE, version=version, timestamp="2026-03-01T00:00:00Z")
    assert [one.index for one in found] == sorted(one.index for one in found)
    return {one.type: one for one in found}


def locations(one: HandleValue) -> dict[str, tuple[str, int]]:
    root = ElementTree.fromstring(str(one.value))
    return {at.attrib["view"]: (at.attrib["href"], int(at.attrib["weight"])) for at in root}


def test_every_value_stands_at_the_index_of_the_register() -> None:
    for name, one in values(version=2, doiState="findable").items():
        assert one.index == ATTRIBUTES[name].index
        assert one.ttl > 0 and one.timestamp == "2026-03-01T00:00:00Z"


def test_a_handle_has_the_values_that_resolution_and_the_architecture_need() -> None:
    found = values(version=1)
    assert found["URL"].value == f"{BASE}/{PID}"
    assert found["HS_ADMIN"].as_json()["data"] == {
        "format": "admin",
        "value": {"handle": "0.NA/10.5072", "index": 200, "permissions": "011111110011"},
    }
    assert {"0.FDO/Type", "0.FDO/Profile", "0.FDO/Data"} <= found.keys()
    assert found["0.FDO/Profile"].value == found["fdoProfile"].value


def test_lists_and_truth_are_written_as_json() -> None:
    found = values(version=1)
    assert found["markedAsType"].value == "true"
    assert found["catalogNumber"].value == "DH-1"
    assert orjson.loads(str(found["otherSpecimenIds"].value)) == [
        {"identifierType": "dwc:catalogNumber", "identifierValue": "DH-1", "resolvable": False}
    ]


def test_locations_lead_to_formats_and_versions_with_the_page_first() -> None:
    found = locations(values(version=30)["10320/loc"])
    assert found["HTML"] == (f"{BASE}/{PID}", 1)
    assert found["JSON"] == (f"{BASE}/{PID}?format=json", 0)
    assert found["CATALOG"] == ("https://e.org/1", 0)
    assert found["VERSION 30"][0] == f"{BASE}/{PID}/30"
    assert sum(view.startswith("VERSION") for view in found) == VERSIONS
    assert sum(weight for _, weight in found.values()) == 1


def test_the_handle_of_a_version_leads_to_that_version() -> None:
    found = values(version=3, version_asked=2)
    assert found["URL"].value == f"{BASE}/{PID}/2"
    assert locations(found["10320/loc"])["TURTLE"] == (f"{BASE}/{PID}/2?format=turtle", 0)


def test_a_withheld_object_has_a_record_and_no_address_of_its_content() -> None:
    found = values(Status.PID_ONLY, version=1)
    assert set(locations(found["10320/loc"])) == {"HTML", "RECORD"}
    assert found["0.FDO/Data"].value == f"{BASE}/{PID}/record?format=json"
    assert "catalogNumber" not in found


def test_an_address_is_written_as_xml_whatever_it_holds() -> None:
    odd = 'https://e.org/?a=1&b="<'
    found = values(version=1, normalisedPrimarySpecimenObjectId=odd)
    assert locations(found["10320/loc"])["CATALOG"][0] == odd


def test_an_annotation_has_its_own_formats_beside_those_of_all() -> None:
    pid = Pid("20.5000.5072", "AAA-BBB-CCC")
    record = {**attributes("annotation", Status.ACTIVE, {}), "version": 1}
    found = {one.type: one for one in handle_values(pid, record, base=BASE, timestamp="")}
    there = locations(found["10320/loc"])
    assert there["W3C"] == (f"{BASE}/{pid}?format=w3c", 0)
    assert there["OPENDS"] == (f"{BASE}/{pid}?format=opends", 0)
    assert "W3C" not in locations(values(version=1)["10320/loc"])
