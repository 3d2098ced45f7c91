"""Who sends slowly is heard, who is silent or holds a place by a byte now and then is let go."""

from __future__ import annotations

import asyncio

import pytest

from api.doip.messages import Blob
from api.doip.native import IDLE_S, LEAST
from api.doip.paced import Paced
from api.doip.segments import SegmentReader, framed

STEPS = 10
"""Turns of the loop in which everything happens that is due."""


def heard(pieces, messages=1):
    """The first messages of a sender whose pieces come after these pauses, by a clock of our own:
    [(seconds, bytes), …]."""

    async def hearing():
        loop, now = asyncio.get_running_loop(), 1000.0
        loop.time = lambda: now
        stream = asyncio.StreamReader()
        paced = Paced(stream, IDLE_S, LEAST)
        reader = SegmentReader(paced, 1024, lambda first: 10_000_000)

        async def passing(seconds):
            nonlocal now
            now += seconds
            for _ in range(STEPS):
                await asyncio.sleep(0)

        async def sending():
            for pause, data in pieces:
                await passing(pause)
                stream.feed_data(data)
                await passing(0)
            await passing(24 * 3600)

        sent = asyncio.create_task(sending())
        found = []
        try:
            while len(found) < messages:
                paced.begin()
                found.append(await reader.message())
        finally:
            await sent
        return found

    return asyncio.run(hearing())


def cut(data, size):
    return [data[start : start + size] for start in range(0, len(data), size)]


FILE = [{"targetId": "service"}, Blob(bytes(range(256)) * 4096)]
SENT = b"".join(framed(FILE))
"""A megabyte."""


def test_a_large_file_over_a_thin_line_takes_its_time():
    pieces = cut(SENT, 64 * 1024)
    assert 7 * len(pieces) > IDLE_S
    assert heard([(7.0, piece) for piece in pieces]) == [FILE]


@pytest.mark.parametrize(
    "pieces",
    [
        [(IDLE_S + 1, SENT)],
        [(0.0, SENT[:100]), (IDLE_S + 1, SENT[100:])],
        [(20.0, piece) for piece in cut(SENT, 64 * 1024)],
        [(1.0, piece) for piece in cut(SENT[:100], 1)],
        [(1.0, b"\n")] * 100,
    ],
    ids=["silent", "silent within", "too slow", "byte by byte", "empty lines"],
)
def test_who_holds_a_place_for_nothing_is_let_go(pieces):
    with pytest.raises(TimeoutError):
        heard(pieces)


def test_each_message_is_judged_by_itself():
    short = b"".join(framed([{"targetId": "service"}]))
    pause = IDLE_S - 10
    pieces = [(pause, short[:5]), (pause, short[5:]), (pause, short[:5]), (pause, short[5:])]
    assert heard(pieces, 2) == [[{"targetId": "service"}]] * 2
