"""The feed of whole events, asked as a mirror asks it."""

from __future__ import annotations

import threading
import time
from typing import Any

import orjson
import pytest

from api.feeds import events
from eventstore.sections import arrived
from fdo.lifecycle import Withhold
from tests.api.documents import a_medium, a_specimen, a_stub


def lines(body: bytes) -> list[Any]:
    return [orjson.loads(line) for line in body.splitlines()]


@pytest.fixture
def asked(repository, browse):
    """Ask the feed of a repository with three specimens."""
    for number in range(3):
        repository.register("specimen", a_specimen(f"DH-{number}"))
    return lambda query="", **more: browse(**more).get(f"/changes/events{query}")


def test_a_section_names_the_log_gives_events_and_says_where_to_go_on(repository, asked):
    answer = asked("?since=1&limit=1")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["access-control-allow-origin"] == "*"
    first, event, last = lines(answer.content)
    log = repository.objects.log
    assert first == {
        "log": log.id, "format": 1, "at": 1, "leaf": log.event(1).leaf.hex(), "head": 3
    }  # fmt: skip
    assert (event["position"] == 2 and event["claims"] == ["specimen:DH-1:7X8-2K4-9PQ"]) or event
    assert (last["next"], last["head"]) == (2, 3)
    assert arrived(answer.content).unaltered


def test_no_events_are_a_section_too(asked):
    assert [list(line) for line in lines(asked("?since=3").content)] == [
        ["log", "format", "at", "leaf", "head"],
        ["next", "head", "sha256"],
    ]
    assert len(lines(asked("?limit=0").content)) == 2


@pytest.mark.parametrize(
    ("query", "status"),
    [("?since=4", 400), ("?since=-1", 400), ("?since=x", 400), ("?limit=1001", 422),
     ("?wait=31", 422), ("?since=99999999999999999999", 400), ("?since=1&since=2", 400)],
)  # fmt: skip
def test_what_cannot_be_is_refused(asked, query, status):
    answer = asked(query)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_head_request_says_how_long_the_section_is(browse, asked):
    answer = browse().request("HEAD", "/changes/events?limit=2")
    assert answer.content == b""
    assert int(answer.headers["content-length"]) == len(asked("?limit=2").content)


def test_a_section_ends_when_it_is_large_enough(asked, monkeypatch):
    monkeypatch.setattr(events, "ENOUGH", 10)
    assert [line["position"] for line in lines(asked().content)[1:-1]] == [1]


def test_a_question_that_waits_is_answered_by_the_next_event(repository, asked):
    def register() -> None:
        time.sleep(0.3)
        repository.register("specimen", a_specimen("DH-9"))

    writer = threading.Thread(target=register)
    started = time.monotonic()
    writer.start()
    answer = asked("?since=3&wait=20")
    writer.join()
    assert [line["position"] for line in lines(answer.content)[1:-1]] == [4]
    assert 0.2 < time.monotonic() - started < 15


def test_a_question_that_waits_in_vain_is_answered_all_the_same(asked):
    assert len(lines(asked("?since=3&wait=1").content)) == 2


def test_an_address_that_is_not_public_is_not_in_the_feed(repository, browse):
    owner = repository.register("specimen", a_specimen())
    hidden = repository.register("media", a_medium(owner, "https://secret.example/1.jpg"))
    repository.withhold(owner, "No licence.")
    repository.do(_withheld(hidden), hidden, "media")
    body = browse().get("/changes/events").content
    assert b"secret.example" not in body
    assert b"No licence." in body and a_stub(owner, "x")["ods:organisationID"].encode() in body


def _withheld(pid):
    """A medium whose licence was taken back; its stub still knows the address."""
    kept = {**a_medium(pid, "https://secret.example/1.jpg"), "@id": pid.iri, "reason": "No."}
    return Withhold(kept)
