"""What passes between the web process and a worker: frames on a socket.

A frame is one byte of kind, four bytes of length (big-endian), and the body. Bodies of the
kinds `QUERY`, `HEAD`, `ERROR` and `READY` are JSON; a `CHUNK` is a piece of the answer as it
goes to the client; an `END` is empty, and without it an answer is not complete.

    web process                     worker
                    <- READY        {"pid": 4711}
    QUERY ->                        {"query": …, "results": "JSON", "graphs": "TURTLE", …}
                    <- HEAD         {"kind": "bindings", "position": 42, …}
                    <- CHUNK …
                    <- END          or ERROR {"error": "syntax", "message": …}
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

QUERY: Final = b"Q"
READY: Final = b"R"
HEAD: Final = b"H"
CHUNK: Final = b"C"
END: Final = b"E"
ERROR: Final = b"X"

THE_STORE: Final = ""
"""Among the `default_graphs` of a query: the default graph of the store. No IRI is empty."""
EVERY_GRAPH: Final = "*"
"""Among the `named_graphs` of a query: all that the store shows."""

_HEADER = struct.Struct("!cI")
HEADER_SIZE: Final = _HEADER.size


def frame(kind: bytes, body: bytes = b"") -> bytes:
    """The bytes of one frame."""
    return _HEADER.pack(kind, len(body)) + body


def size(begun: bytes | bytearray) -> int:
    """How long the frame is, head and body, that begins with these bytes."""
    return HEADER_SIZE + int(_HEADER.unpack_from(begun)[1])


class Reader:
    """Cuts a stream of bytes into frames, however the stream was split on its way.

    >>> reader = Reader()
    >>> list(reader.feed(frame(CHUNK, b"ab")[:4]))
    []
    >>> list(reader.feed(frame(CHUNK, b"ab")[4:] + frame(END)))
    [(b'C', b'ab'), (b'E', b'')]
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Every frame that is complete now; what is left waits for the next piece."""
        data = self._rest + piece if self._rest else piece
        at, size = 0, len(data)
        while size - at >= HEADER_SIZE:
            kind, length = _HEADER.unpack_from(data, at)
            if size - at - HEADER_SIZE < length:
                break
            at += HEADER_SIZE
            yield kind, data[at : at + length]
            at += length
        self._rest = data[at:]
