"""What objects are called on pages of others."""

from __future__ import annotations

from api.objects.names import Names
from tests.api.documents import a_specimen


def test_an_object_is_called_by_its_name_whether_asked_by_pid_or_iri(repository):
    oak = repository.register("specimen", a_specimen())
    named = Names(repository.objects.log)
    name = a_specimen()["ods:specimenName"]
    assert named(str(oak)) == named(oak.iri) == named(f"{oak}/1") == name


def test_what_is_not_public_and_what_is_no_object_has_no_name(repository):
    lost = repository.register("specimen", a_specimen())
    repository.tombstone(lost, "Lost.")
    named = Names(repository.objects.log)
    for said in (str(lost), "10.5072/AAA-BBB-CCC", "https://example.org/", "", "Estonia"):
        assert named(said) == "", said


def test_pages_about_an_object_bear_its_name(repository, browse):
    oak = repository.register("specimen", a_specimen())
    for part in ("versions", "history", "record", "conformance"):
        page = browse().get(f"/{oak}/{part}", accept="text/html").text
        assert f'<p class="name">{a_specimen()["ods:specimenName"]}</p>' in page, part
