"""Codes are read where they are, and held against the specimen that the image shows."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from fdo.documents import Document
from handlers.services.barcodes import Barcodes
from tests.fdo.annotation.saying import SPECIMEN, image, specimen
from tests.handlers.services.drawn import (
    medium,
    png,
    selector,
    stored,
    taken,
    target_of,
    value,
)

FORMATS = ("Code128", "Code39", "QRCode", "DataMatrix", "Aztec", "PDF417")


def sheet(codes: dict[str, str]) -> bytes:
    """An image with these codes below each other; symbology → text."""
    drawn = Image.new("RGB", (1_400, 60 + 420 * len(codes)), "#f4efe2")
    for at, (form, text) in enumerate(codes.items()):
        code = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, form))
        pixels: Any = np.asarray(zxingcpp.write_barcode_to_image(code, scale=4))
        drawn.paste(Image.fromarray(pixels), (200, 40 + 420 * at))
    return png(drawn)


def remarks(physical: str, code: str = "B 10 0294979", **said: Any) -> list[Document]:
    """What is said of a specimen with this physical identifier, when its image shows a code."""
    shown = specimen(**{"ods:physicalSpecimenID": physical, **said})
    answer = Barcodes().annotate([medium(sheet({"Code39": code}), shown)])[0]
    return [one for one in stored(answer, image(), shown) if target_of(one) == SPECIMEN]


@pytest.mark.parametrize("form", FORMATS)
def test_every_symbology_is_read_with_its_place(form: str) -> None:
    answer = Barcodes().annotate([medium(sheet({form: "B100294979"}))])[0]
    (found,) = stored(answer, image())
    assert value(found) == "B100294979"
    x, y, width, height = map(float, selector(found)["rdf:value"].split(":")[1].split(","))
    assert 10 < x < 25 and 3 < y < 30 and width > 2 and height > 2
    kind = found["oa:hasBody"][1]
    assert kind["oa:hasPurpose"] == ["oa:tagging"]
    assert kind["rdf:value"].replace(" ", "").startswith(form[:4])


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "how", [{"turned": 90}, {"turned": -4, "blur": 1, "light": 0.5, "noise": 8}], ids=str
)
def test_a_code_is_read_however_it_was_taken(form: str, how: dict[str, float]) -> None:
    drawn = Image.open(io.BytesIO(sheet({form: "B100294979"}))).crop((100, 0, 1_100, 480))
    answer = Barcodes().annotate([medium(png(taken(drawn, **how), compress_level=1))])[0]
    assert [value(one) for one in stored(answer, image())] == ["B100294979"]


def test_several_codes_are_several_annotations() -> None:
    codes = {"Code128": "TU-1", "QRCode": "https://herbarium.example/TU-2"}
    answer = Barcodes().annotate([medium(sheet(codes))])[0]
    assert {value(one) for one in stored(answer, image())} == set(codes.values())


@pytest.mark.parametrize(
    "physical",
    ["B 10 0294979", "b100294979", "https://herbarium.bgbm.org/object/B100294979", "B-10-0294979"],
)
def test_a_code_that_is_the_identifier_is_no_news(physical: str) -> None:
    assert remarks(physical) == []


def test_a_catalogue_number_counts_as_well() -> None:
    numbers = [{"@type": "ods:Identifier", "dcterms:title": "dwc:catalogNumber",
                "dcterms:type": "Locally unique identifier",
                "dcterms:identifier": "B 10 0294979"}]  # fmt: skip
    assert remarks("urn:uuid:1", **{"ods:hasIdentifiers": numbers}) == []


def test_codes_that_are_no_identifier_of_the_specimen_are_told_of() -> None:
    (remark,) = remarks("B 10 0000001")
    assert "B 10 0294979" in value(remark) and "B 10 0000001" in value(remark)
    assert remark["oa:motivatedBy"] == ["oa:commenting"] and remark["col:severity"] == "high"


def test_nothing_is_said_of_a_specimen_that_cannot_be_read_or_an_image_without_codes() -> None:
    empty = medium(png(Image.new("RGB", (300, 300))), specimen())
    answer = Barcodes().annotate([medium(sheet({"Code39": "X-1"})), empty])
    assert [len(one.annotations) for one in answer] == [1, 0]
