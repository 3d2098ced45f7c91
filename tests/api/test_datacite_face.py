"""DataCite metadata over HTTP: what DataCite has of an object or a version is what we show."""

from __future__ import annotations

import pytest

from fdo.lifecycle import Note
from handlers.processes.minting.wanted import Wishes
from tests.api.documents import a_specimen

FORM = "application/vnd.datacite.datacite+json"


@pytest.fixture
def oak(repository):
    """A specimen with three versions, of which the first and third have DOIs."""
    pid = repository.register("specimen", a_specimen())
    for name in ("Quercus petraea", "Quercus robur"):
        repository.revise(pid, a_specimen(**{"ods:specimenName": name}))
    for number in (None, 1, 3):
        doi = f"{pid}/{number}" if number else str(pid)
        repository.do(
            Note("PidConfirmed", {"doi": doi, "state": "findable", "doi-version": number}), pid
        )
    return pid


def relations(told):
    """(relation, other) of the versions."""
    return {
        (each["relationType"], each["relatedIdentifier"])
        for each in told.get("relatedIdentifiers", ())
        if "Version" in each["relationType"]
    }


def test_an_object_names_the_versions_that_have_dois(browse, oak):
    told = browse().get(f"/{oak}", accept=FORM).json()
    assert (told["doi"], told["version"]) == (str(oak), "3")
    assert relations(told) == {("HasVersion", f"{oak}/1"), ("HasVersion", f"{oak}/3")}


def test_a_version_with_a_doi_has_metadata_of_its_own(browse, oak):
    told = browse().get(f"/{oak}/3", accept=FORM).json()
    assert told["doi"] == f"{oak}/3"
    assert relations(told) == {("IsVersionOf", str(oak)), ("IsNewVersionOf", f"{oak}/1")}
    first = browse().get(f"/{oak}/1", accept=FORM).json()
    assert relations(first) == {("IsVersionOf", str(oak)), ("IsPreviousVersionOf", f"{oak}/3")}


def test_a_version_without_a_doi_has_those_of_the_object(browse, oak):
    told = browse().get(f"/{oak}/2", accept=FORM).json()
    assert (told["doi"], told["version"]) == (str(oak), "2")


def test_the_report_and_the_negotiated_form_are_the_same_bytes(browse, oak):
    browser = browse()
    for form in ("json", "xml"):
        media_type = f"application/vnd.datacite.datacite+{form}"
        reported = browser.get(f"/{oak}/datacite?format={form}")
        assert reported.content == browser.get(f"/{oak}", accept=media_type).content


def test_the_past_does_not_know_of_dois_that_came_later(browse, oak):
    told = browse().get(f"/{oak}/datacite?as-of=2026-03-02").json()
    assert relations(told) == set()


def test_of_a_pid_only_object_datacites_metadata_are_those_of_its_record(repository, browse, oak):
    log = repository.objects.log
    repository.withhold(oak, "Its licence is CC BY-NC.")
    wanted = Wishes(log, "http://r.example").of(log.latest(oak), 0, [1, 3]).shown
    answer = browse().get(f"/{oak}/datacite")
    assert (answer.status_code, answer.json()) == (200, wanted)
    assert "Quercus" not in answer.text
    asked = browse().get(f"/{oak}/3", accept=FORM).json()
    assert asked == Wishes(log, "http://r.example").of(log.latest(oak), 3, [1, 3]).shown
    repository.tombstone(oak, "Lost.")
    gone = browse().get(f"/{oak}/datacite")
    assert gone.status_code == 410
    assert gone.json() == Wishes(log, "http://r.example").of(log.latest(oak), 0, [1, 3]).shown
