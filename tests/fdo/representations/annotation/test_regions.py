"""Drawings as rectangles: in pixels, or scaled from the frame that they bring."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdo.representations.annotation.regions import Region, bounding


@pytest.mark.parametrize(
    ("svg", "region"),
    [
        ("<svg><polygon points='1,2 30,4 5,60'/></svg>", "xywh=pixel:1,2,29,58"),
        ("<svg xmlns='http://www.w3.org/2000/svg'><rect x='1' y='2' width='3' height='4'/></svg>",
         "xywh=pixel:1,2,3,4"),
        ("<svg:svg viewBox='0 0 200 50'><rect x='20' y='5' width='100' height='45'/></svg:svg>",
         "xywh=percent:10,10,50,90"),
        ("<svg viewBox='100 100 300 300'><polygon points='200,100 400,400 100,250'/></svg>",
         "xywh=percent:0,0,100,100"),
        (" <svg width='300px' height='300'><circle cx='100' cy='100' r='50'/></svg>",
         "xywh=percent:16.666666,16.666666,33.333333,33.333333"),
        ("<svg width='100%' height='100%'><circle cx='9' cy='9' r='4'/></svg>",
         "xywh=pixel:5,5,8,8"),
        ("<svg viewBox='0 0 0 0'><circle cx='9' cy='9' r='4'/></svg>", "xywh=pixel:5,5,8,8"),
        ("<svg viewBox='0 0 0.00000001 1'><circle cx='999999999' cy='9' r='4'/></svg>",
         "xywh=pixel:999999995,5,8,8"),
    ],
)  # fmt: skip
def test_the_rectangle_around_a_drawing_lies_where_the_drawing_does(svg: str, region: str) -> None:
    assert str(bounding(svg)) == region


@pytest.mark.parametrize(
    "svg",
    [
        "<polygon " * 7_000,
        f"<polygon {'a' * 60_000}>",
        f"<polygon {'a=' * 30_000}>",
        f"<polygon a{' ' * 60_000}b>",
        "<svg " * 12_000 + "><circle r='1'/></svg>",
        f"<svg {'width' * 12_000}><circle r='1'/></svg>",
    ],
)
def test_a_drawing_is_read_in_a_moment_whatever_a_stranger_wrote(svg: str) -> None:
    begun = time.process_time()
    bounding(svg)
    assert time.process_time() - begun < 0.5


fractions = st.floats(0, 0.5).map(lambda one: one if one > 1e-20 else -0.0)


@given(parts=st.tuples(*[fractions] * 4))
def test_any_fractions_come_back_as_they_were(parts: tuple[float, float, float, float]) -> None:
    region = Region.of_fractions(*parts)
    read = Region.of_fragment(str(region))
    assert read is not None and read.fractions() == parts


def test_what_floats_add_up_to_is_no_end_beyond_the_image() -> None:
    region = Region.of_fractions(0.30000000000000004, 0.1, 0.7, 0.9)
    assert region.fractions() == (0.30000000000000004, 0.1, 0.7, 0.9)
    assert Region.of_fractions(0.4, 0, 0.7, 1).fractions() is None
