"""The graph: live equals rebuild, in bulk or by delta, through kills and rebuilds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import RdfFormat, Store

from eventstore.follower import Projection, follow_once
from eventstore.log import Log
from eventstore.patches import (
    PROVENANCE,
    RECORDS,
    all_quads,
    in_graph,
    patch,
    provenance_lines,
    state_lines,
)
from handlers import loads, merging
from handlers.projections import graph
from handlers.projections.graph import Graph, read_current
from tests.handlers.projections.contract import PowerFailure, ProjectionContract, _Unreadable
from tests.handlers.projections.story import (
    Repository,
    a_specimen,
    a_story,
)

ROOT = Path(__file__).resolve().parents[3]


def quads(projection: Graph, folder: Path) -> set[str]:
    """All quads of the store but its position."""
    projection.flush()
    projection.dump(folder / "dump.nq")
    return set((folder / "dump.nq").read_text().splitlines(keepends=True))


def published(folder: Path) -> tuple[int, set[str]]:
    """The position and quads of what readers see."""
    notice = read_current(folder)
    assert notice is not None
    store = Store.read_only(str(folder / "checkpoints" / str(notice["checkpoint"])))
    found = {f"{quad} .\n" for quad in store if "graph:meta" not in str(quad.graph_name)}
    return int(notice["position"]), found


def expected(log: Log) -> set[str]:
    """What the graph must hold, said without patches: the state of each object, the activity
    of each event, and what sources no longer show."""
    lines: list[str] = []
    for event in log.read(0, 1_000_000):
        lines += in_graph(provenance_lines(event), PROVENANCE)
    for head in log.heads(limit=1_000_000):
        shown, record = state_lines(log.latest(head.pid))
        lines += [*shown, *in_graph(record, RECORDS)]
        missed = log.unseen_since(head.pid)
        if missed is not None:
            lines.append(
                f"<{head.pid.iri}> <urn:collectome:vocab:notSeenIn> "
                f'"{missed}"^^<http://www.w3.org/2001/XMLSchema#integer> <{RECORDS}> .\n'
            )
    return normal(lines)


def normal(lines: list[str]) -> set[str]:
    """The lines as the store writes them."""
    store = Store()
    store.load("".join(lines).encode(), format=RdfFormat.N_QUADS)
    return {f"{quad} .\n" for quad in store}


class Closing(Graph):
    """Ends as the projector does: what was taken in is made durable first."""

    def close(self) -> None:
        self.flush()
        super().close()


class TestGraph(ProjectionContract):
    """The contract of all projections."""

    def open(self, folder: Path) -> Projection:
        return Closing(folder)

    def seen(self, projection: Projection, folder: Path) -> Any:
        assert isinstance(projection, Graph)
        return quads(projection, folder)

    def test_a_crash_inside_a_section_leaves_the_view_before_it_and_it_resumes(
        self, told: Repository, live: Any, tmp_path: Path
    ) -> None:
        """As the contract, but the process is gone: what was gathered is read again."""
        events = told.events()
        for broken in range(len(events)):
            projection = Graph(tmp_path / "view")
            begun = projection.position()
            with pytest.raises(PowerFailure):
                projection.apply([*events[:broken], _Unreadable.like(events[broken])], told.log)
            projection.close()
            projection = Graph(tmp_path / "view")
            assert begun <= projection.position() < events[broken].position
            projection.close()
        projection = Graph(tmp_path / "view")
        projection.apply(events, told.log)
        assert quads(projection, tmp_path) == live
        projection.close()


@pytest.mark.parametrize("bulk_at_least", [1, 10**9])
@pytest.mark.parametrize("section", [3, 1000])
def test_by_bulk_and_by_delta_the_graph_is_what_the_log_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bulk_at_least: int, section: int
) -> None:
    monkeypatch.setattr(graph, "BULK_AT_LEAST", bulk_at_least)
    told = a_story(tmp_path / "log")
    view = Graph(tmp_path / "view")
    while follow_once(told.log, [view], section):
        pass
    view.flush()
    assert view.publish(told.log)
    assert published(tmp_path / "view") == (told.log.position(), expected(told.log))
    view.close()


def test_the_position_does_not_pass_a_file_that_could_not_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "BULK_AT_LEAST", 1)
    told = Repository(tmp_path / "log")
    told.source()
    for number in range(1, 4):
        told.register(number, a_specimen(number))
    view = Graph(tmp_path / "view")
    with pytest.raises(SyntaxError):
        for event in told.events()[:3]:  # two files are loaded at a time; the second is broken
            view.apply([event], told.log)
            if event.position == 2:
                assert view._file is not None
                view._file.write(b"half a li")
            view.settle(idle=True)
        view.flush()
    view.close()
    view = Graph(tmp_path / "view")
    assert view.position() == 1
    view.apply(told.events(), told.log)
    view.flush()
    assert view.publish(told.log)
    assert published(tmp_path / "view") == (told.log.position(), expected(told.log))
    view.close()


def test_a_view_that_is_closed_early_goes_on_where_the_engine_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("BULK_AT_LEAST", 1), ("BULK_BYTES", 1)):
        monkeypatch.setattr(graph, name, value)
    told = Repository(tmp_path / "log")
    told.source()
    for number in range(1, 30):
        told.register(number, a_specimen(number))
    view = Graph(tmp_path / "view")
    for event in told.events():
        view.apply([event], told.log)
    view.close()
    assert not list((tmp_path / "view").glob("bulk-*"))
    view = Graph(tmp_path / "view")
    view.apply(told.events(), told.log)
    view.flush()
    assert view.publish(told.log)
    assert published(tmp_path / "view") == (told.log.position(), expected(told.log))
    view.close()


@pytest.mark.parametrize("queued", [2, 8])
def test_a_long_backlog_is_shown_while_it_is_gathered_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, queued: int
) -> None:
    for name, value in (("BULK_AT_LEAST", 1), ("BULK_BYTES", 1), ("SHOW_MOST_S", 0)):
        monkeypatch.setattr(graph, name, value)
    monkeypatch.setattr(loads, "QUEUED", queued)
    told = Repository(tmp_path / "log")
    told.source()
    for number in range(1, 12):
        told.register(number, a_specimen(number))
    events, seen, opened = told.events(), dict[int, Any](), threading.Event()
    writers, really = set[str](), Graph._run

    def run(view: Graph, *update: Any) -> None:
        writers.add(threading.current_thread().name)
        really(view, *update)

    monkeypatch.setattr(Graph, "_run", run)
    view = Graph(tmp_path / "view")
    view._beside.submit(opened.wait)  # the checkpoint takes its time
    for event in events[: queued - 1]:
        view.apply([event], told.log)
    assert view.position() == queued - 1
    assert read_current(tmp_path / "view") is None
    threading.Timer(0.1, opened.set).start()
    for event in events[queued - 1 :]:
        view.apply([event], told.log)
        if (notice := read_current(tmp_path / "view")) is not None:
            seen[int(notice["position"])] = published(tmp_path / "view")
    assert seen, "who is behind is seen on the way"
    assert {name.partition("_")[0] for name in writers} == {"checkpoints"}, (
        "who gathers never waits"
    )
    view.flush()
    view.publish(told.log)
    assert published(tmp_path / "view") == (told.log.position(), expected(told.log))
    view.close()
    for position, found in seen.items():
        again = Graph(tmp_path / f"at-{position}")
        again.apply(events[:position], told.log)
        again.flush()
        again.publish(told.log)
        assert found == published(tmp_path / f"at-{position}")
        again.close()


@pytest.mark.parametrize(("ahead", "often"), [(0, True), (3, False)])
def test_near_its_end_a_backlog_is_loaded_and_not_shown_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: int, often: bool
) -> None:
    always = {"BULK_AT_LEAST": 1, "BULK_BYTES": 1, "SHOW_S": 0, "SHOW_SHARE": 0}
    for name, value in {**always, "SHOW_AHEAD": ahead}.items():
        monkeypatch.setattr(graph, name, value)
    told = Repository(tmp_path / "log")
    told.source()
    for number in range(1, 12):
        told.register(number, a_specimen(number))
    view, shown = Graph(tmp_path / "view"), set[int]()
    view._show_at, before = time.monotonic(), view.published
    view._showing_s = 60.0  # so long the last one took; what is left is gathered in less
    for event in told.events():
        view.apply([event], told.log)
        view._beside.submit(int).result()  # a checkpoint that was begun is made
        shown |= {view.published} - {before}
    assert bool(shown) == often
    view.flush()
    assert view.publish(told.log)
    assert published(tmp_path / "view") == (told.log.position(), expected(told.log))
    view.close()


def test_a_first_version_is_the_same_as_a_quad_set_and_as_a_patch(tmp_path: Path) -> None:
    told = a_story(tmp_path / "log")
    for event in told.events():
        if event.version == 1 and not event.operational:
            change = patch(event, None)
            assert (set(change.added), change.removed) == (set(all_quads(event)), [])


# ── publishing ───────────────────────────────────────────────────────────────────────────


def test_an_empty_graph_is_published_so_that_readers_can_begin(tmp_path: Path) -> None:
    told = Repository(tmp_path / "log")
    view = Graph(tmp_path / "view")
    assert view.publish(told.log)
    assert published(tmp_path / "view") == (0, set())
    assert not view.publish(told.log), "nothing new, nothing published"
    view.close()


def test_a_checkpoint_that_a_kill_left_half_made_is_swept_away(tmp_path: Path) -> None:
    told = Repository(tmp_path / "log")
    view = Graph(tmp_path / "view")
    view.publish(told.log)
    torn = tmp_path / "view" / "checkpoints" / "000000000001-1795326359145167414.tmp"
    torn.mkdir()
    (torn / "000001.sst").write_bytes(b"half")
    told.source()
    follow_once(told.log, [view])
    view.flush()
    assert view.publish(told.log)
    assert not torn.exists()
    assert published(tmp_path / "view") == (told.log.position(), expected(told.log))
    view.close()


def test_nothing_is_published_while_a_rebuild_is_unfinished_and_its_end_is(
    tmp_path: Path,
) -> None:
    told = a_story(tmp_path / "log")
    view = Graph(tmp_path / "view")
    events = told.events()
    view.apply(events, told.log)
    view.flush()
    view.publish(told.log)
    before = published(tmp_path / "view")
    view.clear()
    for event in events:
        assert not view.publish(told.log)
        assert published(tmp_path / "view") == before
        view.apply([event], told.log)
        view.flush()
    assert view.publish(told.log), "a rebuild to the position of the old checkpoint is new"
    assert published(tmp_path / "view") == before
    view.close()


def test_a_rebuild_that_was_cut_off_is_finished_by_the_next_process(tmp_path: Path) -> None:
    told = a_story(tmp_path / "log")
    view = Graph(tmp_path / "view")
    view.apply(told.events(), told.log)
    view.flush()
    view.publish(told.log)
    notice = read_current(tmp_path / "view")
    view.clear()
    view.apply(told.events()[:7], told.log)
    view.flush()
    view.close()
    view = Graph(tmp_path / "view")
    assert not view.publish(told.log)
    assert read_current(tmp_path / "view") == notice
    view.apply(told.events(), told.log)
    view.flush()
    assert view.publish(told.log)
    assert read_current(tmp_path / "view") != notice
    assert published(tmp_path / "view")[1] == expected(told.log)
    view.close()


# ── kills ────────────────────────────────────────────────────────────────────────────────

CHILD = """
import os, signal, sys
from pathlib import Path
from eventstore.follower import follow_once
from fdo.documents import canonical
from handlers.projections import graph
from tests.handlers.projections.story import Repository
place, where, upto = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
graph.BULK_AT_LEAST = 1
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
told = Repository(place / "log")
view = graph.Graph(place / "view")
if where == "position":  # the quads are in, the position is not
    view._run = die
if where == "clear":
    graph.shutil.rmtree = die
    view.clear()
view.apply(told.log.read(view.position(), upto), told.log)
view.flush()
if where == "notice":  # the checkpoint is made and not yet named
    Path.replace = die
view.publish(told.log)
"""


def killed(place: Path, where: str, upto: int = 1_000_000) -> None:
    """A process that projects up to so many events and dies at a certain line."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(place), where, str(upto)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("where", ["position", "notice", "clear"])
def test_a_kill_at_any_line_leaves_the_old_checkpoint_and_the_next_process_goes_on(
    tmp_path: Path, where: str
) -> None:
    told = Repository(tmp_path / "log")
    told.source()
    for number in range(1, 10):
        told.register(number, a_specimen(number))
    view = Graph(tmp_path / "view")
    view.publish(told.log)
    view.close()
    killed(tmp_path, where)
    assert published(tmp_path / "view") == (0, set())
    view = Graph(tmp_path / "view")
    if where == "position":
        assert view.position() == 0
        assert not view.publish(told.log), "the store holds more than its position says"
    while follow_once(told.log, [view], 3):
        view.flush()
        view.publish(told.log)
        if where == "position" and view.position() < told.log.position():
            assert published(tmp_path / "view") == (0, set())
    view.publish(told.log)
    assert published(tmp_path / "view") == (told.log.position(), expected(told.log))
    view.close()


def test_two_kills_with_growing_ranges_hide_the_store_until_the_longer_is_repeated(
    tmp_path: Path,
) -> None:
    told = Repository(tmp_path / "log")
    told.source()
    for number in range(1, 10):
        told.register(number, a_specimen(number))
    view = Graph(tmp_path / "view")
    view.publish(told.log)
    view.close()
    killed(tmp_path, "position", upto=3)
    killed(tmp_path, "position", upto=8)
    view = Graph(tmp_path / "view")
    view.apply(told.log.read(0, 5), told.log)
    view.flush()
    assert not view.publish(told.log)
    view.apply(told.log.read(5, 3), told.log)
    view.flush()
    assert view.publish(told.log)
    view.close()


# ── loading and merging ──────────────────────────────────────────────────────────────────


def test_a_marker_that_cannot_be_read_hides_the_store_until_it_has_all(tmp_path: Path) -> None:
    told = a_story(tmp_path / "log")
    events = told.events()
    view = Graph(tmp_path / "view")
    view.apply(events[:5], told.log)
    view.flush()
    (tmp_path / "view" / "unfinished.json").write_bytes(b"")  # a full disk, or a loss of power
    assert not view.publish(told.log)
    view.close()
    view = Graph(tmp_path / "view")
    view.apply(events, told.log)
    view.flush()
    assert view.publish(told.log)
    assert published(tmp_path / "view") == (told.log.position(), expected(told.log))
    assert view.settled
    view.close()


def test_no_file_is_larger_than_the_loader_has_memory_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Repository(tmp_path / "log")
    told.source()
    for number in range(1, 10):
        told.register(number, a_specimen(number))
    most = max(len("".join(all_quads(event))) for event in told.events())
    monkeypatch.setattr(graph, "BULK_MOST", 2 * most)
    monkeypatch.setattr(graph, "BULK_BYTES", most)
    sizes, really = list[int](), loads.Loads.put

    def put(self: loads.Loads, store: Store, path: Path, upto: int) -> None:
        sizes.append(path.stat().st_size)
        really(self, store, path, upto)

    monkeypatch.setattr(loads.Loads, "put", put)
    view = Graph(tmp_path / "view")
    view.apply(told.events(), told.log)  # few, and still too much for one update
    assert len(sizes) >= 3 and max(sizes) <= 3 * most
    assert quads(view, tmp_path) == expected(told.log)
    view.close()


def test_who_waits_for_the_engine_hears_that_it_is_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("BULK_AT_LEAST", 1), ("BULK_BYTES", 1)):
        monkeypatch.setattr(graph, name, value)
    monkeypatch.setattr(loads, "LOOK_S", 0.01)
    told = Repository(tmp_path / "log")
    told.source()
    told.register(1, a_specimen(1))
    told.revise(1, a_specimen(1, ods_specimenName="Bellis annua L."))
    engine = threading.Event()
    really = loads.Loads._load

    def load(*of: Any) -> None:
        engine.wait()
        really(*of)

    monkeypatch.setattr(loads.Loads, "_load", load)

    def stop() -> None:
        raise InterruptedError

    view = Graph(tmp_path / "view")
    view.meanwhile = stop
    with pytest.raises(InterruptedError):
        view.apply(told.events(), told.log)  # the revision waits for the first version
    threading.Timer(0.1, engine.set).start()
    view.close()
    view = Graph(tmp_path / "view")
    assert view.position() < told.log.position()
    view.apply(told.events(), told.log)
    assert quads(view, tmp_path) == expected(told.log)
    view.close()


@pytest.mark.parametrize("much", [1, 10**9])
def test_what_was_loaded_is_shown_as_the_engine_has_merged_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, much: int
) -> None:
    monkeypatch.setattr(graph, "BULK_AT_LEAST", 1)
    monkeypatch.setattr(merging, "MUCH", much)
    monkeypatch.setattr(merging, "STILL_S", 0.2)
    monkeypatch.setattr(merging, "FEW", -1)
    told = Repository(tmp_path / "log")
    told.source()
    for number in range(1, 5):
        told.register(number, a_specimen(number))
    view = Graph(tmp_path / "view")
    view.apply(told.events(), told.log)
    view.flush()
    assert view.publish(told.log) == (much > 1) and view.merging == (much == 1)
    before = read_current(tmp_path / "view")
    until = time.monotonic() + 20
    while not view.publish(told.log) and time.monotonic() < until:
        time.sleep(0.05)
    assert read_current(tmp_path / "view") != before and not view.merging
    assert published(tmp_path / "view") == (told.log.position(), expected(told.log))
    time.sleep(0.3)
    assert not view.publish(told.log), "and not again"
    view.close()


def test_a_checkpoint_stays_for_a_while_after_another_took_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Repository(tmp_path / "log")
    told.source()
    view = Graph(tmp_path / "view")

    def publish(at: float) -> str:
        with monkeypatch.context() as clock:
            clock.setattr(graph.time, "time_ns", lambda: int(at * 1e9))
            view.apply(told.events(), told.log)
            view.flush()
            view.publish(told.log)
        return str((read_current(tmp_path / "view") or {})["checkpoint"])

    long = publish(1_000)
    for number, at in enumerate((2_000, 2_001, 2_002), 1):
        told.register(number, a_specimen(number))
        publish(at)
    assert (tmp_path / "view" / "checkpoints" / long).exists(), "it was current two seconds ago"
    told.register(9, a_specimen(9))
    publish(2_100)
    assert not (tmp_path / "view" / "checkpoints" / long).exists()
    view.close()


def test_old_checkpoints_make_room_and_the_newest_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "KEEP_SECONDS", 0)
    told = a_story(tmp_path / "log")
    view = Graph(tmp_path / "view")
    for event in told.events():
        view.apply([event], told.log)
        view.flush()
        view.publish(told.log)
    kept = sorted(path.name for path in (tmp_path / "view" / "checkpoints").iterdir())
    notice = read_current(tmp_path / "view")
    assert notice is not None and len(kept) <= 3 and str(notice["checkpoint"]) == kept[-1]
    view.close()
