"""The SPARQL 1.1 Graph Store Protocol in front of the throw-away instance.

The public application takes no graphs; this gateway says each request of the protocol as queries
and updates of the application behind it, so that what the suite asks passes through both.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import httpx
from pyoxigraph import RdfFormat, parse
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/gsp"


class GraphStore:
    """Answers under /gsp, and sends all else on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PATH):
            await self._app(scope, receive, send)
            return
        answer = await self._answer(Request(scope, receive))
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        graph = Graph(self._app, *_named(request))
        match request.method:
            case "GET" | "HEAD":
                return await graph.read(request)
            case "PUT":
                return await graph.replace(await _written(request, graph.iri))
            case "POST" if graph.iri == str(request.base_url)[:-1] + PATH:
                graph = Graph(self._app, f"{graph.iri}/{uuid.uuid4()}")
                made = await graph.add(await _written(request, graph.iri))
                made.headers["location"] = graph.iri
                return made
            case "POST":
                return await graph.add(await _written(request, graph.iri))
            case "DELETE":
                return await graph.drop()
            case _:
                return Response(status_code=405)


def _named(request: Request) -> tuple[str, bool]:
    """The graph that a request names (§4), and whether it is the default one."""
    here = str(request.base_url)[:-1] + request.scope["raw_path"].decode()
    if "default" in request.query_params:
        return here, True
    return request.query_params.get("graph", here), False


async def _written(request: Request, base: str) -> list[str]:
    """The triples of the body, or of all its parts, as N-Triples lines."""
    media_type = request.headers.get("content-type", "text/turtle")
    if media_type.startswith("multipart/"):
        parts = [part for part in (await request.form()).values() if not isinstance(part, str)]
        bodies = [(await part.read(), part.content_type or "text/turtle") for part in parts]
    else:
        bodies = [(await request.body(), media_type)]
    return [
        f"{quad.triple} ."
        for body, kind in bodies
        for quad in parse(
            body, format=RdfFormat.from_media_type(kind), base_iri=base, rename_blank_nodes=True
        )
    ]


@dataclass(frozen=True)
class Graph:
    """One graph of the application behind; each method is one request of the protocol."""

    app: ASGIApp
    iri: str
    default: bool = False

    async def read(self, request: Request) -> Response:
        """§5.2 and §5.6: the triples, or that there are none."""
        if not await self._exists():
            return Response(status_code=404)
        query = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {self._block('?s ?p ?o')}"
        accept = request.headers.get("accept", "text/turtle")
        found = await self._send("query", query, accept)
        body = b"" if request.method == "HEAD" else found.content
        kind = {"content-type": found.headers["content-type"]}
        return Response(body, found.status_code, headers=kind)

    async def replace(self, triples: list[str]) -> Response:
        """§5.3: these triples and no others."""
        known = await self._exists()
        await self._send("update", f"{self._dropping} ; {self._adding(triples)}")
        return Response(status_code=204 if known else 201)

    async def add(self, triples: list[str]) -> Response:
        """§5.5: these triples beside the others."""
        known = await self._exists()
        await self._send("update", self._adding(triples))
        return Response(status_code=204 if known else 201)

    async def drop(self) -> Response:
        """§5.4: no such graph any more."""
        if not await self._exists():
            return Response(status_code=404)
        await self._send("update", self._dropping)
        return Response(status_code=204)

    @property
    def _dropping(self) -> str:
        return "DROP SILENT DEFAULT" if self.default else f"DROP SILENT GRAPH <{self.iri}>"

    def _adding(self, triples: list[str]) -> str:
        return f"INSERT DATA {self._block(' '.join(triples))}"

    def _block(self, inner: str) -> str:
        return f"{{ {inner} }}" if self.default else f"{{ GRAPH <{self.iri}> {{ {inner} }} }}"

    async def _exists(self) -> bool:
        if self.default:
            return True
        answer = await self._send(
            "query", f"ASK {self._block('?s ?p ?o')}", "application/sparql-results+json"
        )
        return bool(answer.json()["boolean"])

    async def _send(self, kind: str, text: str, accept: str = "*/*") -> httpx.Response:
        headers = {"content-type": f"application/sparql-{kind}", "accept": accept}
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://behind") as client:
            answer = await client.post("/sparql", content=text, headers=headers)
        assert answer.is_success, answer.text
        return answer
