"""If-Modified-Since: what is had already is not sent again, and no change is ever hidden by it."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest

from api.objects.exchange import http_date
from fdo.documents import canonical
from tests.api.conftest import DAY
from tests.api.documents import a_specimen

BEECH = a_specimen(**{"ods:specimenName": "Fagus sylvatica L."})


@pytest.fixture
def beech(repository):
    return repository.register("specimen", BEECH)


def since(answer, **more):
    return {"if-modified-since": answer.headers["last-modified"], **more}


def within_the_same_second(repository):
    """What is recorded next is so half a second after what was recorded last."""
    repository.now += 500_000 - DAY


@pytest.mark.parametrize("tail", ["", "/1", "/1/sealed", "?format=json"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_did_not_change_is_not_sent_again(browse, beech, tail, method):
    first = browse().get(f"/{beech}{tail}")
    again = browse().request(method, f"/{beech}{tail}", headers=since(first))
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_the_date_that_was_sent_will_do_another_or_none_will_not(repository, browse, beech):
    second = repository.objects.log.latest(beech).recorded_at // 1_000_000
    for date, status in (
        (http_date(second + 3_600), 200),
        (http_date(second), 304),
        (http_date(second - 1), 200),
        (b"yesterday", 200),
        (b"", 200),
        ("Sonntag, 1. März".encode(), 200),
        (b"Sun, 99 Mar 2026 12:00:00 GMT", 200),
    ):
        assert browse().get(f"/{beech}", headers={"if-modified-since": date}).status_code == status


def test_the_time_of_a_download_proves_nothing_of_what_arrives_late(repository, browse, beech):
    """As on a mirror, whose versions bear the dates of their source."""
    recorded = repository.objects.log.latest(beech).recorded_at // 1_000_000
    downloaded = {"if-modified-since": http_date(recorded + 30 * 86_400)}
    repository.revise(beech, {**BEECH, "ods:specimenName": "Fagus orientalis Lipsky"})
    after = browse().get(f"/{beech}", headers=downloaded)
    assert parsedate_to_datetime(after.headers["last-modified"]) < parsedate_to_datetime(
        downloaded["if-modified-since"].decode()
    )
    assert (after.status_code, after.json()["ods:version"]) == (200, 2)
    for number in (1, 2):  # of which there is no other
        assert browse().get(f"/{beech}/{number}", headers=downloaded).status_code == 304


def test_a_tag_counts_and_the_date_beside_it_does_not(browse, beech):
    first = browse().get(f"/{beech}")
    other = browse().get(f"/{beech}", headers=since(first, **{"if-none-match": '"other"'}))
    assert other.status_code == 200
    dated = {"if-none-match": first.headers["etag"], "if-modified-since": "yesterday"}
    assert browse().get(f"/{beech}", headers=dated).status_code == 304


def test_a_change_within_the_same_second_is_not_hidden(repository, browse, beech):
    first = browse().get(f"/{beech}")
    within_the_same_second(repository)
    repository.revise(beech, {**BEECH, "ods:specimenName": "Fagus orientalis Lipsky"})
    after = browse().get(f"/{beech}", headers=since(first))
    assert after.headers["last-modified"] == first.headers["last-modified"]
    assert (after.status_code, after.json()["ods:specimenName"]) == (200, "Fagus orientalis Lipsky")
    for number in (1, 2):  # what the address names cannot be another
        one = browse().get(f"/{beech}/{number}", headers=since(first))
        assert one.status_code == 304


def test_an_older_change_is_no_reason_to_send_it_again(repository, browse, beech):
    repository.revise(beech, {**BEECH, "ods:specimenName": "Fagus orientalis Lipsky"})
    now = browse().get(f"/{beech}")
    assert browse().get(f"/{beech}", headers=since(now)).status_code == 304


def test_an_erasure_has_no_date_and_is_not_hidden(repository, browse, beech):
    first = browse().get(f"/{beech}")
    event = repository.objects.log.latest(beech)
    left = {**event.document, "ods:specimenName": "(erased)"}
    repository.objects.erase(beech, [event.position], canonical(left), by=event.agent)
    for tail in ("", "/1"):
        after = browse().get(f"/{beech}{tail}", headers=since(first))
        assert after.headers["last-modified"] == first.headers["last-modified"]
        assert (after.status_code, after.json()) == (200, left)


@pytest.mark.parametrize("tail", ["?format=html", "?format=turtle", "?as-of=1", "/versions"])
def test_what_is_made_of_a_version_is_sent_in_full(browse, beech, tail):
    first = browse().get(f"/{beech}")
    assert browse().get(f"/{beech}{tail}", headers=since(first)).status_code == 200


def test_a_tombstone_stays_one(repository, browse, beech):
    repository.tombstone(beech, "Lost.")
    gone = browse().get(f"/{beech}")
    assert browse().get(f"/{beech}", headers=since(gone)).status_code == 410
