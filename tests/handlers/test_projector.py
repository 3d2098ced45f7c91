"""One process keeps the projections: it holds the lease, follows, rebuilds, and can be killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fdo.documents import canonical
from fdo.identifiers import Pid
from handlers import HANDLERS
from handlers.harvest.agent import HARVESTER
from handlers.lease import Lease, LeaseHeld, lease_is_held, positions
from handlers.projections.graph import holds_erased, read_current
from handlers.projections.search import Search, SearchQuery
from handlers.projector import FIRST, Projector, main
from handlers.rebuilding import Rebuilds, beside, request_rebuild
from handlers.verification import verify_projections
from tests.handlers.harvest.collection import CLOSED, Collection, image, row

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def herbarium(tmp_path: Path) -> Collection:
    collection = Collection(tmp_path)
    collection.harvest([row(1), row(2, license=CLOSED)], [image(1, "a")])
    return collection


def data(herbarium: Collection) -> Path:
    return herbarium.place / "data"


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The projector as a process of its own; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "handlers.projector", str(folder)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def reached(herbarium: Collection, position: int, patience_s: float = 60) -> bool:
    """Whether all projections have read a position, before patience ends."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if min(positions(data(herbarium)).values()) >= position:
            return True
        time.sleep(0.02)
    return False


def sound(herbarium: Collection) -> bool:
    faults = verify_projections(herbarium.log, data(herbarium) / "projections")
    assert faults == []
    return True


def test_there_is_one_lease_on_a_data_directory(tmp_path: Path) -> None:
    assert not lease_is_held(tmp_path)
    lease = Lease.take(tmp_path)
    assert lease_is_held(tmp_path)
    with pytest.raises(LeaseHeld):
        Lease.take(tmp_path)
    lease.release()
    assert not lease_is_held(tmp_path)
    Lease.take(tmp_path).release()


def test_who_waits_a_moment_gets_a_lease_that_somebody_only_looked_at(tmp_path: Path) -> None:
    lease = Lease.take(tmp_path)
    with pytest.raises(LeaseHeld):
        Lease.take(tmp_path, patience_s=0.05)
    lease.release()
    Lease.take(tmp_path, patience_s=0.05).release()


def test_a_second_projector_says_that_it_is_not_needed(
    herbarium: Collection, capsys: pytest.CaptureFixture[str]
) -> None:
    lease = Lease.take(data(herbarium))
    assert main([str(data(herbarium)), "--until-idle"]) == 75
    assert "another process" in capsys.readouterr().err
    lease.release()


def test_all_projections_reach_the_head_and_equal_a_rebuild(herbarium: Collection) -> None:
    projector = Projector(data(herbarium))
    projector.settle()
    head = herbarium.log.position()
    assert positions(data(herbarium)) == dict.fromkeys(HANDLERS, head)
    herbarium.harvest([row(1, country="Latvia")])
    projector.settle()
    assert positions(data(herbarium)) == dict.fromkeys(HANDLERS, herbarium.log.position())
    projector.close()
    assert sound(herbarium)


def test_what_sparql_shows_goes_first_when_changes_come_faster_than_all_can_follow(
    herbarium: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.projector.LIVE_SECTION", 1)
    monkeypatch.setattr("handlers.projector.PATIENCE_S", 3600.0)
    projector = Projector(data(herbarium))
    projector.settle()
    for number in range(3):
        herbarium.harvest([row(1, country=f"Country {number}")])
    projector.step()
    while projector.graph.position() < herbarium.log.position():
        projector.step()
    place = {one.name: one.position() for one in projector.projections}
    assert {place[name] for name in FIRST} == {herbarium.log.position()}
    assert place["search"] < place["graph"]
    projector.settle()
    assert {one.position() for one in projector.projections} == {herbarium.log.position()}
    projector.close()
    assert sound(herbarium)


def test_a_stream_of_first_versions_is_read_in_large_sections_across_its_pauses(
    herbarium: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.projector.LIVE_SECTION", 1)
    projector = Projector(data(herbarium))
    for end in (40, 50):
        herbarium.harvest([row(number) for number in range(1, end)])
        projector.step()
        assert projector.graph.position() == herbarium.log.position()
        projector.settle()
    projector.close()


def test_a_stream_of_first_versions_passes_over_nothing_that_a_view_still_lacks(
    herbarium: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.projector.LIVE_SECTION", 1)
    monkeypatch.setattr("handlers.projector.PATIENCE_S", 3600.0)
    projector = Projector(data(herbarium))
    projector.settle()
    herbarium.harvest([row(1, country="Latvia"), *(row(number) for number in range(3, 9))])
    projector.step()
    herbarium.harvest([row(number) for number in range(1, 30)])
    projector.settle()
    projector.close()
    assert sound(herbarium)


def test_views_that_do_not_exist_yet_stand_at_zero(tmp_path: Path) -> None:
    assert positions(tmp_path) == dict.fromkeys(HANDLERS, 0)


def test_every_projection_can_be_rebuilt_by_leaving_a_note(herbarium: Collection) -> None:
    projector = Projector(data(herbarium))
    projector.settle()
    head = herbarium.log.position()
    for name in (*HANDLERS, "all"):
        note = request_rebuild(data(herbarium), name)
        projector.settle()
        assert not note.exists()
        assert positions(data(herbarium)) == dict.fromkeys(HANDLERS, head)
    projector.close()
    assert sound(herbarium)


def test_a_rebuild_beside_readers_never_shows_them_an_unfinished_view(
    herbarium: Collection,
) -> None:
    herbarium.harvest([row(n) for n in range(1, 700)])
    projector = Projector(data(herbarium))
    projector.settle()
    head, folder = herbarium.log.position(), data(herbarium) / "projections" / "search"
    search = Search(folder / "view.sqlite")
    whole = search.find(SearchQuery()).total
    note = request_rebuild(data(herbarium), "search")
    steps = 0
    while note.exists():
        projector.step()
        steps += 1
        assert search.find(SearchQuery()).total == whole
        assert positions(data(herbarium))["search"] == head
    assert steps > 1, "the rebuild was over before anybody could have looked"
    assert not beside(folder).exists()
    assert (folder / "view.sqlite").is_symlink()
    herbarium.harvest([row(n) for n in range(1, 703)])
    projector.settle()
    assert search.find(SearchQuery()).total == whole + 3
    search.close()
    projector.close()
    assert sound(herbarium)


def test_a_rebuild_that_was_cut_off_begins_again(herbarium: Collection) -> None:
    herbarium.harvest([row(n) for n in range(1, 700)])
    projector = Projector(data(herbarium))
    projector.settle()
    note = request_rebuild(data(herbarium), "conformance")
    projector.step()
    projector.close()  # as a process does that is told to stop
    assert note.exists()
    projector = Projector(data(herbarium))
    projector.settle()
    assert not note.exists()
    projector.close()
    assert sound(herbarium)


def test_a_view_with_erased_words_is_made_anew_and_meanwhile_hides_them(
    herbarium: Collection,
) -> None:
    herbarium.harvest([row(1, country="Latvia"), row(2, country="Malta")])
    projector = Projector(data(herbarium))
    projector.settle()
    search = Search(data(herbarium) / "projections" / "search" / "view.sqlite")
    query = SearchQuery.parse({"locality": ["latvia"]})
    (hit,) = search.find(query).hits
    event = herbarium.log.latest(Pid.parse(hit.pid))
    redacted = {k: v for k, v in event.document.items() if k != "ods:hasEvents"}
    herbarium.objects.erase(event.pid, [event.position], canonical(redacted), HARVESTER)
    projector.step()
    assert (search.find(query).total, search.find(query).hits) == (0, [])
    projector.settle()
    assert search.find(query).total == 0
    assert hit.pid in {each.pid for each in search.find(SearchQuery()).hits}
    search.close()
    projector.close()


def test_a_view_that_is_made_anew_holds_nothing_back(
    herbarium: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    projector = Projector(data(herbarium))
    projector.settle()
    monkeypatch.setattr(Rebuilds, "step", lambda *_: 1)  # it takes long
    monkeypatch.setattr("handlers.projector.PUBLISH_S", 0)
    monkeypatch.setattr("handlers.projections.graph.BULK_AT_LEAST", 1)
    herbarium.harvest([row(n) for n in range(1, 8)])
    event = herbarium.log.last(herbarium.log.position())
    assert event is not None
    (specimen, *_) = herbarium.log.read(2, 1)
    redacted = canonical({"@id": "x"})
    herbarium.objects.erase(specimen.pid, [specimen.position], redacted, HARVESTER)
    for _ in range(10):
        projector.step()
    current = read_current(data(herbarium) / "projections" / "graph")
    assert current is not None and current["position"] == herbarium.log.position()
    assert not holds_erased(data(herbarium) / "projections" / "graph")
    projector.close()


def test_a_damaged_store_is_filled_anew_while_the_old_state_is_shown(
    herbarium: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    projector = Projector(data(herbarium))
    projector.settle()
    projector.close()
    folder = data(herbarium) / "projections" / "graph"
    shown = read_current(folder)
    for table in (folder / "store").glob("MANIFEST-*"):
        table.write_bytes(b"nothing")
    projector = Projector(data(herbarium))
    assert projector.graph.position() == 0
    projector.graph.publish(projector.log)
    assert read_current(folder) == shown, "half of it is never shown"
    projector.settle()
    assert (read_current(folder) or {})["position"] == herbarium.log.position()
    projector.close()
    assert sound(herbarium)


def test_copies_of_a_verification_that_was_killed_are_swept(herbarium: Collection) -> None:
    left = data(herbarium) / "projections" / "verification-abc"
    left.mkdir(parents=True)
    (left / "view.sqlite").write_bytes(b"a whole copy")
    Projector(data(herbarium)).close()
    assert not left.exists()


def test_a_running_projector_follows_what_others_append_and_ends_when_told(
    herbarium: Collection,
) -> None:
    with running(data(herbarium)) as process:
        assert reached(herbarium, herbarium.log.position())
        assert lease_is_held(data(herbarium))
        herbarium.harvest([row(1), row(2), row(3)])
        assert reached(herbarium, herbarium.log.position())
        process.terminate()
        assert process.wait(60) == 0
    assert not lease_is_held(data(herbarium))
    assert sound(herbarium)


def test_a_change_is_visible_to_readers_within_a_second(herbarium: Collection) -> None:
    with running(data(herbarium)):
        assert reached(herbarium, herbarium.log.position())
        for number in range(3, 8):  # the best of five, as other tests run beside it
            herbarium.harvest([row(n) for n in range(1, number + 1)])
            began = time.monotonic()
            assert reached(herbarium, herbarium.log.position())
            if (took := time.monotonic() - began) < 1.0:
                break
    assert took < 1.0


@pytest.mark.parametrize("delay_s", [0.0, 0.3, 0.6, 0.9])
def test_a_projector_that_is_killed_leaves_no_lease_and_the_next_one_goes_on(
    herbarium: Collection, delay_s: float
) -> None:
    herbarium.harvest([row(n) for n in range(1, 400)], [image(n, f"m{n}") for n in range(1, 200)])
    with running(data(herbarium)) as process:
        while not lease_is_held(data(herbarium)) and process.poll() is None:
            time.sleep(0.01)
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not lease_is_held(data(herbarium))
    herbarium.harvest([row(n, country="Latvia") for n in range(1, 50)])
    projector = Projector(data(herbarium))
    projector.settle()
    projector.close()
    assert positions(data(herbarium)) == dict.fromkeys(HANDLERS, herbarium.log.position())
    assert sound(herbarium)


@pytest.mark.parametrize("code", ["os._exit(0)", "time.sleep(0.3); os._exit(0)"])
def test_a_projector_whose_parent_is_killed_while_it_starts_does_not_stay(
    herbarium: Collection, code: str
) -> None:
    starting = (
        "import os, subprocess, sys, time; "
        "subprocess.Popen([sys.executable, '-m', 'handlers.projector', sys.argv[1], "
        "f'--parent={os.getpid()}']); "
    )
    subprocess.run(
        [sys.executable, "-c", starting + code, str(data(herbarium))], cwd=ROOT, timeout=30
    )
    until = time.monotonic() + 10
    time.sleep(1)  # it may not even have begun
    while lease_is_held(data(herbarium)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not lease_is_held(data(herbarium))


def test_a_projector_ends_when_its_parent_was_killed(herbarium: Collection) -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time; "
            "p = subprocess.Popen([sys.executable, '-m', 'handlers.projector', sys.argv[1]]); "
            "print(p.pid, flush=True); time.sleep(60)",
            str(data(herbarium)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    assert reached(herbarium, herbarium.log.position())
    parent.kill()
    parent.communicate()
    until = time.monotonic() + 10
    while lease_is_held(data(herbarium)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not lease_is_held(data(herbarium))


def test_large_documents_are_read_a_few_at_a_time(
    herbarium: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventstore.recorder.SECTION_BYTES", 1)
    projector = Projector(data(herbarium))
    projector.step()
    assert projector.graph.position() == 1
    projector.settle()
    projector.close()
    assert positions(data(herbarium)) == dict.fromkeys(HANDLERS, herbarium.log.position())
    assert sound(herbarium)
