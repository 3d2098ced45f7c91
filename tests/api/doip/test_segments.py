"""Framing: what is written is read again, and hostile bytes are refused, never misread."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.doip.messages import Blob
from api.doip.multipart import mixed, segments_of
from api.doip.paced import Paced
from api.doip.segments import LINES, SEGMENTS, BrokenFraming, SegmentReader, framed
from api.refusals import TooLarge

TEXTS = st.text(max_size=20)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
SEGMENT_LISTS = st.lists(JSONS | st.builds(Blob, st.binary(max_size=50)), max_size=5)


def read(
    data: bytes,
    limit: int = 10_000,
    pieces: int = 1,
    buffer: int = 64,
    beside=lambda first: 0,
    paced: bool = False,
):
    """All messages of a stream of these bytes, which arrive in pieces."""

    async def reading():
        stream = asyncio.StreamReader(limit=buffer)
        reader = SegmentReader(Paced(stream, 60, 1) if paced else stream, limit, beside)

        async def feeding():
            size = max(1, len(data) // pieces)
            for start in range(0, len(data), size):
                stream.feed_data(data[start : start + size])
                await asyncio.sleep(0)
            stream.feed_eof()

        fed = asyncio.create_task(feeding())
        found = []
        try:
            while (message := await reader.message()) is not None:
                found.append(message)
        finally:
            await fed
        return found

    return asyncio.run(reading())


@settings(max_examples=60, deadline=None)
@given(st.lists(SEGMENT_LISTS, max_size=3), st.integers(1, 50), st.booleans())
def test_messages_are_read_as_they_were_written(messages, pieces, paced):
    data = b"".join(piece for message in messages for piece in framed(message))
    assert read(data, pieces=pieces, paced=paced) == messages


@settings(max_examples=60, deadline=None)
@given(SEGMENT_LISTS.filter(len))
def test_parts_of_multipart_are_read_as_they_were_written(segments):
    body, kind = mixed(segments)
    assert segments_of(body, kind, 10_000_000) == segments


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from([b"#", b"@", b"\n", b"3", b"{}", b"abc", b"\r\n", b" ", b"99999999999"])
    )
)
def test_whatever_comes_is_read_or_refused(parts):
    with contextlib.suppress(BrokenFraming, TooLarge):
        read(b"".join(parts))


@settings(max_examples=60, deadline=None)
@given(SEGMENT_LISTS.filter(len), st.randoms(use_true_random=False))
def test_a_message_that_was_cut_or_changed_is_never_more_than_refused(
    segments, chance: random.Random
):
    data = bytearray(b"".join(framed(segments)))
    data[chance.randrange(len(data))] = chance.randrange(256)
    del data[chance.randrange(len(data)) :]
    with contextlib.suppress(BrokenFraming, TooLarge):
        read(bytes(data))


def test_pretty_json_and_windows_line_ends_are_read():
    document = {"a": [1, {"b": "# no end"}], "c": "@"}
    pretty = json.dumps(document, indent=2).encode().replace(b"\n", b"\r\n")
    assert read(pretty + b"\r\n#\r\n#\r\n") == [[document]]


@pytest.mark.parametrize(
    "data",
    [b"@\n-1\n", b"@\n0\n", b"@\nx\n", b"@\n5\nabc", b"{}\n", b"{\n#\n#\n", b"@\n3\nabc\n",
     b"\xff\n#\n#\n", b"{}\n#", b"@\n\xb2\n"],
)  # fmt: skip
def test_broken_frames_are_refused(data):
    with pytest.raises(BrokenFraming):
        read(data)


@pytest.mark.parametrize(
    "data",
    [b'"' + b"x" * 20_000 + b'"\n#\n#\n', b"@\n20000\n", b"@\n9999999999\n",
     b"{}\n#\n" * (SEGMENTS + 1) + b"#\n", b"@\n" + b"6000\n" + b"x" * 6000 + b"\n6000\n"],
)  # fmt: skip
def test_too_much_is_refused_before_it_is_read(data):
    with pytest.raises(TooLarge):
        read(data)


def test_bytes_beside_the_limit_are_for_who_may_send_them_and_text_is_not():
    def beside(first):
        return 20_000 if first == {"who": "curator"} else 0

    curator, other, file = {"who": "curator"}, {"who": "other"}, Blob(b"x" * 25_000)
    assert read(b"".join(framed([curator, file])) * 2, beside=beside) == [[curator, file]] * 2
    for segments in ([other, file], [curator, Blob(b"x" * 31_000)], [curator, "x" * 11_000]):
        with pytest.raises(TooLarge):
            read(b"".join(framed(segments)), beside=beside)


def test_very_many_lines_are_refused():
    with pytest.raises(TooLarge):
        read(b"\n" * (LINES + 1), limit=10**6)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/mixed"),
        (b"--x\r\n\r\nabc", "multipart/mixed; boundary=x"),
        (b"--x\r\nContent-Type: application/json\r\n\r\n{\r\n--x--", "multipart/mixed; boundary=x"),
        (b"--xy\r\n\r\nabc\r\n--x--", "multipart/mixed; boundary=y"),
        (b"--x\r\nContent-Type: text/plain\r\n--x--", "multipart/mixed; boundary=x"),
        (b"--x\r\n" + b"A: b\r\n" * 5000 + b"\r\n\r\n\r\n--x--", "multipart/mixed; boundary=x"),
        (b"{", "application/json"),
        (b"x", "multipart/mixed; boundary=" + "x" * 100),
    ],
)
def test_broken_multipart_is_refused(body, kind):
    with pytest.raises(BrokenFraming):
        segments_of(body, kind, 10_000_000)


def test_too_many_parts_are_refused():
    with pytest.raises(TooLarge):
        segments_of(
            b"\r\n--x\r\n\r\na" * (SEGMENTS + 2) + b"\r\n--x--",
            "multipart/mixed; boundary=x",
            10_000,
        )


def test_preamble_epilogue_and_parts_without_headers_are_read():
    body = b"hello\r\n--x \r\n\r\nabc\r\n--x--\r\nbye"
    assert segments_of(body, 'multipart/mixed; boundary="x"', 100) == [Blob(b"abc", "text/plain")]
