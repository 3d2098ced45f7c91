"""Who reads the whole log gets it in sections that fit into memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventstore.codec import pack, size_of
from tests.eventstore.story import Objects

LONG = "Abies alba " * 5_000
"""55,000 bytes that are packed into a few hundred."""


@pytest.fixture
def log(tmp_path: Path) -> Objects:
    story = Objects(tmp_path / "log")
    for number in range(1, 6):
        story.register(number, LONG)
    return story


def sections(log: Objects, limit: int) -> list[list[int]]:
    found: list[list[int]] = []
    while section := log.log.section(found[-1][-1] if found else 0, limit):
        found.append([event.position for event in section])
    return found


@pytest.mark.parametrize(
    ("size", "limit", "expected"),
    [
        (10**9, 100, [[1, 2, 3, 4, 5]]),
        (10**9, 2, [[1, 2], [3, 4], [5]]),
        (120_000, 100, [[1, 2, 3], [4, 5]]),
        (1, 100, [[1], [2], [3], [4], [5]]),
    ],
)
def test_a_section_ends_at_so_many_events_or_so_many_bytes(
    log: Objects, size: int, limit: int, expected: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventstore.recorder.SECTION_BYTES", size)
    assert sections(log, limit) == expected


def test_a_section_says_what_reading_says_and_goes_no_further(log: Objects) -> None:
    assert log.log.section(1, 10, 4) == log.log.read(1, 10, 4)
    assert [event.position for event in log.log.section(1, 10, 4)] == [2, 3, 4]


@pytest.mark.parametrize("data", [b"", b"x" * 10, b"x" * 1_000_000, bytes(range(256)) * 300])
def test_a_frame_says_how_much_it_holds(data: bytes) -> None:
    assert len(data) <= size_of(pack(data)) <= len(data) + 1


@pytest.mark.parametrize("frame", [b"\x01", b"\x01no frame at all, but long enough", b"\x07"])
def test_a_damaged_frame_counts_as_what_it_is(frame: bytes) -> None:
    assert size_of(frame) == len(frame)
