"""The event streams as pages for people: what a stream is, how to copy it, what stands where."""

from __future__ import annotations

from collections.abc import Sequence

from api.feeds.ldes_formats import CLOSED, FORMATS, SHORTLY, Node
from api.feeds.ldes_nodes import Tree
from api.negotiation import HTML
from api.rendering import Renderer
from eventstore.envelope import iso
from handlers.projections.members import PAGE, Extent

_OTHERS = tuple(one for one in FORMATS if one is not HTML)


def page_of_streams(renderer: Renderer, rows: Sequence[tuple[Tree, Extent]]) -> bytes:
    """The list of streams."""
    streams = [
        {"path": f"/ldes/{tree.name}", "title": tree.title, "members": extent.members}
        for tree, extent in rows
    ]
    return renderer.page("ldes_streams.html", streams=streams, formats=_OTHERS).encode()


def page_of(renderer: Renderer, node: Node, extent: Extent | None) -> bytes:
    """One node: a root with how to follow it, or a list of nodes or of members."""
    children = [
        {
            "href": link.node,
            "name": link.name.replace("-", " "),
            "first": iso(link.first_at),
            "last": None if link.last_at is None else iso(link.last_at),
        }
        for link in node.children
    ]
    members = [
        {
            "position": member.event.position,
            "pid": str(member.event.pid),
            "version": member.event.version,
            "activity": member.activity,
            "what": member.event.what,
            "recorded": iso(member.event.recorded_at),
            "agent": member.event.agent.name,
            "full": member.full,
        }
        for member in node.members
    ]
    return renderer.page(
        "ldes_node.html",
        node=node,
        closed=node.cache == CLOSED,
        growing=node.cache == SHORTLY,
        extent=extent,
        size=PAGE,
        children=children,
        members=members,
        formats=_OTHERS,
    ).encode()
