"""Agents over HTTP: batches, keys, limits, reports, the way back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.annotations.speaking import speaker_of
from fdo.catalogue import OBJECT_TYPES
from fdo.identifiers import Pid
from handlers.annotations import Annotations
from handlers.batches.desk import Desk
from handlers.batches.runner import Runner
from tests.api.conftest import BASE, CURATOR, Browser, Repository
from tests.api.documents import a_specimen
from tests.handlers.batches.posts import comment, comments, edit, jsonl

NDJSON = {"content-type": "application/x-ndjson"}


class Agency:
    """An agent with a token, a repository with an oak, and who carries out what waits."""

    def __init__(self, repository: Repository, browser: Browser) -> None:
        self.repository, self.browser = repository, browser
        self.oak = repository.register("specimen", a_specimen())
        self.token("robot", "agent")
        desk = Desk(repository.objects, repository.folder)
        self.runner = Runner(
            desk, lambda name: speaker_of(name, repository.tokens, repository.objects)
        )

    def token(self, name: str, role: Any, **limits: Any) -> None:
        """From now on asks are made with this token."""
        text = self.repository.tokens.create(name, (role,), **limits)
        self.bearer = {"authorization": f"Bearer {text}"}

    def post(self, body: bytes, key: str | None = "run-1", **headers: str) -> Any:
        """A batch."""
        named = {} if key is None else {"idempotency-key": f'"{key}"'}
        sent = {**NDJSON, **self.bearer, **named, **headers}
        return self.browser.request("POST", "/api/agents/annotations", content=body, headers=sent)

    def get(self, path: str) -> Any:
        return self.browser.get(path.removeprefix(BASE), headers=self.bearer)

    def undo(self, batch: str, reason: str = "A mistake.") -> Any:
        path = f"/api/agents/batches/{batch}/undo"
        return self.browser.request("POST", path, json={"reason": reason}, headers=self.bearer)


@pytest.fixture
def agency(repository: Repository, browse: Callable[..., Browser]) -> Iterator[Agency]:
    yield Agency(repository, browse())


def test_a_batch_is_answered_with_what_became_of_its_lines(agency: Agency):
    answer = agency.post(jsonl(comment(agency.oak, "fine"), {"type": "Annotation"}))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["state"], told["counts"], told["total"]) == (
        "done", {"created": 1, "refused": 1}, 2,
    )  # fmt: skip
    (refused,) = told["errors"]
    assert refused["line"] == 2 and refused["errors"] and refused["nextStep"]
    assert answer.headers["location"] == told["url"]
    assert agency.get(told["url"]).json() == told
    first, second = map(json.loads, agency.get(told["outcomes"]).text.splitlines())
    assert first["pid"] and second == refused
    known, _ = agency.repository.objects.state(Pid.parse(first["pid"]))
    assert known is not None and known.document["ods:batchID"] == told["id"]


def test_sent_again_the_report_is_the_same_and_another_body_is_refused(agency: Agency):
    first, again = agency.post(comments(agency.oak, 3)), agency.post(comments(agency.oak, 3))
    assert first.json() == again.json()
    other = agency.post(comments(agency.oak, 4))
    assert other.status_code == 422
    assert other.json()["type"].endswith("/invalid-request") and "run-1" in other.json()["detail"]


def test_two_tokens_may_use_the_same_key(agency: Agency):
    first = agency.post(comments(agency.oak, 1)).json()
    agency.token("other", "agent")
    second = agency.post(comments(agency.oak, 1)).json()
    assert second["id"] != first["id"]
    assert second["counts"] == {"created": 1}, "another agent says it too"


def test_an_array_and_a_stream_of_outcomes(agency: Agency):
    body = json.dumps([comment(agency.oak, "a"), comment(agency.oak, "a")]).encode()
    headers = {"content-type": "application/json", "accept": NDJSON["content-type"]}
    answer = agency.post(body, None, **headers)
    assert [json.loads(line)["outcome"] for line in answer.text.splitlines()] == [
        "created", "duplicate",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content-type": "text/plain"}, b"", 415),
        ({"content-type": "application/json"}, b"{}", 422),
        ({"content-type": "application/json"}, b"[" + b" " * (9 << 20), 413),
        ({"idempotency-key": '"unended'}, b"", 422),
        ({"idempotency-key": "two words"}, b"", 422),
        ({"accept": "image/png"}, b"", 406),
    ],
)
def test_what_cannot_be_taken_is_refused_as_a_whole(
    agency: Agency, headers: dict[str, str], body: bytes, status: int
):
    assert agency.post(body, None, **headers).status_code == status


def test_a_body_beyond_the_setting_is_refused(repository: Repository, browse: Any):
    agency = Agency(repository, browse(agent_batch_mb=1))
    assert agency.post(b"\n" * (1 << 20)).status_code == 200
    assert agency.post(b"\n" * ((1 << 20) + 1), "run-2").status_code == 413


def test_without_the_role_nobody_posts(agency: Agency):
    agency.bearer = {}
    assert agency.post(b"").status_code == 401


def test_who_has_used_a_quota_is_told_when_to_go_on(agency: Agency):
    agency.token("small", "agent", quotas=["2/day"])
    answer = agency.post(comments(agency.oak, 5))
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 86_400
    assert answer.headers["ratelimit-policy"] == '"annotations-per-day";q=2;w=86400'
    assert '"annotations-per-day";r=0;t=' in answer.headers["ratelimit"]
    told = answer.json()
    assert told["counts"] == {"created": 2} and told["policy"] == "annotations-per-day"
    assert agency.get(f"/api/agents/batches/{told['batch']}").json()["state"] == "interrupted"


def test_a_batch_that_is_put_by_is_carried_out_later_with_the_same_report(agency: Agency):
    body = comments(agency.oak, 300)
    answer = agency.post(body, prefer="respond-async")
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    waiting = answer.json()
    assert (waiting["state"], waiting["total"], waiting["lines"]) == ("waiting", 300, 0)
    assert agency.post(body).status_code == 409, "it is being worked on"
    assert agency.post(body, prefer="respond-async").json() == waiting
    other = agency.post(comments(agency.oak, 2), prefer="respond-async")
    assert other.status_code == 422 and "another body" in other.json()["detail"]
    agency.runner.once()
    done = agency.get(answer.headers["location"]).json()
    assert (done["state"], done["counts"]) == ("done", {"created": 300})
    assert agency.post(body).json() == done


def test_one_agent_has_few_batches_put_by_at_a_time(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.annotations.agents.MOST_WAITING", 2)
    put_by = {"prefer": "respond-async"}
    for number in range(2):
        assert agency.post(comments(agency.oak, 1), f"k{number}", **put_by).status_code == 202
    refused = agency.post(comments(agency.oak, 1), "k2", **put_by)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
    assert agency.post(comments(agency.oak, 1), "k1", **put_by).status_code == 202, "it is there"
    agency.runner.once()
    assert agency.post(comments(agency.oak, 1), "k2", **put_by).status_code == 202


def test_what_waits_is_not_carried_out_for_a_token_that_was_revoked(agency: Agency):
    told = agency.post(comments(agency.oak, 2), prefer="respond-async").json()
    agency.repository.tokens.revoke("robot")
    agency.runner.once()
    agency.token("boss", "admin")
    found = agency.get(told["url"]).json()
    assert (found["state"], found["counts"]) == ("failed", {}) and "revoked" in found["note"]
    agency.token("robot", "agent")
    again = agency.post(comments(agency.oak, 2), prefer="respond-async").json()
    assert (again["id"], again["state"], again["endedAt"]) == (told["id"], "waiting", None)
    agency.runner.once()
    assert agency.get(told["url"]).json()["counts"] == {"created": 2}


def test_a_batch_that_waits_for_its_quota_goes_on_of_itself(agency: Agency):
    agency.token("small", "agent", quotas=["2/minute"])
    told = agency.post(comments(agency.oak, 3), prefer="respond-async").json()
    clock = agency.runner._desk.clock()
    agency.runner._desk.clock = lambda: clock
    agency.runner.once()
    assert agency.get(told["url"]).json()["counts"] == {"created": 2}
    agency.runner._desk.clock = lambda: clock + 61
    agency.runner.once()
    assert agency.get(told["url"]).json()["counts"] == {"created": 3}


def test_a_batch_is_seen_by_its_owner_and_by_admins(agency: Agency):
    told = agency.post(comments(agency.oak, 1)).json()
    assert [one["id"] for one in agency.get("/api/agents/batches").json()] == [told["id"]]
    agency.token("other", "agent")
    assert agency.get("/api/agents/batches").json() == []
    mine = [agency.post(b"", f"k{n}").json()["id"] for n in range(2)]
    assert [one["id"] for one in agency.get(f"/api/agents/batches?before={mine[1]}").json()] == [
        mine[0]
    ]
    assert agency.get(told["url"]).status_code == 404
    assert agency.undo(told["id"]).status_code == 404
    agency.token("boss", "admin")
    assert agency.get(told["url"]).json() == told


def test_undone_twice_is_undone_once(agency: Agency):
    told = agency.post(comments(agency.oak, 3)).json()
    for _ in range(2):
        assert agency.undo(told["id"]).status_code == 202
        agency.runner.once()
    found = agency.get(told["url"]).json()
    assert (found["state"], found["undone"]) == ("undone", {"withdrawn": 3})
    events = agency.repository.objects.log.read(0, 100)
    assert sum(event.what == "Tombstoned" or event.what == "Retired" for event in events) == 3
    lines = [json.loads(line) for line in agency.get(told["outcomes"]).text.splitlines()]
    assert {line["undone"] for line in lines} == {"withdrawn"}


def test_an_agent_does_not_take_back_what_a_curator_accepted_but_a_curator_does(agency: Agency):
    told = agency.post(jsonl(edit(agency.oak, "Latvia"), comment(agency.oak, "so"))).json()
    first = json.loads(agency.get(told["outcomes"]).text.splitlines()[0])
    annotations = Annotations(agency.repository.objects)
    annotations.accept(Pid.parse(first["pid"]), CURATOR)
    agency.undo(told["id"])
    agency.runner.once()
    assert agency.get(told["url"]).json()["undone"] == {"left": 1, "withdrawn": 1}
    assert _country(agency) == "Latvia"


def test_an_admin_takes_back_an_accepted_change_and_the_value_returns(agency: Agency):
    told = agency.post(jsonl(edit(agency.oak, "Latvia"))).json()
    first = json.loads(agency.get(told["outcomes"]).text.splitlines()[0])
    Annotations(agency.repository.objects).accept(Pid.parse(first["pid"]), CURATOR)
    assert _country(agency) == "Latvia"
    agency.token("boss", "admin")
    agency.undo(told["id"])
    agency.runner.once()
    assert agency.get(told["url"]).json()["undone"] == {"withdrawn": 1}
    assert _country(agency) == "Estonia"


def _country(agency: Agency) -> str:
    known, _ = agency.repository.objects.state(agency.oak)
    assert known is not None
    country: str = known.document["ods:hasEvents"][0]["ods:hasLocation"]["dwc:country"]
    return country


def test_a_token_of_a_service_speaks_as_that_service(agency: Agency):
    agency.token("ocr", "agent", service=str(agency.oak))
    assert agency.post(b"").status_code == 403, "an oak is no service"


def test_what_a_service_posts_is_the_services_own(agency: Agency):
    document = {
        "@type": "ods:MachineAnnotationService",
        "ods:fdoType": OBJECT_TYPES["machine-annotation-service"].fdo_type,
        "schema:name": "label-ocr",
        "ods:topicName": "label-ocr",
    }
    service = agency.repository.register("machine-annotation-service", document)
    agency.token("ocr", "agent", service=str(service))
    told = agency.post(jsonl(comment(agency.oak, "a label"))).json()
    (line,) = map(json.loads, agency.get(told["outcomes"]).text.splitlines())
    event = agency.repository.objects.log.latest(Pid.parse(line["pid"]))
    (creator,) = event.document["dcterms:creator"]
    assert (event.agent.id, event.agent.name) == (service.iri, "label-ocr")
    assert creator == {
        "@type": "schema:SoftwareApplication",
        "schema:identifier": service.iri,
        "schema:name": "label-ocr",
    }
