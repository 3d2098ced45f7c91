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
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from api.problems import KINDS, TooLarge
from api.sparql_description import Description, Triples
from api.sparql_page import Page
from api.sparql_request import Asked, Wanted, Wrong, understand, wanted
from fdo.errors import CollectomeError, Unavailable
from handlers.queries.answer import Answer, Question
from handlers.queries.errors import (
    ForbiddenQuery,
    MalformedQuery,
    NotOffered,
    QueryStopped,
    QueryTooLarge,
    UnsupportedQuery,
)
from handlers.queries.formats import GRAPHS
from handlers.queries.memo import Kept
from handlers.queries.pool import QueryPool

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

_WATCH_AFTER: Final = 0.05
"""Seconds after which the client's presence is watched; a look-up is over before."""
_ALLOW: Final = b"GET, HEAD, POST, OPTIONS"
_OPEN: Final[tuple[Header, ...]] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Collectome-Position, Collectome-Recorded-At"),
    (b"vary", b"Accept"),
)
_PREFLIGHT: Final[tuple[Header, ...]] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", _ALLOW),
    (b"access-control-allow-headers", b"Accept, Content-Type"),
    (b"access-control-max-age", b"86400"),
    (b"allow", _ALLOW),
)


class Updates(Protocol):
    """Who carries out updates; only throw-away stores under test have one (settled.md 21)."""

    async def update(self, text: str, using: list[str], using_named: list[str]) -> None:
        """Carry out the update and publish the result, or raise the domain's refusal."""


def problem(public_base: str, status: int, slug: str, detail: str, **more: Any) -> dict[str, Any]:
    """The members of a problem (RFC 9457 §3.1)."""
    return {
        **more,
        "type": f"{public_base}/problems/{slug}",
        "title": KINDS[slug].title,
        "status": status,
        "detail": detail,
    }


def sparql_app(
    pool: QueryPool,
    *,
    public_base: str,
    updates: Updates | None = None,
    base_iri: str | None = None,
    examples: Path | None = None,
    title: str = "Collectome",
) -> SparqlApp:
    """The endpoint on one pool. `updates` and `base_iri` are for stores under test."""
    return SparqlApp(pool, public_base.rstrip("/"), updates, base_iri, examples, title)


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
    ) -> None:
        self._pool = pool
        self._base = public_base
        self._updates = updates
        self._base_iri = base_iri
        self._most_bytes = pool.limits.characters * 12  # UTF-8, percent-encoded
        self.description = Description(pool, public_base, examples)
        self._page = Page(pool, self.description, title)

    async def close(self) -> None:
        """Give up what runs in the background; close the pool after this."""
        await self.description.statistics.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        reply = _Reply(scope, receive, send)
        try:
            await self._route(reply)
        except Wrong as wrong:
            await self._problem(reply, wrong.status, wrong.slug, wrong.detail, wrong.more)
        except CollectomeError as error:
            if reply.begun:
                raise
            status, slug = _status_of(error)
            await self._problem(reply, status, slug, error.message, dict(error.details))

    async def _route(self, reply: _Reply) -> None:
        path = reply.path
        if reply.method == "OPTIONS":
            await reply.whole(204, b"", list(_PREFLIGHT))
        elif path in ("/sparql", "/sparql/"):
            await self._endpoint(reply)
        elif reply.method not in ("GET", "HEAD"):
            raise Wrong(405, "method-not-allowed", "Read only: GET or HEAD.", allow="GET, HEAD")
        elif path == "/.well-known/void":
            await self._rdf(reply, await self.description.document(wait=2.0), None)
        elif path == "/sparql/style.css":
            style = self._page.style
            await reply.whole(200, style, [(b"content-type", b"text/css; charset=utf-8")])
        elif path.startswith("/sparql/examples"):
            name = path.removeprefix("/sparql/examples").strip("/")
            document = self.description.example(name)
            if document is None:
                raise Wrong(404, "not-found", f"There is no example {name!r} at /sparql/examples.")
            await self._rdf(reply, document, None)
        else:
            raise Wrong(404, "not-found", f"There is nothing at {path}; the endpoint is /sparql.")

    async def _endpoint(self, reply: _Reply) -> None:
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
        forms = wanted(reply.header(b"accept"), asked.format)
        if forms.page:
            with reply.leaving_client_cancels():
                status, page, more = await self._page.show(
                    asked.query, asked.default_graphs, asked.named_graphs
                )
            headers = [(b"content-type", b"text/html; charset=utf-8"), *_OPEN, *more]
            await reply.whole(status, page, headers)
        elif asked.query is None:
            await self._rdf(reply, await self.description.document(wait=2.0), forms)
        else:
            await self._query(reply, asked, forms)

    async def _query(self, reply: _Reply, asked: Asked, forms: Wanted) -> None:
        assert asked.query is not None
        instead = await self.description.instead_of_graph(asked.query)
        question = Question(
            asked.query,
            forms.results,
            forms.graphs,
            tuple(asked.default_graphs),
            tuple(asked.named_graphs),
            self._base_iri,
            asked.min_position,
            head_only=reply.method == "HEAD",
            instead=instead,
        )
        memo, mark = self._pool.memo, self._pool.memo.mark()
        kept = memo.recall(question, mark)
        if kept is None and (kept := self._pool.look_ups.answer(question)) is not None:
            memo.keep(question, mark, kept)
        if kept is not None:
            await reply.whole(200, kept.body, _headers(kept))
            return
        with reply.leaving_client_cancels():
            async with self._pool.run(question) as answer:
                kept = await _send_answer(reply, answer)
        if kept is not None:
            memo.keep(question, mark, kept)

    async def _update(self, reply: _Reply, asked: Asked) -> None:
        if self._updates is None:
            raise Wrong(
                403,
                "update-refused",
                "This endpoint answers queries only. Objects change through ingest, and the "
                "graph follows the log.",
            )
        assert asked.update is not None
        await self._updates.update(asked.update, asked.using_graphs, asked.using_named_graphs)
        await reply.whole(204, b"", list(_OPEN))

    async def _rdf(self, reply: _Reply, document: Triples, forms: Wanted | None) -> None:
        """A description of ours, in the RDF syntax that the client prefers."""
        form = (forms or wanted(reply.header(b"accept"), None)).graphs
        if form is None:
            if forms is not None and forms.results is not None:
                raise Wrong(400, "invalid-request", "The request holds no query; send `query=…`.")
            types = [each.media_types[0] for each in GRAPHS]
            raise Wrong(406, "not-acceptable", "This is RDF: " + ", ".join(types), offered=types)
        body = self.description.serialize(document, form)
        await reply.whole(200, body, [(b"content-type", form.content_type.encode()), *_OPEN])

    async def _problem(
        self, reply: _Reply, status: int, slug: str, detail: str, more: dict[str, Any]
    ) -> None:
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"cache-control", b"no-store"),
            *_OPEN,
        ]
        if "retry_after" in more or slug == "unavailable":
            headers.append((b"retry-after", str(more.get("retry_after", 5)).encode()))
        if "allow" in more:
            headers.append((b"allow", str(more.pop("allow")).encode()))
        body = problem(self._base, status, slug, detail, **more)
        await reply.whole(status, orjson.dumps(body, default=str), headers)


def _status_of(error: CollectomeError) -> tuple[int, str]:
    match error:
        case MalformedQuery():
            return 400, "malformed-query"
        case UnsupportedQuery():
            return 400, "query-unsupported"
        case QueryTooLarge() | TooLarge():
            return 413, "query-too-large"
        case ForbiddenQuery():
            return 403, "query-refused"
        case NotOffered():
            return 406, "not-acceptable"
        case QueryStopped(reason="deadline"):
            return 504, "query-stopped"
        case QueryStopped():
            return 503, "query-stopped"
        case Unavailable():
            return 503, "unavailable"
        case _:
            return 500, "internal-error"


async def _send_answer(reply: _Reply, answer: Answer) -> Kept | None:
    """The answer in one piece where it is here already, else piece by piece as it comes.

    Returns what was sent in one piece, since that may be kept.
    """
    body = None if reply.method == "HEAD" else answer.complete_body()
    whole = Kept(answer.content_type, answer.position, answer.recorded_at, body or b"")
    if body is not None:
        await reply.whole(200, body, _headers(whole))
        return whole
    await reply.begin(200, _headers(whole))
    if reply.method != "HEAD":
        async for chunk in answer:
            await reply.more(chunk)
    await reply.more(b"", last=True)
    return None


def _headers(answer: Kept) -> list[Header]:
    return [
        (b"content-type", answer.content_type.encode()),
        (b"collectome-position", b"%d" % answer.position),
        (b"collectome-recorded-at", answer.recorded_at.encode()),
        (b"cache-control", b"no-cache"),
        *_OPEN,
    ]


class _Reply:
    """One request and the sending of its response."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        root = scope.get("root_path", "")
        self.path: str = scope["path"].removeprefix(root) if root else scope["path"]
        self._receive = receive
        self._send = send
        self.begun = False

    def header(self, name: bytes) -> str:
        """A request header, "" where it was not sent; several are joined."""
        values = [value for key, value in self.scope["headers"] if key == name]
        return b", ".join(values).decode("latin-1")

    async def body(self, most: int) -> bytes:
        """The request's body, up to a limit."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Wrong(400, "invalid-request", "The client left before its request ended.")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most:
                raise Wrong(413, "query-too-large", f"The body is longer than {most:,} bytes.")
            if not message.get("more_body"):
                return b"".join(parts)

    async def begin(self, status: int, headers: list[Header]) -> None:
        """Status and headers; from now on only an abort can say that something failed."""
        self.begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def more(self, body: bytes, *, last: bool = False) -> None:
        """A piece of the body; waits while the client is slow."""
        await self._send({"type": "http.response.body", "body": body, "more_body": not last})

    async def whole(self, status: int, body: bytes, headers: list[Header]) -> None:
        """A response in one piece."""
        if status != 204:
            headers = [*headers, (b"content-length", b"%d" % len(body))]
        await self.begin(status, headers)
        await self.more(b"" if self.method == "HEAD" else body, last=True)

    def leaving_client_cancels(self) -> _Presence:
        """While inside, a client that disconnects cancels what is done for it."""
        return _Presence(self._receive)


class _Presence:
    """Watches, after a moment, whether the client is still there.

    A look-up is answered before the watch begins, so it costs one timer and no task.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task: asyncio.Task[Any] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._left = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._timer = loop.call_later(_WATCH_AFTER, self._begin)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        assert self._timer is not None
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        if self._left and kind is not None and issubclass(kind, asyncio.CancelledError):
            assert self._task is not None
            self._task.uncancel()
            return True  # nobody is there to be told
        return False

    def _begin(self) -> None:
        self._watch = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        self._left = True
        assert self._task is not None
        self._task.cancel()
