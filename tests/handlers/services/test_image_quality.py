"""What is measured of images: numbers that can be checked, on images that were drawn to them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from handlers.services.image_quality import ImageQuality, sharpness
from handlers.services.scale import scale_of
from tests.fdo.annotation.saying import image
from tests.handlers.services.drawn import label, medium, picture, png, sheet, stored, value

PATCHES = (
    "#735244", "#c29682", "#627a9d", "#576c43", "#8580b1", "#67bdaa", "#d67e2c", "#505ba6",
    "#c15a63", "#5e3c6c", "#9dbc40", "#e0a32e", "#383d96", "#469449", "#af363c", "#e7c71f",
    "#bb5695", "#0885a1", "#f3f3f2", "#c8c8c8", "#a0a0a0", "#7a7a79", "#555555", "#343434",
)  # fmt: skip


def with_chart() -> Image.Image:
    """A page with a chart of 24 colours."""
    drawn = Image.new("RGB", (1_200, 900), "#ebe6dc")
    pen = ImageDraw.Draw(drawn)
    pen.rectangle((240, 225, 609, 474), "#141414")
    for at, colour in enumerate(PATCHES):
        x, y = 249 + at % 6 * 60, 234 + at // 6 * 60
        pen.rectangle((x, y, x + 51, y + 51), colour)
    pixels = np.asarray(drawn.filter(ImageFilter.GaussianBlur(0.7)), np.float64)
    noisy = pixels + np.random.default_rng(1).normal(0, 3, pixels.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def told(drawn: Image.Image) -> dict[str, object]:
    answer = ImageQuality().annotate([medium(png(drawn))])[0]
    (found,) = stored(answer, image())
    assert found["oa:motivatedBy"] == ["oa:assessing"]
    said: dict[str, object] = value(found)
    return said


def test_size_lightness_and_clipping_are_what_was_drawn() -> None:
    drawn = Image.new("RGB", (200, 100), "black")
    drawn.paste("white", (0, 0, 50, 100))
    said = told(drawn)
    assert (said["exif:PixelXDimension"], said["exif:PixelYDimension"]) == (200, 100)
    assert said["clippedDark"] == 0.75 and said["clippedBright"] == 0.25
    assert said["meanLightness"] == pytest.approx(63.75, abs=0.1)
    assert said["ruler"] == {"found": False}


def test_a_blurred_image_is_less_sharp() -> None:
    drawn = label(["Ranunculus acris L.", "Zermatt"])
    measured = [
        sharpness(picture(drawn.filter(ImageFilter.GaussianBlur(blur)))) for blur in (0, 1, 2, 4)
    ]
    assert measured == sorted(measured, reverse=True) and measured[0] > 20 * measured[-1]


def test_a_colour_chart_is_found_where_it_is_and_its_absence_is_said() -> None:
    chart = told(with_chart())["colourChart"]
    assert isinstance(chart, dict) and chart["found"]
    x, y, width, height = map(float, chart["xywh"].removeprefix("percent:").split(","))
    assert x == pytest.approx(20, abs=2) and y == pytest.approx(25, abs=2)
    assert width == pytest.approx(31, abs=3) and height == pytest.approx(28, abs=3)
    none = told(label(["No chart"]))["colourChart"]
    assert isinstance(none, dict) and none == {**none, "found": False, "tries": 10}


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("pixels", [5.0, 7.3, 11.811, 15.748])
def test_a_ruler_gives_the_scale(pixels: float, upright: bool) -> None:
    found = scale_of(picture(sheet(pixels, upright=upright)))
    assert found is not None and found.upright is upright
    assert found.pixels_per_mm == pytest.approx(pixels, rel=0.005)
    assert 0.5 <= found.confidence <= 1


def test_a_large_scan_is_measured_in_its_own_pixels() -> None:
    large = sheet(9.0).resize((4_800, 6_600), Image.Resampling.BICUBIC)
    found = scale_of(picture(large))
    assert found is not None and found.pixels_per_mm == pytest.approx(27.0, rel=0.01)


@pytest.mark.parametrize(
    "drawn",
    {
        "stripes": Image.fromarray(np.tile((np.arange(900) // 9 % 2 * 255).astype(np.uint8),
                                           (900, 1))),
        "noise": Image.fromarray(np.random.default_rng(1).integers(0, 255, (900, 900), np.uint8)),
        "text": label(["Lorem ipsum dolor sit amet consectetur"] * 16, "DejaVuSansMono", 22),
        "nothing": Image.new("RGB", (500, 500)),
        "a strip": Image.new("RGB", (2_000, 10), "white"),
    }.items(),
    ids=lambda one: one[0],
)  # fmt: skip
def test_what_repeats_and_is_no_ruler_gives_no_scale(drawn: tuple[str, Image.Image]) -> None:
    assert scale_of(picture(drawn[1])) is None
