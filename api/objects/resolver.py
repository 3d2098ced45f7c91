"""Objects by PID: documents, versions, the past, and what is said about them.

    /10.5072/ABC-DEF-123            the document now      ?as-of=…  ?format=…
    /10.5072/ABC-DEF-123/2          its version 2
    /10.5072/ABC-DEF-123/versions   …/history  …/diff  …/verbatim  …/conformance  …/record

The DOI that a dataset has beside its Handle leads to the Handle, whatever is asked for of it.
A raw ASGI callable that runs before the framework's router, since these are most requests.
The document as openDS JSON goes out as it is stored, straight from the event loop: one
look-up of the object's head, and one of the event unless it was sent before and the head has
not moved. All else (pages, RDF, reports) is made in a thread.
"""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

import orjson
from starlette.types import Receive, Scope, Send

from api.annotations.faces import annotation_face
from api.citing.answers import negotiated
from api.harvesting.dataset_page import DatasetPages
from api.harvesting.datasets import KIND as DATASET
from api.mas.handles import JobHandles
from api.moments import instant_shown
from api.negotiation import (
    ANNOTATION_FORMATS,
    CITATION_FORMATS,
    HTML,
    JSON,
    JSONLD_FORMS,
    OBJECT_FORMATS,
    W3C,
    Format,
    choose,
    jsonld_form,
)
from api.objects.exchange import (
    CORS,
    MAY_SEND,
    MOMENT,
    Asked,
    Sent,
    asked_headers,
    canonical_location,
    location_of,
    query_of,
    redirect_to,
    transmit,
)
from api.objects.kept import KeptDocuments
from api.objects.landing import landing_page
from api.objects.reports import PARTS, REPORTS
from api.objects.shown import Shown, stored
from api.site import Site
from eventstore.envelope import Recorded
from eventstore.instant import Instant
from eventstore.log import Head
from eventstore.naming import named
from fdo.errors import CollectomeError, NotFound, PidOnly, Tombstoned
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations.annotation.words import PROFILE
from fdo.representations.jsonld import to_jsonld
from fdo.representations.rdf import SYNTAXES
from ontologies.jsonld import CONTEXT_NAME, expand, flatten


class Resolver:
    """Answers every address that begins with a PID."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._shown = Shown(site)
        self._log = site.objects.log
        self._jobs = JobHandles(site)
        self._datasets = DatasetPages(site)
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
            if plain and choose(accept, None, OBJECT_FORMATS) is JSON:
                sent = self._kept.current(f"{found[1]}/{found[2]}")
                return await transmit(send, sent, scope["method"], known, self._log)
            asked = Asked(
                Pid(found[1], found[2]), found[3], accept, query_of(scope), authorization, found[4]
            )
            loop = asyncio.get_running_loop()
            sent = await loop.run_in_executor(self._threads, self.answer, asked)
            return await transmit(send, sent, scope["method"], known, self._log)
        except CollectomeError as refusal:
            if isinstance(refusal, NotFound):
                if job := self._jobs.address(f"{found[1]}/{found[2]}", found[3]):
                    return await redirect_to(send, job, 303)
                asked_for = Pid(found[1], found[2])
                if (handle := named(self._site.objects, asked_for)) != asked_for:
                    return await redirect_to(send, location_of(handle, found, scope))
            response = self._site.problems.of(refusal, accept)
            if isinstance(refusal, PidOnly | Tombstoned):  # what is held back has a past too
                response.headers["Link"] = self._shown.ways(Pid(found[1], found[2]))
        except Exception as fault:
            response = self._site.problems.crash(fault, accept)
        for name, value in CORS:
            response.headers[name.decode()] = value.decode()
        await response(scope, receive, send)
        return response.status_code

    # ── the hot path ─────────────────────────────────────────────────────────────────────

    def _current(self, event: Recorded) -> Sent:
        """The document of an object's newest content event as openDS JSON."""
        if event.status is not Status.ACTIVE:
            self._shown.guard(event, self._log.head(event.pid))
        return self._shown.sent(stored(event), JSON, event, event.version)

    # ── everything else, in a thread ─────────────────────────────────────────────────────

    def answer(self, asked: Asked) -> Sent:
        """The answer to a request, refusals raised."""
        if asked.part is not None:
            return PARTS[asked.part](self._shown, asked)
        if asked.tail is None or asked.numbered:
            return self._document(asked)
        return REPORTS[asked.tail](self._shown, asked)

    def _document(self, asked: Asked) -> Sent:
        head = self._log.known(asked.pid)
        more = ANNOTATION_FORMATS if head.type == "annotation" else ()
        wanted = asked.format((*OBJECT_FORMATS, *more))
        if wanted in CITATION_FORMATS:
            return negotiated(self._shown, asked, wanted)
        asked.only("format", *MOMENT)
        event = self._shown.select(asked, head)
        if wanted is HTML:
            return self._page(asked, event, head)
        self._shown.guard(event, head)
        if more and wanted.name == "jsonld" and PROFILE in asked.accept:
            wanted = W3C
        if wanted in more:
            return annotation_face(self._shown, asked, event, head, wanted)
        body, wanted = self._written(asked, event, wanted)
        return self._shown.sent(
            body,
            wanted,
            event,
            head.version,
            numbered=asked.numbered,
            past=asked.past,
            at=self._instant(asked, event),
            face="metadata" if "format" in asked.query else "landing",
        )

    def _written(self, asked: Asked, event: Recorded, wanted: Format) -> tuple[bytes, Format]:
        """The document in a format; the form of JSON-LD is settled by the Accept profile."""
        if wanted is JSON:
            return stored(event), wanted
        context = f"{self._site.base}/contexts/{CONTEXT_NAME}"
        form = jsonld_form(asked.accept) if wanted.name == "jsonld" else None
        if form is None:
            return SYNTAXES[wanted.name].write(event.document, context), wanted
        rewrite = expand if form is JSONLD_FORMS["expanded"] else flatten
        return orjson.dumps(rewrite(to_jsonld(event.document, context))), form

    def _page(self, asked: Asked, event: Recorded, head: Head) -> Sent:
        if event.status is Status.DRAFT:
            self._shown.guard(event, head)
        hidden = self._shown.hidden(event, head)
        if hidden:
            event = self._log.event(head.position)  # the record now, not what was public once
        at = None if hidden else self._instant(asked, event)
        body = landing_page(
            self._site,
            event,
            head,
            hidden=hidden,
            as_of=asked.query.get("as-of") or asked.query.get("observed-at"),
            numbered=asked.numbered,
            signposts=self._shown.signposts(
                event,
                head.version,
                past=not hidden and (asked.numbered or asked.past),
                hidden=hidden,
            ),
            dataset=None if hidden else self._datasets.part(event, at),
        )
        sent = self._shown.sent(
            body.encode(),
            HTML,
            event,
            head.version,
            numbered=asked.numbered and not hidden,
            past=asked.past and not hidden,
            page=True,
            at=at,
            face="record" if hidden else "landing",
        )
        status = 403 if hidden and sent.status == 200 else sent.status
        return Sent(status, sent.headers, sent.body, sent.etag)

    def _instant(self, asked: Asked, event: Recorded) -> Instant | None:
        """The instant of which the dataset of a source system is shown, since that changes without
        its document; None for now, and for all other objects."""
        if event.type != DATASET or not (asked.past or asked.numbered):
            return None
        if asked.numbered:
            return Instant(event.position)
        moment, observed = asked.query.get("as-of"), asked.query.get("observed-at")
        return instant_shown(moment, observed, event, self._site.objects)

    # ── other methods ────────────────────────────────────────────────────────────────────

    async def _other_method(self, scope: Scope, receive: Receive, send: Send, accept: str) -> int:
        allow = {"Allow": "GET, HEAD, OPTIONS", "Access-Control-Allow-Origin": "*"}
        if scope["method"] == "OPTIONS":
            headers = {**allow, "Access-Control-Allow-Headers": MAY_SEND}
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
