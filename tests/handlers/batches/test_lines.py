"""JSON Lines of strangers: the same bytes give the same lines, and nothing hostile goes on."""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdo.errors import InvalidDocument
from handlers.batches.lines import DEEPEST, LONGEST, Line, Lines, Wanted, items, read


def split(*parts: bytes) -> list[Line]:
    lines = Lines()
    found = [line for part in parts for line in lines.feed(part)]
    return [*found, *lines.end()]


def line(data: bytes) -> Line:
    return Line(1, data, len(data), hashlib.sha256(data).digest())


def said(data: Any) -> Wanted:
    return read(line(json.dumps(data).encode()))


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_where_a_stream_is_cut_changes_no_line(data: bytes, cuts: list[int]):
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parts = [data[a:b] for a, b in pairwise(places)]
    assert split(*parts) == split(data)


def test_lines_are_numbered_as_an_editor_numbers_them():
    found = split(b'\xef\xbb\xbf{"a":1}\r\n\n  \n{"b":2}')
    assert [(one.number, one.data) for one in found] == [(1, b'{"a":1}'), (4, b'{"b":2}')]


def test_of_a_line_that_is_too_long_only_its_size_is_kept():
    long = b"x" * (LONGEST + 10)
    first, second = split(long[:1000], long[1000:] + b"\n{}\n")
    assert (first.data, first.size) == (None, LONGEST + 10)
    assert first.digest == hashlib.sha256(long).digest()
    assert (second.number, second.data) == (2, b"{}")
    with pytest.raises(InvalidDocument, match="longest"):
        read(first)


def test_an_array_gives_a_line_for_each_item():
    assert [one.data for one in items(b'[{"a": 1}, 2]')] == [b'{"a":1}', b"2"]
    for body in (b"{}", b"[1,", b"", b"\xff"):
        with pytest.raises(InvalidDocument):
            items(body)


def test_a_line_without_an_operation_is_an_annotation_to_create():
    assert said({"type": "Annotation"}) == Wanted("create", {"type": "Annotation"})
    assert said({"op": "create", "annotation": {"type": "Annotation"}}).op == "create"
    asked = {
        "op": "revise",
        "pid": "20.5000.5072/AAA-BBB-CCC",
        "version": 2,
        "annotation": {"a": 1},
    }
    assert said(asked) == Wanted("revise", {"a": 1}, "20.5000.5072/AAA-BBB-CCC", 2)


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"op": "erase"}, "/op"),
        ({"op": ["create"]}, "/op"),
        ({"op": "create"}, "/annotation"),
        ({"op": "create", "annotation": [1]}, "/annotation"),
        ({"op": "create", "annotation": {"a": 1}, "pid": "x"}, "/pid"),
        ({"op": "revise", "pid": "x", "annotation": {"a": 1}}, "/version"),
        ({"op": "revise", "pid": "x", "annotation": {"a": 1}, "version": True}, "/version"),
        ({"op": "revise", "version": 1, "annotation": {"a": 1}}, "/pid"),
        ({"op": "withdraw", "pid": "x"}, "/reason"),
        ({"op": "withdraw", "pid": 7, "reason": "y"}, "/pid"),
        ({"type": "Annotation", "body": [{"value": "a\0b"}]}, "/body/0/value"),
        ({"a\0": 1}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_what_a_line_may_not_ask_is_refused_at_its_place(data: Any, pointer: str):
    with pytest.raises(InvalidDocument) as refused:
        said(data)
    assert refused.value.pointers[0][0] == pointer


@pytest.mark.parametrize(
    "data",
    [b"{", b'{"a": "\xff"}', b'{"a": "\\ud800"}', b"\x00", b'{"a":' * 2000 + b"1" + b"}" * 2000],
)
def test_bytes_that_are_no_json_are_refused(data: bytes):
    with pytest.raises(InvalidDocument):
        read(line(data))


def test_nodes_may_stand_so_deep_and_no_deeper():
    def nested(depth: int) -> bytes:
        return b'{"a":' * depth + b"1" + b"}" * depth

    assert read(line(nested(DEEPEST))).op == "create"
    with pytest.raises(InvalidDocument, match="deep"):
        read(line(nested(DEEPEST + 1)))
