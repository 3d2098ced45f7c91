"""`/ldes`: the log as Linked Data Event Streams, with TREE hypermedia (May 2026).

One stream of everything, one for each type of object, one for each dataset. Each has one view,
whose root is the address of the stream. `ldes_nodes` is the search tree, `ldes_members` says
what a member is, `ldes_latest` is the newest version of each object to begin with,
`ldes_formats` writes them all.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import BoundedSemaphore
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from api.feeds.hypermedia import entry_lines
from api.feeds.ldes_editions import Editions
from api.feeds.ldes_formats import FORMATS, Node, answer, asked_format, write
from api.feeds.ldes_latest import Snapshot
from api.feeds.ldes_nodes import Tree
from api.feeds.ldes_page import page_of, page_of_streams
from api.negotiation import HTML, Format
from api.site import Site
from eventstore.outlines import Outlines
from fdo.catalogue import OBJECT_TYPES
from fdo.errors import InvalidIdentifier, NotFound, Unavailable
from fdo.identifiers import Pid
from handlers.projections.members import Extent, MembersReader

MANY = 2**31
AT_ONCE, PATIENCE_S = 8, 5
"""Nodes that are written at the same time, and how long another waits before it is refused."""
Route = TypeVar("Route", bound=Callable[..., Response])
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A node of the stream",
        "content": {one.media_type: {} for one in FORMATS},
    },
    304: {"description": "Not changed since it was last read"},
    307: {"description": "To the page as it is since something on it was withheld or published"},
    410: {"description": "Something here was erased; `address` says where the rest is now"},
    429: {"description": "Busy; Retry-After says when to ask again"},
}
_SNAPSHOT: dict[int | str, dict[str, Any]] = {307: {"description": "To the snapshot of now"}}
_StreamName = Annotated[
    str,
    Path(description="`all`, `type/{object type}` or `dataset/{PID of a source system}`"),
]
_Number = Annotated[int, Path(ge=0, le=MANY)]
_Format = Annotated[str | None, Query(description="Name of a format, instead of Accept")]


def ldes_router(site: Site) -> APIRouter:
    """The routes under /ldes."""
    router = APIRouter(tags=["feeds"])
    streams = Streams(site)

    @_serves(router, "/ldes")
    def listed(request: Request, format: _Format = None) -> Response:
        """List the event streams."""
        return streams.listed(request, format)

    @_serves(router, "/ldes/{stream:path}/pages/{number}")
    def page(
        request: Request, stream: _StreamName, number: _Number, format: _Format = None
    ) -> Response:
        """Give a page of a stream: members in the order of the log."""
        return streams.sent(request, format, lambda: streams.tree(stream).page(number))

    @_serves(router, "/ldes/{stream:path}/pages/{number}/{edition}")
    def page_since(
        request: Request,
        stream: _StreamName,
        number: _Number,
        edition: _Number,
        format: _Format = None,
    ) -> Response:
        """Give a page as it is since an erasure took something of it."""
        return streams.sent(request, format, lambda: streams.tree(stream).page(number, edition))

    @_serves(router, "/ldes/{stream:path}/nodes/{height}/{number}")
    def inner(
        request: Request,
        stream: _StreamName,
        height: _Number,
        number: _Number,
        format: _Format = None,
    ) -> Response:
        """Give an inner node of a stream: where its full pages are."""
        tree = streams.tree(stream)
        return streams.sent(request, format, lambda: tree.inner_node(height, number))

    @_serves(router, "/ldes/{stream:path}/nodes/{height}/{number}/{edition}")
    def inner_since(
        request: Request,
        stream: _StreamName,
        height: _Number,
        number: _Number,
        edition: _Number,
        format: _Format = None,
    ) -> Response:
        """Give an inner node as it is since an erasure took something below it."""
        tree = streams.tree(stream)
        return streams.sent(request, format, lambda: tree.inner_node(height, number, edition))

    @_serves(router, "/ldes/{stream:path}/latest", _SNAPSHOT)
    def latest(stream: _StreamName) -> Response:
        """Lead to the newest version of each object as of now."""
        position = site.objects.log.position()
        return RedirectResponse(
            f"{streams.tree(stream).root}/latest/{position}", headers={"Cache-Control": "no-store"}
        )

    @_serves(router, "/ldes/{stream:path}/latest/{position}")
    def snapshot(
        request: Request,
        stream: _StreamName,
        position: _Number,
        after: Annotated[str | None, Query(description="PID behind which to begin")] = None,
        format: _Format = None,
    ) -> Response:
        """Give the newest version of each object as of an event."""
        found = Snapshot(streams.tree(stream), position, site.objects.log)
        behind = Pid.parse(after) if after else None
        return streams.sent(request, format, lambda: found.page(behind))

    @_serves(router, "/ldes/{stream:path}")
    def root(request: Request, stream: _StreamName, format: _Format = None) -> Response:
        """Give the root of a stream: what it is, and where its pages are."""
        return streams.sent(request, format, streams.tree(stream).root_node, stream)

    return router


def _serves(
    router: APIRouter, path: str, answers: dict[int | str, dict[str, Any]] = _ANSWERS
) -> Callable[[Route], Route]:
    """Answer GET, and HEAD with the same headers."""

    def decorate(route: Route) -> Route:
        router.get(path, response_class=Response, responses=answers)(route)
        router.head(path, response_class=Response, include_in_schema=False)(route)
        return route

    return decorate


class Streams:
    """The streams of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._editions = Editions(site.objects.log, Outlines(site.objects.recorder))
        self._room = BoundedSemaphore(AT_ONCE)

    def tree(self, name: str) -> Tree:
        """The stream of that name; NotFound for one that there cannot be."""
        site, view = self._site, self._view()
        kind, _, rest = name.partition("/")
        if not (
            name == "all"
            or (kind == "type" and rest in OBJECT_TYPES)
            or (kind == "dataset" and _is_pid(rest) and view.extent(name).members)
        ):
            raise NotFound(f"There is no event stream {name!r}; /ldes lists those there are.")
        return Tree(name, self._title(name), site.base, view, site.objects.log, self._editions)

    def listed(self, request: Request, asked: str | None) -> Response:
        """All streams: of everything, of each type, of each dataset."""
        known = {extent.stream: extent for extent in self._view().extents()}
        for name in ("all", *(f"type/{kind}" for kind in OBJECT_TYPES)):
            known.setdefault(name, Extent(name, 0, 0))
        address = f"{self._site.base}/ldes"
        trees = [self.tree(name) for name in sorted(known)]
        shown = asked_format(request, asked)
        lines = [line for each in trees for line in entry_lines(each.stream, each.root, each.title)]
        node = Node(address, "Event streams", lines)
        if shown is HTML:
            rows = [(tree, known[tree.name]) for tree in trees]
            return answer(request, node, shown, page_of_streams(self._site.renderer, rows))
        return answer(request, node, shown, write(node, shown))

    def sent(
        self,
        request: Request,
        asked: str | None,
        find: Callable[[], Node],
        root_of: str | None = None,
    ) -> Response:
        """A node in the format that the reader wants; a browser is shown a page."""
        shown = asked_format(request, asked)
        if not self._room.acquire(timeout=PATIENCE_S):
            return self._site.problems.answer(
                "too-many-requests",
                f"{AT_ONCE} nodes of event streams are being written; ask again soon.",
                retry_after=PATIENCE_S,
            )
        try:
            node = find()
            if node.moved:
                return _led(request, node.address)
            return self._written(request, shown, node, root_of)
        finally:
            self._room.release()

    def _written(
        self, request: Request, shown: Format, node: Node, root_of: str | None
    ) -> Response:
        if shown is HTML:
            extent = self._view().extent(root_of) if root_of else None
            body = page_of(self._site.renderer, node, extent)
        else:
            body = write(node, shown)
        return answer(request, node, shown, body)

    def _title(self, name: str) -> str:
        kind, _, rest = name.partition("/")
        if name == "all":
            return f"{self._site.settings.title}: every change"
        if kind == "type":
            return f"{self._site.settings.title}: every change of {rest.replace('-', ' ')} objects"
        document = self._site.objects.log.latest(Pid.parse(rest)).document
        return f"{document.get('schema:name', rest)}: every change"

    def _view(self) -> MembersReader:
        if self._site.views.members is None:
            raise Unavailable("This server keeps no pages of streams; is a projector running?")
        return self._site.views.members


def _led(request: Request, address: str) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    headers = {"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}
    return RedirectResponse(address + query, headers=headers)


def _is_pid(text: str) -> bool:
    try:
        return str(Pid.parse(text)) == text
    except InvalidIdentifier:
        return False
