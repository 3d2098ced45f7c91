"""RDF Patch as the source's feed of changes writes it: one patch an event, read and checked.

Every line is parsed, and only what the parser made of it goes on: text of a source never becomes
text of an update. `H id` and `H prev` chain the patches, `H position` names the event, and
`H cleared` an object of which all that was told is void.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Quad, RdfFormat, Triple, parse

from eventstore.patches import PROVENANCE, RECORDS
from eventstore.sections import Incomplete
from eventstore.transfer import BrokenTransfer
from fdo.representations.lexical import is_iri

GRAPHS = (DefaultGraph(), NamedNode(RECORDS), NamedNode(PROVENANCE))
"""The graphs that a repository has; a patch of another one is refused."""

_HEADER = re.compile(r'H (\w+) (?:<([^<>" ]+)>|"(\d{1,18})"\^\^<[^>]+>) \.')


@dataclass(frozen=True, slots=True)
class Told:
    """What the source says that one event changed."""

    id: str
    previous: str | None
    position: int
    cleared: str | None
    """The IRI of an object whose triples are dropped first."""
    changes: Sequence[tuple[bool, Quad]]
    """(whether it is added, quad), in the order in which they are told."""


def patches(body: bytes) -> list[Told]:
    """The patches of an answer, in order; Incomplete where the last one was cut short,
    BrokenTransfer where something else than a patch of our graphs was told."""
    try:
        lines = body.decode().split("\n")
    except UnicodeDecodeError as wrong:
        raise BrokenTransfer(f"The patches are no UTF-8 ({wrong}).") from wrong
    if lines.pop() or (lines and lines[-1] != "TC ."):
        raise Incomplete("The patches were cut short.")
    told = [line for line in lines if line[:2] in ("A ", "D ")]
    quads = _quads("".join(line[2:] + "\n" for line in told))
    if len(quads) != len(told):
        raise BrokenTransfer("A line of a patch is not one quad.")
    changes = iter(zip((line[0] == "A" for line in told), quads, strict=True))
    found, headers, held = list[Told](), dict[str, str](), list[tuple[bool, Quad]]()
    for line in lines:
        if line[:2] in ("A ", "D "):
            held.append(next(changes))
        elif line == "TC .":
            found.append(_patch(headers, held))
            headers, held = {}, []
        elif header := _HEADER.fullmatch(line):
            headers[header[1]] = header[2] or header[3]
        elif line != "TX .":
            raise BrokenTransfer(f"{line[:80]!r} is no line of an RDF Patch.")
    return found


def _patch(headers: dict[str, str], changes: list[tuple[bool, Quad]]) -> Told:
    cleared = headers.get("cleared")
    if not headers.get("position", "").isdigit() or not is_iri(headers.get("id", "")):
        raise BrokenTransfer("A patch does not name itself and its event.")
    if cleared is not None and not is_iri(cleared):
        raise BrokenTransfer(f"{cleared!r} is no name of an object.")
    return Told(
        headers["id"], headers.get("prev"), int(headers["position"]), cleared, tuple(changes)
    )


def _quads(text: str) -> list[Quad]:
    try:
        quads = list(parse(text, format=RdfFormat.N_QUADS))
    except (SyntaxError, ValueError) as wrong:
        raise BrokenTransfer(f"A line of a patch is not N-Quads ({wrong}).") from wrong
    for quad in quads:
        if quad.graph_name not in GRAPHS:
            raise BrokenTransfer(f"A patch speaks of {quad.graph_name}, which is no graph of ours.")
        if any(isinstance(term, BlankNode | Triple) for term in (quad.subject, quad.object)):
            raise BrokenTransfer(f"{quad} has no names; such a triple could not be taken back.")
    return quads
