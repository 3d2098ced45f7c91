"""The answer of a service as annotations: read tolerantly, and said to be the service's.

Who made them is set here, whatever the service wrote: the service itself, its job, its model and
what that ran on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fdo.documents import Document
from fdo.errors import CollectomeError, InvalidDocument
from fdo.identifiers import PROXIES
from fdo.representations.annotation.reading import read
from handlers.mas.answers import Result
from handlers.mas.copying import batch_of
from handlers.mas.services import Service
from handlers.mas.store import Row

_META = {
    "modelSha256": "col:modelSha256",
    "softwareVersion": "col:softwareVersion",
    "executionProvider": "col:executionProvider",
}
LONGEST = 500
"""Characters of what a service says of itself."""
MOST = 1_000
"""Annotations in one answer."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """One item of an answer: a draft, or why there is none."""

    draft: Document | None
    refused: str = ""


def drafted(service: Service, row: Row, result: Result, base: str) -> Iterator[Drafted]:
    """The items of an answer in order."""
    if len(result.annotations) > MOST:
        yield Drafted(None, f"An answer has {MOST} annotations at most; the others are left out.")
    for place, item in enumerate(result.annotations[:MOST]):
        try:
            yield Drafted(_draft(service, row, result, item, base))
        except InvalidDocument as wrong:
            first = "; ".join(f"{at}: {said}" for at, said in wrong.pointers[:3]) or wrong.message
            yield Drafted(None, f"annotations/{place}: {first}")
        except CollectomeError as wrong:
            yield Drafted(None, f"annotations/{place}: {wrong.message}")


def _draft(
    service: Service, row: Row, result: Result, item: Mapping[str, Any], base: str
) -> Document:
    found = read(item, default_creator=service.node, base=base)
    draft = dict(found.draft)
    allowed = service.motivations
    if allowed and not set(draft.get("oa:motivatedBy", ())) <= set(allowed):
        told = f"{service.name} is registered for {', '.join(allowed)} and nothing else."
        raise InvalidDocument(told, [("/motivation", told)])
    repaired = list(found.repaired)
    if repaired:
        draft["col:repaired"] = repaired
    draft["dcterms:creator"] = [service.node]
    draft["ods:jobID"] = f"{PROXIES['handle']}{row.id}"
    if result.batch or result.batch_id:
        draft.setdefault("ods:batchID", (result.batch_id or batch_of(row)).lower())
    draft |= _made_with(service, result.meta)
    return draft


def _made_with(service: Service, meta: Mapping[str, Any]) -> Document:
    """Model, release and hardware, as the service says them, else as it was registered."""
    said = {term: str(meta[name])[:LONGEST] for name, term in _META.items() if meta.get(name)}
    if service.software_version:
        said.setdefault("col:softwareVersion", service.software_version)
    model = meta.get("model") or service.model
    if model:
        said["col:model"] = str(model)[:LONGEST]
    return said
