"""Asking for the DOI of one version: recorded once, minted by the process later."""

from __future__ import annotations

from eventstore.application import Change, DigitalObjects
from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.agent import Agent
from fdo.catalogue import OBJECT_TYPES
from fdo.errors import NotFound, PidOnly, Refused, Tombstoned, VersionConflict
from fdo.identifiers import Pid
from fdo.lifecycle import Note, Status, decide

WHAT = "VersionDoiRequested"
_TRIES = 5


def request_version(objects: DigitalObjects, pid: Pid, number: int, by: Agent) -> Recorded:
    """Record that somebody wants to cite a version by a DOI of its own; the first request where
    there was one. NotFound, Tombstoned, PidOnly, Refused say what stands in the way."""
    for attempt in range(_TRIES):
        known, issue = objects.state(pid)
        if known is None:
            raise NotFound(f"No object bears the PID {pid}.", pid=str(pid))
        if asked := requested(objects.log, pid, number):
            return asked
        require_citable(objects.log, pid, number)
        (fact,) = decide(known, Note(WHAT, {"version": number}))
        try:
            (position,) = objects.append([Change(pid, known.type, fact, known, issue)], by=by)
            return objects.log.event(position)
        except VersionConflict:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def requested(log: Log, pid: Pid, number: int) -> Recorded | None:
    """The event by which the DOI of a version was asked for; None where nobody did."""
    for event in log.history(pid):
        if event.what == WHAT and event.detail.get("version") == number:
            return event
    return None


def require_citable(log: Log, pid: Pid, number: int) -> None:
    """Return where this version may get a DOI; NotFound, Tombstoned, PidOnly, Refused say what
    stands in the way."""
    head = log.head(pid)
    if OBJECT_TYPES[head.type].scheme != "doi":
        raise Refused(
            f"{pid} is a {head.type}, whose persistent identifier is a Handle; cite "
            f"{pid.version_iri(number)}, which leads to this version."
        )
    version = log.version(pid, number)
    if head.status is Status.TOMBSTONE:
        raise Tombstoned(f"{pid} was withdrawn; no version of it gets a DOI any more.")
    if head.status is Status.PID_ONLY or version.status is Status.PID_ONLY:
        raise PidOnly(f"Only the PID of {pid} is public; there is nothing to cite at {number}.")
    if version.status is not Status.ACTIVE:
        raise Refused(f"Version {number} of {pid} is {version.status.value}; it cannot be cited.")
