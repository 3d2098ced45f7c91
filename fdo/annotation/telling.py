"""What an accepted annotation says of its change, once that was laid over its object again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fdo.annotation.merging import LAID, Judged, written
from fdo.documents import Document


def told(annotation: Mapping[str, Any], judged: Judged) -> Document:
    """The annotation with what became of its change; of one that is, or was, in conflict also with
    what the source says now."""
    document = {**annotation, "col:overlayState": judged.verdict}
    before = annotation.get("col:overlayState")
    if "conflict" in (judged.verdict, before) and judged.verdict in LAID:
        document.pop("col:sourceValue", None)
        if judged.source is not None:
            document["col:sourceValue"] = written(judged.source)
    return document
