"""Images that tests draw, works that ask about them without a server, and what the log would say
of the answers."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from fdo.annotation.rules import breaches
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.representations.annotation.reading import read as read_annotation
from handlers.queueing.kit import Answer, Media, MediaUnavailable, Work
from handlers.services.images import Picture, read
from tests.fdo.annotation.saying import IMAGE, SPECIMEN, image, specimen, the

BASE = "http://here.example"
SERVICE = {
    "@type": "schema:SoftwareApplication",
    "schema:identifier": "https://hdl.handle.net/20.5000.5072/SER-V1C-E00",
    "schema:name": "service",
}
FILE = f"/api/media/{IMAGE}/file"
SHOWN = f"/{SPECIMEN}?format=json"


class Held(Media):
    """Media that are there without anybody being asked; everything else is missing."""

    def __init__(self, held: Mapping[str, bytes]) -> None:
        self._held = held

    def get(self, address: str, version: int) -> bytes:
        """What a test put at this address."""
        path = address.removeprefix(BASE)
        if path not in self._held:
            raise MediaUnavailable(f"{path} is not there.")
        return self._held[path]


def medium(file: bytes, shown: Document | None = None, *, annotation: Document | None = None,
           regions: Mapping[str, bytes] | None = None) -> Work:  # fmt: skip
    """The work of an image, which shows this specimen."""
    relation = {
        "@type": "ods:EntityRelationship",
        "dwc:relationshipOfResource": "hasDigitalSpecimen",
        "dwc:relatedResourceID": SPECIMEN.iri,
    }
    document = image(**{"ods:hasEntityRelationships": [relation]})
    held = {FILE: file}
    if shown is not None:
        held[SHOWN] = orjson.dumps(shown)
    for xywh, part in (regions or {}).items():
        held[f"/api/media/{IMAGE}/region?xywh={xywh}"] = part
    payload = {"annotation": annotation} if annotation else {}
    return Work("job", document, 1, BASE, payload, Held(held))


def about(**said: Any) -> Work:
    """The work of a specimen that says this."""
    return Work("job", specimen(**said), 1, BASE, {}, Held({}))


def stored(answer: Answer, *documents: Document) -> list[Document]:
    """The annotations of an answer as the repository reads them, each without a fault; the
    documents are those of the objects that they are about."""
    assert answer.error is None
    held = {document["@id"]: the(document) for document in documents}
    drafts = [read_annotation(said, default_creator=SERVICE).draft for said in answer.annotations]
    for draft in drafts:
        assert breaches(draft, held[draft["oa:hasTarget"][0]["oa:hasSource"]]) == []
        assert "col:repaired" not in draft
    return drafts


def target_of(draft: Document) -> Pid:
    """The object that an annotation is about."""
    return Pid.parse(draft["oa:hasTarget"][0]["oa:hasSource"])


def selector(draft: Document) -> Document:
    """The part of it that the annotation is about."""
    found: Document = draft["oa:hasTarget"][0]["oa:hasSelector"][0]
    return found


def value(draft: Document) -> Any:
    """What an annotation says first: text, or what its JSON holds."""
    body = draft["oa:hasBody"][0]
    is_json = "application/json" in body.get("dcterms:format", ())
    return orjson.loads(body["rdf:value"]) if is_json else body["rdf:value"]


def png(drawn: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """The bytes of a file."""
    out = io.BytesIO()
    drawn.save(out, form, **options)
    return out.getvalue()


def picture(drawn: Image.Image) -> Picture:
    """An image as services get it."""
    return read(png(drawn, compress_level=1))


def label(lines: list[str], font: str = "DejaVuSerif", size: int = 30) -> Image.Image:
    """A label with these lines."""
    face = ImageFont.truetype(f"{font}.ttf", size)
    width = max(int(face.getlength(line)) for line in lines) + 80
    drawn = Image.new("RGB", (width, len(lines) * size * 2 + 60), "#fdfbf4")
    pen = ImageDraw.Draw(drawn)
    for at, line in enumerate(lines):
        pen.text((40, 30 + at * size * 2), line, fill="#1c1a17", font=face)
    return drawn


def sheet(pixels_per_mm: float, *, length: int = 60, upright: bool = False) -> Image.Image:
    """A herbarium sheet with a plant, a label and a ruler in millimetres."""
    drawn = Image.new("RGB", (1_600, 2_200), "#f6f2e8")
    pen = ImageDraw.Draw(drawn)
    for at in range(120):
        x, y = 500 + (at * 37) % 300, 300 + (at * 53) % 900
        pen.ellipse((x, y, x + 70, y + 30), fill=(60, 90 + at % 40, 40))
    left, top = 120, 1_950
    pen.rectangle((left - 20, top - 5, left + length * pixels_per_mm + 20, top + 140), "white")
    for at in range(length + 1):
        x, long = left + at * pixels_per_mm, 90 if at % 10 == 0 else 65 if at % 5 == 0 else 40
        pen.rectangle((x - 0.8, top, x + 0.8, top + long), "black")
    drawn.paste(label(["Herbarium Musei Botanici", "Ranunculus acris L."]), (850, 1_500))
    return drawn.transpose(Image.Transpose.ROTATE_90) if upright else drawn


def taken(
    drawn: Image.Image, turned: float = 0, blur: float = 0, light: float = 1, noise: float = 0
) -> Image.Image:
    """The image as a camera might have taken it."""
    askew = drawn.rotate(turned, Image.Resampling.BICUBIC, expand=True, fillcolor="#f6f2e8")
    lit = np.asarray(askew.filter(ImageFilter.GaussianBlur(blur)), np.float64) * light
    lit += np.random.default_rng(1).normal(0, noise, lit.shape)
    pixels = np.clip(lit, 0, 255).astype(np.uint8)
    out = png(Image.fromarray(pixels), "JPEG", quality=80)
    return Image.open(io.BytesIO(out)).convert("RGB")
