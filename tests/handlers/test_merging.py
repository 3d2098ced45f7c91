"""Whether the engine has merged what was loaded: its tables tell; it is waited for after much."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from handlers import merging
from handlers.merging import MUCH, Merging


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(merging, "STILL_S", 0.05)
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
