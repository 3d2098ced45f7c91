"""What of an object is shown, which version of it, and the headers it goes out with.

One home for three rules that all addresses of an object share: what is not public is refused
and said so; a version's number or a moment selects one event; a version that is shown for
itself is a memento (RFC 7089) and says so.
"""

from __future__ import annotations

from typing import Any

import orjson

from api.moments import event_as_of
from api.negotiation import HTML, JSON, PLAIN_FORMATS, Format
from api.objects.exchange import CORS, KEPT, Asked, Headers, Sent, Stored, etag_of, http_date
from api.objects.links import Face, Link, link_header, root, standing_links
from api.objects.memento import Mementos
from api.objects.preconditions import document_etag
from api.objects.signposting import Named, header, named
from api.refusals import UnknownParameter
from api.site import Site
from eventstore.envelope import Recorded
from eventstore.instant import Instant
from eventstore.log import Head, unknown
from eventstore.timeline import Dated, Timeline
from fdo.errors import NotFound, PidOnly, Tombstoned
from fdo.identifiers import Pid
from fdo.lifecycle import Status

_SALT = b"collectome-salt"
_READ = b"GET, HEAD, OPTIONS"
_ALLOWED = {False: _READ + b", PUT, DELETE", True: _READ}
"""Whether an address is that of a version → what can be done with the annotation there (Web
Annotation Protocol, 3.1)."""
REVALIDATE = b"no-cache"


class Shown:
    """The objects of one site as they may be shown."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.log = site.objects.log
        self.timeline = Timeline(site.objects.recorder)
        self.mementos = Mementos.of(site.objects.recorder, site.base)

    # ── which event, and whether it is public ────────────────────────────────────────────

    def select(self, asked: Asked, head: Head) -> Recorded:
        """The event whose document is asked for: a version, a moment, or now."""
        moment, observed = asked.query.get("as-of"), asked.query.get("observed-at")
        if asked.tail is not None and asked.numbered:
            if asked.past:
                raise UnknownParameter(
                    "A version's address takes neither as-of nor observed-at; leave one of the "
                    "two out.",
                    parameter="as-of",
                )
            return self.log.version(asked.pid, int(asked.tail))
        if asked.past:
            return event_as_of(moment, observed, asked.pid, self.site.objects)
        return self.log.event(head.position)

    def hidden(self, event: Recorded, head: Head) -> bool:
        """Whether of this event only the FDO record is public."""
        return event.status is Status.PID_ONLY or self.log.withheld(head)

    def guard(self, event: Recorded, head: Head) -> None:
        """Refuse what is not public, and say what is."""
        if event.status is Status.ACTIVE and head.status is Status.ACTIVE:
            return
        if event.status is Status.DRAFT:
            if head.status is Status.DRAFT:
                raise unknown(event.pid)
            raise NotFound(f"Version {event.version} of {event.pid} was a draft and is not public.")
        if self.hidden(event, head):
            reason = self._reason(event, head)
            record = f"{self.site.base}/{event.pid}/record"
            if head.status is Status.TOMBSTONE:
                raise Tombstoned(
                    f"{event.pid} was withdrawn; before, only its PID was public. Its FDO record "
                    f"is at {record}.",
                    record=record,
                )
            raise PidOnly(
                f"{event.pid} is public as a PID only: {reason} Its FDO record is at {record}.",
                reason=reason,
                record=record,
            )

    def _reason(self, event: Recorded, head: Head) -> str:
        stub = event if event.status is Status.PID_ONLY else self.log.event(head.position)
        return str(stub.document.get("reason") or "its licence does not allow publication.")

    # ── with which headers ───────────────────────────────────────────────────────────────

    def sent(
        self,
        body: bytes,
        shown: Format,
        event: Recorded,
        latest: int,
        *,
        numbered: bool = False,
        past: bool = False,
        page: bool = False,
        of_version: bool = False,
        face: Face = "landing",
        at: Instant | None = None,
    ) -> Sent:
        """A document with all its headers; 410 where it is a tombstone.

        `numbered`, `past`: the address names a version or a moment, so this is a memento.
        `page`: made of more than the version, so it may change even where the version cannot.
        `of_version`: no memento, but said of the version rather than of the object as it is now.
        `at`: the instant of which the dataset of a source system is shown.
        """
        etag = _validator(body, event, shown)
        gone = event.status is Status.TOMBSTONE
        memento = numbered or past
        cache = REVALIDATE
        if numbered and event.version < latest and not (past or page or gone):
            cache = KEPT
        standing = link_header(
            self.site.base,
            event.pid.iri,
            event.type,
            shown,
            version=event.version,
            latest=latest,
            past=memento or of_version,
            face=face,
        )
        links, ours = header(standing, self._named(event, face))
        headers: Headers = [
            (b"content-type", shown.content_type),
            (b"content-length", b"%d" % len(body)),
            (b"etag", etag),
            (b"vary", b"Accept"),
            (b"cache-control", cache),
            (b"last-modified", http_date(event.recorded_at // 1_000_000)),
            (b"collectome-version", b"%d" % event.version),
            (b"collectome-position", b"%d" % event.position),
            *CORS,
        ]
        if event.type == "annotation":
            headers.append((b"allow", _ALLOWED[numbered]))
        if shown is JSON and event.salt:
            headers.append((_SALT, event.salt.hex().encode()))
        if memento:
            state = Dated.of(event) if at is None else self._state(event, at)
            links += b", " + self.mementos.links(event.pid, event.type, state).encode()
            headers += self.mementos.headers(event, state, body, graph=shown is not HTML)
        if past:
            place = self.mementos.memento(event.pid, event.version)
            if page and at is not None:
                place = self.mementos.state(event.pid, at)
            headers.append((b"content-location", place.encode()))
        headers.append((b"link", links))
        kept = stored_as(event, fixed=numbered) if shown is JSON and not past else None
        return Sent(410 if gone else 200, headers, body, etag, ours.leans, kept)

    def _state(self, event: Recorded, at: Instant) -> Dated:
        """The state of a dataset at an instant: it is that of the last event by then."""
        last = self.log.last(at.position) or event
        return Dated(event.version, last.recorded_at, at.position, None)

    def signposts(
        self, event: Recorded, latest: int, *, past: bool = False, hidden: bool = False
    ) -> list[Link]:
        """All links of an object's page, however many they are: those of its header and more."""
        face: Face = "record" if hidden else "landing"
        standing = standing_links(
            self.site.base,
            event.pid.iri,
            event.type,
            HTML,
            version=event.version,
            latest=latest,
            past=past,
            face=face,
        )
        return [*standing, *self._named(event, face).links]

    def ways(self, pid: Pid) -> str:
        """The links of an object that is not shown: to its name, its record and its past."""
        head = self.log.head(pid)
        return link_header(
            self.site.base,
            pid.iri,
            head.type,
            JSON,
            version=head.version,
            latest=head.version,
            past=False,
            face="record",
        )

    def _named(self, event: Recorded, face: Face) -> Named:
        if face != "landing":
            return Named()
        return named(event, self.site.base, self.log)

    def listed(
        self,
        asked: Asked,
        content: dict[str, Any],
        template: str,
        salt: bytes,
        *,
        links: tuple[str, ...] = (),
        version: int | None = None,
    ) -> Sent:
        """A list or report about an object or one version of it, as JSON or as a page."""
        shown = asked.format(PLAIN_FORMATS)
        if shown is HTML:
            page = self.site.renderer.page(template, pid=str(asked.pid), content=content)
            body = page.encode()
        else:
            body = orjson.dumps(content, default=str)
        return self.report(asked, body, shown, salt, links=links, version=version)

    def report(
        self,
        asked: Asked,
        body: bytes,
        shown: Format,
        salt: bytes,
        *,
        links: tuple[str, ...] = (),
        version: int | None = None,
    ) -> Sent:
        """Bytes that say something about an object or one version of it, with their headers."""
        etag = etag_of(body, salt, shown.name)
        page = f"{root(self.site.base)}/{asked.pid}" + (f"/{version}" if version else "")
        link = ", ".join((str(Link(page, "describes", HTML.media_type)), *links))
        headers: Headers = [
            (b"content-type", shown.content_type),
            (b"content-length", str(len(body)).encode()),
            (b"etag", etag),
            (b"vary", b"Accept, Authorization" if asked.tail == "verbatim" else b"Accept"),
            (b"cache-control", b"private, no-cache" if asked.authorization else REVALIDATE),
            (b"link", link.encode()),
            *CORS,
        ]
        return Sent(200, headers, body, etag)


def stored(event: Recorded) -> bytes:
    """The canonical bytes of a content event."""
    assert event.document_bytes is not None, "a content event holds a document"
    return event.document_bytes


def stored_as(event: Recorded, *, fixed: bool) -> Stored | None:
    """Where in the log these bytes are; None once they were erased."""
    if not event.salt:
        return None
    return Stored(event.pid, event.position, event.recorded_at // 1_000_000, fixed)


def _validator(body: bytes, event: Recorded, shown: Format) -> bytes:
    """The ETag; for the stored bytes it is their salted commitment, which the log holds."""
    if shown is JSON and event.salt:
        return document_etag(event)
    return etag_of(body, event.salt, shown.name)
