"""What strangers send as images is read, or refused in a sentence; never anything else."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from handlers.services.images import Unreadable, read, shrunk
from handlers.services.sight import Seen, look
from tests.handlers.services.drawn import about, label, medium, png

LABEL = label(["Ranunculus acris"])
FILES = {form: png(LABEL, form) for form in ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")}


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that promises side × side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))  # fmt: skip

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
            + chunk(b"IDAT", zlib.compress(b"\0" * 1_000)) + chunk(b"IEND", b""))  # fmt: skip


BROKEN = {
    "nothing": (b"", "empty"),
    "text": (b"<svg onload=alert(1)>", "no image"),
    "a page": (b"%PDF-1.4 \n", "no image"),
    "a bomb": (bomb(12_000), "more than"),
    "a greater bomb": (bomb(60_000), "too large"),
    "half a file": (FILES["PNG"][: len(FILES["PNG"]) // 2], "breaks off"),
    "half a photograph": (FILES["JPEG"][:1_500], "breaks off"),
    "a bare head": (FILES["PNG"][:40], r"damaged|no image"),
    "a dot": (png(Image.new("RGB", (3, 900))), "too few"),
}


@pytest.mark.parametrize("form", FILES)
def test_every_usual_format_is_read(form: str) -> None:
    found = read(FILES[form])
    assert (found.width, found.height, found.format) == (*LABEL.size, form)
    assert found.pixels.dtype == np.uint8 and found.pixels.shape == (*LABEL.size[::-1], 3)


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_read_is_told_in_a_sentence(what: str) -> None:
    data, told = BROKEN[what]
    with pytest.raises(Unreadable, match=told):
        read(data)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8),
    st.integers(0, 10**6),
)
def test_a_damaged_file_is_read_or_refused(
    form: str, changes: list[tuple[int, int]], end: int
) -> None:
    data = bytearray(FILES[form])
    for at, byte in changes:
        data[at % len(data)] = byte
    try:
        found = read(bytes(data[: 1 + end % (2 * len(data))]), max_pixels=4_000_000)
    except Unreadable as why:
        assert why.message.endswith(".")
    else:
        assert found.pixels.ndim == 3


def test_an_image_stands_as_its_exif_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    assert read(png(LABEL, "JPEG", exif=exif)).width == LABEL.height


def test_what_is_clear_becomes_paper_and_sixteen_bits_become_eight() -> None:
    assert read(png(Image.new("RGBA", (20, 20), (0, 0, 0, 0)))).pixels.min() == 255
    deep = Image.fromarray(np.linspace(0, 60_000, 400).reshape(20, 20).astype(np.uint16))
    grey = read(png(deep)).pixels
    assert grey.min() == 0 and grey.max() == 255


def test_a_picture_is_shrunk_and_never_blown_up() -> None:
    found = read(FILES["PNG"])
    small, factor = shrunk(found, 100)
    assert max(small.width, small.height) == 100
    assert factor == pytest.approx(max(found.width, found.height) / 100)
    assert shrunk(found, 5_000) == (found, 1.0)


def test_a_medium_that_cannot_be_had_is_an_answer_that_says_so() -> None:
    gone = look(about())
    assert not isinstance(gone, tuple) and gone.error and "is not there" in gone.error
    broken = look(medium(b"nonsense"))
    assert not isinstance(broken, tuple) and broken.error and "no image" in broken.error


@given(
    st.tuples(*[st.floats(-50, 1_050)] * 4),
    st.integers(8, 1_000),
    st.integers(8, 1_000),
)
def test_a_place_in_a_picture_lies_inside_the_image(
    box: tuple[float, float, float, float], width: int, height: int
) -> None:
    said = Seen(about(), width, height).xywh(*box)
    unit, _, numbers = said.partition(":")
    x, y, wide, high = map(float, numbers.split(","))
    assert unit == "percent" and min(x, y, wide, high) >= 0
    assert x + wide <= 100 and y + high <= 100


def test_the_bytes_of_a_file_need_not_name_its_format() -> None:
    assert read(io.BytesIO(FILES["WEBP"]).getvalue()).format == "WEBP"
