"""When two annotations are the same one: what is said of what, by whom, and why.

When, in which job or batch, by which release of a model and how surely it was said does not
count: a service that runs again says the same again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from fdo.documents import Document, canonical

_CIRCUMSTANCES = frozenset(
    {
        "@id",
        "as:generator",
        "dcterms:created",
        "dcterms:creator",
        "dcterms:issued",
        "dcterms:modified",
        "ods:fdoType",
        "ods:score",
    }
)
"""Of targets and bodies: how they came about, and what follows from the rest."""


def content_key(document: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of what an annotation says: equal keys, equal annotations."""
    said: Document = {
        "why": sorted(document.get("oa:motivatedBy", ())),
        "who": sorted(agent_id(agent) for agent in document.get("dcterms:creator", ())),
        "of": [_plain(target) for target in document.get("oa:hasTarget", ())],
        "what": [_plain(body) for body in document.get("oa:hasBody", ())],
        "text": document.get("oa:bodyValue"),
    }
    return hashlib.sha256(canonical(said)).hexdigest()


def agent_id(agent: Mapping[str, Any]) -> str:
    """By what an agent is known: identifier, else name; "" for one of whom nothing is said."""
    known = (agent.get(term) for term in ("schema:identifier", "@id", "schema:name", "foaf:nick"))
    return next((str(value) for value in known if value), "")


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        if node.keys() == {"@id"}:
            return node["@id"]
        return {key: _plain(value) for key, value in node.items() if key not in _CIRCUMSTANCES}
    if isinstance(node, list):
        return [_plain(item) for item in node]
    return node
