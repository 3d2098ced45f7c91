"""Images that tests draw, and works that ask about them without a server."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from PIL import Image, ImageDraw, ImageFont

from fdo.catalogue import OBJECT_TYPES
from handlers.queueing.kit import Media, MediaUnavailable, Work
from handlers.services.images import Picture, read

MEDIUM = "https://doi.org/10.5072/AAA-AAA-AAA"
SPECIMEN = "https://doi.org/10.5072/BBB-BBB-BBB"
ANNOTATION = "https://hdl.handle.net/20.5000.5072/CCC-CCC-CCC"
BASE = "http://here.example"


class Kept(Media):
    """Media that are there without anybody being asked; everything else is missing."""

    def __init__(self, held: Mapping[str, bytes]) -> None:
        self._held = held

    def get(self, address: str, version: int) -> bytes:
        """What a test put at this address."""
        path = address.removeprefix(BASE)
        if path not in self._held:
            raise MediaUnavailable(f"{path} is not there.")
        return self._held[path]


def medium(image: bytes, *, shows: Mapping[str, Any] | None = None, **more: Any) -> Work:
    """The work of an image, which shows this specimen."""
    document = {
        "@id": MEDIUM,
        "ods:fdoType": OBJECT_TYPES["media"].fdo_type,
        "ods:version": 1,
        "ods:hasEntityRelationships": [
            {
                "dwc:relationshipOfResource": "hasDigitalSpecimen",
                "dwc:relatedResourceID": SPECIMEN,
            }
        ],
    }
    held = {"/api/media/10.5072/AAA-AAA-AAA/file": image}
    if shows is not None:
        held["/10.5072/BBB-BBB-BBB?format=json"] = orjson.dumps(specimen(shows))
    held |= {path: found for path, found in more.items() if isinstance(found, bytes)}
    payload = {key: found for key, found in more.items() if not isinstance(found, bytes)}
    return Work("job", document, 1, BASE, payload, Kept(held))


def specimen(said: Mapping[str, Any]) -> dict[str, Any]:
    """A specimen that says this."""
    return {
        "@id": SPECIMEN,
        "ods:fdoType": OBJECT_TYPES["specimen"].fdo_type,
        "ods:version": 1,
        **said,
    }


def about(said: Mapping[str, Any]) -> Work:
    """The work of a specimen."""
    return Work("job", specimen(said), 1, BASE, {}, Kept({}))


def png(image: Image.Image) -> bytes:
    """The bytes of a file."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def label(lines: list[str], font: str = "DejaVuSerif", size: int = 30) -> Image.Image:
    """A label with these lines."""
    face = ImageFont.truetype(f"{font}.ttf", size)
    width = max(int(face.getlength(line)) for line in lines) + 80
    image = Image.new("RGB", (width, len(lines) * size * 2 + 60), "#fdfbf4")
    pen = ImageDraw.Draw(image)
    for at, line in enumerate(lines):
        pen.text((40, 30 + at * size * 2), line, fill="#1c1a17", font=face)
    return image


def picture(image: Image.Image) -> Picture:
    """The image as services get it."""
    return read(png(image))


def array(pixels: np.ndarray[Any, Any]) -> Image.Image:
    """Pixels as an image."""
    return Image.fromarray(pixels)
