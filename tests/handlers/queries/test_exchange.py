"""Answers that wait for their readers: in memory a little, then on disk, then in the worker."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.queries.exchange import Exchange
from handlers.queries.spool import Spool

PIECES = [bytes([number]) * 100_000 for number in range(20)]


class Worker:
    """The link's end: whether it is read from."""

    def __init__(self) -> None:
        self.paused = False

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def send(self, exchange: Exchange, piece: bytes) -> None:
        exchange.put(piece)
        exchange.pause_if_full(self.pause, self.resume)


def test_a_worker_does_not_wait_for_a_reader_who_does_not_read(tmp_path: Path) -> None:
    spool, worker = Spool(4 << 20, tmp_path), Worker()
    exchange = Exchange(1.0, spool.of("a"))
    for piece in PIECES:
        worker.send(exchange, piece)
    assert not worker.paused
    assert exchange.still_seconds == 0
    assert exchange._buffered < 600_000
    exchange.complete = True
    assert exchange.take_all() is None
    assert [exchange.take() for _ in PIECES] == PIECES
    assert (exchange.take(), spool.used) == (None, 0)
    exchange.close()


def test_without_room_a_worker_stands_still_until_its_reader_has_caught_up(tmp_path: Path) -> None:
    spool, worker = Spool(0, tmp_path), Worker()
    exchange = Exchange(1.0, spool.of("a"))
    sent = 0
    while not worker.paused:
        worker.send(exchange, PIECES[sent])
        sent += 1
    assert sent == 6
    assert exchange.still_seconds > 0
    assert [exchange.take() for _ in range(sent)] == PIECES[:sent]
    assert not worker.paused


@given(st.lists(st.integers(0, 4), max_size=40), st.integers(0, 12))
def test_pieces_come_in_their_order_wherever_they_wait(taken: list[int], room: int) -> None:
    spool, worker = Spool(room * 200_000, Path(tempfile.gettempdir())), Worker()
    exchange = Exchange(1.0, spool.of(None))
    came: list[bytes] = []
    for number, takes in enumerate(taken):
        worker.send(exchange, bytes([number]) * 200_000)
        came += filter(None, (exchange.take() for _ in range(takes)))
    while (piece := exchange.take()) is not None:
        came.append(piece)
    assert [piece[0] for piece in came] == list(range(len(taken)))
    assert spool.used == 0
    exchange.close()


def test_one_client_has_half_of_the_room_and_gives_it_back(tmp_path: Path) -> None:
    spool = Spool(100, tmp_path)
    first, second, other, third = (spool.of(name) for name in ("a", "a", "b", "c"))
    assert first.put(b"x" * 30)
    assert not second.put(b"x" * 30)
    assert other.put(b"x" * 50)
    assert not third.put(b"x" * 30), "the room is shared"
    for each in (first, second):
        each.close()
    assert third.put(b"y" * 30)
    assert third.take(30) == b"y" * 30
    other.close()
    third.close()
    assert spool.used == 0
    assert list(tmp_path.iterdir()) == [], "the files have no names"


def test_a_disk_that_takes_nothing_is_no_room(tmp_path: Path) -> None:
    spool = Spool(100, tmp_path / "nowhere")
    assert not spool.of("a").put(b"x")
    assert spool.used == 0


def test_an_answer_that_cannot_be_read_back_is_not_whole(tmp_path: Path) -> None:
    waiting = Spool(100, tmp_path).of("a")
    assert waiting.put(b"abc")
    assert waiting._file is not None
    waiting._file.truncate(1)
    with pytest.raises(OSError, match="cannot be read back"):
        waiting.take(3)
    waiting.close()
