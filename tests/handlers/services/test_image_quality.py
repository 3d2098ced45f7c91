"""What is measured of images: numbers that can be checked, on images that were drawn to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from handlers.services import scale
from handlers.services.chart import KIND, chart_of
from handlers.services.image_quality import ImageQuality, sharpness
from handlers.services.scale import scale_of
from tests.fdo.annotation.saying import image
from tests.handlers.services.drawn import (
    label,
    medium,
    picture,
    png,
    sheet,
    stored,
    taken,
    value,
)

PATCHES = (
    "#735244", "#c29682", "#627a9d", "#576c43", "#8580b1", "#67bdaa", "#d67e2c", "#505ba6",
    "#c15a63", "#5e3c6c", "#9dbc40", "#e0a32e", "#383d96", "#469449", "#af363c", "#e7c71f",
    "#bb5695", "#0885a1", "#f3f3f2", "#c8c8c8", "#a0a0a0", "#7a7a79", "#555555", "#343434",
)  # fmt: skip


PAPER, CHART_AT = "#ebe6dc", (240, 225, 609, 474)


def with_chart(
    turned: float = 0, blur: float = 0.7, light: float = 1, warmth: float = 0
) -> Image.Image:
    """A page with a chart of 24 colours, as a camera might have taken it."""
    drawn = Image.new("RGB", (1_200, 900), PAPER)
    pen = ImageDraw.Draw(drawn)
    pen.rectangle(CHART_AT, "#141414")
    for at, colour in enumerate(PATCHES):
        x, y = 249 + at % 6 * 60, 234 + at // 6 * 60
        pen.rectangle((x, y, x + 51, y + 51), colour)
    drawn = drawn.rotate(turned, Image.Resampling.BICUBIC, fillcolor=PAPER)
    lit = np.asarray(drawn.filter(ImageFilter.GaussianBlur(blur)), np.float64) * light
    lit *= 1 + warmth, 1, 1 - warmth
    noisy = lit + np.random.default_rng(1).normal(0, 3, lit.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def place_of_chart(turned: float) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the chart on that page."""
    mask = Image.new("L", (1_200, 900))
    ImageDraw.Draw(mask).rectangle(CHART_AT, 255)
    found = mask.rotate(turned).getbbox()
    assert found is not None
    return found


def patches(colours: Sequence[object]) -> Image.Image:
    """What looks like a chart but for its colours: a tray, a box of paints."""
    drawn = Image.new("RGB", (600, 450), PAPER)
    pen = ImageDraw.Draw(drawn)
    pen.rectangle((90, 90, 459, 339), "#141414")
    for at, colour in enumerate(colours):
        x, y = 99 + at % 6 * 60, 99 + at // 6 * 60
        pen.rectangle((x, y, x + 51, y + 51), colour)
    return drawn


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


@pytest.mark.parametrize(
    "how",
    [
        {}, {"turned": 90}, {"turned": 8}, {"blur": 2}, {"light": 0.5},
        {"warmth": 0.1}, {"turned": -5, "blur": 1.2, "light": 0.7, "warmth": 0.08},
    ],
    ids=str,
)  # fmt: skip
def test_a_colour_chart_is_found_where_it_is(how: dict[str, float]) -> None:
    found = chart_of(picture(with_chart(**how)))
    assert found == pytest.approx(place_of_chart(how.get("turned", 0)), abs=30)


@pytest.mark.parametrize(
    "drawn",
    {
        "a label": label(["No chart"]),
        "a sheet with a ruler": sheet(9.0),
        "a tray of seeds": patches([(60, 90 + at, 40) for at in range(24)]),
        "a box of paints": patches([f"hsl({at * 15},80%,50%)" for at in range(24)]),
        "charted the wrong way": patches(PATCHES[::2] + PATCHES[1::2]),
        "a chess board": patches([("white", "black")[(at + at // 6) % 2] for at in range(24)]),
        "greys": patches([(at * 10,) * 3 for at in range(24)]),
        "noise": Image.fromarray(
            np.random.default_rng(1).integers(0, 255, (600, 600, 3), np.uint8)
        ),
    }.items(),
    ids=lambda one: one[0],
)
def test_what_is_no_colour_chart_is_none(drawn: tuple[str, Image.Image]) -> None:
    assert chart_of(picture(drawn[1])) is None


def test_of_one_image_the_same_is_told_each_time() -> None:
    """Else each request would leave one more annotation."""
    drawn = with_chart().crop((200, 180, 650, 520))
    seen = picture(drawn)
    assert len({chart_of(seen) for _ in range(12)}) == 1
    first, second = (told(drawn) for _ in range(2))
    assert first == second
    chart = first["colourChart"]
    assert isinstance(chart, dict) and chart["found"]
    x, y, width, height = map(float, chart["xywh"].removeprefix("percent:").split(","))
    assert (x, y, width, height) == pytest.approx((9, 13, 82, 74), abs=4)
    none = told(label(["No chart"]))["colourChart"]
    assert none == {"found": False, "kind": KIND}


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("pixels", [5.0, 7.3, 11.811, 15.748])
def test_a_ruler_gives_the_scale(pixels: float, upright: bool) -> None:
    found = scale_of(picture(sheet(pixels, upright=upright)))
    assert found is not None and found.upright is upright
    assert found.pixels_per_mm == pytest.approx(pixels, rel=0.005)
    assert 0.5 <= found.confidence <= 1


def ruler(pixels_per_mm: float = 11.811) -> Image.Image:
    """The lower left of a sheet at 300 dpi unless told otherwise, with its ruler."""
    return sheet(pixels_per_mm).crop((0, 1_700, 1_000, 2_200))


@pytest.mark.parametrize(
    "how",
    [{"turned": 0.3}, {"blur": 1}, {"light": 0.5}, {"noise": 8},
     {"turned": -0.3, "blur": 0.7, "light": 0.7, "noise": 4}],
    ids=str,
)  # fmt: skip
def test_a_ruler_is_read_however_it_was_taken(how: dict[str, float]) -> None:
    found = scale_of(picture(taken(ruler(), **how)))
    assert found is not None and found.pixels_per_mm == pytest.approx(11.811, rel=0.01)


@pytest.mark.parametrize(
    "how", [{"turned": 3}, {"turned": 45}, {"blur": 6}, {"light": 0.1}, {"noise": 60}], ids=str
)
def test_a_ruler_that_cannot_be_made_out_gives_nothing_wrong(how: dict[str, float]) -> None:
    found = scale_of(picture(taken(ruler(), **how)))
    assert found is None or found.pixels_per_mm == pytest.approx(11.811, rel=0.01)


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


@pytest.mark.parametrize("seed", [120, 210, 234, 423])
def test_a_profile_whose_peaks_are_nearly_flat_ends_no_job(seed: int) -> None:
    """The top of a parabola through three points that hardly bend lies far from them."""
    chance, across = np.random.default_rng(seed), np.arange(512)
    wave = 2 * np.pi * across / chance.uniform(3, 90) + chance.uniform(0, 6)
    row = 100 * np.sin(wave) * (chance.uniform() if seed % 2 else 1)
    row += chance.normal(0, chance.uniform(0, 60), 512)
    row += (255 if seed % 3 else 0) * (across % chance.integers(7, 120) < chance.integers(1, 30))
    period, peak = scale._period(row)
    assert 0 <= period <= scale.MOST * 10 and 0 <= peak <= 1
