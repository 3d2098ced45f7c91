"""What services say of their failures: told while it may be, forgotten with what it may quote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from fdo.agent import Agent
from fdo.identifiers import Pid
from handlers.bridges.outbox import Outbox
from handlers.curation import Curation
from handlers.mas.endings import SAID
from handlers.mas.erased import is_to_be_forgotten
from handlers.mas.results import Result
from handlers.mas.store import Row, Store
from handlers.mas.tables import FILE
from tests.handlers.mas.story import BY, Repository, commenting
from tests.handlers.mas.test_loops import annotate

WORDS = "Qwyxzavohu lives in the mill."
REQUEST = "By request."


def failing(work: dict[str, Any]) -> Result:
    """A service that quotes what it read, and fails."""
    return Result(work["jobId"], error=WORDS)


def one(repository: Repository) -> Row:
    repository.store.follow(repository.log)
    (row,) = repository.store.page()
    return row


def erase(repository: Repository, pid: Pid) -> None:
    hands = Curation(repository.objects, Agent("urn:x", "x"))
    hands.erase(hands.erasable(pid), REQUEST)


def remarks(repository: Repository, row: Row) -> list[str]:
    return [remark.said for remark in repository.store.remarks(row.id)]


def kept(folder: Path) -> bool:
    """Whether the words stand in the file of jobs, or in its journal."""
    return any(WORDS.encode() in file.read_bytes() for file in folder.glob(f"{FILE}*"))


def told_by_the_log(repository: Repository, service: Pid) -> list[Any]:
    return [event.detail for event in repository.log.history(service)]


def test_the_log_is_told_that_it_failed_and_not_in_whose_words(repository: Repository) -> None:
    service = repository.service(answering=failing, form={"col:maxAttempts": 2})
    repository.specimen(1)
    repository.settle()
    assert one(repository).error == WORDS
    assert sorted(remarks(repository, one(repository))) == [f"Failed: {SAID}", f"It said: {WORDS}"]
    repository.now += 6
    repository.settle()
    assert (one(repository).state, one(repository).error) == ("dead", f"{WORDS} Tried 2 times.")
    told = told_by_the_log(repository, service)
    assert told[-2]["jobs"][0]["error"] == SAID
    assert told[-1]["jobs"][0]["reason"] == f"{SAID} Tried 2 times."
    assert WORDS not in str(told)


def test_without_the_file_of_jobs_the_reason_of_the_log_is_left(repository: Repository) -> None:
    repository.service(answering=failing, form={"col:maxAttempts": 1})
    repository.specimen(1)
    repository.settle()
    repository.dispatcher.close()
    repository.store.close()
    for file in repository.folder.glob(f"{FILE}*"):
        file.unlink()
    repository.store = Store(repository.folder)
    assert one(repository).error == f"{SAID} Tried 1 time."


def test_what_was_said_of_one_attempt_is_not_the_reason_of_the_next(
    repository: Repository,
) -> None:
    repository.service(answering=failing, form={"col:leaseSeconds": 60})
    repository.specimen(1)
    repository.settle()
    repository.answering.clear()
    repository.now += 6
    repository.settle()
    repository.queue.drain("reader")
    repository.now += 61
    repository.settle()
    assert one(repository).error == "No answer within 60 s."


@pytest.mark.parametrize("what", ["target", "service", "annotation"])
def test_an_erasure_takes_what_was_said_along(repository: Repository, what: str) -> None:
    service = repository.service(answering=failing, form={"col:trigger": ["annotated"]})
    target = repository.specimen(1)
    annotation = annotate(repository, target)
    repository.settle()
    (job,), row = repository.queue.sent, one(repository)
    outbox = Outbox(repository.folder)
    outbox.put([job], called=False)
    repository.store.trouble(str(service), "No such host.", 1.0)
    assert WORDS in row.error and kept(repository.folder)
    erase(repository, {"target": target, "service": service, "annotation": annotation}[what])
    repository.settle()
    assert WORDS not in f"{one(repository).error} {remarks(repository, row)}"
    assert (str(service) in repository.store.troubles()) == (what != "service")
    assert not kept(repository.folder)
    assert outbox.waiting("reader") == (what == "service"), "the payload of another is not theirs"


@pytest.mark.parametrize("what", ["target", "annotation"])
@pytest.mark.parametrize("answer", [failing, commenting])
def test_who_answers_of_what_was_erased_is_not_recorded(
    repository: Repository, answer: Any, what: str
) -> None:
    service = repository.service(form={"col:trigger": ["annotated"]})
    target = repository.specimen(1)
    annotation = annotate(repository, target)
    repository.dispatcher.round()
    (job,) = repository.queue.drain("reader")
    erase(repository, {"target": target, "annotation": annotation}[what])
    before = len(repository.annotations())
    (taken,) = repository.results.take([answer(orjson.loads(job.payload))])
    assert (taken.outcome, "was erased" in taken.reason) == ("failed", True)
    assert len(repository.annotations()) == before
    assert one(repository).state == "dead" and not kept(repository.folder)
    assert WORDS not in str(told_by_the_log(repository, service))
    (late,) = repository.results.take([answer(orjson.loads(job.payload))])
    assert late.outcome == "late" and not kept(repository.folder)


def test_another_version_than_the_erased_one_is_annotated(repository: Repository) -> None:
    repository.service(answering=commenting, form={"col:trigger": ["changed"]})
    specimen = repository.specimen(1)
    repository.revise(specimen, 1, "Abies cephalonica")
    repository.dispatcher.round()
    hands = Curation(repository.objects, BY)
    hands.erase(hands.erasable(specimen, version=1), REQUEST)
    (taken,) = repository.work()
    assert taken.outcome == "recorded"


def test_of_what_is_not_public_any_more_no_words_are_kept(repository: Repository) -> None:
    repository.service()
    specimen = repository.specimen(1)
    repository.dispatcher.round()
    (job,) = repository.queue.drain("reader")
    repository.withdraw(specimen)
    repository.results.take([failing(orjson.loads(job.payload))])
    assert one(repository).error == SAID and not kept(repository.folder)


def test_an_erased_service_gets_no_more_jobs(repository: Repository) -> None:
    service = repository.service(answering=commenting)
    repository.specimen(1)
    repository.settle()
    erase(repository, service)
    repository.specimen(2)
    repository.settle()
    assert repository.states_of_jobs() == {"completed": 1}


def test_the_log_does_not_name_a_service_that_was_withdrawn(repository: Repository) -> None:
    service = repository.service("mill-reader")
    repository.queue.down = True
    repository.specimen(1)
    repository.settle()
    repository.registration.retire(service, "Replaced.")
    repository.settle()
    assert one(repository).error == "The service was withdrawn before it worked on this."


def test_what_is_to_be_forgotten_is_known_where_no_service_works(repository: Repository) -> None:
    empty = Store(repository.folder / "none")
    service = repository.service(answering=failing, form={"col:maxAttempts": 1})
    specimen = repository.specimen(1)
    repository.settle()
    repository.registration.retire(service, "Over.")
    repository.settle()
    log, store = repository.log, repository.store
    assert not is_to_be_forgotten(log, store, 0)
    erase(repository, specimen)
    assert is_to_be_forgotten(log, store, 0) and not is_to_be_forgotten(log, empty, 0)
    assert not is_to_be_forgotten(log, store, log.position())
    again = repository.dispatching()
    again.round()
    again.close()
    assert not is_to_be_forgotten(log, store, 0) and not kept(repository.folder)
