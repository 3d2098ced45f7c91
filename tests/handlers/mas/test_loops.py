"""Services that follow one another: never themselves, not too deep, not without end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest

from fdo.agent import Agent
from fdo.identifiers import Pid
from handlers.annotations import Annotations
from handlers.mas.jobs import retry
from handlers.mas.results import Result
from tests.handlers.mas.story import BY, Repository, comment, commenting

FOLLOWS: dict[str, Any] = {"col:worksOn": ["annotation"], "col:trigger": ["annotated"]}
CURATOR = Agent("https://orcid.org/0000-0001-5000-0007", "A Curator", "schema:Person", "Approver")


def replying(name: str) -> Callable[[dict[str, Any]], Result]:
    """A service that has something new to say of every annotation."""
    turn = count(1)

    def reply(work: dict[str, Any]) -> Result:
        return Result(work["jobId"], [comment(work, f"{name} {next(turn)}")])

    return reply


def editing(value: str) -> Callable[[dict[str, Any]], Result]:
    """A service that proposes a name."""

    def edit(work: dict[str, Any]) -> Result:
        target = {
            "type": "SpecificResource",
            "source": work["object"]["@id"],
            "selector": {"type": "ods:TermSelector", "ods:term": "$['ods:specimenName']"},
        }
        body = {"type": "TextualBody", "value": value}
        proposal = comment(work) | {"motivation": "editing", "target": target, "body": body}
        return Result(work["jobId"], [proposal])

    return edit


def annotate(
    repository: Repository, target: Pid, by: Agent = BY, more: dict[str, Any] | None = None
) -> Pid:
    """An annotation that somebody makes."""
    draft = {
        "oa:motivatedBy": ["oa:commenting"],
        "oa:hasTarget": [
            {"@type": "oa:SpecificResource", "oa:hasSource": target.iri} | (more or {})
        ],
        "oa:hasBody": [{"@type": "oa:TextualBody", "rdf:value": "Look at this."}],
    }
    made = Annotations(repository.objects).propose(draft, by).required()
    assert made.pid is not None
    return made.pid


def test_a_service_does_not_follow_itself(repository: Repository) -> None:
    repository.service("echo", replying("echo"), FOLLOWS)
    annotate(repository, repository.specimen(1))
    repository.settle()
    assert len(repository.store.page()) == 1
    assert repository.store.refusals() == {"own-output": 1}


def test_a_service_does_not_follow_what_it_posts_without_a_job(repository: Repository) -> None:
    service = repository.service("echo", replying("echo"), FOLLOWS)
    itself = Agent(service.iri, "echo", "schema:SoftwareApplication", "Annotator")
    annotate(repository, repository.specimen(1), itself)
    repository.settle()
    assert repository.store.page() == []
    assert repository.store.refusals() == {"own-output": 1}


@pytest.mark.parametrize("deepest", [1, 2, 3, 5])
def test_two_services_that_answer_one_another_come_to_an_end(
    repository: Repository, deepest: int
) -> None:
    for name in ("ping", "pong"):
        repository.service(name, replying(name), FOLLOWS | {"col:maxDepth": deepest})
    annotate(repository, repository.specimen(1))
    repository.settle()
    rows = repository.store.page()
    assert max(row.depth for row in rows) == deepest
    assert len(rows) == 2 * deepest  # both follow the person, each then the other
    assert len({row.root for row in rows}) == 1
    assert repository.store.refusals()["depth"] == 2


def test_what_is_beyond_that_is_a_dead_letter_that_a_person_takes_up(tmp_path: Path) -> None:
    repository = Repository(tmp_path, jobs_per_cause=4)
    lines = {"col:trigger": ["registered"]}

    def reading(work: dict[str, Any]) -> Result:
        return Result(work["jobId"], [comment(work, f"Line {n}") for n in range(6)])

    repository.service("ocr", reading, lines)
    repository.service("names", lambda work: Result(work["jobId"]), FOLLOWS)
    repository.specimen(1)
    repository.settle()
    assert repository.states_of_jobs() == {"completed": 4, "dead": 3}, "the first reads the lines"
    dead = [row for row in repository.store.page() if row.state == "dead"]
    assert all("mas_jobs_per_cause" in row.error for row in dead)
    before = repository.log.position()
    repository.settle()
    assert repository.log.position() == before
    assert sorted(retry(repository.objects, repository.store, [row.id for row in dead], BY)) == (
        sorted(row.id for row in dead)
    )
    repository.settle()
    assert repository.states_of_jobs() == {"completed": 7}
    repository.close()


def test_one_event_leads_to_so_many_jobs_and_no_more(tmp_path: Path) -> None:
    repository = Repository(tmp_path, jobs_per_cause=7)
    turn = count(1)

    def chattering(work: dict[str, Any]) -> Result:
        return Result(work["jobId"], [comment(work, f"{next(turn)}") for _ in range(5)])

    for name in ("ping", "pong"):
        repository.service(name, chattering, FOLLOWS | {"col:maxDepth": 9})
    annotate(repository, repository.specimen(1))
    repository.settle()
    assert repository.states_of_jobs()["completed"] == 7
    assert repository.store.refusals()["budget"] == repository.states_of_jobs()["dead"]
    annotate(repository, repository.specimen(2))  # another event has jobs of its own
    repository.settle()
    assert repository.states_of_jobs()["completed"] == 14
    repository.close()


def test_an_accepted_proposal_does_not_wake_the_service_that_made_it(
    repository: Repository,
) -> None:
    namer = repository.service("namer", editing("Abies cephalonica"))
    reader = repository.service("reader", commenting)
    specimen = repository.specimen(1)
    repository.settle()
    (proposal,) = [
        Pid.parse(one["@id"])
        for one in repository.annotations()
        if one["oa:motivatedBy"] == ["oa:editing"]
    ]
    Annotations(repository.objects).accept(proposal, CURATOR)
    repository.settle()
    found = [(row.service, row.version, row.depth) for row in reversed(repository.store.page())]
    assert sorted(found[:2]) == sorted([(str(namer), 1, 1), (str(reader), 1, 1)])
    assert found[2:] == [(str(reader), 2, 2)]
    assert repository.store.refusals() == {"own-output": 1}
    repository.revise(specimen, 1, "Picea abies")  # a person's change wakes both
    repository.settle()
    assert len(repository.store.page()) == 5


def test_a_region_wakes_the_reader_of_images_and_a_remark_does_not(
    repository: Repository,
) -> None:
    works: list[dict[str, Any]] = []

    def reading(work: dict[str, Any]) -> Result:
        works.append(work)
        return Result(work["jobId"])

    service = {"col:worksOn": ["media"], "col:trigger": ["annotated"]}
    repository.service("reader", reading, service)
    medium = repository.medium(1)
    annotate(repository, medium)
    repository.settle()
    assert works == []
    region = {"@type": "oa:FragmentSelector", "rdf:value": "xywh=percent:10,10,20,20"}
    marked = annotate(repository, medium, more={"oa:hasSelector": [region]})
    repository.settle()
    (work,) = works
    assert work["object"]["@id"] == medium.iri
    assert work["annotation"]["@id"] == marked.iri
    assert orjson.dumps(region) in orjson.dumps(work["annotation"]["oa:hasTarget"])
