"""Vectors as bodies of annotations: 16-bit floats, little-endian, in base64.

    {"type": "TextualBody", "format": "application/vnd.collectome.vector", "value": "AAA8…"}

Half the bytes of 32-bit floats, at differences far below those between two photographs of one
thing. Vectors are compared by their cosine, so they are kept at length one.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

MEDIA_TYPE = "application/vnd.collectome.vector"
MOST_DIMENSIONS = 4096


def vector_of(document: Mapping[str, Any]) -> bytes | None:
    """The bytes of the vector that an annotation holds (two a dimension); None for others."""
    for body in document.get("oa:hasBody", ()):
        if isinstance(body, dict) and MEDIA_TYPE in body.get("dcterms:format", ()):
            try:
                found = base64.b64decode(body.get("rdf:value", ""), validate=True)
            except (binascii.Error, ValueError):
                return None
            return found if 0 < len(found) <= 2 * MOST_DIMENSIONS and not len(found) % 2 else None
    return None


def body_of(vector: bytes) -> dict[str, Any]:
    """The body that holds a vector, in the W3C form."""
    return {
        "type": "TextualBody",
        "format": MEDIA_TYPE,
        "value": base64.b64encode(vector).decode(),
    }
