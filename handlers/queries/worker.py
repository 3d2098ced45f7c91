"""A process that answers one query at a time and may be killed at any moment.

It is started fresh (never forked: an Oxigraph store does not survive a fork), inherits one
socket and no environment, gives up the network where the system lets it, and dies with the
process that started it. The query runs on a thread with a stack of 512 MiB: Oxigraph's parser
and planner recurse over flat chains too (ten thousand `||` or `UNION` overflow the usual 8 MiB
and take the process along), and a stack that is only reserved costs nothing.

Whatever it holds is a read-only copy, so nothing is lost when it dies.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import orjson
from pyoxigraph import (
    BlankNode,
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    QueryTriples,
    RdfFormat,
    Store,
)

from handlers.queries import frames
from handlers.queries.checkpoint import NewestCopy, Opened, OtherCopies
from handlers.queries.evaluation import Result, evaluate
from handlers.queries.preview import preview

STACK_MIB: Final = 512
FLUSH_BYTES: Final = 64 * 1024
FLUSH_SECONDS: Final = 0.05
IDLE_SECONDS: Final = 0.5
"""How often an idle worker looks for a newer copy, so that no query has to wait for it."""


def main(arguments: list[str]) -> None:
    """`worker.py SOCKET-FD GRAPH-FOLDER MEMORY-MIB PARENT-PID`: serve until the socket closes."""
    fd, folder, memory_mib, parent = arguments
    _give_up_what_is_not_needed(int(memory_mib), int(parent))
    sock = socket.socket(fileno=int(fd))
    threading.stack_size(STACK_MIB << 20)
    thread = threading.Thread(target=_serve, args=(sock, Path(folder)), name="queries")
    thread.start()
    thread.join()


def _give_up_what_is_not_needed(memory_mib: int, parent: int) -> None:
    """Bind this process's life, memory and reach before any query is seen."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    # The pool watches resident memory and stops a query at the ceiling; this is the wall behind
    # it, for what grows faster than anybody looks. The reserved stack counts as data.
    wall = (memory_mib + memory_mib // 4 + STACK_MIB + 512) << 20
    resource.setrlimit(resource.RLIMIT_DATA, (wall, wall))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    # The gate refuses SERVICE; without interfaces there is nothing to reach either. Where a
    # container forbids new namespaces, the gate stands alone.
    new_net, new_user = 0x40000000, 0x10000000
    if libc.unshare(new_net) != 0:
        libc.unshare(new_net | new_user)


def _serve(sock: socket.socket, folder: Path) -> None:
    newest, others = NewestCopy(folder), OtherCopies()
    _refresh_quietly(newest)
    sock.sendall(frames.frame(frames.READY, orjson.dumps({"pid": os.getpid()})))
    # A timeout in the kernel instead of select: one system call a query, not three.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(IDLE_SECONDS))
    while True:
        try:
            piece = sock.recv(FLUSH_BYTES)
        except BlockingIOError:
            _refresh_quietly(newest)
            others.let_go()
            continue
        if not piece:
            return
        _answer(sock, newest, others, orjson.loads(_rest_of_frame(sock, piece)))


def _timeval(seconds: float) -> bytes:
    return struct.pack("@ll", int(seconds), int(seconds % 1 * 1_000_000))


def _refresh_quietly(newest: NewestCopy) -> None:
    """Look for a newer copy ahead of need; the query that needs it will report what is wrong."""
    try:
        newest.refresh()
    except (OSError, ValueError, KeyError):
        return


def _rest_of_frame(sock: socket.socket, piece: bytes) -> bytes:
    """The body of the frame that begins with the piece (one query is under way at a time)."""
    got = bytearray(piece)
    while len(got) < frames.HEADER_SIZE or len(got) < frames.size(got):
        try:
            got += sock.recv(FLUSH_BYTES)
        except BlockingIOError:
            continue
    return bytes(got[frames.HEADER_SIZE :])


def _answer(
    sock: socket.socket, newest: NewestCopy, others: OtherCopies, asked: dict[str, Any]
) -> None:
    """Answer or say why not; what goes wrong after the first frame ends the answer unfinished."""
    answer = _Answer(sock)
    try:
        found = _state(newest, others, asked["copy"])
        if found is None:
            answer.fail("empty", "No graph was published yet; try again in a moment.")
            return
        opened, position, recorded_at = found
        result = _evaluate(opened.store, opened.named_graphs, asked)
        answer.head = {"kind": _kind(result), "position": position, "recorded_at": recorded_at}
        _deliver(result, answer, asked)
    except SyntaxError as error:
        answer.fail("syntax", str(error))
    except MemoryError:
        answer.fail("memory", "The answer needs more memory than a query may take.")
    except ValueError as error:  # a graph name that is no IRI
        answer.fail("syntax", str(error))
    except RuntimeError as error:
        answer.fail("engine", str(error))
    except OSError as error:  # the copy cannot be read
        answer.fail("storage", str(error))


def _state(
    newest: NewestCopy, others: OtherCopies, copy: tuple[str, int, str] | None
) -> tuple[Opened, int, str] | None:
    """The store that is asked, with the position and the time that it stands for."""
    if copy is not None:
        path, position, recorded_at = copy
        return others.take(path), position, recorded_at
    newest.refresh()
    if newest.store is None or newest.current is None:
        return None
    current = newest.current
    return Opened(newest.store, newest.named_graphs), current.position, current.recorded_at


def _evaluate(store: Store, visible: list[NamedNode | BlankNode], asked: dict[str, Any]) -> Result:
    """Start the query, on the graph that came with it if one did."""
    if asked["instead"] is not None:
        store, visible = Store(), []
        store.load(asked["instead"].encode(), format=RdfFormat.N_TRIPLES)
    return evaluate(
        store,
        visible,
        asked["query"],
        default_graphs=asked["default_graphs"],
        named_graphs=asked["named_graphs"],
        own_dataset=asked["own_dataset"],
        base_iri=asked["base"],
    )


def _kind(result: Result) -> str:
    if isinstance(result, QueryTriples):
        return "triples"
    return "boolean" if isinstance(result, QueryBoolean) else "bindings"


def _deliver(
    result: Result,
    answer: _Answer,
    asked: dict[str, Any],
) -> None:
    if asked["head"]:
        answer.end()
    elif asked["rows"]:
        answer.write(preview(result, asked["rows"], asked["prefixes"]))
        answer.end()
    elif isinstance(result, QueryTriples):
        if asked["graphs"] is None:
            answer.fail("format", "triples")
            return
        result.serialize(answer, getattr(RdfFormat, asked["graphs"]))  # type: ignore[arg-type]
        answer.end()
    else:
        if asked["results"] is None:
            answer.fail("format", _kind(result))
            return
        result.serialize(answer, getattr(QueryResultsFormat, asked["results"]))  # type: ignore[arg-type]
        answer.end()


class _Answer:
    """A file to write to: what is written goes out in frames, the head before the first."""

    def __init__(self, sock: socket.socket) -> None:
        self.head: dict[str, Any] = {}
        self._sock = sock
        self._parts: list[bytes] = []
        self._size = 0
        self._started = False
        self._sent_at = time.monotonic()

    def write(self, piece: bytes) -> int:
        """Keep the piece; send what is kept when it is much or old."""
        self._parts.append(piece)
        self._size += len(piece)
        if self._size >= FLUSH_BYTES or time.monotonic() - self._sent_at > FLUSH_SECONDS:
            self._send(b"")
        return len(piece)

    def flush(self) -> None:
        """Nothing to do: `end` sends what is left."""

    def end(self) -> None:
        """Send what is left, and that the answer is complete."""
        self._send(frames.frame(frames.END))

    def fail(self, error: str, message: str) -> None:
        """Say what went wrong instead of (the rest of) the answer."""
        report = orjson.dumps({"error": error, "message": message})
        self._sock.sendall(frames.frame(frames.ERROR, report))

    def _send(self, tail: bytes) -> None:
        head = b"" if self._started else frames.frame(frames.HEAD, orjson.dumps(self.head))
        body = b"".join(self._parts)
        chunk = frames.frame(frames.CHUNK, body) if body else b""
        self._sock.sendall(head + chunk + tail)
        self._started = True
        self._parts.clear()
        self._size = 0
        self._sent_at = time.monotonic()


if __name__ == "__main__":
    main(sys.argv[1:])
