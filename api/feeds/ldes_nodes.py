"""The search tree of an event stream: root, inner nodes, pages.

    /ldes/all                    root: mutable, small, the one view
    /ldes/all/nodes/2/0          inner node of height 2: 20 x 20 full pages, immutable
    /ldes/all/nodes/1/7          inner node of height 1: 20 full pages, immutable
    /ldes/all/pages/163          page: 250 members, immutable once full
    /ldes/all/pages/163/41200    the same since event 41200 erased or withheld something of it

The root names the highest inner nodes that are full, then those of the next height that are
left, and so on down to the last page, to which new members come. So it has at most 19 relations
a height and one to the last page, however long the log is, and a follower asks twice to be up to
date: the root and the last page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from api.feeds.hypermedia import (
    LDES,
    Link,
    gap_lines,
    node_lines,
    root_lines,
    see_also,
    stream_lines,
    time,
)
from api.feeds.ldes_editions import Editions
from api.feeds.ldes_formats import CLOSED, SHORTLY, Node
from api.feeds.ldes_members import shown
from eventstore.log import Log
from fdo.errors import CollectomeError, Erased, NotFound
from handlers.projections.members import Extent, MembersReader

FANOUT = 20
"""Children of an inner node. A released number stays: addresses of nodes mean the same for
ever."""
HIGHEST = 6
"""20^6 pages of 250 members are more than any log holds."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A node below another: a page (height 0) or an inner node, and the pages beneath it."""

    height: int
    number: int

    @property
    def path(self) -> str:
        """Its address below that of the stream."""
        return f"nodes/{self.height}/{self.number}" if self.height else f"pages/{self.number}"

    @property
    def name(self) -> str:
        """Of the relation that leads to it."""
        return self.path.replace("/", "-")

    @property
    def first(self) -> int:
        """The first page beneath it."""
        return int(self.number * FANOUT**self.height)

    @property
    def last(self) -> int:
        """The last page beneath it."""
        return int((self.number + 1) * FANOUT**self.height) - 1

    @property
    def children(self) -> list[Branch]:
        """The nodes right below it."""
        start = self.number * FANOUT
        return [Branch(self.height - 1, start + each) for each in range(FANOUT)]


def branches(full_pages: int) -> Iterator[Branch]:
    """The fewest full nodes that cover all full pages, in order.

    >>> [branch.path for branch in branches(423)]
    ['nodes/2/0', 'nodes/1/20', 'pages/420', 'pages/421', 'pages/422']
    """
    covered = 0
    for height in range(HIGHEST, -1, -1):
        size = FANOUT**height
        while covered + size <= full_pages:
            yield Branch(height, covered // size)
            covered += size


class Tree:
    """The nodes of the stream of one name, under the public address of this server."""

    def __init__(
        self,
        name: str,
        title: str,
        base: str,
        view: MembersReader,
        log: Log,
        editions: Editions,
    ) -> None:
        self.name, self.title = name, title
        self._editions = editions
        self.root = f"{base}/ldes/{name}"
        self.stream = f"{self.root}#stream"
        self._base, self._view, self._log = base, view, log

    def root_node(self) -> Node:
        """The root: what the stream is, and where its pages are."""
        extent = self._view.extent(self.name)
        return Node(
            self.root,
            self.title,
            self._described(extent),
            self._links(extent),
            links={"describedby": f"{self._base}/shapes/version", "up": f"{self._base}/ldes"},
        )

    def inner_node(self, height: int, number: int, edition: int = 0) -> Node:
        """An inner node whose pages are all full; NotFound for others, Erased for an address
        that led to something erased."""
        branch = Branch(height, number)
        extent = self._view.extent(self.name)
        if not 1 <= height <= HIGHEST or branch.last >= extent.full_pages:
            raise NotFound(
                f"The stream {self.name} has no node {number} of height {height}; its root "
                f"/ldes/{self.name} names those there are."
            )
        now = self._edition(branch)
        address = self._address(branch, now)
        if edition != now:
            raise _gone(edition, now, address)
        return Node(
            address,
            f"{self.title}: node {number} of height {height}",
            node_lines(address, self.stream, immutable=True),
            self._closed(branch.children),
            cache=CLOSED,
            links={"start": self.root},
        )

    def page(self, number: int, edition: int = 0) -> Node:
        """A page with its members in the order of the log. It moves to another address when an
        object on it is withheld or published again; Erased for an address that it had before
        something of it was erased."""
        page, branch = self._view.page(self.name, number), Branch(0, number)
        erasure = self._editions.of_page(page)
        now = max(erasure, self._editions.disclosed(page))
        address = self._address(branch, now)
        if erasure <= edition < now:
            return Node(address, "", [], moved=True)
        if edition != now:
            raise _gone(edition, erasure, address)
        found = shown(page.positions, self.name, self._log)
        lines = node_lines(address, self.stream, immutable=page.full)
        lines += gap_lines(address, found.gaps)
        return Node(
            address,
            f"{self.title}: page {number}",
            lines,
            members=found.members,
            cache=CLOSED if page.full else SHORTLY,
            stream=self.stream,
            links={"start": self.root},
        )

    def _edition(self, branch: Branch) -> int:
        """The last erasure that took something of the pages of a branch; 0 where none did."""
        pages = self._editions.of(self.name, self._view)
        touched = (at for page, at in pages.items() if branch.first <= page <= branch.last)
        return max(touched, default=0)

    def _address(self, branch: Branch, edition: int) -> str:
        return f"{self.root}/{branch.path}" + (f"/{edition}" if edition else "")

    def _described(self, extent: Extent) -> list[str]:
        comment = (
            "Every version that was ever recorded, none is removed by age. A version whose "
            "content had to be erased is a gap on its page, and the erasure is a member."
        )
        lines = stream_lines(self.stream, self.root, self.title, comment)
        lines.append(see_also(self.stream, f"{self._base}/shapes"))
        lines.append(see_also(self.stream, f"{self.root}/latest"))
        retention = [(f"{LDES}startingFrom", time(at)) for at in self._begin(extent)]
        return [*lines, *root_lines(self.root, retention)]

    def _begin(self, extent: Extent) -> list[int]:
        if not extent.members:
            return []
        return [span.first_at for span in self._view.spans(self.name, [(0, 0)])]

    def _links(self, extent: Extent) -> list[Link]:
        links = self._closed(list(branches(extent.full_pages)))
        if extent.rest:
            last = Branch(0, extent.full_pages)
            (span,) = self._view.spans(self.name, [(last.first, last.last)])
            links.append(
                Link(self._address(last, self._edition(last)), last.name, span.first_at, None)
            )
        return links

    def _closed(self, branches: list[Branch]) -> list[Link]:
        spans = self._view.spans(self.name, [(each.first, each.last) for each in branches])
        return [
            Link(self._address(each, self._edition(each)), each.name, span.first_at, span.last_at)
            for each, span in zip(branches, spans, strict=True)
        ]


def _gone(asked: int, erasure: int, address: str) -> CollectomeError:
    """Why there is nothing at an address of another edition than the present one."""
    if asked > erasure:
        return NotFound(f"There is no edition {asked} of this page; it is at {address}.")
    return Erased(
        f"Something on this page was erased on a recorded decision (event {erasure}). What is left "
        f"of the page, and which events are gone from it, is at {address}.",
        address=address,
        erasure=erasure,
    )
