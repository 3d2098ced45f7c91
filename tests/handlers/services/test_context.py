"""Which part of an image an annotation is about, in whichever form it comes."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.media.regions import Area
from handlers.services.context import area_of
from tests.fdo.annotation.saying import IMAGE, SPECIMEN, region

RECTANGLE = {"@type": "oa:FragmentSelector", "rdf:value": "xywh=percent:10,20,30,40"}
DRAWING = "<svg{}><polygon points='10,20 40,30 20,60'/></svg>"


def about(*targets: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """An annotation of parts of these objects."""
    return {
        "oa:hasTarget": [
            {"oa:hasSource": name, "oa:hasSelector": [selector]} for name, selector in targets
        ]
    }


@pytest.mark.parametrize(
    ("selector", "area"),
    [
        (RECTANGLE, Area(10, 20, 30, 40, percent=True)),
        ({"ac:hasROI": {"ac:xFrac": 0.1, "ac:yFrac": 0.2, "ac:widthFrac": 0.3,
                        "ac:heightFrac": 0.4}}, Area(10, 20, 30, 40, percent=True)),
        ({"@type": "oa:SvgSelector", "rdf:value": DRAWING.format("")},
         Area(10, 20, 30, 40, percent=False)),
        ({"type": "SvgSelector", "value": DRAWING.format(" viewBox='0 0 100 100'")},
         Area(10, 20, 30, 40, percent=True)),
        ({"@type": "oa:SvgSelector", "rdf:value": "<svg><path d='M0 0 c1 1 2 2 3 3'/></svg>"},
         None),
        ({"@type": "oa:TextQuoteSelector", "oa:exact": "holotype"}, None),
    ],
)  # fmt: skip
def test_a_part_is_a_rectangle_or_the_one_around_a_drawing(
    selector: dict[str, Any], area: Area | None
) -> None:
    assert area_of(about((IMAGE.iri, selector)), IMAGE.iri) == area


def test_a_part_of_another_image_is_not_looked_for_in_this_one() -> None:
    other = f"{IMAGE.iri[:-1]}2"
    said = about((other, RECTANGLE), (SPECIMEN.iri, RECTANGLE))
    assert area_of(said, IMAGE.iri) is None
    assert area_of(said, other) == Area(10, 20, 30, 40, percent=True)
    assert area_of(about((IMAGE.version_iri(2), RECTANGLE)), IMAGE.iri) is not None
    assert area_of(region("xywh=1,2,3,4"), IMAGE.iri) == Area(1, 2, 3, 4, percent=False)
    w3c = {"target": {"source": other, "selector": {"value": "xywh=1,2,3,4"}}}
    assert area_of(w3c, other) is not None and area_of(w3c, IMAGE.iri) is None
