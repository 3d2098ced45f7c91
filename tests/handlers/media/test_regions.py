"""Regions: the rectangle that was named, inside the image, and no image that is a bomb."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fdo.errors import Refused, SourceRefused
from handlers.media.regions import area_of, opened, region, size_of
from tests.handlers.media.sender import drawn

SIDE = st.integers(1, 500)


def saved(folder: Path, data: bytes) -> Path:
    path = folder / "image"
    path.write_bytes(data)
    return path


def image_of(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


@pytest.mark.parametrize(
    "asked", ["xywh=100,0,50,100", "pixel:100,0,50,100", "xywh=percent:50,0,25,100"]
)
def test_the_rectangle_that_was_named_is_cut(tmp_path: Path, asked: str) -> None:
    data, media_type = region(saved(tmp_path, drawn()), area_of(asked), 4096)
    part = image_of(data)
    assert (part.size, media_type) == ((50, 100), "image/png")
    assert part.getcolors() == [(5000, (0, 0, 255))]


def test_a_region_is_as_viewers_show_the_image(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise: what was on the left is on top
    path = saved(tmp_path, drawn(shape="JPEG", exif=exif, quality=95))
    assert size_of(path, "image/jpeg") == (100, 200)
    data, media_type = region(path, area_of("percent:0,0,100,25"), 4096)
    red, _, blue = image_of(data).resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert media_type == "image/jpeg"
    assert red > 200 > 50 > blue


def test_an_image_that_is_shown_small_stands_upright_too(tmp_path: Path) -> None:
    """A JPEG is then decoded small."""
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path, drawn((1600, 800), shape="JPEG", exif=exif, quality=95))
    small = image_of(region(path, None, 100)[0])
    assert small.size == (50, 100)
    red, _, blue = small.crop((0, 0, 50, 40)).resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert red > 200 > 50 > blue


@given(width=SIDE, height=SIDE, x=st.floats(0, 100), y=st.floats(0, 100),
       across=st.floats(0.01, 100), down=st.floats(0.01, 100))  # fmt: skip
def test_a_region_is_inside_or_refused(
    width: int, height: int, x: float, y: float, across: float, down: float
) -> None:
    area = area_of(f"percent:{x:.4f},{y:.4f},{across:.4f},{down:.4f}")
    try:
        left, top, right, bottom = area.box((width, height))
    except Refused:
        assert x + across > 99 or y + down > 99 or width * (100 - x) < 101 or height < 101
        return
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "percent:1,2,0,5", "-1,0,5,5", "1e9,0,1,1", "t=1", "1,2,3,4;5"]
)
def test_what_is_no_rectangle_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        area_of(text)


def test_no_side_is_longer_than_was_asked(tmp_path: Path) -> None:
    data, _ = region(saved(tmp_path, drawn((400, 100))), None, 100)
    assert image_of(data).size == (100, 25)


def test_an_image_that_promises_too_many_pixels_is_not_opened(tmp_path: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(
            ">I", zlib.crc32(kind + body))  # fmt: skip

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99))
    path = saved(tmp_path, bomb + chunk(b"IEND", b""))
    with pytest.raises(SourceRefused, match="pixels"):
        opened(path)
    assert size_of(path, "image/png") == (None, None)


@pytest.mark.parametrize("keep", [10, 60, 200])
def test_an_image_that_breaks_off_is_refused(tmp_path: Path, keep: int) -> None:
    path = saved(tmp_path, drawn((300, 300), "JPEG")[:keep])
    with pytest.raises(SourceRefused, match="no image"):
        region(path, None, 100)


@pytest.mark.parametrize("wrong", [RuntimeError("empty image item"), struct.error("no integer")])
def test_whatever_a_reader_raises_is_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Exception
) -> None:
    path = saved(tmp_path, drawn())

    def broken(*_: object) -> None:
        raise wrong

    monkeypatch.setattr("handlers.media.regions.ImageOps.exif_transpose", broken)
    with pytest.raises(SourceRefused, match=str(wrong)):
        region(path, None, 100)
    monkeypatch.setattr("handlers.media.regions.Image.open", broken)
    assert size_of(path, "image/png") == (None, None)


def test_a_refusal_tells_no_path_of_the_server(tmp_path: Path) -> None:
    for path in (saved(tmp_path, b"GIF89a" + b"\xff" * 100), tmp_path / "gone"):
        with pytest.raises(SourceRefused) as refused:
            region(path, None, 100)
        assert str(tmp_path) not in refused.value.message


@pytest.mark.parametrize(("shape", "mode"), [("PNG", "I;16"), ("TIFF", "I;16"), ("TIFF", "F")])
def test_what_has_more_than_eight_bits_is_shown_from_its_darkest_to_its_lightest(
    tmp_path: Path, shape: str, mode: str
) -> None:
    """As of an X-ray of which twelve bits are used: cut off at 255, all of it would be white."""
    kind = "<H" if mode == "I;16" else "<f"
    row = b"".join(struct.pack(kind, 300 + 10 * x) for x in range(256))
    deep = Image.frombytes(mode, (256, 8), row * 8)
    out = io.BytesIO()
    deep.save(out, shape)
    path = saved(tmp_path, out.getvalue())
    whole, media_type = region(path, None, 4096)
    assert media_type == "image/png"
    reds = [image_of(whole).getpixel((x, 4))[0] for x in (0, 64, 128, 255)]
    assert reds == pytest.approx([0, 64, 128, 255], abs=1)
    part = image_of(region(path, area_of("percent:50,0,50,100"), 4096)[0])
    assert part.getpixel((0, 0))[0] == pytest.approx(128, abs=1), "by the whole, not by the part"
    small = image_of(region(path, None, 64)[0])
    assert (
        small.size == (64, 2) and small.getpixel((0, 0))[0] < 8 < 247 < small.getpixel((63, 0))[0]
    )


def test_an_even_image_of_many_bits_is_white(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("I;16", (9, 9), 700).save(out, "PNG")
    assert image_of(region(saved(tmp_path, out.getvalue()), None, 9)[0]).getcolors() == [
        (81, (255, 255, 255))
    ]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_images_of_every_make_can_be_cut(tmp_path: Path, mode: str) -> None:
    shape = "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"
    out = io.BytesIO()
    Image.new(mode, (40, 20)).save(out, shape)
    data, media_type = region(saved(tmp_path, out.getvalue()), area_of("10,5,20,10"), 4096)
    assert (image_of(data).size, media_type) == ((20, 10), "image/png")
