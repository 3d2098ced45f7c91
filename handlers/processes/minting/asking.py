"""Asking for the DOI of one version: recorded once, minted by the process later.

Of a dataset, whose PID is a Handle, that is also what gives it a DOI of its own: under the prefix
for DOIs, with the suffix of the Handle (decision 0008).
"""

from __future__ import annotations

from typing import Any

from eventstore.application import Change, DigitalObjects
from eventstore.confirmations import REQUESTED
from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.agent import Agent
from fdo.catalogue import OBJECT_TYPES
from fdo.errors import NotFound, PidOnly, Refused, Tombstoned, VersionConflict
from fdo.identifiers import Pid
from fdo.lifecycle import Note, Status, decide

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
        detail: dict[str, Any] = {"version": number}
        if pid.scheme != "doi":
            detail["doi"] = str(_unused(objects, doi_of(objects, pid)))
        (fact,) = decide(known, Note(REQUESTED, detail))
        try:
            (position,) = objects.append([Change(pid, known.type, fact, known, issue)], by=by)
            return objects.log.event(position)
        except VersionConflict:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def doi_of(objects: DigitalObjects, pid: Pid) -> Pid:
    """The DOI of an object: its PID; of what has a Handle the one under which it was asked for, or
    would be, which has the same suffix."""
    return objects.log.doi(pid) or Pid(objects.prefixes["doi"], pid.suffix)


def _unused(objects: DigitalObjects, doi: Pid) -> Pid:
    """The DOI, unless an object of ours was drawn with it: one in 34⁹ is."""
    if objects.log.heads_of([str(doi)]):
        raise Refused(f"{doi} is the PID of another object here; nothing else can be called so.")
    return doi


def requested(log: Log, pid: Pid, number: int) -> Recorded | None:
    """The event by which the DOI of a version was asked for; None where nobody did."""
    for event in log.history(pid):
        if event.what == REQUESTED and event.detail.get("version") == number:
            return event
    return None


def require_citable(log: Log, pid: Pid, number: int) -> None:
    """Return where this version may get a DOI; NotFound, Tombstoned, PidOnly, Refused say what
    stands in the way."""
    head = log.head(pid)
    known = OBJECT_TYPES[head.type]
    if known.scheme != "doi" and not known.doi_on_request:
        raise Refused(
            f"{pid} is a {head.type}, whose persistent identifier is a Handle; cite "
            f"{pid.version_iri(number)}, which leads to this version. DOIs are for specimens, "
            "media and datasets."
        )
    version = log.version(pid, number)
    if head.status is Status.TOMBSTONE:
        raise Tombstoned(f"{pid} was withdrawn; no version of it gets a DOI any more.")
    if head.status is Status.PID_ONLY or version.status is Status.PID_ONLY:
        raise PidOnly(f"Only the PID of {pid} is public; there is nothing to cite at {number}.")
    if version.status is not Status.ACTIVE:
        raise Refused(f"Version {number} of {pid} is {version.status.value}; it cannot be cited.")
