"""Labels drawn here are read, with the place of every line; by real models, without a network."""

from __future__ import annotations

import socket
import weakref
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
from PIL import Image

from handlers.services import images
from handlers.services.checklist import distance
from handlers.services.label_ocr import LabelOcr
from handlers.services.runtime import CPU, sha256_of
from handlers.services.text_lines import batches, weights
from tests.fdo.annotation.saying import IMAGE, SPECIMEN, image, region, specimen
from tests.handlers.services.drawn import (
    label,
    medium,
    png,
    selector,
    stored,
    taken,
    target_of,
    value,
)

LABELS = [
    [
        "Herbarium Musei Botanici Berolinensis", "Ranunculus acris L.",
        "Switzerland, Valais, Zermatt", "alt. 1650 m, meadow, 12.VII.1987",
        "leg. A. Müller No. 4711",
    ],
    [
        "Coll. Dr. Johann Größner", "Leuctra fusca (Linnaeus, 1758)",
        "Österreich, Kärnten, Spittal", "14.IX.1931, det. K. Weiß", "46.7942 N 13.4958 E",
    ],
    [
        "HOLOTYPE", "Carabus alpestris Sturm", "Côte d'Azur, Forêt de Boscodon",
        "São Paulo, Brasil, 760 m", "MNHN-EC-0012345",
    ],
]  # fmt: skip
FONTS = ("DejaVuSerif", "DejaVuSans", "DejaVuSansMono", "DejaVuSerif-Italic",
         "DejaVuSans-Bold")  # fmt: skip


@pytest.fixture(scope="module")
def service() -> Iterator[LabelOcr]:
    """The service, loaded and kept without a network."""

    def refuse(*_: object) -> None:
        raise AssertionError("something was looked for in the network")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket.socket, "connect", refuse)
        made = LabelOcr()
        made.load()
        yield made


CAMERAS: tuple[dict[str, float], ...] = (
    {}, {"turned": 0.8, "blur": 0.6, "light": 0.8, "noise": 4},
)  # fmt: skip


def test_labels_in_several_fonts_sizes_and_lights_are_read(service: LabelOcr) -> None:
    """The character error rate is 3 % at most: letters to be changed, of letters drawn."""
    drawn = list(zip(LABELS * 2, cycle(FONTS), cycle((18, 18, 30, 24)), strict=False))
    works = [
        medium(png(taken(label(*one), **how)))
        for one, how in zip(drawn, cycle(CAMERAS), strict=False)
    ]
    wrong = total = 0
    for (lines, _, _), answer in zip(drawn, service.annotate(works), strict=True):
        whole = value(stored(answer, image())[-1])
        wrong += distance("\n".join(lines), whole)
        total += len("\n".join(lines))
    print(f"character error rate {wrong / total:.4f} of {total} letters")
    assert wrong / total <= 0.03


def test_every_line_has_its_place_and_the_specimen_gets_the_whole(service: LabelOcr) -> None:
    lines = LABELS[0]
    answer = service.annotate([medium(png(label(lines)), specimen())])[0]
    *read, whole, proposed = stored(answer, image(), specimen())
    assert [value(one) for one in read] == lines
    tops = []
    for one in read:
        fragment = selector(one)["rdf:value"]
        x, y, width, height = map(float, fragment.removeprefix("xywh=percent:").split(","))
        assert 0 < x < 15 and width > 20 and 5 < height < 20
        tops.append(y)
        assert 0.5 < one["oa:hasBody"][0]["ods:score"] <= 1
    assert tops == sorted(tops)
    assert value(whole) == "\n".join(lines) and target_of(whole) == IMAGE
    assert proposed["oa:motivatedBy"] == ["ods:adding"] and target_of(proposed) == SPECIMEN
    assert selector(proposed)["ods:term"] == "$['dwc:verbatimLabel']"
    assert value(proposed) == "\n".join(lines)


def test_a_verbatim_label_that_is_there_is_left_alone(service: LabelOcr) -> None:
    shown = specimen(**{"dwc:verbatimLabel": "as on the label"})
    answer = service.annotate([medium(png(label(LABELS[2])), shown)])[0]
    assert {target_of(one) for one in stored(answer, image(), shown)} == {IMAGE}


def test_the_region_that_somebody_drew_is_read_and_placed_in_the_whole(service: LabelOcr) -> None:
    drawn = region("xywh=percent:40,50,50,25")
    work = medium(b"", specimen(), annotation=drawn,
                  regions={"percent%3A40%2C50%2C50%2C25": png(label(LABELS[1]))})  # fmt: skip
    found = stored(service.annotate([work])[0], image())
    assert [value(one) for one in found] == LABELS[1]
    for one in found:
        _, _, numbers = selector(one)["rdf:value"].partition("percent:")
        x, y, width, height = map(float, numbers.split(","))
        assert x >= 40 and x + width <= 90.001 and y >= 50 and y + height <= 75.001


@pytest.mark.parametrize("size", [12, 30, 90])
def test_a_strip_around_one_line_is_read_as_one_line(service: LabelOcr, size: int) -> None:
    whole = label(LABELS[1], size=size)
    top = 30 + 2 * size
    strip = whole.crop((0, top - size // 4, whole.width, top + 3 * size // 2))
    found = stored(service.annotate([medium(png(strip))])[0], image())
    assert [value(one) for one in found[:1]] == LABELS[1][1:2]
    _, _, numbers = selector(found[0])["rdf:value"].partition("percent:")
    x, y, width, height = map(float, numbers.split(","))
    pen = 100 * 40 / strip.width
    assert abs(x - pen) < pen and x + width <= 100 and y < 30 and y + height > 70


def test_a_region_whose_text_a_program_knows_is_not_read_again(service: LabelOcr) -> None:
    drawn = region("xywh=percent:40,50,50,25") | {
        "dcterms:creator": [{"@type": "schema:SoftwareApplication"}]
    }
    answer = service.annotate([medium(b"", annotation=drawn)])[0]
    assert answer.error is None and not answer.annotations


def test_a_page_without_text_is_an_answer_without_annotations(service: LabelOcr) -> None:
    empty, broken = service.annotate(
        [medium(png(Image.new("RGB", (400, 300), "white"))), medium(b"no image")]
    )
    assert empty.error is None and not empty.annotations
    assert broken.error is not None


def test_an_answer_names_the_weights_and_what_they_ran_on(service: LabelOcr) -> None:
    meta = service.annotate([medium(png(label(["HOLOTYPE"])))])[0].meta
    assert meta["modelSha256"] == sha256_of(weights()[0])
    assert meta["executionProvider"] == service.load() in (CPU, "CUDAExecutionProvider")
    assert "rapidocr" in meta["softwareVersion"]


def test_only_one_picture_is_held_at_a_time(service: LabelOcr, monkeypatch: Any) -> None:
    alive = most = 0
    real = images.read

    def counted(data: bytes) -> Any:
        nonlocal alive, most
        found = real(data)
        alive += 1
        most = max(most, alive)
        weakref.finalize(found.pixels, lambda: lower())
        return found

    def lower() -> None:
        nonlocal alive
        alive -= 1

    monkeypatch.setattr("handlers.services.sight.read", counted)
    service.annotate([medium(png(Image.new("RGB", (64, 64), "white"))) for _ in range(4)])
    assert most <= 2, "the next one is read before the last is let go of"


@pytest.mark.parametrize("most", [1, 2, 5])
def test_lines_of_like_shape_share_a_batch(most: int) -> None:
    shapes = [1.0, 9.0, 2.0, 30.0, 9.5, 8.0, 3.0, 31.0, 33.0]
    groups = list(batches(shapes, most))
    assert sorted(at for group in groups for at in group) == list(range(len(shapes)))
    for group in groups:
        assert len(group) <= most
        widths = [max(shapes[at], 320 / 48) for at in group]
        assert max(widths) <= 1.3 * min(widths)
