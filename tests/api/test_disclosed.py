"""What of an event the public may see, through the whole life of an object."""

from __future__ import annotations

from api.feeds.disclosed import disclosure, disclosures
from fdo.identifiers import Pid
from fdo.lifecycle import Activate, Note, Status, stamped
from tests.api.conftest import Repository
from tests.api.documents import a_specimen, a_stub


def seen(repository: Repository, pid: Pid) -> list[str]:
    log = repository.objects.log
    events = log.history(pid)
    alone = [disclosure(event, log.head(pid), log) for event in events]
    assert disclosures(events, log) == alone
    return list(alone)


def test_every_version_of_an_active_object_is_public(repository: Repository) -> None:
    pid = repository.register("specimen", a_specimen())
    repository.revise(pid, a_specimen(**{"dwc:country": "Kenya"}))
    assert seen(repository, pid) == ["full", "full"]


def test_a_draft_is_nobodys_business_and_stays_so_when_the_object_becomes_public(
    repository: Repository,
) -> None:
    pid = repository.register("specimen", a_specimen(), Status.DRAFT)
    repository.do(Note("PidConfirmed"), pid)
    assert seen(repository, pid) == ["nothing", "nothing"]
    repository.do(Activate(stamped(a_specimen(), pid, 2, modified="2026-03-04T12:00:00.000Z")), pid)
    assert seen(repository, pid) == ["nothing", "nothing", "full"]


def test_what_is_withheld_now_shows_its_record_in_all_its_past(repository: Repository) -> None:
    pid = repository.register("specimen", a_specimen())
    repository.do(Note("PidConfirmed"), pid)
    repository.withhold(pid, "No licence.")
    assert seen(repository, pid) == ["record", "record", "record"]


def test_what_was_withheld_once_keeps_only_those_versions_back(repository: Repository) -> None:
    pid = repository.register("specimen", a_specimen())
    repository.withhold(pid, "No licence.")
    repository.release(pid, a_specimen())
    assert seen(repository, pid) == ["full", "record", "full"]


def test_a_tombstone_shows_its_record_and_leaves_earlier_versions_public(
    repository: Repository,
) -> None:
    pid = repository.register("specimen", a_specimen())
    repository.tombstone(pid, "Lost.")
    repository.do(Note("PidConfirmed"), pid)
    assert seen(repository, pid) == ["full", "record", "full"]


def test_a_tombstone_does_not_publish_what_was_pid_only_before_it(repository: Repository) -> None:
    unlicensed = a_stub(Pid.parse("10.5072/ABC-DEF-123"), "No licence.")
    pid = repository.register("specimen", unlicensed, Status.PID_ONLY)
    repository.tombstone(pid, "Lost.")
    assert seen(repository, pid) == ["record", "record"]
