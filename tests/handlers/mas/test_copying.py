"""Answers that are copied to other objects, and proposals that are approved at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from handlers.mas.requests import Requests
from handlers.mas.results import Result
from handlers.mas.services import service_at
from handlers.projector import Projector
from tests.handlers.mas.story import BY, Repository, comment
from tests.handlers.mas.test_loops import editing

NAMED = {"ods:batchingPermitted": True, "col:trigger": []}


def naming(work: dict[str, Any]) -> Result:
    """A service that says the same of all specimens of one name."""
    batch = {
        "ods:placeInBatch": 1,
        "searchParams": [{"inputField": "$['ods:specimenName']", "inputValue": "Abies alba"}],
    }
    said = comment(work, "A fir.") | {"ods:placeInBatch": 1}
    return Result(work["jobId"], [said], batch=[batch])


@pytest.mark.parametrize("batching", [True, False])
def test_an_answer_is_copied_where_the_job_asked_for_it(
    repository: Repository, batching: bool
) -> None:
    service = repository.service("namer", naming, NAMED)
    first = repository.specimen(1)
    others = {repository.specimen(number).iri for number in (2, 3)}
    repository.specimen(4, "Picea abies")
    projector = Projector(repository.folder)
    projector.settle()
    projector.close()
    asked = Requests(repository.objects, repository.store, BY)
    job = asked.ask(service_at(repository.log, service), first, batching=batching).id
    repository.settle()
    made = repository.annotations()
    about = {one["oa:hasTarget"][0]["oa:hasSource"] for one in made}
    assert about == ({first.iri} | others if batching else {first.iri})
    assert len({one["ods:batchID"] for one in made}) == 1
    (told,) = repository.log.history(service)[-1].detail["jobs"]
    assert told.get("copies", 0) == (2 if batching else 0)
    assert bool(repository.store.remarks(job)) is not batching


def sure(score: float | None) -> Any:
    """A service that proposes a name, so sure."""

    def edit(work: dict[str, Any]) -> Result:
        result = editing("Abies cephalonica")(work)
        body = result.annotations[0]["body"]
        if score is not None:
            body["ods:score"] = score
        return result

    return edit


@pytest.mark.parametrize(
    ("allowed", "registered", "score", "accepted"),
    [
        (True, True, 0.97, True),
        (True, True, 0.95, True),
        (True, True, 0.94, False),
        (True, True, None, False),
        (False, True, 0.97, False),
        (True, False, 0.97, False),
    ],
)
def test_a_proposal_is_approved_at_once_only_where_all_three_agree(
    tmp_path: Path, allowed: bool, registered: bool, score: float | None, accepted: bool
) -> None:
    repository = Repository(tmp_path, auto_accept=allowed)
    form = {"col:autoAccept": registered, "col:autoAcceptScore": 0.95}
    repository.service("namer", sure(score), form)
    specimen = repository.specimen(1)
    repository.settle()
    held = repository.log.latest(specimen)
    assert held.document["ods:specimenName"] == ("Abies cephalonica" if accepted else "Abies alba")
    if accepted:
        assert (held.agent.role, held.also[0].name) == ("Approver", "namer")
    repository.close()


def test_a_proposal_about_another_object_than_the_one_asked_of_is_not_approved_unseen(
    tmp_path: Path,
) -> None:
    repository = Repository(tmp_path, auto_accept=True)
    other = repository.specimen(2)

    def elsewhere(work: dict[str, Any]) -> Result:
        result = sure(0.99)(work)
        (said,) = result.annotations
        moved = {**said, "target": {**said["target"], "source": other.iri}}
        return Result(result.job, [moved])

    form = {"col:autoAccept": True, "col:autoAcceptScore": 0.95}
    repository.service("namer", elsewhere, form)
    repository.specimen(1)
    repository.settle()
    assert repository.log.latest(other).document["ods:specimenName"] == "Abies alba"
    (made,) = {one["oa:hasTarget"][0]["oa:hasSource"] for one in repository.annotations()}
    assert made == other.iri
    repository.close()
