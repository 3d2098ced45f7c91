"""Where versions stand in a stream: as by reading all of it, for the price of a few look-ups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.codec import pack
from eventstore.envelope import Recorded
from eventstore.recorder import Entry
from eventstore.timeline import Dated, Timeline
from fdo.errors import NotFound
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from tests.eventstore.story import Objects, pid

SECOND = 1_000_000
Step = tuple[int, str, int, int]
"""(which of two objects, what, microseconds since the step before, observed at)."""


class Streams:
    """Events of two new objects for each example, in one log."""

    def __init__(self, folder: Path) -> None:
        self.story = Objects(folder)
        self.log, self.timeline = self.story.log, Timeline(self.story.objects.recorder)
        self._now, self._number = 10 * SECOND, 0

    def write(self, steps: Iterable[Step], drafts: int = 0) -> list[Pid]:
        """Record the steps: `content` and `lacking` make a version, of `lacking` ones the bytes
        are not here, as on a mirror; the first so many versions are drafts."""
        self._number += 2
        known = {self._number + which: (0, 0) for which in (1, 2)}
        entries = []
        for which, what, wait, observed in steps:
            number = self._number + which
            sequence, version = known[number]
            version += what != "note" or not version
            known[number] = sequence + 1, version
            self._now += wait
            frame = pack(b"{}") if what == "content" else None
            entries.append(self._entry(number, known[number], frame, observed, version <= drafts))
        self.story.objects.recorder.insert_events(entries)
        return [pid(number) for number, (sequence, _) in known.items() if sequence]

    def _entry(
        self, number: int, known: tuple[int, int], frame: bytes | None, observed: int, draft: bool
    ) -> Entry:
        sequence, version = known
        return Entry(
            str(pid(number)), sequence, "SpecimenRevised.v1", b"", version=version, frame=frame,
            document=None if frame is None else b"{}", observed_at=observed,
            recorded_at=self._now,
            meta={"type": "specimen", "status": "draft" if draft else "active"},
        )  # fmt: skip


@pytest.fixture
def streams(tmp_path: Path) -> Iterator[Streams]:
    found = Streams(tmp_path)
    yield found
    found.story.objects.close()


# ── by reading all ───────────────────────────────────────────────────────────────────────


def found_or_none(ask: Callable[..., Recorded], *asked: object) -> Recorded | None:
    """The event that is found; None where none is."""
    try:
        return ask(*asked)
    except NotFound:
        return None


def the_last(events: list[Recorded]) -> Recorded | None:
    return events[-1] if events else None


def dated(event: Recorded | None) -> Dated | None:
    return None if event is None else Dated.of(event)


@given(
    steps=st.lists(
        st.tuples(
            st.integers(1, 2),
            st.sampled_from(["content", "content", "note", "note", "note", "lacking"]),
            st.sampled_from([1, 400_000, 3 * SECOND]),
            st.integers(0, 4),
        ),
        min_size=1,
        max_size=20,
    ),
    drafts=st.integers(0, 2),
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_halving_finds_is_what_a_reading_of_the_stream_finds(
    streams: Streams, steps: list[Step], drafts: int
) -> None:
    log, timeline = streams.log, streams.timeline
    before = log.position()
    for one in streams.write(steps, drafts):
        contents = [e for e in log.history(one) if not e.operational]
        public = [e for e in contents if e.status is not Status.DRAFT]
        versions = range(-1, log.head(one).version + 3)
        for number in versions:
            found = found_or_none(log.version, one, number)
            assert found == the_last([e for e in contents if e.version == number])
            below = [e.position for e in reversed(contents) if e.version < number]
            assert timeline.contents(one, number, 3) == below[:3]
        assert timeline.those(one, versions) == {e.version: dated(e) for e in public}
        assert timeline.first(one) == dated(public[0] if public else None)
        assert timeline.last(one) == dated(the_last(public))
        for position in range(before, log.position() + 1):
            for observed in (None, 1, 3):
                known = [
                    e
                    for e in contents
                    if e.position <= position and (observed is None or e.observed_at <= observed)
                ]
                found = found_or_none(log.at, one, position, observed)
                assert found == the_last(known)
        for second in {e.recorded_at // SECOND + n for e in contents for n in (-1, 0, 1)}:
            by_then = [e for e in public if e.recorded_at // SECOND <= second]
            assert timeline.at_second(one, second) == dated(the_last(by_then or public[:1]))


# ── what it costs ────────────────────────────────────────────────────────────────────────


def steps_of(streams: Streams, call: Callable[[], object]) -> int:
    """How many instructions the database takes for an answer; no clock, so no chance."""
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1

    reader = streams.story.objects.recorder.reader()
    reader.set_progress_handler(count, 1)
    try:
        call()
    finally:
        reader.set_progress_handler(None, 1)
    return taken


def test_a_version_costs_hardly_more_in_a_long_history(streams: Streams) -> None:
    log, timeline = streams.log, streams.timeline

    def costs(versions: int) -> tuple[dict[str, int], int]:
        """Question → steps, of the version in the middle; and those of reading everything."""
        (one,) = streams.write(
            (1, what, SECOND, 0) for _ in range(versions) for what in ("content", *["note"] * 4)
        )
        number = versions // 2
        middle = log.version(one, number)
        asked: dict[str, Callable[[], object]] = {
            "version": lambda: log.version(one, number),
            "at": lambda: log.at(one, middle.position),
            "at, behind what followed": lambda: log.at(one, middle.position + 4),
            "at_second": lambda: timeline.at_second(one, middle.recorded_at // SECOND),
            "first": lambda: timeline.first(one),
            "last": lambda: timeline.last(one),
            "those": lambda: timeline.those(one, (number - 1, number, number + 1)),
            "contents": lambda: timeline.contents(one, number, 1),
        }
        found = {name: steps_of(streams, call) for name, call in asked.items()}
        return found, steps_of(streams, lambda: log.history(one))

    short, _ = costs(100)
    long, everything = costs(2_000)
    for name, taken in long.items():
        assert taken <= 1.5 * short[name], name
        assert taken < everything / 50, name
