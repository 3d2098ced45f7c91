"""If-Match: a change over HTTP names the version that it is a change of (RFC 9110, 13.1.1).

The validator is the ETag of the object's openDS JSON. Without the header the answer is 428, with
one of another version 412; `*` means any version.
"""

from __future__ import annotations

from api.objects.exchange import etag_of
from api.refusals import PreconditionRequired
from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.errors import VersionConflict
from fdo.identifiers import Pid


def version_seen(header: str | None, pid: Pid, log: Log) -> int:
    """The version that the caller saw, which is the current one; refused otherwise."""
    event = log.latest(pid)
    if header is None:
        raise PreconditionRequired(
            f"A change of {pid} needs the header If-Match with the ETag of /{pid} as JSON; it is "
            f"at version {event.version}.",
            version=event.version,
        )
    seen = [one.strip() for one in header.split(",")]
    if "*" not in seen and document_etag(event).decode() not in seen:
        raise VersionConflict(
            f"{pid} is at version {event.version}, and If-Match names another; read it again.",
            version=event.version,
        )
    return event.version


def document_etag(event: Recorded) -> bytes:
    """The ETag of a version's openDS JSON: its salted commitment, which the log holds; once
    erased, a digest of what is left."""
    if event.salt:
        return b'"%s-json"' % event.meta["commitment"][:24].encode()
    return etag_of(event.document_bytes or b"", event.salt, "json")
