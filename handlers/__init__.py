"""Turns facts into something else, later; turns archives into facts.

`HANDLERS` is the register of projections: name → how to open its view in a folder. To add
one, add a file in `projections/` and a line here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # every part of this folder pays for what is imported here
    from eventstore.follower import Projection


def _graph(folder: Path) -> Projection:
    from handlers.projections.graph import Graph

    return Graph(folder)


def _search(folder: Path) -> Projection:
    from handlers.projections.search.index import SearchIndex

    return SearchIndex(folder / "view.sqlite")


def _annotations(folder: Path) -> Projection:
    from handlers.projections.annotations import AnnotationsIndex

    return AnnotationsIndex(folder / "view.sqlite")


def _conformance(folder: Path) -> Projection:
    from handlers.projections.conformance import Conformance

    return Conformance(folder / "view.sqlite")


def _deltas(folder: Path) -> Projection:
    from handlers.projections.deltas import Deltas

    return Deltas(folder / "view.sqlite")


def _holdings(folder: Path) -> Projection:
    from handlers.projections.holdings import Holdings

    return Holdings(folder / "view.sqlite")


def _members(folder: Path) -> Projection:
    from handlers.projections.members import Members

    return Members(folder / "view.sqlite")


def _terms(folder: Path) -> Projection:
    from handlers.projections.terms import Terms

    return Terms(folder / "view.sqlite")


def _vectors(folder: Path) -> Projection:
    from handlers.projections.vectors import Vectors

    return Vectors(folder / "view.sqlite")


HANDLERS: dict[str, Callable[[Path], Projection]] = {
    "annotations": _annotations,
    "conformance": _conformance,
    "deltas": _deltas,
    "graph": _graph,
    "holdings": _holdings,
    "members": _members,
    "search": _search,
    "terms": _terms,
    "vectors": _vectors,
}
