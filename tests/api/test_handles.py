"""The Handle API: what a Handle client reads of our objects."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from fdo.lifecycle import Status
from tests.api.conftest import BASE
from tests.api.documents import a_source, a_specimen


@pytest.fixture
def oak(repository):
    """An oak in two versions; the second has another name."""
    pid = repository.register("specimen", a_specimen("DH-1"))
    repository.revise(pid, a_specimen("DH-1", **{"ods:specimenName": "Quercus petraea L."}))
    return pid


@pytest.fixture
def handle(browse):
    """The answer for a handle, with `values` by type."""

    def asked(name, query="", status=200):
        sent = browse().get(f"/api/handles/{name}{query}")
        assert sent.status_code == status, sent.text
        assert sent.headers["access-control-allow-origin"] == "*"
        return sent.json()

    return asked


def _values(answer):
    return {one["type"]: one["data"]["value"] for one in answer["values"]}


def test_a_handle_has_the_values_of_the_record(handle, oak, browse):
    said = handle(oak)
    assert (said["responseCode"], said["handle"]) == (1, str(oak))
    record = browse().get(f"/{oak}/record", "application/json").json()
    values = _values(said)
    assert values["URL"] == f"{BASE}/{oak}"
    for name in ("fdoProfile", "digitalObjectType", "pidStatus", "specimenHost", "referentName"):
        assert values[name] == record[name]
    assert {one["ttl"] for one in said["values"]} == {86400}
    assert {one["timestamp"] for one in said["values"]} == {record["pidRecordIssueDate"]}
    indices = [one["index"] for one in said["values"]]
    assert indices == sorted(set(indices))
    assert {one["type"]: one["index"] for one in said["values"]}["HS_ADMIN"] == 100


def test_every_location_of_a_handle_answers(handle, oak, browse):
    found = ElementTree.fromstring(_values(handle(oak))["10320/loc"])
    places = [one.attrib for one in found]
    assert [one["weight"] for one in places].count("1") == 1
    assert {"HTML", "JSON", "TURTLE", "VERSION 1", "VERSION 2"} <= {one["view"] for one in places}
    for place in places:
        assert place["href"].startswith(BASE)
        assert browse().get(place["href"].removeprefix(BASE)).status_code == 200, place


def test_types_and_indices_choose_values(handle, oak):
    assert list(_values(handle(oak, "?type=URL"))) == ["URL"]
    both = handle(oak, "?type=URL&index=100&index=11")["values"]
    assert {one["type"] for one in both} == {"URL", "HS_ADMIN", "pidStatus"}
    assert handle(oak, "?type=nothing") == {"responseCode": 200, "handle": str(oak)}
    assert handle(oak, "?index=99999")["responseCode"] == 200


def test_versions_and_the_past_have_their_values(handle, oak):
    assert _values(handle(f"{oak}/1"))["URL"] == f"{BASE}/{oak}/1"
    assert _values(handle(f"{oak}/1"))["referentName"] == "Quercus robur L."
    assert _values(handle(oak, "?as-of=1"))["referentName"] == "Quercus robur L."
    assert _values(handle(oak))["referentName"] == "Quercus petraea L."
    assert handle(f"{oak}/3", status=404)["responseCode"] == 100


@pytest.mark.parametrize(
    "name",
    ["10.5072/AAA-AAA-AAA", "10.5072", "10.5072/x", "0.NA/10.5072", "a/b/c/d", "10.5072/%F0%9F"],
)
def test_an_unknown_handle_is_not_found(handle, name):
    assert handle(name, status=404)["responseCode"] == 100


def test_a_tombstone_and_a_withheld_object_keep_their_record_and_a_draft_has_none(
    handle, oak, repository
):
    repository.tombstone(oak, "Eaten by beetles.")
    values = _values(handle(oak))
    assert values["pidStatus"] == "TOMBSTONED"
    assert values["tombstonedText"] == "Eaten by beetles."
    other = repository.register("specimen", a_specimen("DH-2"))
    repository.withhold(other, "Its licence is CC BY-NC.")
    assert _values(handle(other))["pidStatus"] == "ACTIVE"
    assert "json" not in _values(handle(other))["10320/loc"]
    assert handle(f"{other}/1", status=403)["responseCode"] == 2
    draft = repository.register("specimen", a_specimen("DH-3"), status=Status.DRAFT)
    assert handle(draft, status=404)["responseCode"] == 100


def test_handles_of_other_prefixes_work_too_and_case_does_not_matter(handle, repository):
    source = repository.register("source-system", a_source())
    assert _values(handle(str(source).lower()))["sourceSystemName"] == "Sample herbarium"


def test_jsonp_is_refused_and_wrong_parameters_are_named(handle, oak):
    for query in ("?callback=alert", "?colour=red", "?index=x", "?as-of=soon", "?as-of=1&as-of=2"):
        said = handle(oak, query, status=400)
        assert said["responseCode"] == 2
        assert said["message"]
    for query in ("?auth", "?auth=true&cert=false&noredirect"):
        assert handle(oak, query)["responseCode"] == 1


def test_pretty_answers_say_the_same_in_more_lines(browse, oak):
    flat = browse().get(f"/api/handles/{oak}")
    for query in ("?pretty", "?pretty=true"):
        pretty = browse().get(f"/api/handles/{oak}{query}")
        assert pretty.json() == flat.json()
        assert pretty.text.count("\n") > 20 > flat.text.count("\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_handles_are_not_written_here(browse, oak, method):
    for path in ("/api/handles", f"/api/handles/{oak}"):
        refused = browse().request(method, path, json={})
        assert refused.status_code == 405
        assert "GET" in refused.headers["allow"]
