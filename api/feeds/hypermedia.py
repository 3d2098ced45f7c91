"""The nodes of the event streams as N-Triples: TREE hypermedia around the members.

Words of Linked Data Event Streams (https://w3id.org/ldes, May 2026) and TREE
(https://w3id.org/tree). Everything has a name; there are no blank nodes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from pyoxigraph import RdfFormat, parse

from api.vocabulary_pages import SHAPES
from eventstore.envelope import iso
from fdo.representations.lexical import XSD, quoted
from fdo.representations.member import (
    FINALIZED,
    SEQUENCE,
    TIMESTAMP,
    TRANSACTION,
    VERSION_OF,
)
from ontologies.prefixes import PREFIXES
from ontologies.terms import TERMS

LDES = "https://w3id.org/ldes#"
TREE = "https://w3id.org/tree#"
SHAPE = "urn:collectome:shape:version"
POLL_S = 10
"""Seconds after which a follower may ask for news again (`ldes:pollingInterval`)."""

_TYPE = f"{PREFIXES['rdf']}type"
_LABEL = f"{PREFIXES['rdfs']}label"
_COMMENT = f"{PREFIXES['rdfs']}comment"
_SEE_ALSO = f"{PREFIXES['rdfs']}seeAlso"


@dataclass(frozen=True, slots=True)
class Link:
    """A node to which another leads, and between which times its members were recorded
    (microseconds); `last_at` is None where more are coming."""

    node: str
    name: str
    """Of the relation, within the page that holds it."""
    first_at: int
    last_at: int | None


def iri(name: str) -> str:
    """A name as N-Triples writes it."""
    return f"<{name}>"


def time(micros: int) -> str:
    """A clock value of the log as N-Triples writes it."""
    return f'"{iso(micros)}"^^<{XSD}dateTime>'


def number(value: int) -> str:
    """A whole number as N-Triples writes it."""
    return f'"{value}"^^<{XSD}integer>'


def about(subject: str, pairs: Iterable[tuple[str, str]]) -> list[str]:
    """One line for each (predicate IRI, object as written)."""
    return [f"<{subject}> <{predicate}> {value} .\n" for predicate, value in pairs]


def stream_lines(stream: str, root: str, title: str, comment: str) -> list[str]:
    """What the root says of a stream: its one view, its order, its versions, its shape."""
    true = f'"true"^^<{XSD}boolean>'
    activity = PREFIXES["as"]
    return [
        *about(stream, (
            (_TYPE, iri(f"{LDES}EventStream")),
            (_LABEL, quoted(title)),
            (_COMMENT, quoted(comment)),
            (f"{TREE}view", iri(root)),
            (f"{TREE}shape", iri(SHAPE)),
            (f"{LDES}timestampPath", iri(TIMESTAMP)),
            (f"{LDES}sequencePath", iri(SEQUENCE)),
            (f"{LDES}versionOfPath", iri(VERSION_OF)),
            (f"{LDES}versionCreatePath", iri(_TYPE)),
            (f"{LDES}versionCreateObject", iri(f"{activity}Create")),
            (f"{LDES}versionUpdatePath", iri(_TYPE)),
            (f"{LDES}versionUpdateObject", iri(f"{activity}Update")),
            (f"{LDES}versionDeletePath", iri(_TYPE)),
            (f"{LDES}versionDeleteObject", iri(f"{activity}Delete")),
            (f"{LDES}transactionPath", iri(TRANSACTION)),
            (f"{LDES}transactionFinalizedPath", iri(FINALIZED)),
            (f"{LDES}transactionFinalizedObject", true),
            (f"{LDES}pollingInterval", number(POLL_S)),
        )),
        *shape_lines(),
    ]  # fmt: skip


def entry_lines(stream: str, root: str, title: str) -> list[str]:
    """What a list of streams says of one."""
    return about(stream, (
        (_TYPE, iri(f"{LDES}EventStream")),
        (_LABEL, quoted(title)),
        (f"{TREE}view", iri(root)),
    ))  # fmt: skip


def root_lines(root: str, retention: Iterable[tuple[str, str]]) -> list[str]:
    """The root as the source of its stream, with the retention policy by name."""
    policy = f"{root}#retention"
    return [
        *about(root, (
            (_TYPE, iri(f"{TREE}Node")),
            (_TYPE, iri(f"{LDES}EventSource")),
            (f"{LDES}retentionPolicy", iri(policy)),
        )),
        *about(policy, ((_TYPE, iri(f"{LDES}RetentionPolicy")), *retention)),
    ]  # fmt: skip


def node_lines(node: str, stream: str, *, immutable: bool) -> list[str]:
    """A node below the root, and whether it is closed for ever."""
    lines = about(node, (
        (_TYPE, iri(f"{TREE}Node")),
        (f"{PREFIXES['dcterms']}isPartOf", iri(stream)),
    ))  # fmt: skip
    if immutable:
        lines += about(node, ((f"{LDES}immutable", f'"true"^^<{XSD}boolean>'),))
    return lines


def relation_lines(node: str, links: Iterable[Link]) -> list[str]:
    """The relations of a node: both bounds for each link, on the path of the order."""
    lines: list[str] = []
    for link in links:
        lines += _bound(node, link, "from", "GreaterThanOrEqualToRelation", link.first_at)
        if link.last_at is not None:
            lines += _bound(node, link, "to", "LessThanOrEqualToRelation", link.last_at)
    return lines


def _bound(node: str, link: Link, end: str, kind: str, value: int) -> list[str]:
    name = f"{node}#{link.name}-{end}"
    return [
        *about(node, ((f"{TREE}relation", iri(name)),)),
        *about(name, (
            (_TYPE, iri(f"{TREE}{kind}")),
            (f"{TREE}path", iri(TIMESTAMP)),
            (f"{TREE}value", time(value)),
            (f"{TREE}node", iri(link.node)),
        )),
    ]  # fmt: skip


def following_lines(node: str, after: str) -> list[str]:
    """A relation without bounds: the next node of a list."""
    name = f"{node}#next"
    return [
        *about(node, ((f"{TREE}relation", iri(name)),)),
        *about(name, ((_TYPE, iri(f"{TREE}Relation")), (f"{TREE}node", iri(after)))),
    ]


def gap_lines(node: str, gaps: Iterable[int]) -> list[str]:
    """The positions of members that were taken off a page."""
    return about(node, ((TERMS["col:gap"].iri, number(position)) for position in gaps))


def see_also(subject: str, address: str) -> str:
    """A page about something, for people and programs."""
    return about(subject, ((_SEE_ALSO, iri(address)),))[0]


@cache
def shape_lines() -> tuple[str, ...]:
    """The shape that every member keeps, with what it is made of."""
    text = (SHAPES / "version.ttl").read_bytes()
    return tuple(sorted(f"{triple} .\n" for triple in parse(text, format=RdfFormat.TURTLE)))
