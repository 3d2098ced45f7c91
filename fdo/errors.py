"""What can go wrong, in the words of the domain.

    CollectomeError
    ├── NotFound              no object bears this PID
    ├── Tombstoned            the object was withdrawn; its record stays
    ├── Erased                what is asked for was destroyed by a recorded decision
    ├── PidOnly               the licence gate kept the document back
    ├── AlreadyRegistered     another object bears this physical id or access URI
    ├── VersionConflict       somebody else changed the object first
    ├── InvalidDocument       the document breaks its schema
    ├── NonConformant         the document breaks a shape that rejects
    ├── RecordInvalid         the FDO record breaks its profile
    ├── InvalidIdentifier     text that should be a PID, ROR, ORCID … is none
    ├── Refused               the lifecycle does not allow the command
    ├── SourceRefused         an archive, table or URL cannot be taken in
    ├── IdentityPaused        a harvest waits for a person's decision
    └── Unavailable           something needed is down or busy; try again

Each message names the thing, the rule and the next step. No HTTP word here: `api.problems`
maps each class to a status once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class CollectomeError(Exception):
    """The root: `message` for people, `details` (JSON-ready) for programs."""

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, Any] = details


class NotFound(CollectomeError):
    """No object bears this PID, or it has no such version."""


class Tombstoned(CollectomeError):
    """The object was withdrawn; only its record and its history remain."""


class Erased(CollectomeError):
    """These bytes were destroyed by a recorded decision; the log says which and why."""


class PidOnly(CollectomeError):
    """The object has a PID and a record, and no public document (licence gate)."""


class AlreadyRegistered(CollectomeError):
    """Another object bears this claim; `details["pid"]` names it."""


class VersionConflict(CollectomeError):
    """The object moved on since the caller read it."""


class RecordInvalid(CollectomeError):
    """The FDO record breaks the version of its profile that is in force; `details["rules"]`
    names what it breaks."""


class InvalidIdentifier(CollectomeError):
    """The text is not an identifier of the kind asked for."""


class InvalidDocument(CollectomeError):
    """The document breaks its schema; `pointers` says where (RFC 6901) and how."""

    def __init__(self, message: str, pointers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message, errors=[{"pointer": p, "detail": d} for p, d in pointers])
        self.pointers = tuple(pointers)


class NonConformant(CollectomeError):
    """The document breaks a shape whose profile rejects."""


class Refused(CollectomeError):
    """The lifecycle does not allow the command in this state."""


class SourceRefused(CollectomeError):
    """The source cannot be read as specimens; `details["code"]` names the rule."""


class IdentityPaused(CollectomeError):
    """Too many records of a known source bear unknown identifiers; a person decides."""


class Unavailable(CollectomeError):
    """Something needed is down or busy; `details["retry_after"]` in seconds where known."""


UNREADABLE: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    InvalidDocument,
    InvalidIdentifier,
    LookupError,
    NotFound,
    RecursionError,
    TypeError,
    ValueError,
)
"""What is raised at a document that nobody would record today, and that stands in a log all the
same: it was written by an earlier release, or it came with a copy."""
