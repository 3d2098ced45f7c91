"""A document by PID with all its headers, against a bare ASGI application that sends the same
bytes; and what the signposts among the headers cost."""

from __future__ import annotations

import multiprocessing
import socket
import subprocess
import sys
import time
import timeit
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from api.negotiation import JSON
from api.objects.links import link_header
from api.objects.signposting import LIMIT
from bench.generate import generate
from bench.processes import ROOT, collectome, free_port, server, wait_until_healthy
from bench.result import Result
from bench.specimens import Plan
from eventstore.application import DigitalObjects

SECONDS, ROUNDS, CLIENTS, CONNECTIONS = 2.0, 3, 2, 8

BARE = """
import sys, uvicorn
body = open(sys.argv[1], 'rb').read()
headers = [(b'content-type', b'application/json'), (b'content-length', str(len(body)).encode())]
async def app(scope, receive, send):
    if scope['type'] == 'http':
        await send({'type': 'http.response.start', 'status': 200, 'headers': headers})
        await send({'type': 'http.response.body', 'body': body})
uvicorn.run(app, port=int(sys.argv[2]), log_level='error', access_log=False, http='httptools',
            lifespan='off')
"""


def measure(scratch: Path, records: int) -> list[Result]:
    """The most requests per second of both, asked by turns in one run, and the p99 of ours at
    500 a second."""
    archive, data = scratch / "http.zip", scratch / "http"
    generate(Plan(min(records, 10_000)), archive)
    collectome("ingest", str(archive), "--data", str(data))
    objects = DigitalObjects(data)
    heads = [h for h in objects.log.heads(limit=2000) if h.type == "specimen"]
    document = objects.log.latest(heads[0].pid).document_bytes or b""
    (scratch / "document.json").write_bytes(document)
    paths = [f"/{head.pid}" for head in heads]
    with server(data) as address, _bare(scratch / "document.json") as plain:
        rounds = [(_rate(address, paths), _rate(plain, paths)) for _ in range(ROUNDS)]
        p99 = _p99(address, paths)
        heads_sent = _heads(address, paths[:500])
    ours, limit = (max(rates) for rates in zip(*rounds, strict=True))
    return [
        Result("http", "a document by PID with all headers, one worker", ours, "requests/s"),
        Result("http", "bare ASGI application, same bytes", limit, "requests/s"),
        Result(
            "http",
            "share of the bare application",
            ours / limit,
            "ratio",
            ">= 0.25",
            ours / limit >= 0.25,
        ),
        Result("http", "p99 at 500 requests/s", p99 * 1000, "ms"),
        *_signposts(heads_sent),
    ]


@contextmanager
def _bare(body: Path) -> Iterator[str]:
    """The address of an application that sends these bytes and nothing else."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", BARE, str(body), str(port)], cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(address, process)
        yield address
    finally:
        process.terminate()
        process.wait()


def _signposts(heads: list[bytes]) -> list[Result]:
    """How long the headers of these answers are, and how long the standing links take."""
    links = [
        len(line) - len(b"Link: ")
        for head in heads
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"link:")
    ]
    arguments = ("https://repository.example", "https://doi.org/10.5072/ABC-DEF-123", "specimen")
    made = timeit.repeat(
        lambda: link_header(*arguments, JSON, version=2, latest=2, past=False),
        number=10_000,
        repeat=5,
    )
    longest = max(links)
    return [
        Result("http", "headers of a document, mean", sum(map(len, heads)) / len(heads), "bytes"),
        Result("http", "longest Link header", longest, "bytes", f"<= {LIMIT}", longest <= LIMIT),
        Result("http", "standing links of one document", min(made) / 10_000 * 1e6, "µs"),
    ]


def _heads(address: str, paths: list[str]) -> list[bytes]:
    """The heads of the answers, one connection for all."""
    connection, found = _connect(address), []
    for path in paths:
        connection.sendall(_request(address, path))
        found.append(_read(connection))
    connection.close()
    return found


def _request(address: str, path: str) -> bytes:
    host = urlsplit(address).netloc
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\r\n".encode()


def _read(connection: socket.socket) -> bytes:
    """Take one answer to its end; its head."""
    received = bytearray()
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    if b" 200 " not in head[:15]:
        raise RuntimeError(head.decode(errors="replace"))
    low = head.lower()
    at = low.index(b"content-length:") + 15
    missing = int(low[at : (low + b"\r\n").index(b"\r\n", at)]) - len(body)
    while missing > 0:
        missing -= len(connection.recv(65536))
    return head


def _connect(address: str) -> socket.socket:
    parts = urlsplit(address)
    connection = socket.create_connection((parts.hostname or "", parts.port or 80))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _hammer(address: str, paths: list[str], out: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    connections = [_connect(address) for _ in range(CONNECTIONS)]
    requests = [_request(address, path) for path in paths]
    done, at, end = 0, 0, time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        for connection in connections:
            connection.sendall(requests[at % len(requests)])
            at += 1
        for connection in connections:
            _read(connection)
            done += 1
    out.put(done)


def _rate(address: str, paths: list[str]) -> float:
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    clients = [context.Process(target=_hammer, args=(address, paths, out)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    done: int = sum(out.get() for _ in clients)
    for client in clients:
        client.join()
    return done / SECONDS


def _p99(address: str, paths: list[str]) -> float:
    connection = _connect(address)
    waits: list[float] = []
    started = time.perf_counter()
    for number in range(1500):
        due = started + number / 500
        time.sleep(max(0.0, due - time.perf_counter()))
        connection.sendall(_request(address, paths[number % len(paths)]))
        _read(connection)
        waits.append(time.perf_counter() - max(due, started))
    return sorted(waits)[int(len(waits) * 0.99)]
