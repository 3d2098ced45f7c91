"""Whether the engine has merged what was loaded: its tables tell; it is waited for after much."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, Store

from handlers import merging
from handlers.merging import FEW, MUCH, Merging
from handlers.stores import is_as_loaded, tables


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(merging, "STILL_S", 0.05)
    monkeypatch.setattr(merging, "FEW", -1)  # these tables are not the engine's
    (tmp_path / "000001.sst").write_bytes(b"a table")
    return tmp_path


def test_of_nothing_nothing_is_merged_and_nobody_waits(store: Path) -> None:
    told = Merging(store)
    time.sleep(0.06)
    assert told.ready() and not told.through() and not told.waits


def test_little_is_shown_at_once_and_once_more_when_it_is_merged(store: Path) -> None:
    told = Merging(store)
    told.load(MUCH - 1)
    assert told.ready() and not told.through()
    time.sleep(0.06)
    assert told.through()
    assert not told.through(), "once"


def test_much_is_shown_when_no_table_comes_goes_or_grows(store: Path) -> None:
    told = Merging(store)
    told.load(MUCH)
    for change in (
        lambda: (store / "000002.sst").write_bytes(b"b"),
        lambda: (store / "000002.sst").write_bytes(b"grown"),
        lambda: (store / "000001.sst").unlink(),
    ):
        time.sleep(0.06)
        change()
        assert not told.through() and not told.ready() and told.waits
    time.sleep(0.06)
    assert told.through() and not told.waits and told.ready()


def test_a_change_behind_it_is_not_kept_waiting(store: Path) -> None:
    told = Merging(store)
    told.load(MUCH)
    assert not told.ready()
    told.change()
    assert told.ready() and not told.waits
    time.sleep(0.06)
    assert told.through(), "it is shown merged later"


def test_an_engine_that_never_rests_is_not_waited_for_for_ever(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "MOST_S", 0.05)
    told = Merging(store)
    told.load(MUCH)
    assert not told.ready()
    time.sleep(0.06)
    (store / "000002.sst").write_bytes(b"b")
    assert not told.through() and told.ready()


def quads(number: int) -> bytes:
    lines = (f'<urn:s{i}> <urn:p> "what load {number} says of {i}" .\n' for i in range(2_000))
    return "".join(lines).encode()


def test_tables_as_a_load_left_them_are_told_from_those_that_the_engine_wrote(
    tmp_path: Path,
) -> None:
    store = Store(str(tmp_path))
    own = {name for name, _ in tables(tmp_path)}
    store.bulk_load(quads(1), RdfFormat.N_QUADS)
    loaded = {name for name, _ in tables(tmp_path)} - own
    assert not any(is_as_loaded(tmp_path / name) for name in own)
    assert loaded and all(is_as_loaded(tmp_path / name) for name in loaded)
    store.bulk_load(quads(2), RdfFormat.N_QUADS)
    store.optimize()
    left = {name for name, _ in tables(tmp_path)}
    assert left and not any(is_as_loaded(tmp_path / name) for name in left)
    assert not is_as_loaded(tmp_path / "gone.sst")


def test_much_is_shown_when_few_tables_are_as_the_loads_left_them(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    told = Merging(tmp_path)
    told.load(MUCH)
    for number in range(1, 30):
        store.bulk_load(quads(number), RdfFormat.N_QUADS)
    until = time.monotonic() + 30
    while not told.ready():
        assert time.monotonic() < until and told.waits
        time.sleep(0.01)
    left = [name for name, _ in tables(tmp_path) if is_as_loaded(tmp_path / name)]
    assert len(left) <= FEW
    (tmp_path / "000001.sst").touch()  # it goes on, and what it does is shown once more
    assert not told.through()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ranks the threads of a process")
def test_merging_gives_way_to_other_work(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from pyoxigraph import Store\n"
        "from handlers.merging import GIVES_WAY, stand_back\n"
        "store = Store(sys.argv[1])\n"
        "stand_back()\n"
        "nice = [os.getpriority(os.PRIO_PROCESS, int(t)) for t in os.listdir('/proc/self/task')]\n"
        "assert GIVES_WAY in nice and nice.count(0) > 1, nice\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "store")], check=True)
