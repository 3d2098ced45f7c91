"""unAPI 1.0: a page names its record, and the server gives it in the formats of managers."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from api.unapi import FORMATS
from fdo.lifecycle import Status
from tests.api.documents import a_specimen


@pytest.fixture
def oak(repository):
    """A specimen of two versions."""
    pid = repository.register("specimen", a_specimen())
    repository.revise(pid, a_specimen(**{"ods:specimenName": "Quercus petraea"}))
    return pid


def formats(answer) -> dict[str, str]:
    """Name → media type of the formats told."""
    tree = ElementTree.fromstring(answer.content)
    assert tree.tag == "formats"
    return {one.get("name", ""): one.get("type", "") for one in tree}


def test_the_server_names_its_formats(browse):
    answer = browse().get("/unapi")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/xml"
    assert formats(answer) == {one.name: one.media_type for one in FORMATS}
    assert next(iter(formats(answer))) == "ris"


def test_the_page_leads_to_its_record_with_the_version(browse, oak):
    for path, version in ((f"/{oak}", 2), (f"/{oak}/1", 1)):
        page = browse().get(path, accept="text/html").text
        (server,) = re.findall(r'<link rel="unapi-server"[^>]+href="([^"]+)"', page)
        (name,) = re.findall(r'<abbr class="unapi-id" title="([^"]+)"', page)
        told = browse().get(server, params={"id": name})
        assert told.status_code == 300
        assert ElementTree.fromstring(told.content).get("id") == name
        for one in formats(told):
            answer = browse().get(server, params={"id": name, "format": one})
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(formats(told)[one])
            assert f"{oak}/{version}" in answer.text or one == "datacite-xml"
        ris = browse().get(server, params={"id": name, "format": "ris"}).text
        assert f"ID  - {oak.version_iri(version)}" in ris


def test_the_record_is_the_one_that_is_negotiated(browse, oak):
    for one in FORMATS:
        ours = browse().get("/unapi", params={"id": f"{oak.iri}/1", "format": one.name})
        assert ours.content == browse().get(f"/{oak}/1?format={one.name}").content


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"id": "https://doi.org/10.5072/ABC-DEF-123"}, 404),
        ({"id": "no id"}, 404),
        ({"id": ""}, 404),
        ({"id": "{oak}/9"}, 404),
        ({"id": "{oak}", "format": "mods"}, 406),
        ({"format": "ris"}, 400),
        ({"id": "{oak}", "style": "apa"}, 400),
        ({"id": "x" * 400}, 422),
    ],
)
def test_what_is_not_there_is_refused(browse, oak, asked, status):
    asked = {name: value.format(oak=oak.iri) for name, value in asked.items()}
    answer = browse().get("/unapi", params=asked)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_record_is_cited_and_nothing_of_what_is_held_back(repository, browse, oak):
    repository.withhold(oak, "Its licence.")
    there = formats(browse().get("/unapi", params={"id": oak.iri}))
    assert "ris" in there
    for one in there:
        answer = browse().get("/unapi", params={"id": oak.iri, "format": one})
        assert answer.status_code == 200
        assert "Quercus" not in answer.text


def test_a_withdrawn_object_is_still_cited(repository, browse, oak):
    repository.tombstone(oak, "Lost.")
    answer = browse().get("/unapi", params={"id": oak.iri, "format": "ris"})
    assert answer.status_code == 200
    assert "withdrawn" in answer.text


def test_a_draft_is_not_found(repository, browse):
    pid = repository.register("specimen", a_specimen(), Status.DRAFT)
    assert browse().get("/unapi", params={"id": pid.iri}).status_code == 404
