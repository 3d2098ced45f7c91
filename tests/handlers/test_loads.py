"""Files on their way into a store: in order, held back for a checkpoint, none passed that fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import RdfFormat

from handlers import loads
from handlers.loads import AT_A_TIME, Loads

_PATIENCE_S = 60


class Engine:
    """Takes its time with each file until it is let go."""

    def __init__(self) -> None:
        self.begun, self.go_on = list[str](), threading.Event()
        self._lock = threading.Condition()

    def bulk_load(self, *, path: str, format: RdfFormat, lenient: bool) -> None:
        """What `Store.bulk_load` is called with."""
        with self._lock:
            self.begun.append(Path(path).name)
            self._lock.notify_all()
        assert self.go_on.wait(_PATIENCE_S)
        if Path(path).read_text() == "broken":
            raise SyntaxError(path)

    def until(self, begun: int) -> None:
        """Wait until so many files were begun."""
        with self._lock:
            assert self._lock.wait_for(lambda: len(self.begun) >= begun, _PATIENCE_S)


class Way:
    """Loads of small files into an engine, and what is told of them."""

    def __init__(self, folder: Path) -> None:
        self.engine: Any = Engine()
        self.told, self.passed, self._folder = list[int](), list[int](), folder
        self.stop: Callable[[], None] = lambda: None
        self.loads = Loads(self.told.append, self.passed.append, lambda: self.stop())

    def put(self, upto: int, text: str = "fine") -> None:
        """A file that holds what is up to a position."""
        path = self._folder / str(upto)
        path.write_text(text)
        self.loads.put(self.engine, path, upto)


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Way]:
    made = Way(tmp_path)
    yield made
    made.engine.go_on.set()
    made.loads.close()


def test_files_pass_in_the_order_given_and_are_gone(way: Way, tmp_path: Path) -> None:
    for upto in range(1, 8):
        way.put(upto)
    way.engine.until(AT_A_TIME)
    way.loads.reap()
    assert not way.passed and len(way.told) == AT_A_TIME
    way.engine.go_on.set()
    while way.loads:
        way.loads.wait()
    assert way.passed == [1, 2, 3, 4, 5, 6, 7] and sorted(way.told) == way.passed
    assert not list(tmp_path.iterdir())


def test_for_a_checkpoint_only_what_is_begun_is_waited_for(way: Way) -> None:
    for upto in range(1, 10):
        way.put(upto)
    way.engine.until(AT_A_TIME)
    way.loads.hold()
    way.put(10)
    assert not way.loads.at_rest
    way.engine.go_on.set()
    for _ in range(AT_A_TIME):
        way.loads.wait()
    assert way.loads.at_rest and way.loads
    assert way.passed == sorted(way.told) == list(range(1, AT_A_TIME + 1)), (
        "nobody hears of the rest"
    )
    way.loads.release(way.engine)
    while way.loads:
        way.loads.wait()
    assert way.passed == list(range(1, 11))


class Begun(Future[None]):
    """As if a thread took this file out of the line while another is called back."""

    def __init__(self, behind: Future[None]) -> None:
        super().__init__()
        self._behind = behind

    def cancel(self) -> bool:
        """It is called back; what stands behind it is begun by then."""
        self._behind.set_running_or_notify_cancel()
        return super().cancel()


def test_what_is_called_back_lies_behind_all_that_is_begun(way: Way) -> None:
    for upto in range(1, AT_A_TIME + 4):
        way.put(upto)
    way.engine.until(AT_A_TIME)
    first, second, third = list(way.loads._files)[AT_A_TIME:]
    assert second.done is not None
    first.done = Begun(second.done)
    way.loads.hold()
    begun = [file.done is not None and not file.done.cancelled() for file in (first, second, third)]
    assert begun in ([True, True, False], [False, False, False])
    first.done = second.done = None
    way.engine.go_on.set()


def test_nothing_behind_a_file_that_failed_is_passed_or_begun(way: Way) -> None:
    way.put(1)
    way.put(2, "broken")
    for upto in range(3, 10):
        way.put(upto)
    way.engine.until(AT_A_TIME)
    way.engine.go_on.set()
    way.loads.wait()
    with pytest.raises(SyntaxError):
        way.loads.wait()
    assert way.passed == [1] and not way.loads


def test_who_waits_may_leave_off_and_nothing_is_lost(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loads, "LOOK_S", 0.01)

    def stop() -> None:
        raise InterruptedError

    way.put(1)
    way.stop = stop
    with pytest.raises(InterruptedError):
        way.loads.wait()
    assert way.loads and not way.passed
    way.engine.go_on.set()
    way.loads.wait()
    assert way.passed == [1]


def test_who_stops_waits_for_what_is_begun_only(way: Way, tmp_path: Path) -> None:
    for upto in range(1, 10):
        way.put(upto)
    way.engine.until(AT_A_TIME)
    way.loads.abandon()
    way.engine.go_on.set()
    while way.loads:
        way.loads.wait()
    assert way.passed == sorted(way.told) == list(range(1, AT_A_TIME + 1))
    assert not list(tmp_path.iterdir())
