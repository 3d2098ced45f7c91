"""Objects by PID: documents, versions, the past, and what is said about them.

    /10.5072/ABC-DEF-123            the document now      ?as-of=…  ?format=…
    /10.5072/ABC-DEF-123/2          its version 2
    /10.5072/ABC-DEF-123/versions   …/history  …/verbatim  …/conformance  …/record

A raw ASGI callable that runs before the framework's router, since these are most requests.
The document as openDS JSON goes out as it is stored, straight from the event loop: one
look-up of the object's head, and one of the event unless it was sent before and the head has
not moved. All else (pages, RDF, reports) is made in a thread.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.types import Receive, Scope, Send

from api import dossier
from api.datacite_face import as_datacite
from api.exchange import (
    CORS,
    Headers,
    Sent,
    asked_headers,
    canonical_location,
    etag_of,
    http_date,
    query_of,
    redirect_to,
    transmit,
)
from api.kept import KeptDocuments
from api.landing import landing_page
from api.links import link_header
from api.moments import event_as_of
from api.negotiation import (
    DATACITE_FORMATS,
    DOCUMENT_FORMATS,
    HTML,
    JSON,
    JSONLD_FORMS,
    PLAIN_FORMATS,
    Format,
    choose,
    jsonld_form,
)
from api.problems import UnknownParameter
from api.security import Forbidden, Token, bearer
from api.site import Site
from eventstore.envelope import Recorded
from eventstore.log import Head
from fdo.errors import CollectomeError, NotFound, PidOnly, Tombstoned
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations.jsonld import to_jsonld
from fdo.representations.rdf import SYNTAXES
from ontologies.jsonld import CONTEXT_NAME, expand, flatten

_SALT = b"collectome-salt"
_IMMUTABLE = b"public, max-age=31536000, immutable"
_SHORT = b"public, max-age=300"
_REVALIDATE = b"no-cache"
_MOMENT = ("as-of", "observed-at")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for an object."""

    pid: Pid
    tail: str | None
    accept: str
    query: dict[str, str] = field(default_factory=dict)
    authorization: str | None = None

    @property
    def past(self) -> bool:
        """Whether a moment is asked for."""
        return any(name in self.query for name in _MOMENT)

    def format(self, among: Sequence[Format]) -> Format:
        """The format to answer in."""
        return choose(self.accept, self.query.get("format"), among)


class Resolver:
    """Answers every address that begins with a PID."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._log = site.objects.log
        self._root = urlsplit(site.base).path
        self._kept = KeptDocuments(self._log, self._current)
        self._threads = ThreadPoolExecutor(8, thread_name_prefix="object")

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, found: re.Match[str]
    ) -> int:
        """Answer one request whose path matches `PATH`; the status that was sent."""
        accept, known, authorization = asked_headers(scope)
        try:
            if scope["method"] not in ("GET", "HEAD"):
                return await self._other_method(scope, receive, send, accept)
            if redirect := canonical_location(found, scope):
                return await redirect_to(send, redirect)
            plain = found[3] is None and not scope["query_string"]
            if plain and choose(accept, None, DOCUMENT_FORMATS) is JSON:
                sent = self._kept.current(f"{found[1]}/{found[2]}")
                return await transmit(send, sent, scope["method"], known)
            asked = Asked(Pid(found[1], found[2]), found[3], accept, query_of(scope), authorization)
            loop = asyncio.get_running_loop()
            sent = await loop.run_in_executor(self._threads, self.answer, asked)
            return await transmit(send, sent, scope["method"], known)
        except CollectomeError as refusal:
            response = self._site.problems.of(refusal, accept)
        except Exception as fault:
            response = self._site.problems.crash(fault, accept)
        response.headers["Access-Control-Allow-Origin"] = "*"
        await response(scope, receive, send)
        return response.status_code

    # ── the hot path ─────────────────────────────────────────────────────────────────────

    def _current(self, event: Recorded) -> Sent:
        """The document of an object's newest content event as openDS JSON."""
        if event.status is not Status.ACTIVE:
            self._guard(event, self._log.head(event.pid))
        return self._sent(_stored(event), JSON, event, event.version)

    # ── everything else, in a thread ─────────────────────────────────────────────────────

    def answer(self, asked: Asked) -> Sent:
        """The answer to a request, refusals raised."""
        if asked.tail is None or asked.tail.isdigit():
            return self._document(asked)
        return _TAILS[asked.tail](self, asked)

    def _document(self, asked: Asked) -> Sent:
        _only(asked, "format", *_MOMENT)
        wanted = asked.format(DOCUMENT_FORMATS)
        head = self._log.head(asked.pid)
        event = self._select(asked, head)
        numbered = asked.tail is not None
        if wanted is HTML:
            return self._page(asked, event, head)
        self._guard(event, head)
        if wanted is JSON:
            body = _stored(event)
        else:
            context = f"{self._site.base}/contexts/{CONTEXT_NAME}"
            form = jsonld_form(asked.accept) if wanted.name == "jsonld" else None
            if form is not None:
                wanted, rewrite = form, expand if form is JSONLD_FORMS["expanded"] else flatten
                body = orjson.dumps(rewrite(to_jsonld(event.document, context)))
            else:
                body = SYNTAXES[wanted.name].write(event.document, context)
        past = asked.past
        return self._sent(body, wanted, event, head.version, numbered=numbered, past=past)

    def _page(self, asked: Asked, event: Recorded, head: Head) -> Sent:
        if event.status is Status.DRAFT:
            self._guard(event, head)
        hidden = self._hidden(event, head)
        if hidden:
            event = self._log.event(head.position)  # the record now, not what was public once
        body = landing_page(
            self._site,
            event,
            head,
            hidden=hidden,
            as_of=asked.query.get("as-of") or asked.query.get("observed-at"),
            numbered=asked.tail is not None,
        )
        sent = self._sent(
            body.encode(), HTML, event, head.version, numbered=asked.tail is not None, past=True
        )
        status = 403 if hidden and sent.status == 200 else sent.status
        return Sent(status, sent.headers, sent.body, sent.etag)

    def _select(self, asked: Asked, head: Head) -> Recorded:
        """The event whose document is asked for: a version, a moment, or now."""
        moment, observed = asked.query.get("as-of"), asked.query.get("observed-at")
        if asked.tail is not None and asked.tail.isdigit():
            if asked.past:
                raise UnknownParameter(
                    "A version's address takes neither as-of nor observed-at; leave one of the "
                    "two out.",
                    parameter="as-of",
                )
            return self._log.version(asked.pid, int(asked.tail))
        if asked.past:
            return event_as_of(moment, observed, asked.pid, self._site.objects)
        return self._log.event(head.position)

    def _versions(self, asked: Asked) -> Sent:
        _only(asked, "format")
        events = self._events(asked)
        rows = dossier.versions(events, self._site.base)
        body = {"pid": asked.pid.iri, "latest": rows[0]["version"], "versions": rows}
        return self._list(asked, body, "versions.html", b"")

    def _history(self, asked: Asked) -> Sent:
        _only(asked, "format")
        events = self._events(asked)
        hidden = dossier.withheld(self._log.head(asked.pid), self._log)
        rows = dossier.history(events, salted=not hidden)
        return self._list(asked, {"pid": asked.pid.iri, "events": rows}, "history.html", b"")

    def _record(self, asked: Asked) -> Sent:
        _only(asked, "format", *_MOMENT)
        events = self._events(asked)
        head = self._log.head(asked.pid)
        event = self._select(asked, head)
        if event.status is Status.ACTIVE:  # what is PID-only has a record, now and then
            self._guard(event, head)
        return self._list(asked, dossier.record(event, events), "record.html", event.salt)

    def _conformance(self, asked: Asked) -> Sent:
        _only(asked, "format", *_MOMENT)
        head = self._log.head(asked.pid)
        event = self._select(asked, head)
        self._guard(event, head)
        return self._list(asked, dossier.conformance(event), "conformance.html", event.salt)

    def _datacite(self, asked: Asked) -> Sent:
        _only(asked, "format", *_MOMENT)
        if asked.pid.scheme != "doi":
            raise NotFound(f"{asked.pid} is a Handle; only DOIs have DataCite metadata.")
        wanted = asked.format(DATACITE_FORMATS)
        head = self._log.head(asked.pid)
        event = self._select(asked, head)
        self._guard(event, head)
        body = as_datacite(event.document, xml=wanted is DATACITE_FORMATS[1])
        return self._sent(body, wanted, event, head.version, past=asked.past)

    def _verbatim(self, asked: Asked) -> Sent:
        _only(asked, "format", *_MOMENT)
        head = self._log.head(asked.pid)
        event = self._select(asked, head)
        if event.status is Status.DRAFT or self._hidden(event, head):
            self._admit_curator(asked, event, head)
        return self._list(asked, dossier.verbatim(event), "verbatim.html", event.salt)

    def _admit_curator(self, asked: Asked, event: Recorded, head: Head) -> None:
        token: Token | None = bearer(asked.authorization, self._site.tokens)
        if token is None:
            self._guard(event, head)
        elif not token.may("curator") or token.organisation not in (
            None,
            event.document.get("ods:organisationID"),
        ):
            raise Forbidden(
                f"{asked.pid} is PID-only; its source record is for curators of its institution."
            )

    def _events(self, asked: Asked) -> list[Recorded]:
        events = self._log.history(asked.pid)
        if events[-1].status is Status.DRAFT:
            self._guard(events[-1], self._log.head(asked.pid))
        return events

    # ── what all of them share ───────────────────────────────────────────────────────────

    def _hidden(self, event: Recorded, head: Head) -> bool:
        return event.status is Status.PID_ONLY or dossier.withheld(head, self._log)

    def _guard(self, event: Recorded, head: Head) -> None:
        """Refuse what is not public, and say what is."""
        if event.status is Status.ACTIVE and head.status is Status.ACTIVE:
            return
        if event.status is Status.DRAFT:
            raise NotFound(f"{event.pid} is a draft and not public yet.")
        if self._hidden(event, head):
            reason = self._reason(event, head)
            record = f"{self._site.base}/{event.pid}/record"
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
        stub = event if event.status is Status.PID_ONLY else self._log.event(head.position)
        return str(stub.document.get("reason") or "its licence does not allow publication.")

    def _sent(
        self,
        body: bytes,
        shown: Format,
        event: Recorded,
        latest: int,
        *,
        numbered: bool = False,
        past: bool = False,
    ) -> Sent:
        """A document with all its headers; 410 where it is a tombstone."""
        etag = _validator(body, event, shown)
        gone = event.status is Status.TOMBSTONE
        cache = _REVALIDATE
        if numbered and not past and not gone:
            cache = _IMMUTABLE if event.version < latest else _SHORT
        links = link_header(
            self._root,
            event.pid.iri,
            event.type,
            shown,
            version=event.version,
            latest=latest,
            past=numbered or past,
        )
        headers: Headers = [
            (b"content-type", shown.content_type),
            (b"content-length", b"%d" % len(body)),
            (b"etag", etag),
            (b"vary", b"Accept"),
            (b"cache-control", cache),
            (b"last-modified", http_date(event.recorded_at // 1_000_000)),
            (b"link", links),
            (b"collectome-version", b"%d" % event.version),
            (b"collectome-position", b"%d" % event.position),
            *CORS,
        ]
        if shown is JSON and event.salt:
            headers.append((_SALT, event.salt.hex().encode()))
        return Sent(410 if gone else 200, headers, body, etag)

    def _list(self, asked: Asked, content: dict[str, Any], template: str, salt: bytes) -> Sent:
        """A list or report about an object, as JSON or as a page."""
        shown = asked.format(PLAIN_FORMATS)
        if shown is HTML:
            page = self._site.renderer.page(template, pid=str(asked.pid), content=content)
            body = page.encode()
        else:
            body = orjson.dumps(content, default=str)
        etag = etag_of(body, salt, shown.name)
        headers: Headers = [
            (b"content-type", shown.content_type),
            (b"content-length", str(len(body)).encode()),
            (b"etag", etag),
            (b"vary", b"Accept, Authorization" if asked.tail == "verbatim" else b"Accept"),
            (b"cache-control", b"private, no-cache" if asked.authorization else _REVALIDATE),
            (b"link", f'<{asked.pid.iri}>; rel="describes"'.encode()),
            *CORS,
        ]
        return Sent(200, headers, body, etag)

    async def _other_method(self, scope: Scope, receive: Receive, send: Send, accept: str) -> int:
        allow = {"Allow": "GET, HEAD, OPTIONS", "Access-Control-Allow-Origin": "*"}
        if scope["method"] == "OPTIONS":
            headers = {**allow, "Access-Control-Allow-Headers": "Authorization, Accept"}
            start = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
            await send({"type": "http.response.start", "status": 204, "headers": start})
            await send({"type": "http.response.body", "body": b""})
            return 204
        response = self._site.problems.answer(
            "method-not-allowed",
            f"{scope['method']} is not possible here; objects are read with GET and HEAD.",
            accept=accept,
            headers=allow,
        )
        await response(scope, receive, send)
        return response.status_code


_TAILS: dict[str, Callable[[Resolver, Asked], Sent]] = {
    "versions": Resolver._versions,
    "history": Resolver._history,
    "record": Resolver._record,
    "conformance": Resolver._conformance,
    "datacite": Resolver._datacite,
    "verbatim": Resolver._verbatim,
}


def _validator(body: bytes, event: Recorded, shown: Format) -> bytes:
    """The ETag; for the stored bytes it is their salted commitment, which the log holds."""
    if shown is JSON and event.salt:
        return b'"%s-json"' % event.meta["commitment"][:24].encode()
    return etag_of(body, event.salt, shown.name)


def _stored(event: Recorded) -> bytes:
    assert event.document_bytes is not None, "a content event holds a document"
    return event.document_bytes


def _only(asked: Asked, *known: str) -> None:
    for name in asked.query:
        if name not in known:
            raise UnknownParameter(
                f"There is no parameter {name!r} here; there are {', '.join(known)}.",
                parameter=name,
                known=list(known),
            )
