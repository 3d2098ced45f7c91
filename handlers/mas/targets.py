"""What services work on: the object behind an annotation, and what a filter may look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eventstore.application import DigitalObjects
from fdo.annotation.life import selectors, source_of
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.harvest.links import HAS_SPECIMEN, linked
from handlers.mas.services import Service

MOST_SPECIMENS = 20
"""Specimens of one medium that a filter looks at."""
_REGIONS = frozenset({"oa:FragmentSelector", "oa:SvgSelector"})


def passes(
    objects: DigitalObjects,
    service: Service,
    kind: str,
    document: Document,
    annotation: Document | None = None,
) -> bool:
    """Whether the filter of a service lets an object through."""
    specimens: Sequence[Document] = ()
    if service.filter.asks_specimens and kind == "media":
        specimens = shown_specimens(objects, document)
    return service.filter.passes(document, specimens, annotation)


def shown_specimens(objects: DigitalObjects, document: Document) -> list[Document]:
    """The documents of the specimens that a medium shows, the public ones."""
    named = [str(pid) for pid in linked(document, HAS_SPECIMEN)[:MOST_SPECIMENS]]
    heads = [head for head in objects.log.heads_of(named) if head.status is Status.ACTIVE]
    return [state.document for state in objects.states(heads).values()]


def target_of(annotation: Mapping[str, Any]) -> Pid | None:
    """The object that an annotation is about in the first place."""
    source = next(map(source_of, annotation.get("oa:hasTarget", ())), None)
    return source.pid if source else None


def names_region(annotation: Mapping[str, Any]) -> bool:
    """Whether an annotation is about a part of an image."""
    found = (
        each.get("@type", ())
        for target in annotation.get("oa:hasTarget", ())
        for each in selectors(target)
    )
    return any(
        _REGIONS & {kinds} if isinstance(kinds, str) else _REGIONS & set(kinds) for kinds in found
    )
