"""The answer of a service as annotations: read tolerantly, and said to be the service's.

Who made them is set here, whatever the service wrote: the service itself, its job, its model and
what that ran on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fdo.documents import Document
from fdo.errors import CollectomeError, InvalidDocument, InvalidIdentifier
from fdo.identifiers import PROXIES, Pid
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
_FORMS = {
    "col:model": re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+"),
    "col:modelSha256": re.compile(r"[0-9a-f]{64}"),
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
    made_with, left_out = _made_with(service, result.meta)
    if repaired := [*found.repaired, *left_out]:
        draft["col:repaired"] = repaired
    draft["dcterms:creator"] = [service.node]
    draft["ods:jobID"] = f"{PROXIES['handle']}{row.id}"
    if result.batch or result.batch_id:
        draft.setdefault("ods:batchID", (result.batch_id or batch_of(row)).lower())
    return draft | made_with


def _made_with(service: Service, meta: Mapping[str, Any]) -> tuple[Document, list[str]]:
    """Model, release and hardware, as the service says them, else as it was registered; and what
    of that could not be kept."""
    said: Document = {
        term: str(meta[name])[:LONGEST] for name, term in _META.items() if meta.get(name)
    }
    left_out = []
    if service.software_version:
        said.setdefault("col:softwareVersion", service.software_version)
    if model := meta.get("model") or service.model:
        said["col:model"] = _iri(str(model)[:LONGEST])
    if "col:modelSha256" in said:
        said["col:modelSha256"] = said["col:modelSha256"].lower()
    for term, form in _FORMS.items():
        if term in said and not form.fullmatch(said[term]):
            left_out.append(f"{said.pop(term)!r:.100} is no value of {term}; it was left out.")
    return said, left_out


def _iri(name: str) -> str:
    """A model's IRI, where it is named by its PID."""
    try:
        return Pid.parse(name).iri
    except InvalidIdentifier:
        return name
