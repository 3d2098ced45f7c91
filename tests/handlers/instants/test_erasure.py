"""After an erasure nothing that the ladder keeps holds what was erased (decision 0004)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventstore.instant import Instant
from fdo.documents import canonical
from fdo.lifecycle import Revise
from handlers.instants import build as building
from handlers.instants.build import Builder
from handlers.instants.model import key_of
from handlers.projector import Projector
from handlers.stores import all_kept
from tests.eventstore.story import BY, Objects, pid
from tests.handlers.instants.history import History, quads

SECRET = "Ignota Secretaria, a name that nobody may know"


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Event 2 names a secret; there is an instant and a rung at every event, and of one instant a
    compacted copy."""
    told = History(tmp_path)
    rungs = told.rungs(every=1)
    told.register(2)
    told.project()
    assert rungs.consider(idle=True)
    told.register(1, SECRET)
    told.project()
    assert rungs.consider(idle=True)
    told.do(1, Revise(told.stamp(1, "Larix decidua", 2)), observed_at=None)
    told.project()
    assert rungs.consider(idle=True)
    for position in (1, 2, 3):
        with told.instants().hold_now(Instant(position, 10**15)):
            pass
    Builder(told.ladder()).compact(told.ladder().instants / key_of(Instant(2, 10**15), (), 0))
    yield told


def erased(history: History) -> None:
    before = history.log.event(2)
    redacted = canonical({**before.document, "ods:specimenName": "(erased)"})
    history.objects.erase(pid(1), [2], redacted, BY)


def files_with(text: str, folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(p.name for p in files if text.encode() in p.read_bytes())


def test_old_instants_hold_the_redacted_document_at_once(history: History) -> None:
    instants = history.instants()
    with instants.hold_now(Instant(2)) as held:
        assert SECRET in "".join(quads(held.path))
    erased(history)
    for position in (1, 2, 3, 4):
        for observed in (None, 10**15):
            instant = Instant(position, observed)
            with instants.hold_now(instant) as held:
                found = quads(held.path)
                assert found == history.truth(instant) and SECRET not in "".join(found)
    history.close()


def test_rungs_from_before_what_was_erased_stay_and_those_after_go(history: History) -> None:
    erased(history)
    history.ladder().forget()
    assert [kept.instant.position for kept in all_kept(history.ladder().rungs)] == [1]
    assert all_kept(history.ladder().instants) == []
    history.close()


def test_a_state_that_is_compacted_while_something_is_erased_is_thrown_away(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "_in_one_layer", lambda _: erased(history))
    before = all_kept(history.ladder().instants)
    plain = history.ladder().instants / key_of(Instant(3, 10**15), (), 0)
    Builder(history.ladder()).compact(plain)
    assert all_kept(history.ladder().instants) == before
    history.close()


def test_no_file_of_the_data_folder_holds_what_was_erased(history: History) -> None:
    assert files_with(SECRET, history.folder / "projections")
    erased(history)
    history.close()
    projector = Projector(history.folder)
    projector.settle()
    assert files_with(SECRET, history.folder) == []
    projector.close()
    again = Objects(history.folder)
    with History(history.folder).instants().hold_now(Instant(2)) as held:
        assert "(erased)" in "".join(quads(held.path))
    assert again.log.position() == 4


def test_of_a_checkpoint_that_is_not_purged_yet_nothing_is_made(history: History) -> None:
    erased(history)
    history.graph.apply(history.log.read(0, 100), history.log)
    history.graph.flush()
    history.graph.publish(history.log, tidy=False)  # changes come without a pause
    newest = history.log.position()
    assert newest not in [kept.instant.position for kept in history.ladder().kept()]
    with history.instants().hold_now(Instant(newest, 10**15)) as held:
        assert not files_with(SECRET, held.path)
    history.graph.publish(history.log)
    assert newest in [kept.instant.position for kept in history.ladder().kept()]
    history.close()


def test_a_folder_that_was_never_finished_is_swept_some_time_later(history: History) -> None:
    ladder = history.ladder()
    left = ladder.instants / "half-gone"
    left.mkdir()
    ladder.evict(10**12)
    assert left.exists(), "somebody may be making it"
    os.utime(left, (1, 1))
    ladder.evict(10**12)
    assert not left.exists() and all_kept(ladder.instants)
    history.close()


def test_a_purge_that_was_cut_off_is_done_by_the_next_process(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased(history)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as power, pytest.raises(KeyboardInterrupt):
        power.setattr("handlers.stores.put_in_place", die)
        history.project()
    history.graph._store = None  # type: ignore[assignment]
    history.objects.close()
    projector = Projector(history.folder)
    projector.settle()
    assert files_with(SECRET, history.folder) == []
    projector.close()
