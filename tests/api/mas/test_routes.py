"""Services and jobs over HTTP: who may do what, and what is said."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import Any

import orjson
import pytest

from fdo.agent import Agent
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.curation import Curation
from handlers.mas.alone import alone
from handlers.mas.results import Result, Results
from handlers.mas.store import Store
from handlers.queueing import keeping
from handlers.queueing.keeping import Kept
from tests.api.conftest import BASE, Browser, Repository

FORM = {"schema:name": "Label reader", "col:worksOn": ["specimen"]}
DISSCO = {
    "data": {
        "type": "ods:MachineAnnotationService",
        "attributes": {
            "schema:name": "georeferencing",
            "ods:containerImage": "public.ecr.aws/example/georeferencing",
            "ods:containerTag": "sha-1234567",
            "ods:batchingPermitted": False,
            "ods:hasTargetDigitalObjectFilter": {"$['ods:topicDiscipline']": ["Botany"]},
        },
    }
}


class Web:
    """A repository, a browser and tokens of several people."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.browser = Browser(repository.app())
        self._tokens = {
            role: repository.tokens.create(role, (role,), days=1)
            for role in ("admin", "curator", "agent")
        }

    def ask(self, method: str, path: str, role: str | None = "curator", **options: Any) -> Any:
        """One request in a role."""
        headers = {**options.pop("headers", {})}
        if role:
            headers["authorization"] = f"Bearer {self._tokens[role]}"
        return self.browser.request(method, path, headers=headers, **options)

    def also(self, name: str, **limits: Any) -> None:
        """One more curator, with limits."""
        self._tokens[name] = self.repository.tokens.create(name, ("curator",), days=1, **limits)

    def page(self, path: str, role: str | None) -> str:
        """A page, for who signed in in a role."""
        headers = {}
        if role:
            sent = {"origin": BASE, "content-type": "application/x-www-form-urlencoded"}
            token = f"token={self._tokens[role]}"
            answer = self.browser.request("POST", "/sign-in", content=token, headers=sent)
            headers = {"cookie": answer.headers["set-cookie"].partition(";")[0]}
        return self.browser.get(path, "text/html", headers=headers).text

    def service(self, **more: Any) -> str:
        """The PID of a new service."""
        answer = self.ask("POST", "/api/mas", json=FORM | more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["pid"])

    def specimen(self, **more: Any) -> str:
        """The PID of a new specimen."""
        draft = {
            "@type": "ods:DigitalSpecimen",
            "ods:fdoType": "https://doi.org/21.T11148/894b1e6cad57e921764e",
            "ods:status": "Active",
            "ods:physicalSpecimenID": "TU-1",
            "ods:normalisedPhysicalSpecimenID": "TU-1",
            "ods:organisationID": "https://ror.org/03z77qz90",
            **more,
        }
        return str(self.repository.register("specimen", draft))


@pytest.fixture
def web(repository: Repository) -> Web:
    return Web(repository)


def test_a_service_is_registered_from_few_words(web: Web) -> None:
    answer = web.ask("POST", "/api/mas", json=FORM)
    said = answer.json()
    assert answer.status_code == 201
    assert (said["queue"], said["topic"], said["worksOn"]) == (
        "nats",
        "label-reader",
        ["specimen"],
    )
    document = web.browser.get(f"/{said['pid']}", "application/json").json()
    assert document["ods:containerImage"] == "n/a"
    assert document["schema:creator"]["schema:name"] == "curator"


def test_a_service_written_for_dissco_is_registered_as_it_is(web: Web) -> None:
    said = web.ask("POST", "/api/mas", json=DISSCO).json()
    assert (said["queue"], said["topic"]) == ("rabbitmq", "georeferencing")


def test_a_name_is_taken_once(web: Web) -> None:
    web.service()
    answer = web.ask("POST", "/api/mas", json=FORM)
    assert answer.status_code == 409 and "schema:name" in answer.json()["detail"]
    topic = "label-reader"
    other = FORM | {"schema:name": "Another", "ods:topicName": topic}
    answer = web.ask("POST", "/api/mas", json=other)
    assert answer.status_code == 409 and f"ods:topicName '{topic}'" in answer.json()["detail"]


@pytest.mark.parametrize("role", [None, "agent"])
def test_services_are_for_curators(web: Web, role: str | None) -> None:
    answer = web.ask("POST", "/api/mas", role, json=FORM)
    assert answer.status_code == (403 if role else 401)


def test_a_token_of_one_institution_rules_no_services(web: Web) -> None:
    text = web.repository.tokens.create(
        "ours", ("curator",), days=1, organisation="https://ror.org/03z77qz90"
    )
    headers = {"authorization": f"Bearer {text}"}
    answer = web.browser.request("POST", "/api/mas", headers=headers, json=FORM)
    assert answer.status_code == 403


HERE, ELSEWHERE = "https://ror.org/03z77qz90", "https://ror.org/00bv4cx53"


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        ({"organisation": HERE, "quotas": ("1/day",)}, 202),
        ({"organisation": ELSEWHERE}, 403),
        ({"scopes": ("target:media",)}, 403),
        ({"scopes": ("dataset:20.5000.5072/ABC-DEF-123",)}, 403),
    ],
)
@pytest.mark.parametrize("role", ["agent", "curator"])
def test_work_is_asked_for_within_the_limits_of_the_token(
    web: Web, limits: dict[str, Any], status: int, role: Any
) -> None:
    service, target = web.service(), web.specimen()
    text = web.repository.tokens.create("limited", (role,), **limits)
    headers = {"authorization": f"Bearer {text}"}
    asked = {"service": service, "target": target}
    answer = web.browser.request("POST", "/api/jobs", headers=headers, json=asked)
    assert answer.status_code == status, answer.text
    mass = {"type": "MasRequest", "attributes": {"mass": [{"masId": service}]}}
    answer = web.browser.request("POST", f"/{target}/mas", headers=headers, json={"data": mass})
    assert answer.status_code == (429 if status == 202 else status), "and by no other door"


def test_dead_letters_of_others_are_left_to_them(web: Web) -> None:
    service, target = web.service(), web.specimen()
    job = web.ask("POST", "/api/jobs", json={"service": service, "target": target}).json()["id"]
    results = Results(web.repository.objects, web.repository.folder)
    results.take([Result(job, error="broken", final=True)])
    for holder, named, status, jobs in (
        (ELSEWHERE, [job], 403, None), (ELSEWHERE, [], 200, []), (HERE, [], 200, [job]),
    ):  # fmt: skip
        name = f"curator-{len(web.repository.tokens.all())}"
        text = web.repository.tokens.create(name, ("curator",), organisation=holder)
        headers = {"authorization": f"Bearer {text}"}
        answer = web.browser.request(
            "POST", "/api/jobs/retry", headers=headers, json={"jobs": named}
        )
        assert (answer.status_code, answer.json().get("jobs")) == (status, jobs)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"schema:name": ""}, "/ods:topicName"),
        ({"ods:topicName": "mas.work.>"}, "/ods:topicName"),
        ({"col:worksOn": ["museum"]}, "/col:worksOn/0"),
        ({"surprise": 1}, ""),
        ({"ods:hasTargetDigitalObjectFilter": {"$[": ["x"]}}, "/ods:hasTargetDigitalObjectFilter"),
        ({"ods:hasTargetDigitalObjectFilter": {"$['x']": []}}, "/ods:hasTargetDigitalObjectFilter"),
        ({"col:autoAccept": True}, "/col:autoAcceptScore"),
        ({"col:endpoint": "file:///etc/passwd"}, "/col:endpoint"),
        ({"col:endpoint": "https://me:pw@reader.example/jobs"}, "/col:endpoint"),
        ({"ods:timeToLive": 60}, "/ods:timeToLive"),
        (
            {"ods:hasEnvironmentalVariables": [{"schema:name": "API_KEY", "schema:value": "s3"}]},
            "/ods:hasEnvironmentalVariables/0",
        ),
    ],
)
def test_what_is_wrong_with_a_registration_is_said(
    web: Web, wrong: dict[str, Any], pointer: str
) -> None:
    answer = web.ask("POST", "/api/mas", json=FORM | wrong)
    assert answer.status_code == 422
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]


def test_a_revision_names_the_version_that_it_saw(web: Web) -> None:
    pid = web.service()
    assert web.ask("PUT", f"/api/mas/{pid}", json=FORM).status_code == 428
    etag = web.ask("GET", f"/api/mas/{pid}", None).headers["etag"]
    changed = FORM | {"schema:description": "Reads labels."}
    headers = {"if-match": etag}
    answer = web.ask("PUT", f"/api/mas/{pid}", json=changed, headers=headers)
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert web.ask("PUT", f"/api/mas/{pid}", json=changed, headers=headers).status_code == 412
    renamed = changed | {"schema:name": "Other"}
    headers = {"if-match": answer.headers["etag"]}
    assert web.ask("PUT", f"/api/mas/{pid}", json=renamed, headers=headers).status_code == 409


def test_a_withdrawn_service_is_asked_no_more(web: Web) -> None:
    pid, specimen = web.service(), web.specimen()
    answer = web.ask(
        "DELETE", f"/api/mas/{pid}", params={"reason": "Too slow."}, headers={"if-match": "*"}
    )
    assert answer.json()["active"] is False
    wanted = {"service": pid, "target": specimen}
    assert web.ask("POST", "/api/jobs", json=wanted).status_code == 409


def test_asking_twice_is_asking_once(web: Web) -> None:
    wanted = {"service": web.service(), "target": web.specimen()}
    first = web.ask("POST", "/api/jobs", "agent", json=wanted)
    assert first.status_code == 202
    again = web.ask("POST", "/api/jobs", "agent", json=wanted)
    assert again.json()["id"] == first.json()["id"]
    assert len(web.ask("GET", "/api/jobs", None).json()["jobs"]) == 1
    forced = web.ask("POST", "/api/jobs", json=wanted | {"again": True})
    assert forced.json()["id"] != first.json()["id"]
    assert web.ask("POST", "/api/jobs", "agent", json=wanted | {"again": True}).status_code == 403


def test_the_handle_of_a_job_leads_to_it(web: Web) -> None:
    wanted = {"service": web.service(), "target": web.specimen()}
    job = web.ask("POST", "/api/jobs", json=wanted).json()
    answer = web.browser.get(f"/{job['id']}")
    assert (answer.status_code, answer.headers["location"]) == (303, job["url"])
    shown = web.ask("GET", f"/api/jobs/{job['id']}", None).json()
    assert (shown["state"], shown["ahead"], shown["kind"]) == ("scheduled", 0, "request")
    assert web.browser.get("/20.5000.5072/AAA-AAA-AAA").status_code == 404


def test_what_a_job_made_is_told(web: Web) -> None:
    specimen = web.specimen()
    wanted = {"service": web.service(), "target": specimen}
    job = web.ask("POST", "/api/jobs", json=wanted).json()["id"]
    results = Results(web.repository.objects, web.repository.folder)
    annotation = {
        "type": "Annotation",
        "motivation": "commenting",
        "target": Pid.parse(specimen).iri,
        "bodyValue": "A label.",
    }
    (taken,) = results.take([Result(job, [annotation])])
    shown = web.ask("GET", f"/api/jobs/{job}", None).json()
    assert shown["created"] == list(taken.created) and shown["state"] == "completed"
    assert [line["said"] for line in shown["log"]][-1] == "Completed; 1 new annotations."


def test_a_filter_is_no_suggestion(web: Web) -> None:
    pid = web.service(**{"ods:hasTargetDigitalObjectFilter": {"$['ods:specimenName']": ["*"]}})
    answer = web.ask("POST", "/api/jobs", json={"service": pid, "target": web.specimen()})
    assert answer.status_code == 409 and "filter" in answer.json()["detail"]


def test_services_are_not_shown_what_is_not_public(web: Web) -> None:
    service, specimen = web.service(), web.specimen()
    web.repository.withhold(Pid.parse(specimen), "No licence.")
    answer = web.ask("POST", "/api/jobs", json={"service": service, "target": specimen})
    assert answer.status_code == 403
    draft = {"@type": "ods:DigitalSpecimen", "ods:normalisedPhysicalSpecimenID": "TU-9"}
    hidden = web.repository.register("specimen", draft, Status.DRAFT)
    answer = web.ask("POST", "/api/jobs", json={"service": service, "target": str(hidden)})
    assert answer.status_code == 404


def test_clients_of_dissco_ask_in_their_own_words(web: Web) -> None:
    service, specimen = web.service(), web.specimen()
    asked = {"type": "MasRequest", "attributes": {"mass": [{"masId": service, "batching": False}]}}
    answer = web.ask("POST", f"/{specimen}/mas", "agent", json={"data": asked})
    assert answer.status_code == 202
    (record,) = answer.json()["data"]
    assert record["attributes"]["state"] == "QUEUED"
    shown = web.browser.get(f"/api/mjr/v1/{record['id']}").json()["data"]
    assert shown == record
    offered = web.browser.get(f"/{specimen}/mas").json()["data"]
    assert [one["id"] for one in offered] == [service]


def test_unknown_parameters_are_refused_by_name(web: Web) -> None:
    answer = web.browser.get("/api/jobs?status=dead")
    assert answer.status_code == 400 and "status" in answer.json()["detail"]


def test_jobs_come_in_pages(web: Web) -> None:
    service, specimen = web.service(), web.specimen()
    for _ in range(5):
        wanted = {"service": service, "target": specimen, "again": True}
        web.ask("POST", "/api/jobs", json=wanted)
    seen, address = [], "/api/jobs?limit=2"
    while address:
        page = web.browser.get(address).json()
        seen += [one["id"] for one in page["jobs"]]
        address = page["next"]
    assert len(seen) == len(set(seen)) == 5


def test_a_backfill_counts_before_it_acts(web: Web) -> None:
    service, specimen = web.service(), web.specimen()
    address = f"/api/mas/{service}/backfill"
    preview = web.ask("POST", address, json={"all": True}).json()
    assert (preview["preview"], preview["scheduled"], preview["sample"]) == (True, 1, [specimen])
    assert web.ask("GET", "/api/jobs", None).json()["jobs"] == []
    done = web.ask("POST", address, json={"all": True, "preview": False}).json()
    assert (done["scheduled"], done["there"]) == (1, 0)
    again = web.ask("POST", address, json={"pids": [specimen], "preview": False}).json()
    assert (again["scheduled"], again["there"]) == (0, 1)
    assert web.ask("POST", address, json={"all": True, "pids": [specimen]}).status_code == 422
    assert web.ask("POST", address, "agent", json={"all": True}).status_code == 403


def test_a_backfill_says_why_others_get_no_job(web: Web) -> None:
    service = web.service()
    address = f"/api/mas/{service}/backfill"
    told = web.ask("POST", address, json={"pids": [service, "10.5072/AAA-AAA-AAA"]}).json()
    assert told["scheduled"] == 0 and sum(told["refused"].values()) == 2


@pytest.fixture
def dead(web: Web) -> str:
    """A job that is dead."""
    wanted = {"service": web.service(), "target": web.specimen()}
    job: str = web.ask("POST", "/api/jobs", json=wanted).json()["id"]
    results = Results(web.repository.objects, web.repository.folder)
    results.take([Result(job, error="<script>alert(1)</script>", final=True)])
    return job


def test_dead_letters_are_taken_up_again(web: Web, dead: str) -> None:
    assert web.ask("POST", "/api/jobs/retry", "agent", json={}).status_code == 403
    assert web.ask("POST", "/api/jobs/retry", json={}).json() == {"jobs": [dead]}
    assert web.ask("GET", f"/api/jobs/{dead}", None).json()["state"] == "scheduled"
    assert web.ask("POST", "/api/jobs/retry", json={}).json() == {"jobs": []}


def test_the_page_shows_dead_letters_and_is_not_taken_in(web: Web, dead: str) -> None:
    page = web.browser.get("/mas", "text/html")
    assert page.status_code == 200 and dead in page.text
    assert "<script>" not in page.text and "Sign in to try them again" in page.text


def test_the_page_is_there_before_the_first_service(web: Web) -> None:
    assert "None is registered yet" in web.browser.get("/mas", "text/html").text


def test_the_page_names_the_service_of_each_job(web: Web, dead: str) -> None:
    page = web.browser.get("/mas", "text/html").text
    assert page.count(f'<a href="/mas/jobs/{dead}">{dead}</a></td><td>Label reader</td>') == 2
    assert "this server keeps no workers" in page


def test_why_something_stands_still_is_told_to_those_who_run_services(web: Web) -> None:
    web.service()
    web.also("ours", organisation=HERE)
    folder = web.repository.folder
    Store(folder).trouble("nats", "See /srv/x/broker.log.", 1.0)
    kept = Kept("coordinates", "refused", said="no module in /srv/y")
    (folder / keeping.FILE).write_bytes(orjson.dumps([asdict(kept)]))
    for role, told in (
        (None, False), ("agent", False), ("ours", False), ("curator", True), ("admin", True),
    ):  # fmt: skip
        with alone(folder / keeping.LOCK, threading.Event(), wait=False):
            page = web.page("/mas", role)
        (shown,) = web.ask("GET", "/api/mas", role).json()["services"]
        one = web.ask("GET", f"/api/mas/{shown['pid']}", role).json()
        assert one["trouble"] == shown["trouble"] != ""
        assert ("/srv/x" in one["trouble"]) == ("/srv/x" in page) == ("/srv/y" in page) == told
        assert "<td>refused</td>" in page and ("Sign in to read why" in page) == (role is None)


def test_a_job_has_a_page_with_all_that_happened_to_it(web: Web, dead: str) -> None:
    page = web.browser.get(f"/mas/jobs/{dead}", "text/html")
    assert page.status_code == 200 and "Scheduled by event" in page.text
    assert "It said: &lt;script&gt;" in page.text and "<script>" not in page.text
    assert web.browser.get("/mas/jobs/20.5000.5072/AAA-AAA-AAA", "text/html").status_code == 404


def test_measures_count_jobs(web: Web, dead: str) -> None:
    del dead
    text = web.browser.get("/metrics").text
    assert 'collectome_mas_jobs{service="Label reader",state="dead"} 1.0' in text


def test_an_erased_service_is_no_obstacle_to_the_others(web: Web) -> None:
    pid = web.service()
    hands = Curation(web.repository.objects, Agent("urn:x", "x"))
    hands.erase(hands.erasable(Pid.parse(pid)), "By request.")
    gone = web.ask("GET", f"/api/mas/{pid}")
    assert (gone.status_code, "erased" in gone.json()["detail"]) == (410, True)
    other = web.ask("POST", "/api/mas", json=FORM | {"schema:name": "Another reader"})
    assert other.status_code == 201
    told = web.ask("GET", "/api/mas").json()["services"]
    assert "Another reader" in [one["name"] for one in told if one["active"]]
    assert FORM["schema:name"] not in [one["name"] for one in told]
    assert web.ask("GET", "/mas").status_code == 200
    assert web.ask("GET", "/metrics").status_code == 200
