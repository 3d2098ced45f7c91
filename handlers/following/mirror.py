"""A second repository as the mirror of a first one, through its public feed of events.

    with Mirroring(objects, Source("https://repository.example"), wait_s=25) as mirroring:
        while mirroring.step(): ...

The cursor is the head of the mirror's own log, and a section is recorded in one transaction: a
follower that is killed at any moment goes on where it was, with nothing missed and nothing
doubled. A section that is not what its hashes promise is not recorded.
"""

from __future__ import annotations

import fcntl
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from eventstore import mirroring
from eventstore.application import DigitalObjects
from eventstore.arrivals import OtherLog, checked
from eventstore.sections import Arrived, arrived
from fdo.errors import Refused
from handlers.following.asking import Source, SourceRefuses

PATH = "/changes/events"
MEDIA_TYPE = "application/x-ndjson"
SECTION = 500
"""Events asked for at once."""
LOCK = "follow.lock"


@dataclass(frozen=True, slots=True)
class Step:
    """What one question to the source brought."""

    position: int
    """The head of the mirror."""
    head: int
    """The head of the source."""
    events: int
    lacking: int
    """How many of the events came without their bytes, which are not public."""


class Mirroring:
    """One follower of one source; a second one on the same folder is refused."""

    def __init__(
        self, objects: DigitalObjects, folder: Path, source: Source, *, adopt: bool = False
    ) -> None:
        self._objects, self._source, self._adopt = objects, source, adopt
        self._lock = _locked(folder)
        known = mirroring.origin(objects.recorder)
        if known is not None and known.source != source.address:
            raise Refused(
                f"This folder is a mirror of {known.source}. To go on with {source.address}, a "
                "copy of the same log, end the mirroring first: `collectome follow --detach`."
            )
        self._begun = known is not None

    def __enter__(self) -> Mirroring:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def step(self, wait_s: int = 0) -> Step:
        """Ask once, check, record; waits at the source for news, where there are none.

        Raises Away and Incomplete for what may be better next time; BrokenTransfer, OtherLog
        and SourceRefuses for what a person must look at. Then nothing was recorded.
        """
        section = self._ask(self._objects.log.position(), wait_s)
        fresh = checked(section, self._objects.log)
        recorder = self._objects.recorder
        if not self._begun:
            self._begin(section.log_id)
        if fresh.entries:
            mirroring.take(recorder, fresh)
            self._objects.on_append(self._objects.log.position())
        return Step(
            self._objects.log.position(),
            section.head,
            len(fresh.entries),
            sum(entry.lacking for entry in fresh.entries),
        )

    def _begin(self, log_id: str) -> None:
        """Mark the log as a mirror. One that holds events already may be a copy of the source's,
        or the source's own, which must go on recording: a person says which."""
        if self._objects.log.position() and not self._adopt:
            raise Refused(
                f"This folder holds the first {self._objects.log.position()} events of "
                f"{self._source.address} and is no mirror. If it is a copy that nobody writes to, "
                "make it one with --adopt; never do so in the folder of the source itself."
            )
        mirroring.begin(self._objects.recorder, self._source.address, log_id)
        self._begun = True

    def _ask(self, since: int, wait_s: int) -> Arrived:
        query = {"since": since, "limit": SECTION, "wait": wait_s}
        try:
            return arrived(self._source.get(PATH, query, MEDIA_TYPE))
        except SourceRefuses as refusal:
            if refusal.details.get("status") == 400:
                raise OtherLog(
                    f"{refusal.message} This log is at event {since}: either the source was put "
                    "back to an older state, or this log recorded events of its own."
                ) from refusal
            raise


def _locked(folder: Path) -> IO[str]:
    """The right to follow into a folder; the system gives it back when the process ends."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (folder / LOCK).open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as held:
        lock.close()
        raise Refused(f"Another `collectome follow` works on {folder} already.") from held
    return lock
