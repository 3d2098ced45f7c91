"""The SPARQL endpoint over HTTP: SPARQL 1.1 Protocol, service description, and a page.

    app = sparql_app(pool, public_base="https://specimens.example")

A plain ASGI application for /sparql, /sparql/examples and /.well-known/void: a framework's
request and response objects would cost more than a look-up does. Answers are streamed with
back-pressure; an answer that is cut raises after the response has begun, so that the server
drops the connection without the closing chunk and no client takes it for complete. (Keep
Starlette's BaseHTTPMiddleware away from it: that one closes a cut response as if it were whole.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from api.problems import Problems
from api.rates import Clients, Rates
from api.sparql.asking import Asking, Past, Put
from api.sparql.description import Description, Triples
from api.sparql.look_up import Said, look_up_of
from api.sparql.memento import headers_of, memento_headers, timemap
from api.sparql.page import Page
from api.sparql.refusals import status_of
from api.sparql.reply import Header, Ready, Receive, Reply, Scope, Send, length_of, lines
from api.sparql.request import TIMEMAP, Asked, Wanted, Wrong, as_of, understand, wanted
from api.sparql.times import Plan
from fdo.errors import CollectomeError
from handlers.instants import Preparing
from handlers.queries.answer import Answer
from handlers.queries.formats import GRAPHS, RESULTS, Format
from handlers.queries.memo import Kept, Memo, is_repeatable
from handlers.queries.pool import QueryPool

_ALLOW: Final = b"GET, HEAD, POST, OPTIONS"
_VARY: Final[Header] = (b"vary", b"Accept, Accept-Datetime, Origin")
_PREFLIGHT: Final[tuple[Header, ...]] = (
    (b"access-control-allow-methods", _ALLOW),
    (
        b"access-control-allow-headers",
        b"Accept, Accept-Datetime, Authorization, Content-Type",
    ),
    (b"access-control-max-age", b"86400"),
    (b"allow", _ALLOW),
)
_PREPARING: Final = "/sparql/preparing/"
_SAID_HERE: Final = frozenset(
    (
        b"access-control-allow-origin",
        b"access-control-expose-headers",
        b"content-length",
        b"vary",
    )
)
"""Headers of a problem that the endpoint says of each of its replies itself."""


class Updates(Protocol):
    """Who carries out updates; only throw-away stores under test have one (decision 0016)."""

    async def update(self, text: str, using: list[str], using_named: list[str]) -> None:
        """Carry out the update and publish the result, or raise the domain's refusal."""


def sparql_app(
    pool: QueryPool,
    *,
    public_base: str,
    updates: Updates | None = None,
    base_iri: str | None = None,
    examples: Path | None = None,
    title: str = "Collectome",
    past: Past | None = None,
    clients: Clients | None = None,
    problems: Problems | None = None,
) -> SparqlApp:
    """The endpoint on one pool; `past` answers of other times, `clients` has limits for each,
    `problems` says what is refused (without, browsers are shown no page of it).

    `updates` and `base_iri` are for stores under test.
    """
    public_base = public_base.rstrip("/")
    clients = clients or Clients(Rates(), apart=False)
    problems = problems or Problems(public_base)
    return SparqlApp(pool, public_base, updates, base_iri, examples, title, past, clients, problems)


class SparqlApp:
    """The ASGI callable; `sparql_app` makes it."""

    def __init__(
        self,
        pool: QueryPool,
        public_base: str,
        updates: Updates | None,
        base_iri: str | None,
        examples: Path | None,
        title: str,
        past: Past | None,
        clients: Clients,
        problems: Problems,
    ) -> None:
        self._pool, self._problems = pool, problems
        self._base = public_base
        self._updates = updates
        self._base_iri = base_iri
        self._most_bytes = pool.limits.characters * 12  # UTF-8, percent-encoded
        self._past, self._clients = past, clients
        self.description = Description(pool, public_base, examples)
        self._asking = Asking(pool, past, clients, self.description)
        self._page = Page(pool, self._asking, self.description, title)
        self._states_said: dict[bool, tuple[tuple[int, str, int], bytes]] = {}
        self._ready: Memo[bytes, Ready] = Memo()
        self._past_ready: Memo[bytes, Ready] = Memo()

    async def close(self) -> None:
        """Give up what runs in the background; close the pool after this."""
        await self.description.statistics.close()
        await self._asking.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        reply = Reply(scope, receive, send)
        try:
            await self._route(reply)
        except Wrong as wrong:
            await self._refuse(reply, wrong.status, wrong.slug, wrong.detail, wrong.more)
        except CollectomeError as error:
            if reply.begun:
                raise
            status, slug = status_of(error)
            more = dict(error.details)
            if isinstance(error, Preparing):
                more["monitor"] = f"{self._base}{_PREPARING}{error.key}"
            await self._refuse(reply, status, slug, error.message, more)

    def answers_at_once(self, headers: Sequence[Header]) -> bool:
        """Whether `at_once` may be asked about GETs with these headers."""
        if self._base_iri is not None:
            return False
        accept = []
        for name, value in headers:
            if name == b"accept":
                accept.append(value)
            elif name in (b"accept-datetime", b"origin"):
                return False
        forms = wanted(b", ".join(accept).decode("latin-1"))
        return forms.results is RESULTS[0] and not forms.page and not forms.timemap

    def at_once(self, query_string: bytes) -> Ready | None:
        """The same answer to a GET of the endpoint, if it is a look-up that no worker is needed
        for, of the newest state or of one that is at hand (`as-of`)."""
        if b"as-of=" in query_string:
            return self._past_at_once(query_string)
        mark = self._pool.mark()
        known = self._ready.recall(query_string, mark)
        if known is not None:
            return known
        asked = look_up_of(query_string)
        found = None if asked is None else self._pool.look_ups.find(asked.walk, mark)
        if asked is None or found is None:
            return None
        ready = self._made_ready(asked, found)
        self._ready.keep(query_string, mark, ready)
        return ready

    def _past_at_once(self, query_string: bytes) -> Ready | None:
        if self._past is None:
            return None
        erasures = self._past.times.erasures()
        known = self._past_ready.recall(query_string, (erasures,))
        if known is not None:
            return known
        said, moment = as_of(query_string)
        asked = None if moment is None else look_up_of(said)
        if moment is None or asked is None:
            return None
        plan = self._past.times.whole(moment)
        found = self._asking.found_as_of(asked.walk, plan, erasures)
        if found is None:
            return None
        ready = self._made_ready(asked, found, plan, erasures)
        if moment.isdecimal():  # an event, which stays where it is
            self._past_ready.keep(query_string, (erasures,), ready)
        return ready

    def _made_ready(
        self, asked: Said, found: Kept, plan: Plan | None = None, erasures: int = 0
    ) -> Ready:
        """An answer with its headers, as they are sent."""
        said = [length_of(found.body)]
        if self._past is not None:
            address = f"{self.description.endpoint}?query={asked.query}"
            said[:0] = headers_of(address, plan, found.position, found.recorded_at)
        return Ready(self._of_state(found, plan, erasures) + lines(said), found.body)

    def _of_state(self, answer: Kept, plan: Plan | None, erasures: int) -> bytes:
        """What all answers of one state say, as it is sent; kept of the newest and of the past one
        that was asked last."""
        state = (answer.position, answer.recorded_at, erasures)
        known = self._states_said.get(plan is None)
        if known is None or known[0] != state:
            known = (state, lines(self._state(answer, plan, erasures)))
            self._states_said[plan is None] = known
        return known[1]

    async def _route(self, reply: Reply) -> None:
        path = reply.path
        if reply.method == "OPTIONS":
            await reply.whole(204, b"", list(_PREFLIGHT))
        elif path in ("/sparql", "/sparql/"):
            await self._endpoint(reply)
        elif reply.method not in ("GET", "HEAD"):
            raise Wrong(405, "method-not-allowed", "Read only: GET or HEAD.", allow="GET, HEAD")
        elif path == "/.well-known/void":
            await self._document(reply, await self.description.document(wait=2.0))
        elif path == "/sparql/style.css":
            style = self._page.style
            await reply.whole(200, style, [(b"content-type", b"text/css; charset=utf-8")])
        elif path.startswith(_PREPARING):
            await self._progress(reply, path.removeprefix(_PREPARING))
        elif path.startswith("/sparql/examples"):
            name = path.removeprefix("/sparql/examples").strip("/")
            document = self.description.example(name)
            if document is None:
                raise Wrong(404, "not-found", f"There is no example {name!r} at /sparql/examples.")
            await self._document(reply, document)
        else:
            raise Wrong(404, "not-found", f"There is nothing at {path}; the endpoint is /sparql.")

    async def _endpoint(self, reply: Reply) -> None:
        if reply.method not in ("GET", "HEAD", "POST"):
            raise Wrong(
                405,
                "method-not-allowed",
                f"{reply.method} is not of the SPARQL protocol; use GET or POST.",
                allow=_ALLOW.decode(),
            )
        body = await reply.body(self._most_bytes) if reply.method == "POST" else b""
        content_type = reply.header(b"content-type")
        asked = understand(reply.method, reply.scope["query_string"], content_type, body)
        if asked.update is not None:
            await self._update(reply, asked)
            return
        asked.accept_datetime = reply.header(b"accept-datetime") or None
        forms = wanted(reply.header(b"accept"), asked.formats)
        if forms.timemap:
            await self._timemap(reply, asked)
        elif forms.page:
            await self._show(reply, asked)
        elif asked.query is None:
            if self._past is not None and (asked.as_of or asked.observed_at):
                self._past.times.instant(asked, lambda: 0)  # refuses what is no moment
            if forms.graphs is None and forms.results is not None:
                raise Wrong(400, "invalid-request", "The request holds no query; send `query=…`.")
            await self._rdf(reply, await self.description.document(wait=2.0), forms.graphs)
        else:
            await self._query(reply, asked, forms)

    async def _query(self, reply: Reply, asked: Asked, forms: Wanted) -> None:
        with reply.leaving_client_cancels():
            put = await self._asking.ready(
                asked,
                self._clients.of(reply.scope),
                reply.header(b"host"),
                results=forms.results,
                graphs=forms.graphs,
                base_iri=self._base_iri,
                head_only=reply.method == "HEAD",
            )
            await self._answer(reply, asked, put)

    async def _answer(self, reply: Reply, asked: Asked, put: Put) -> None:
        question = put.question
        memo, mark = self._asking.remembered(put)
        kept = memo.recall(question, mark)
        if kept is None and (kept := self._asking.looked_up(put)) is not None:
            memo.keep(question, mark, kept)
        if kept is not None:
            await reply.whole(200, kept.body, self._headers(kept, asked, put.plan, put.erasures))
            return
        async with self._asking.run(put) as answer:
            first = Kept(answer.content_type, answer.position, answer.recorded_at, b"")
            headers = [
                *self._headers(first, asked, put.plan, put.erasures),
                *self._clients.rates.headers(put.client),
            ]
            kept = await _send_answer(reply, answer, headers, self._pool.delivery_s)
        if kept is not None and is_repeatable(question.query):
            memo.keep(question, mark, kept)

    def _headers(
        self, answer: Kept, asked: Asked, plan: Plan | None, erasures: int
    ) -> list[Header]:
        """What every answer says of itself (decision 0029)."""
        said = self._state(answer, plan, erasures)
        if self._past is not None:
            said += memento_headers(
                self.description.endpoint, asked, plan, answer.position, answer.recorded_at
            )
        return said

    def _state(self, answer: Kept, plan: Plan | None, erasures: int) -> list[Header]:
        said = [
            (b"content-type", answer.content_type.encode()),
            (b"collectome-position", b"%d" % answer.position),
            (b"collectome-recorded-at", answer.recorded_at.encode()),
            (b"cache-control", b"no-cache"),
            _VARY,
        ]
        if self._past is not None:
            times = self._past.times
            newest = erasures if plan else times.erasures_of(answer.position)
            said += [
                (b"collectome-release", self._past.release.encode()),
                (b"collectome-erasures", b"%d" % newest),
            ]
        return said

    async def _show(self, reply: Reply, asked: Asked) -> None:
        """The page for people."""
        client = self._clients.of(reply.scope)
        with reply.leaving_client_cancels():
            status, page, more = await self._page.show(asked, client, reply.header(b"host"))
            if _is_an_error(status):
                self._clients.rates.error(client)
            headers = [(b"content-type", b"text/html; charset=utf-8"), _VARY, *more]
            await reply.whole(status, page, headers)

    async def _timemap(self, reply: Reply, asked: Asked) -> None:
        if self._past is None:
            raise Wrong(406, "not-acceptable", "This endpoint knows the present only: no TimeMap.")
        body = timemap(self.description.endpoint, asked, self._past.log)
        await reply.whole(200, body, [(b"content-type", TIMEMAP.encode()), _VARY])

    async def _progress(self, reply: Reply, key: str) -> None:
        """How far the making of an instant is; done as well when nobody asked for it."""
        found = self._past.instants.preparing(key) if self._past is not None else None
        body = {"progress": found.share if found else 1.0, "done": found is None}
        kind = (b"content-type", b"application/json")
        await reply.whole(200, orjson.dumps(body), [kind, (b"cache-control", b"no-store"), _VARY])

    async def _update(self, reply: Reply, asked: Asked) -> None:
        if self._updates is None:
            raise Wrong(
                403,
                "update-refused",
                "This endpoint answers queries only. Objects change through ingest, and the "
                "graph follows the log.",
            )
        assert asked.update is not None
        await self._updates.update(asked.update, asked.using_graphs, asked.using_named_graphs)
        await reply.whole(204, b"", [_VARY])

    async def _document(self, reply: Reply, document: Triples) -> None:
        """A description that is never a page: browsers, which prefer one, are shown Turtle."""
        asked = understand("GET", reply.scope["query_string"], "", b"")
        forms = wanted(reply.header(b"accept"), asked.formats)
        by_accept = forms.page and not asked.formats
        await self._rdf(reply, document, GRAPHS[0] if by_accept else forms.graphs)

    async def _rdf(self, reply: Reply, document: Triples, form: Format | None) -> None:
        """A description of ours, in the RDF syntax that the client prefers."""
        if form is None:
            types = [each.media_types[0] for each in GRAPHS]
            raise Wrong(406, "not-acceptable", "This is RDF: " + ", ".join(types), offered=types)
        body = self.description.serialize(document, form)
        await reply.whole(200, body, [(b"content-type", form.content_type.encode()), _VARY])

    async def _refuse(
        self, reply: Reply, status: int, slug: str, detail: str, more: dict[str, Any]
    ) -> None:
        client = self._clients.of(reply.scope)
        if _is_an_error(status):
            self._clients.rates.error(client)
        allow = more.pop("allow", None)
        said = self._problems.answer(
            slug, detail, accept=reply.header(b"accept"), status=status, **more
        )
        headers = [
            *((name, value) for name, value in said.raw_headers if name not in _SAID_HERE),
            _VARY,
            *self._clients.rates.headers(client),
        ]
        if "monitor" in more:
            headers.append((b"link", f'<{more["monitor"]}>; rel="status"'.encode()))
        if allow is not None:
            headers.append((b"allow", allow.encode()))
        await reply.whole(status, bytes(said.body), headers)


def _is_an_error(status: int) -> bool:
    """Whether the client's doing failed: not that it was too quick, or that we are busy. Queries
    that were stopped are counted where they are asked (`Asking.run`)."""
    return status >= HTTPStatus.BAD_REQUEST and status not in (
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    )


async def _send_answer(
    reply: Reply, answer: Answer, headers: list[Header], delivery_s: float
) -> Kept | None:
    """The answer in one piece where it is here already, else piece by piece as it comes; cut where
    its client takes no piece for so many seconds.

    Returns what was sent in one piece, since that may be kept.
    """
    body = None if reply.method == "HEAD" else answer.complete_body()
    if body is not None:
        await reply.whole(200, body, headers)
        return Kept(answer.content_type, answer.position, answer.recorded_at, body)
    await reply.begin(200, headers)
    if reply.method != "HEAD":
        async for chunk in answer:
            try:
                async with asyncio.timeout(delivery_s):
                    await reply.more(chunk)
            except TimeoutError:
                raise answer.given_up() from None
    await reply.more(b"", last=True)
    return None
