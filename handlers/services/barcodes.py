"""`barcodes`: every code in an image with its place, and whether one of them fits the specimen.

ZXing reads linear and matrix codes of all symbologies that it knows. A code that is a physical
identifier of the specimen shown confirms it; codes of which none is deserve a look, for the image
may hang on the wrong specimen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from handlers.queueing.kit import Answer, Work, comment, region_text
from handlers.services.about import IMAGES, About
from handlers.services.context import specimens
from handlers.services.images import Picture
from handlers.services.sight import Looking, Seen

_PHYSICAL = ("ods:physicalSpecimenID", "ods:normalisedPhysicalSpecimenID")
MOST_CODES = 50
MOST_LETTERS = 2_000
ABOUT = About(
    name="barcodes",
    does="Reads barcodes and matrix codes of all usual symbologies, with the place of each, and "
    "says when none of them is an identifier of the specimen.",
    cannot="It does not read codes of fewer than about two pixels a bar, as in overviews of whole "
    "drawers, nor stacked codes (PDF417) that lie askew; it does not know which institution a "
    "number belongs to, and a code on another thing in the picture (a ruler, a box) counts like "
    "any other.",
    works_on=("media",),
    motivations=("oa:commenting",),
    packages=("zxing-cpp",),
    filter=IMAGES,
    micro_batch=16,
    lease_s=120,
)


class Barcodes(Looking):
    """Codes in images."""

    def __init__(self) -> None:
        super().__init__(ABOUT, "zxingcpp", _said)


def _said(seen: Seen, picture: Picture) -> Answer:
    import zxingcpp

    codes = [code for code in zxingcpp.read_barcodes(picture.pixels) if code.text.strip()]
    found = [_code(seen, code) for code in codes[:MOST_CODES]]
    if codes:
        found += _unfit(seen.work, [code.text.strip() for code in codes])
    return Answer(found, meta={"softwareVersion": ABOUT.release, "executionProvider": "CPU"})


def _code(seen: Seen, code: Any) -> dict[str, Any]:
    place = code.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    across, down = [corner.x for corner in corners], [corner.y for corner in corners]
    xywh = seen.xywh(min(across), min(down), max(across), max(down))
    made = region_text(seen.work, xywh, code.text.strip()[:MOST_LETTERS])
    kind = {"type": "TextualBody", "value": str(code.format), "format": "text/plain",
            "purpose": "tagging"}  # fmt: skip
    return {**made, "body": [made["body"], kind]}


def _unfit(work: Work, codes: Sequence[str]) -> list[dict[str, Any]]:
    """A remark for each specimen shown that none of the codes identifies; none where one does."""
    shown = list(specimens(work))
    read = {_comparable(code) for code in codes}
    if not shown or any(read & _identifiers(one.object) for one in shown):
        return []
    told = ", ".join(dict.fromkeys(code[:80] for code in codes))
    return [
        {
            **comment(
                one,
                f"The image {work.iri} shows the code {told}, and no identifier of this specimen "
                f"is that; its physical identifier is {one.object.get('ods:physicalSpecimenID')}. "
                "The image may belong to another specimen, or the code to another thing.",
            ),
            "col:severity": "high",
        }
        for one in shown[:10]
    ]


def _identifiers(document: Mapping[str, Any]) -> set[str]:
    said = [
        document.get("ods:physicalSpecimenID"),
        document.get("ods:normalisedPhysicalSpecimenID"),
    ]
    said += [one.get("dcterms:identifier") for one in document.get("ods:hasIdentifiers", ())]
    return {
        found
        for text in said
        if isinstance(text, str)
        for found in (_comparable(text), _comparable(text.rstrip("/").rpartition("/")[2]))
        if found
    }


def _comparable(text: str) -> str:
    """Letters and digits alone: "B 10 0294979" on a label is "B100294979" in a catalogue. Of an
    address, what follows the last slash."""
    last = text.rstrip("/").rpartition("/")[2] if "://" in text else text
    return re.sub(r"[\W_]+", "", last).casefold()
