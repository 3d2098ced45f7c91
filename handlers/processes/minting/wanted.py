"""Which DOIs an object should have, in which state, and what they should show.

    draft                    a draft DOI, which only we see
    active                   findable, with the metadata of the document
    PID-only                 findable, with those of the record and nothing else
    tombstoned               registered (hidden), with the date of withdrawal

The same for a version that somebody asked to cite: it shows the document of that version, is
hidden with its object, and leads to that version's own address. All of it is a function of the
log, so it can be asked at any time, and asked again after any crash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from eventstore.envelope import Recorded, iso
from eventstore.log import Log
from fdo.catalogue import OBJECT_TYPES
from fdo.errors import CollectomeError
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.record import attributes
from fdo.representations import datacite

State = Literal["draft", "registered", "findable"]

FORM = 1
"""Raised when the same log gives other metadata than an earlier release did."""

_LISTS = (
    "alternateIdentifiers", "contributors", "creators", "dates", "descriptions", "formats",
    "fundingReferences", "geoLocations", "relatedIdentifiers", "rightsList", "sizes", "subjects",
    "titles",
)  # fmt: skip
_SINGLES = ("language", "version")
"""What DataCite keeps as it was when a request does not name it; so every request names it, or
what was erased or withheld would stay there."""

_ENDED = "ods:hasTombstoneMetadata"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One DOI as it should be."""

    doi: str
    number: int
    """Of the version; 0 for the DOI of the object."""
    state: State
    hash: str
    """Of all that the DOI shows and of where it leads."""
    position: int
    """The event whose document it shows."""
    url: str = ""
    shown: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    """Why there are no metadata, where none can be made."""

    @property
    def attributes(self) -> dict[str, Any]:
        """The body of a request, without the event that moves the state."""
        unnamed: dict[str, Any] = {name: [] for name in _LISTS} | dict.fromkeys(_SINGLES)
        return {**unnamed, **self.shown, "url": self.url}


def bears_doi(kind: str, pid: Pid, prefix: str) -> bool:
    """Whether it is for us to register this object: a type with DOIs, under our own prefix."""
    return OBJECT_TYPES[kind].scheme == "doi" and pid.prefix == prefix


def may_bear_doi(kind: str) -> bool:
    """Whether a DOI of an object with a Handle may be asked for."""
    return OBJECT_TYPES[kind].doi_on_request


def name_of(pid: Pid, number: int = 0) -> str:
    """The DOI of an object, or of one version of it."""
    return f"{pid}/{number}" if number else str(pid)


class Wishes:
    """What a log wants of DataCite; `base` is the public address to which DOIs lead, `repository`
    the name of who publishes datasets."""

    def __init__(self, log: Log, base: str, repository: str | None = None) -> None:
        self._log, self._base, self._repository = log, base, repository

    @property
    def form(self) -> str:
        """What the hashes stand on beside the log."""
        return " ".join(filter(None, (str(FORM), self._base, self._repository)))

    def of(self, latest: Recorded, number: int, minted: Sequence[int]) -> Wanted:
        """The DOI of a version, or (0) of the object, from the object's newest content; `minted`
        are the versions that have DOIs already."""
        try:
            if number:
                return self._of_version(latest, number, minted)
            return self._of_object(latest, minted)
        except (CollectomeError, LookupError, TypeError, ValueError) as error:
            # One document of which nothing can be told must not stop all others. Only a missing
            # term is named: other errors may quote what is not public, or is erased one day.
            named = f" {error}" if isinstance(error, KeyError) else ""
            why = f"{type(error).__name__}{named}"
            problem = f"No metadata can be made of event {latest.position}: {why}"
            doi = name_of(self._log.doi(latest.pid) or latest.pid, number)
            return Wanted(doi, number, "findable", problem, latest.position, problem=problem)

    def _of_object(self, latest: Recorded, minted: Sequence[int]) -> Wanted:
        before = self._before(latest)
        if before is Status.DRAFT:
            state: State = "draft"
        else:
            state = "registered" if latest.status is Status.TOMBSTONE else "findable"
        if before is Status.PID_ONLY:
            return self._wanted(latest, 0, state, of_record(self._log, latest))
        shown = datacite.metadata(latest.document, versions=minted, **self._apart(latest))
        return self._wanted(latest, 0, state, shown)

    def _of_version(self, latest: Recorded, number: int, minted: Sequence[int]) -> Wanted:
        version = self._log.version(latest.pid, number)
        withheld = self._before(latest) is Status.PID_ONLY
        state: State = "findable"
        if withheld or latest.status is Status.TOMBSTONE:
            state = "registered"
        if withheld:
            return self._wanted(version, number, state, of_record(self._log, latest, number))
        shown = _of_version(version, latest, minted, **self._apart(latest))
        return self._wanted(version, number, state, shown)

    def _apart(self, latest: Recorded) -> dict[str, Any]:
        """What is told of an object whose PID is no DOI, beside its document."""
        if latest.pid.scheme == "doi":
            return {}
        return {"publisher": self._repository, "doi": self._log.doi(latest.pid)}

    def _before(self, latest: Recorded) -> Status:
        """The status that decides what may be shown: a tombstone publishes nothing that was
        not public before it (decision 0013)."""
        if latest.status is Status.TOMBSTONE and latest.version > 1:
            return self._log.version(latest.pid, latest.version - 1).status
        return latest.status

    def _wanted(
        self, event: Recorded, number: int, state: State, shown: Mapping[str, Any]
    ) -> Wanted:
        doi = name_of(self._log.doi(event.pid) or event.pid, number)
        url = f"{self._base}/{name_of(event.pid, number)}"
        digest = hashlib.sha256(f"{datacite.shown_hash(shown)} {url}".encode()).hexdigest()
        return Wanted(doi, number, state, digest, event.position, url, shown)


def proof(salt: bytes | None, digest: str) -> str:
    """The hash as the log may publish it: keyed with the salt of the event whose document the
    DOI shows, so that nobody can guess an erased value from it; empty once the salt is gone."""
    return hashlib.sha256(salt + digest.encode()).hexdigest() if salt else ""


def of_record(log: Log, latest: Recorded, number: int = 0) -> dict[str, Any]:
    """The metadata of an object of which only the FDO record is public, from its newest content;
    `number`: of the DOI of a version."""
    record = attributes(latest.type, latest.status, latest.document)
    made = iso(log.version(latest.pid, 1).recorded_at)
    return datacite.metadata_of_record(record, latest.pid, made, number=number)


def _of_version(
    version: Recorded, latest: Recorded, minted: Sequence[int], **apart: Any
) -> dict[str, Any]:
    number = version.version
    previous = max((other for other in minted if other < number), default=None)
    document = version.document
    if ended := latest.document.get(_ENDED):
        document = {**document, _ENDED: ended}
    return datacite.metadata(document, version_of=True, versions=minted, previous=previous, **apart)
