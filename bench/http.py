"""A document by PID, against a bare ASGI application that sends the same bytes."""

from __future__ import annotations

import multiprocessing
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from bench.generate import generate
from bench.processes import ROOT, collectome, free_port, server, wait_until_healthy
from bench.result import Result
from bench.specimens import Plan
from eventstore.application import DigitalObjects

SECONDS, CLIENTS, CONNECTIONS = 5.0, 2, 8

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
    """Requests per second of both, in one run, and the p99 of ours at 500 a second."""
    archive, data = scratch / "http.zip", scratch / "http"
    generate(Plan(min(records, 10_000)), archive)
    collectome("ingest", str(archive), "--data", str(data))
    objects = DigitalObjects(data)
    heads = [h for h in objects.log.heads(limit=2000) if h.type == "specimen"]
    document = objects.log.latest(heads[0].pid).document_bytes or b""
    (scratch / "document.json").write_bytes(document)
    paths = [f"/{head.pid}" for head in heads]
    with server(data) as address:
        ours = _rate(address, paths)
        p99 = _p99(address, paths)
    port = free_port()
    bare = subprocess.Popen(
        [sys.executable, "-c", BARE, str(scratch / "document.json"), str(port)], cwd=ROOT
    )
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", bare)
        limit = _rate(f"http://127.0.0.1:{port}", paths)
    finally:
        bare.terminate()
        bare.wait()
    return [
        Result("http", "a document by PID, one worker", ours, "requests/s"),
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
    ]


def _request(address: str, path: str) -> bytes:
    host = urlsplit(address).netloc
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\r\n".encode()


def _read(connection: socket.socket) -> None:
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
    done = sum(out.get() for _ in clients)
    for client in clients:
        client.join()
    return done / SECONDS


def _p99(address: str, paths: list[str]) -> float:
    connection, waits = _connect(address), []
    started = time.perf_counter()
    for number in range(1500):
        due = started + number / 500
        time.sleep(max(0.0, due - time.perf_counter()))
        connection.sendall(_request(address, paths[number % len(paths)]))
        _read(connection)
        waits.append(time.perf_counter() - max(due, started))
    return sorted(waits)[int(len(waits) * 0.99)]
