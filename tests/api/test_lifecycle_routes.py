"""Ends, returns and erasure over HTTP: who may, which version, what is left."""

from __future__ import annotations

import pytest

from eventstore import mirroring
from handlers.harvest import reports
from handlers.harvest.records import Diagnostic
from tests.api.conftest import BASE
from tests.api.documents import a_medium, a_specimen

REASON = {"reason": "Lost in the flood of 1953."}


@pytest.fixture
def token(repository):
    """The Authorization header of a fresh token."""

    def made(*roles, organisation=None):
        name = f"t{len(repository.tokens.all())}"
        text = repository.tokens.create(name, roles, organisation=organisation)
        return {"authorization": f"Bearer {text}"}

    return made


@pytest.fixture
def pids(repository):
    return [repository.register("specimen", a_specimen(f"EN-{n}")) for n in range(3)]


@pytest.fixture
def post(browse, token):
    """Act on an object as it is now; `to` may name who and another If-Match."""

    def posted(pid, what, body, headers=None, seen="*", **who):
        headers = headers or token(*(who.get("roles") or ("curator",)))
        extra = {} if seen is None else {"if-match": seen}
        path = f"/api/objects/{pid}/{what}"
        return browse().request("POST", path, json=body, headers={**headers, **extra})

    return posted


def test_a_withdrawn_object_is_a_tombstone_and_can_come_back(browse, post, pids, repository):
    seen = browse().get(f"/{pids[0]}", "application/json").headers["etag"]
    done = post(pids[0], "tombstone", REASON, seen=seen)
    assert (done.status_code, done.json()["version"]) == (200, 2)
    assert done.json()["what"].startswith("SpecimenTombstoned")
    gone = browse().get(f"/{pids[0]}", "application/json")
    assert gone.status_code == 410
    assert REASON["reason"] in gone.text
    back = post(pids[0], "restore", {"reason": "Found."}, seen=done.headers["etag"])
    assert back.json()["version"] == 3
    assert browse().get(f"/{pids[0]}", "application/json").status_code == 200
    assert repository.objects.log.latest(pids[0]).detail == {"reason": "Found."}
    assert repository.objects.log.latest(pids[0]).agent.id.startswith("urn:collectome:agent:t")


def test_a_merged_and_a_divided_object_name_what_stands_for_them(browse, post, pids):
    assert post(pids[0], "merge", {**REASON, "into": str(pids[1])}).status_code == 200
    assert str(pids[1]) in browse().get(f"/{pids[0]}", "application/json").text
    parts = {**REASON, "parts": [str(pids[2]), str(pids[2])]}
    assert post(pids[1], "split", parts).json()["what"].startswith("SpecimenDivided")


@pytest.mark.parametrize(
    ("seen", "status"), [(None, 428), ('"another"', 412), ('"another", *', 200)]
)
def test_the_version_that_is_changed_must_be_named(post, pids, seen, status, repository):
    answer = post(pids[0], "tombstone", REASON, seen=seen)
    assert answer.status_code == status
    assert repository.objects.log.head(pids[0]).version == (2 if status == 200 else 1)


@pytest.mark.parametrize(
    ("what", "body", "status"),
    [
        ("tombstone", {}, 422),
        ("tombstone", {"reason": "  "}, 422),
        ("tombstone", {"reason": "x" * 2_001}, 422),
        ("tombstone", {**REASON, "more": 1}, 422),
        ("restore", {}, 409),
        ("merge", {**REASON, "into": "10.5072/AAA-AAA-AAA"}, 404),
        ("merge", {**REASON, "into": "orchid"}, 400),
        ("merge", REASON, 422),
        ("split", {**REASON, "parts": []}, 422),
        ("split", {**REASON, "parts": ["10.5072/AAA-AAA-AAA"] * 101}, 422),
        ("erase", {**REASON, "confirm": False}, 422),
        ("erase", REASON, 422),
        ("erase", {**REASON, "confirm": True, "version": 9}, 409),
        ("erase", {**REASON, "confirm": True, "event": 999}, 409),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_recorded(
    post, pids, token, what, body, status, repository
):
    before = repository.objects.log.position()
    answer = post(pids[0], what, body, token("admin"))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert repository.objects.log.position() == before


def test_an_object_is_not_merged_into_itself_or_into_another_type(post, pids, repository):
    medium = repository.register("media", a_medium(pids[0]))
    for into in (pids[0], medium):
        assert post(pids[0], "merge", {**REASON, "into": str(into)}).status_code == 409


def test_curators_act_for_their_institution_and_only_admins_erase(post, pids, token, repository):
    here = repository.objects.log.latest(pids[0]).document["ods:organisationID"]
    other = token("curator", organisation="https://ror.org/05natt857")
    for what, body in (("tombstone", REASON), ("merge", {**REASON, "into": str(pids[1])})):
        assert post(pids[0], what, body, other).status_code == 403
    assert post(pids[0], "tombstone", REASON, token("agent")).status_code == 403
    assert post(pids[0], "tombstone", REASON, {"accept": "*/*"}).status_code == 401
    erasure = {**REASON, "confirm": True}
    assert post(pids[1], "erase", erasure, token("curator")).status_code == 403
    mine = token("curator", organisation=here)
    assert post(pids[0], "tombstone", REASON, mine).status_code == 200
    assert post(pids[1], "erase", erasure, token("admin")).status_code == 200


def test_an_erasure_leaves_who_and_whose_and_nothing_else(browse, post, pids, token, repository):
    log = repository.objects.log
    draft = a_specimen("EN-0", **{"ods:specimenName": "Secretaria ignota"})
    repository.revise(pids[0], draft)
    first, second = (log.version(pids[0], number) for number in (1, 2))
    only = {**REASON, "confirm": True, "version": 2}
    report = repository.folder / reports.FOLDER / "1.jsonl"
    report.parent.mkdir()
    record = second.document["ods:physicalSpecimenID"]
    quoting = Diagnostic("value-does-not-fit", "warning", "Secretaria", "", record=record)
    report.write_bytes(reports.line("a.zip", quoting))
    done = post(pids[0], "erase", only, token("admin"))
    assert done.json()["erased"] == [second.position]
    assert report.read_bytes().strip() == reports.GONE
    left = log.version(pids[0], 2).document
    assert left["ods:organisationID"] == second.document["ods:organisationID"]
    assert "Secretaria" not in browse().get(f"/{pids[0]}/2", "application/json").text
    assert "ods:hasEvents" in browse().get(f"/{pids[0]}/1", "application/json").json()
    assert log.version(pids[0], 2).meta == second.meta
    last = log.history(pids[0])[-1]
    assert (last.what, last.detail["reason"]) == ("Erased", REASON["reason"])
    rest = post(pids[0], "erase", {**REASON, "confirm": True}, token("admin"))
    assert rest.json()["erased"] == [first.position]
    assert log.version(pids[0], 1).document["ods:version"] == 1
    again = post(pids[0], "erase", {**REASON, "confirm": True}, token("admin"))
    assert (again.status_code, "nothing to erase" in again.json()["detail"]) == (409, True)
    assert post(pids[0], "tombstone", REASON).status_code == 200
    assert "erased" in post(pids[0], "restore", REASON).json()["detail"]


def test_a_report_keeps_its_rows_where_the_erasure_is_refused(post, pids, token, repository):
    report = repository.folder / reports.FOLDER / "1.jsonl"
    report.parent.mkdir()
    record = repository.objects.log.latest(pids[0]).document["ods:physicalSpecimenID"]
    report.write_bytes(reports.line("a.zip", Diagnostic("x", "warning", "y", "", record=record)))
    before = report.read_bytes()
    mirroring.begin(repository.objects.recorder, BASE, repository.objects.log.id)
    refused = post(pids[0], "erase", {**REASON, "confirm": True}, token("admin"))
    assert (refused.status_code, "mirror" in refused.json()["detail"]) == (409, True)
    assert report.read_bytes() == before
