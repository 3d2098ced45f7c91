"""A model in the ONNX format, written byte by byte: the mean of each colour of an image.

ModelProto  { 1: ir_version  7: graph  8: opset_import { 2: version } }
GraphProto  { 1: node  2: name  11: input  12: output }
NodeProto   { 1: input  2: output  4: op_type  5: attribute }
"""

from __future__ import annotations

from collections.abc import Sequence


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _tensor(name: str, shape: Sequence[int | str]) -> bytes:
    """A ValueInfoProto of floats of this shape."""
    dims = b"".join(
        _bytes(1, _number(1, side) if isinstance(side, int) else _bytes(2, side.encode()))
        for side in shape
    )
    kind = _bytes(1, _number(1, 1) + _bytes(2, dims))
    return _bytes(1, name.encode()) + _bytes(2, kind)


def mean_of_colours(side: int | str = 8, batch: int | str = "n") -> bytes:
    """A model that takes images of three channels and gives three numbers."""
    axes = _bytes(1, b"axes") + _number(8, 2) + _number(8, 3) + _number(20, 7)
    keep = _bytes(1, b"keepdims") + _number(3, 0) + _number(20, 2)
    node = (_bytes(1, b"image") + _bytes(2, b"colours") + _bytes(4, b"ReduceMean")
            + _bytes(5, axes) + _bytes(5, keep))  # fmt: skip
    graph = (_bytes(1, node) + _bytes(2, b"colours")
             + _bytes(11, _tensor("image", (batch, 3, side, side)))
             + _bytes(12, _tensor("colours", (batch, 3))))  # fmt: skip
    return _number(1, 7) + _bytes(7, graph) + _bytes(8, _number(2, 13))
