"""The file of a medium: from the cache, or fetched now; what the link check found is an event.

The address is the medium's own `ac:accessURI`; it is judged like every outgoing address
(`handlers.outgoing`). Only the outcome that differs from the one before is recorded
(`MediaChecked`), so that a medium asked for a thousand times has one event.
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded
from fdo.agent import Agent
from fdo.errors import Erased, NotFound, PidOnly, SourceRefused, Tombstoned, Unavailable
from fdo.identifiers import Pid
from fdo.lifecycle import Note, Status
from handlers.harvest.reading.fetch import fetch
from handlers.harvest.reading.limits import MEBIBYTE, Limits
from handlers.media.gate import Gate
from handlers.media.store import File, MediaStore, Outcome, Row
from handlers.media.types import type_of_file

CHECKER = Agent("urn:collectome:agent:media-check", "Media check")
FOLDER = "media"
"""Of the cache, in the data folder."""
AT_ONCE = 4
"""Fetches at the same time, in one process."""
_FIRST_S, _FACTOR, _LONGEST_S = 60.0, 4.0, 24 * 3600.0
"""Pauses after failures: who asks in between is told of the failure."""
IN_LINE = 12
"""Whoever waits for a fetch, in one process; more are told to come back."""
LONGEST_S = 300.0
"""One file comes within this time or not at all, however busy its sender looks."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What may be fetched, and how much of it is kept."""

    quota_mb: int = 10_240
    file_mb: int = 512
    """Largest file."""
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """The file of one medium."""

    pid: Pid
    file: File
    uri: str


class MediaFiles:
    """The files of the media of one repository."""

    def __init__(
        self,
        folder: Path,
        objects: DigitalObjects,
        terms: Terms,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._objects, self._clock = objects, clock
        self._folder, self._quota = folder, terms.quota_mb * MEBIBYTE
        self._limits = Limits(
            max_download=terms.file_mb * MEBIBYTE,
            download_attempts=3,
            connect_seconds=10.0,
            silence_seconds=30.0,
            total_seconds=LONGEST_S,
            allow_private_hosts=terms.allow_private,
        )
        self._gate = Gate(AT_ONCE, IN_LINE, "Many files are being fetched; ask again.")
        self._begun: dict[str, threading.Lock] = {}
        self._beginning = threading.Lock()

    @property
    def largest(self) -> int:
        """Bytes of the largest file that is taken."""
        return self._limits.max_download

    @cached_property
    def store(self) -> MediaStore:
        """The cache; its folder is made when it is first needed."""
        return MediaStore(self._folder, self._quota, self._clock)

    def close(self) -> None:
        """Close the cache."""
        if "store" in self.__dict__:
            self.store.close()

    def file(self, pid: Pid, *, anew: bool = False) -> Kept:
        """The file of a medium as its address gives it, from the cache where it is there.

        NotFound, PidOnly, Tombstoned, Erased: there is no public medium; SourceRefused: its
        address gives nothing we take; Unavailable: not now.
        """
        uri = self._address(pid)
        if not anew and (known := self._known(pid, uri)):
            return known
        with self._gate.place():
            alone = self._alone(str(pid))
            self._gate.wait_for(alone)
            try:
                if not anew and (known := self._known(pid, uri)):  # somebody fetched it meanwhile
                    return known
                return self._fetched(pid, uri)
            finally:
                alone.release()

    def known(self, pid: Pid) -> tuple[Row | None, File | None]:
        """What is known of a medium's file, without fetching it."""
        row = self.store.row(str(pid))
        return row, self.store.file(row.shown) if row and row.shown else None

    def awaited(self, pid: Pid) -> bool:
        """Whether the file of a public medium is not here and may be asked for now: some time
        after the last failure."""
        row = self.store.row(str(pid))
        if row is None or row.uri != self._objects.log.latest(pid).document.get("ac:accessURI"):
            return True
        if row.shown:
            return not self.store.holds(row.shown)
        return self._clock() >= row.due

    def here(self, pid: Pid, uri: str) -> File | None:
        """The file that this address of a public medium gave, where its bytes are here. Nothing
        is fetched for it, and no cache is made."""
        if not self._folder.exists() or not self._is_public(pid):
            return None
        row, file = self.known(pid)
        return file if row is not None and row.uri == uri else None

    def trouble(self, pid: Pid, uri: str) -> str:
        """Why this address gave nothing when it was last tried; empty where it gave its file, or
        was not tried."""
        row = self.store.row(str(pid)) if self._folder.exists() else None
        return row.said if row is not None and row.uri == uri else ""

    def bring(self, pid: Pid, brought: Path) -> Kept:
        """Take in a file that is at hand, as if the address of the medium had just given it."""
        uri = self._address(pid)
        came = self.store.coming / f"{pid.suffix}.part"
        shutil.copyfile(brought, came)
        return self._taken_in(pid, uri, came)

    def receive(self, pid: Pid, data: bytes, by: Agent) -> Kept:
        """Take in bytes that somebody sent with a medium, as what its address gives. That this is
        their word and was not looked at, the event says, until the address is checked."""
        uri = self._address(pid)
        came = self.store.coming / f"{secrets.token_hex(8)}.part"
        try:
            came.write_bytes(data)
            return self._taken_in(pid, uri, came, by)
        finally:
            came.unlink(missing_ok=True)  # where it could not be written whole

    def _is_public(self, pid: Pid) -> bool:
        heads = self._objects.log.heads_of([str(pid)])
        return bool(heads) and heads[0].status is Status.ACTIVE

    def _address(self, pid: Pid) -> str:
        self._objects.log.known(pid)
        event = self._objects.log.latest(pid)
        if event.type != "media":
            raise NotFound(f"{pid} is a {event.type}; only media have a file.")
        if event.status is not Status.ACTIVE or "ac:accessURI" not in event.document:
            self.store.forget(str(pid))
            raise _gone(event)
        return str(event.document["ac:accessURI"])

    def _known(self, pid: Pid, uri: str) -> Kept | None:
        """The file that is here; the failure of before, while it is not time to try again."""
        row = self.store.row(str(pid))
        if row is None or row.uri != uri:
            return None
        if row.shown and (file := self.store.file(row.shown)):
            return Kept(pid, file, uri)
        if row.outcome != "fetched" and self._clock() < row.due:
            raise _failure(row, self._clock())
        return None

    def _fetched(self, pid: Pid, uri: str) -> Kept:
        try:
            with self._gate.turn():
                came = fetch(uri, self.store.coming, self._limits)
        except SourceRefused as refused:
            self.store.tidy(self._limits.max_download)
            lasting = refused.details["code"] in ("host-refused", "url-refused")
            outcome: Outcome = "refused" if lasting else "unreachable"
            raise _failure(self._noted(pid, uri, outcome, refused.message), self._clock()) from None
        return self._taken_in(pid, uri, came)

    def _taken_in(self, pid: Pid, uri: str, came: Path, by: Agent = CHECKER) -> Kept:
        from handlers.media.regions import size_of  # dear to load; few commands fetch

        try:
            media_type, _ = type_of_file(came)
            kept = self.store.keep(came, media_type, size_of(came, media_type))
        finally:
            came.unlink(missing_ok=True)  # where it could not be kept
        self._noted(pid, uri, "fetched", file=kept, by=by)
        return Kept(pid, kept, uri)

    def _noted(
        self,
        pid: Pid,
        uri: str,
        outcome: Outcome,
        said: str = "",
        file: File | None = None,
        by: Agent = CHECKER,
    ) -> Row:
        before = self.store.row(str(pid))
        failures = before.failures if before and outcome != "fetched" else 0
        pause = 0.0 if file else min(_LONGEST_S, _FIRST_S * _FACTOR ** min(failures, 10))
        told = self._told(pid)
        row = self.store.note(
            str(pid), uri, outcome, said=said, sha256=file.sha256 if file else None, pause=pause
        )
        detail: dict[str, object] = {"outcome": outcome}
        if file:
            detail |= {
                "sha256": file.sha256,
                "length": file.length,
                "media-type": file.media_type,
            }
        if by is not CHECKER and told != detail:
            detail["brought"] = True
        if told != detail:
            note = Note("MediaChecked", detail)
            self._objects.handle(note, pid=pid, kind="media", by=by)
        return row

    def _told(self, pid: Pid) -> dict[str, object] | None:
        """What the log says of the last check."""
        events = self._objects.log.history(pid)
        found = next((e for e in reversed(events) if e.what == "MediaChecked"), None)
        return dict(found.detail) if found else None

    def _alone(self, pid: str) -> threading.Lock:
        with self._beginning:
            if len(self._begun) > 10_000:
                self._begun = {name: lock for name, lock in self._begun.items() if lock.locked()}
            return self._begun.setdefault(pid, threading.Lock())


def forget(folder: Path, pid: Pid) -> None:
    """Let go of the bytes of a medium, if there are any, of what was made of them and of its
    address: what an erasure asks for."""
    if folder.exists():
        store = MediaStore(folder, quota=0)
        store.forget(str(pid))
        store.purge()
        store.close()


def _gone(event: Recorded) -> Exception:
    if event.status is Status.PID_ONLY:
        return PidOnly(f"{event.pid} is public as a PID only; its file is not shown.")
    if event.status is Status.TOMBSTONE:
        return Tombstoned(f"{event.pid} was withdrawn; its file is not shown.")
    return Erased(f"The address of the file of {event.pid} was erased.")


def _failure(row: Row, now: float) -> Exception:
    if row.outcome == "refused":
        return SourceRefused(row.said, code="media-refused")
    wait = max(1, round(row.due - now))
    return Unavailable(f"{row.said} It is tried again after {wait} s.", retry_after=wait)
