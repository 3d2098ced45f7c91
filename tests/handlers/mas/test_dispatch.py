"""Jobs from event to annotation: made once, tried again, given up, counted once."""

from __future__ import annotations

import threading
from typing import Any

import orjson
import pytest

from eventstore import mirroring
from fdo.errors import Refused, Unavailable
from fdo.identifiers import Pid
from handlers.curation import Curation
from handlers.mas.dispatch import is_dispatching
from handlers.mas.requests import Requests
from handlers.mas.results import Result
from handlers.mas.services import LEASE_S, service_at
from handlers.mas.tables import FILE
from tests.handlers.mas.story import BY, Repository, comment, commenting


def test_an_object_that_comes_in_is_annotated(repository: Repository) -> None:
    service = repository.service(answering=commenting)
    specimen = repository.specimen(1)
    repository.settle()
    (annotation,) = repository.annotations()
    assert annotation["oa:hasTarget"][0]["oa:hasSource"] == specimen.iri
    assert annotation["dcterms:creator"][0]["schema:identifier"] == service.iri
    assert annotation["col:executionProvider"] == "CPU"
    assert repository.states() == {str(specimen): "completed"}


def test_a_job_says_who_did_what_and_why(repository: Repository) -> None:
    service = repository.service(answering=commenting)
    specimen = repository.specimen(1)
    repository.settle()
    (row,) = repository.store.page()
    (annotation,) = repository.annotations()
    assert annotation["ods:jobID"] == f"https://hdl.handle.net/{row.id}"
    assert (row.service, row.target, row.version) == (str(service), str(specimen), 1)
    assert row.cause == repository.log.latest(specimen).position
    completed = repository.log.history(service)[-1]
    (told,) = completed.detail["jobs"]
    assert told["annotations"] == [str(Pid.parse(annotation["@id"]))]
    event = repository.log.latest(Pid.parse(annotation["@id"]))
    assert event.cause == row.position and event.agent.id == service.iri


def test_annotations_and_the_end_of_their_jobs_are_one_transaction(repository: Repository) -> None:
    service = repository.service(answering=commenting)
    for number in range(3):
        repository.specimen(number)
    repository.settle()
    assert repository.facts(service) == ["JobsScheduled", "JobsCompleted"]
    completed = repository.log.history(service)[-1]
    before = repository.log.read(completed.position - 4, 3)
    assert [event.type for event in before] == ["annotation"] * 3


def test_objects_older_than_the_service_are_left_alone(repository: Repository) -> None:
    repository.specimen(1)
    repository.service(answering=commenting)
    repository.settle()
    assert repository.annotations() == []


def test_a_change_is_another_job(repository: Repository) -> None:
    repository.service(answering=commenting)
    specimen = repository.specimen(1)
    repository.settle()
    repository.revise(specimen, 1, "Abies cephalonica")
    repository.settle()
    assert [row.version for row in repository.store.page()] == [2, 1]
    assert len(repository.annotations()) == 2


def test_scheduling_the_same_section_twice_is_scheduling_it_once(repository: Repository) -> None:
    service = repository.service()
    repository.specimen(1)
    repository.dispatcher.round()
    with repository.store.writing() as run:
        run.execute("UPDATE tracking SET position=0")
        run.execute("UPDATE services SET upto=0")
    repository.dispatcher.round()
    assert repository.facts(service) == ["JobsScheduled"]


def test_a_service_is_asked_as_it_was_when_the_event_happened(repository: Repository) -> None:
    service = repository.service(form={"col:trigger": ["changed"]})
    repository.specimen(1)
    form = {"schema:name": "reader", "col:trigger": ["registered"]}
    repository.registration.revise(service, form)
    late = repository.specimen(2)
    repository.dispatcher.round()
    assert list(repository.states()) == [str(late)]


def test_a_failure_is_tried_again_after_a_pause(repository: Repository) -> None:
    answers = iter([Result("", error="Out of memory."), None])

    def failing_once(work: dict[str, Any]) -> Result:
        said = next(answers)
        return Result(work["jobId"], error=said.error) if said else commenting(work)

    service = repository.service(answering=failing_once)
    specimen = repository.specimen(1)
    repository.settle()
    assert repository.states() == {str(specimen): "failed"}
    repository.now += 6
    repository.settle()
    assert repository.states() == {str(specimen): "completed"}
    assert repository.facts(service) == ["JobsScheduled", "JobsFailed", "JobsCompleted"]
    assert [job.attempt for job in repository.queue.sent] == [1, 2]


def test_what_fails_again_and_again_is_a_dead_letter(repository: Repository) -> None:
    service = repository.service(
        answering=lambda work: Result(work["jobId"], error="Cannot read it."),
        form={"col:maxAttempts": 2},
    )
    specimen = repository.specimen(1)
    repository.settle()
    repository.now += 60
    repository.settle()
    assert repository.states() == {str(specimen): "dead"}
    assert repository.facts(service)[-1] == "JobsDead"
    (row,) = repository.store.page(state="dead")
    assert row.error == "Cannot read it. Tried 2 times."
    repository.now += 100_000
    repository.settle()
    assert len(repository.queue.sent) == 2


def test_a_final_error_is_not_tried_again(repository: Repository) -> None:
    repository.service(answering=lambda work: Result(work["jobId"], error="No image.", final=True))
    specimen = repository.specimen(1)
    repository.settle()
    assert repository.states() == {str(specimen): "dead"}


def test_a_job_without_an_answer_is_handed_over_again(repository: Repository) -> None:
    silent = iter([True, False])
    repository.service(
        answering=lambda work: None if next(silent) else commenting(work),
        form={"col:leaseSeconds": 60},
    )
    specimen = repository.specimen(1)
    repository.settle()
    assert repository.states() == {str(specimen): "queued"}
    repository.now += 61
    repository.settle()
    assert repository.states() == {str(specimen): "failed"}
    repository.now += 6
    repository.settle()
    assert repository.states() == {str(specimen): "completed"}


def test_a_job_that_still_waits_in_its_queue_is_not_lost(repository: Repository) -> None:
    repository.service(form={"col:leaseSeconds": 60})  # nobody works
    specimen = repository.specimen(1)
    repository.settle()
    repository.now += 1_000_000
    repository.settle()
    assert repository.states() == {str(specimen): "queued"}
    repository.answering["reader"] = commenting
    repository.settle()
    assert repository.states() == {str(specimen): "completed"}


def test_the_second_answer_to_a_job_is_late(repository: Repository) -> None:
    repository.service(answering=commenting)
    repository.specimen(1)
    repository.settle()
    (job,) = repository.queue.sent
    again = commenting(orjson.loads(job.payload))
    other = Result(job.id, [comment(orjson.loads(job.payload), "Something else.")])
    assert [one.outcome for one in repository.results.take([again, other])] == ["late", "late"]
    assert len(repository.annotations()) == 1
    assert len(repository.store.remarks(job.id)) == 2


def test_the_same_job_twice_in_one_batch_counts_once(repository: Repository) -> None:
    repository.service()
    repository.specimen(1)
    repository.dispatcher.round()
    (job,) = repository.queue.sent
    answer = commenting(orjson.loads(job.payload))
    taken = repository.results.take([answer, answer])
    assert [one.outcome for one in taken] == ["recorded", "late"]


def test_an_answer_counts_where_the_job_was_given_up(repository: Repository) -> None:
    repository.service(form={"col:maxAttempts": 1, "col:leaseSeconds": 1})
    specimen = repository.specimen(1)
    repository.settle()
    (job,) = repository.queue.drain("reader")
    repository.now += 2
    repository.settle()
    assert repository.states() == {str(specimen): "dead"}
    repository.results.take([commenting(orjson.loads(job.payload))])
    assert repository.states() == {str(specimen): "completed"}


def test_an_answer_to_no_job_is_unknown(repository: Repository) -> None:
    taken = repository.results.take([Result("20.5000.5072/AAA-AAA-AAA"), Result("nonsense")])
    assert [one.outcome for one in taken] == ["unknown", "unknown"]


def test_what_is_wrong_with_one_annotation_is_said_and_the_rest_stands(
    repository: Repository,
) -> None:
    def half(work: dict[str, Any]) -> Result:
        return Result(work["jobId"], [comment(work), {"type": "Annotation"}])

    repository.service(answering=half)
    repository.specimen(1)
    repository.dispatcher.round()
    (taken,) = repository.work()
    assert (taken.outcome, len(taken.created), len(taken.refused)) == ("recorded", 1, 1)
    assert taken.refused[0].startswith("annotations/1")
    assert len(repository.store.remarks(taken.job)) == 1


def test_a_service_says_only_what_it_was_registered_for(repository: Repository) -> None:
    repository.service(answering=commenting, form={"oa:motivatedBy": ["oa:assessing"]})
    repository.specimen(1)
    repository.dispatcher.round()
    (taken,) = repository.work()
    assert not taken.created and "oa:assessing" in taken.refused[0]


def test_nothing_found_completes_a_job(repository: Repository) -> None:
    repository.service(answering=lambda work: Result(work["jobId"]))
    specimen = repository.specimen(1)
    repository.settle()
    assert repository.states() == {str(specimen): "completed"}


def test_a_service_gets_no_more_than_it_may_hold(repository: Repository) -> None:
    repository.service(form={"col:queue": "rabbitmq", "col:microBatch": 2, "ods:maxReplicas": 2})
    for number in range(9):
        repository.specimen(number)
    repository.settle()
    assert len(repository.queue.sent) == 4


def test_a_broker_that_is_down_costs_no_attempt(repository: Repository) -> None:
    repository.service(answering=commenting)
    specimen = repository.specimen(1)
    repository.queue.down = True
    repository.settle()
    assert "The broker is down." in repository.store.troubles().values()
    assert repository.states() == {str(specimen): "scheduled"}
    repository.queue.down = False
    repository.now += 60
    repository.settle()
    assert repository.states() == {str(specimen): "completed"}
    assert repository.queue.sent[0].attempt == 1
    assert repository.store.troubles() == {}


def test_what_is_not_public_any_more_is_not_sent(repository: Repository) -> None:
    repository.service(answering=commenting)
    specimen = repository.specimen(1)
    repository.queue.down = True
    repository.settle()
    repository.withdraw(specimen)
    repository.queue.down = False
    repository.now += 60
    repository.settle()
    assert repository.queue.sent == []
    assert repository.states() == {str(specimen): "dead"}


def test_jobs_of_a_withdrawn_service_end(repository: Repository) -> None:
    service = repository.service(answering=commenting)
    specimen = repository.specimen(1)
    repository.queue.down = True
    repository.settle()
    repository.registration.retire(service, "Replaced.")
    repository.settle()
    repository.specimen(2)
    repository.settle()
    assert repository.states() == {str(specimen): "dead"}


def test_a_running_job_says_so_once(repository: Repository) -> None:
    service = repository.service()
    repository.specimen(1)
    repository.dispatcher.round()
    (job,) = repository.queue.drain("reader")
    repository.results.started([job.id])
    repository.results.started([job.id, "20.5000.5072/AAA-AAA-AAA"])
    assert repository.facts(service) == ["JobsScheduled", "JobsStarted"]
    assert repository.store.job(job.id).state == "running"  # type: ignore[union-attr]
    repository.results.take([Result(job.id)])
    repository.results.started([job.id])
    assert repository.facts(service)[-1] == "JobsCompleted"


@pytest.mark.parametrize("forgotten", [FILE])
def test_pending_work_is_made_again_from_the_log(repository: Repository, forgotten: str) -> None:
    repository.service(answering=commenting)
    done = repository.specimen(1)
    repository.settle()
    repository.queue.down = True
    waiting = repository.specimen(2)
    repository.settle()
    before = repository.states()
    repository.dispatcher.close()
    repository.store.close()
    for file in repository.folder.glob(f"{forgotten}*"):
        file.unlink()
    repository.store = type(repository.store)(repository.folder)
    repository.dispatcher = repository.dispatching()
    repository.queue.down = False
    assert repository.states() == before
    repository.settle()
    assert repository.states() == {str(done): "completed", str(waiting): "completed"}
    assert len(repository.annotations()) == 2 and len(repository.queue.sent) == 2


def test_the_life_of_a_service_is_told_without_its_jobs(repository: Repository) -> None:
    service = repository.service(answering=commenting)
    repository.specimen(1)
    repository.settle()
    assert [event.what for event in repository.log.life(service)] == ["Registered"]
    assert len(repository.log.history(service)) == 3


def test_a_source_system_may_name_the_services_that_look_at_what_it_brings(
    repository: Repository,
) -> None:
    service = repository.service(answering=commenting, form={"col:trigger": []})
    source = repository.source(**{"ods:specimenMachineAnnotationServices": [service.iri]})
    repository.specimen(1)
    listed = repository.specimen(2, source=source)
    repository.medium(3)
    repository.settle()
    assert list(repository.states()) == [str(listed)]


def test_what_a_service_says_of_itself_costs_it_no_annotation(repository: Repository) -> None:
    def boasting(work: dict[str, Any]) -> Result:
        meta = {"model": "the best one", "modelSha256": "A" * 64, "softwareVersion": 3}
        return Result(work["jobId"], [comment(work)], meta=meta)

    repository.service(answering=boasting)
    repository.specimen(1)
    repository.settle()
    (annotation,) = repository.annotations()
    assert "col:model" not in annotation
    assert annotation["col:modelSha256"] == "a" * 64
    assert annotation["col:softwareVersion"] == "3"
    assert "the best one" in annotation["col:repaired"][0]


def test_an_erasure_takes_along_what_was_said_of_the_jobs(repository: Repository) -> None:
    repository.service(answering=lambda work: Result(work["jobId"], error="A name.", final=True))
    specimen = repository.specimen(1)
    repository.settle()
    (row,) = repository.store.page()
    assert "A name." in row.error and repository.store.remarks(row.id)
    curation = Curation(repository.objects, BY)
    curation.erase(curation.erasable(specimen), "By request.")
    repository.settle()
    (row,) = repository.store.page()
    assert row.error == "" and repository.store.remarks(row.id) == []


def test_answers_of_an_erased_service_are_refused_by_name_and_its_jobs_are_dead_letters(
    repository: Repository,
) -> None:
    service = repository.service("reader")
    repository.specimen(1)
    repository.dispatcher.round()
    (job,) = repository.queue.drain("reader")
    answer = commenting(orjson.loads(job.payload))
    repository.specimen(2)  # its job is not handed over any more
    curation = Curation(repository.objects, BY)
    curation.erase(curation.erasable(service), "By request.")
    (taken,) = repository.results.take([answer])
    assert taken.outcome == "failed" and f"{service} was erased" in taken.reason
    assert repository.results.take([answer])[0].outcome == "late"
    repository.settle()
    row = repository.store.job(job.id)
    assert row is not None and row.state == "dead" and "was erased" in row.error
    assert repository.annotations() == []
    last = repository.log.history(service)[-1]
    assert last.what == "JobsDead" and "reader" not in last.agent.name, "it is not named again"


def test_jobs_that_wait_for_a_service_that_is_erased_end(repository: Repository) -> None:
    service = repository.service("reader")
    for number in range(1, 4):
        repository.specimen(number)
    repository.queue.down = True
    repository.dispatcher.round()
    curation = Curation(repository.objects, BY)
    curation.erase(curation.erasable(service), "By request.")
    repository.settle()
    assert repository.states_of_jobs() == {"dead": 3}


@pytest.mark.parametrize("erased", [False, True])
def test_jobs_that_a_service_took_along_end_with_its_lease(
    repository: Repository, erased: bool
) -> None:
    service = repository.service("reader")
    repository.specimen(1)
    repository.dispatcher.round()
    (job,) = repository.queue.drain("reader")
    curation = Curation(repository.objects, BY)
    if erased:
        curation.erase(curation.erasable(service), "By request.")
    else:
        repository.registration.retire(service, "Over.")
    repository.settle()
    assert repository.states_of_jobs() == {"queued": 1}, "an answer may come"
    repository.now += LEASE_S + 1
    repository.settle()
    row = repository.store.job(job.id)
    assert row is not None and row.state == "dead" and "gave no answer" in row.error
    assert repository.dispatcher.idle()


def test_a_mirror_makes_no_jobs(repository: Repository) -> None:
    service = repository.service(answering=commenting)
    specimen = repository.specimen(1)
    mirroring.begin(repository.objects.recorder, "https://source.example", repository.log.id)
    repository.settle()
    assert repository.states() == {} and repository.queue.declared == []
    with pytest.raises(Refused, match="mirror"):
        Requests(repository.objects, repository.store, BY).ask(
            service_at(repository.log, service), specimen
        )


def test_one_process_dispatches(repository: Repository) -> None:
    repository.service(answering=commenting)
    assert not is_dispatching(repository.folder)
    stop, first = threading.Event(), repository.dispatching()
    running = threading.Thread(target=first.run, args=(stop,))
    running.start()
    try:
        while not is_dispatching(repository.folder):
            stop.wait(0.01)
        with pytest.raises(Unavailable, match="Another process"):
            repository.dispatching().run_until_idle(threading.Event())
    finally:
        stop.set()
        running.join()
    assert not is_dispatching(repository.folder)
    repository.dispatching().run_until_idle(threading.Event())


def test_where_a_service_stands_in_the_queue(repository: Repository) -> None:
    repository.service(form={"col:queue": "http", "col:microBatch": 1})
    for number in range(3):
        repository.specimen(number)
    repository.settle()
    rows = sorted(repository.store.page(), key=lambda row: row.number)
    assert [row.state for row in rows] == ["queued", "scheduled", "scheduled"]
    assert [repository.store.ahead(row) for row in rows] == [0, 1, 2]
