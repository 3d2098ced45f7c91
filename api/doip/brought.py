"""Bytes that come with a digital object: the file of a medium, as its address gives it (0059).

    {"type": "media", "attributes": {"content": {…}}, "elements": [{"id": "file", "length": 2048,
     "attributes": {"checksum": {"algorithm": "SHA-256", "value": "…"}}}]}
    {"id": "file"}
    the bytes

All other elements are made of the document, so bytes of them are refused. Length and checksum that
the object states are those of the bytes, or the request is refused before anything is recorded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from api.doip.elements import FILE
from api.doip.messages import Blob
from api.refusals import TooLarge, UnknownParameter

CHECKSUM = "SHA-256"


class InvalidInput(UnknownParameter):
    """The input of an operation does not have the form of a digital object."""


def brought(given: Mapping[str, Any], more: Sequence[Any], kind: str, most: int) -> bytes | None:
    """The file that follows a digital object of this type; None where nothing follows it. No file
    of more than `most` bytes is kept here. InvalidInput and TooLarge say why it is not taken."""
    if not more:
        return None
    if kind != "media":
        raise InvalidInput(
            f"Bytes of elements are not taken here: the elements of a {kind} are made of its "
            "document. Send the digital object alone.",
            parameter="input",
        )
    data = _file(more)
    if len(data) > most:
        raise TooLarge(
            f"The file has {len(data):,} bytes; {most:,} are taken (media_file_mb). Send the "
            "object alone, and the file is fetched from its ac:accessURI."
        )
    _agree(given, data)
    return data


def _file(more: Sequence[Any]) -> bytes:
    """The bytes behind the segment that names them."""
    name = more[0].get("id") if isinstance(more[0], Mapping) else None
    if name != FILE or len(more) != 2 or not isinstance(more[1], Blob):
        raise InvalidInput(
            f'Behind the object of a medium stand {{"id": "{FILE}"}} and its bytes, and nothing '
            "else: all other elements are made of the document.",
            parameter="input",
        )
    if not more[1].data:
        raise InvalidInput(f"The element {FILE} has no bytes.", parameter="input")
    return more[1].data


def _agree(given: Mapping[str, Any], data: bytes) -> None:
    """Refuse bytes that are not those of which the object speaks."""
    told = given.get("elements")
    named = [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
    element = next((one for one in named if one.get("id") == FILE), {})
    length = element.get("length")
    if length is not None and length != len(data):
        raise InvalidInput(
            f"The object states {str(length)[:20]} bytes for the element {FILE}; {len(data)} came.",
            parameter="elements",
        )
    attributes = element.get("attributes")
    checksum = attributes.get("checksum") if isinstance(attributes, Mapping) else None
    if checksum is None:
        return
    digest = {"algorithm": CHECKSUM, "value": hashlib.sha256(data).hexdigest()}
    if checksum != digest:
        raise InvalidInput(
            f"The checksum of the element {FILE} is not that of the bytes that came: {CHECKSUM}, "
            f"{digest['value']}.",
            parameter="elements",
        )
