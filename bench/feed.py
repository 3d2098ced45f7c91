"""A copy of everything through the event stream: what the server gives, what a client takes.

That a replication is limited by its client is shown in one run: npm `ldes-client` reads the
stream from the server, and then the same bytes from a bare server that has them in memory.
"""

from __future__ import annotations

import http.server
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench.generate import generate
from bench.processes import ROOT, collectome, server
from bench.result import Result
from bench.specimens import Plan
from bench.turns import say, seconds
from eventstore.application import DigitalObjects
from eventstore.patches import document_lines

CLIENT = ROOT / "tests" / "clients" / "node_modules" / ".bin" / "ldes-client"
MEMBER = b"<https://w3id.org/tree#member>"
_NODE = re.compile(r"<https://w3id\.org/tree#node> <([^>]+)>")

Bodies = dict[str, tuple[bytes, dict[str, str]]]
"""Path → body and the headers that matter to a client."""


def measure(scratch: Path, records: int) -> list[Result]:
    """Members a second: served, and copied by ldes-client from us and from a bare server."""
    archive, data = scratch / "feed.zip", scratch / "feed"
    say(f"ingesting {records:,} specimens")
    generate(Plan(records), archive)
    collectome("ingest", str(archive), "--data", str(data))
    with server(data) as address:
        _caught_up(address)
        say("walking the stream with one reader")
        members, took, slowest, bodies = _walk(address)
        mapped = _mapped(data)
        share = members / took / mapped
        results = [
            Result("feed", f"members served, one reader, of {members:,}", members / took,
                   "members/s", "aim 2,000"),
            Result("feed", "slowest page of 250 members", slowest * 1000, "ms"),
            Result("feed", "the same documents only mapped to triples", mapped, "members/s"),
            Result("feed", "share of the mapper's limit", share, "ratio"),
        ]  # fmt: skip
        if not (CLIENT.exists() and shutil.which("node")):
            print("ldes-client is not installed: npm ci in tests/clients")
            return results
        say("ldes-client copies from this server")
        ours = members / _client(f"{address}/ldes/all")
    say("ldes-client copies the same bytes from a bare server")
    with _bare(bodies, int(address.rpartition(":")[2])):
        limit = members / _client(f"{address}/ldes/all")
    return [
        *results,
        Result("feed", "ldes-client from this server", ours, "members/s", "aim 2,000"),
        Result("feed", "ldes-client from a bare server, same bytes", limit, "members/s"),
        Result("feed", "share of the client's limit", ours / limit, "ratio", ">= 0.7",
               ours / limit >= 0.7),
    ]  # fmt: skip


def _caught_up(address: str) -> None:
    """Wait until the pages of the streams hold all that the log holds."""
    for _ in range(3000):
        if httpx.get(f"{address}/health", timeout=10).json()["lag"]["members"] == 0:
            return
        time.sleep(0.1)
    raise RuntimeError("the pages of the streams did not catch up")


def _walk(address: str) -> tuple[int, float, float, Bodies]:
    """Read every node once, one after the other, as N-Quads."""
    bodies: Bodies = {}
    waiting, members, slowest = [f"{address}/ldes/all"], 0, 0.0
    started = time.perf_counter()
    with httpx.Client(headers={"Accept": "application/n-quads"}, timeout=60) as client:
        while waiting:
            node = waiting.pop()
            asked = time.perf_counter()
            answer = client.get(node).raise_for_status()
            slowest = max(slowest, time.perf_counter() - asked)
            members += answer.content.count(MEMBER)
            kept = {name: answer.headers[name] for name in ("content-type", "cache-control")}
            bodies[node.removeprefix(address)] = (answer.content, kept)
            if "/pages/" not in node:
                waiting += sorted(set(_NODE.findall(answer.text)))
    return members, time.perf_counter() - started, slowest, bodies


def _mapped(data: Path) -> float:
    """Documents a second that the mapper makes of the log, read and mapped, in one process."""
    objects = DigitalObjects(data)
    started, mapped, position = time.perf_counter(), 0, 0
    while events := objects.log.read(position, 1000):
        for event in events:
            mapped += bool(document_lines(event))
        position = events[-1].position
    objects.close()
    return mapped / (time.perf_counter() - started)


def _client(address: str) -> float:
    """Seconds for a full copy; the members are counted and thrown away."""
    command = [CLIENT, "--quiet", address]
    return seconds(lambda: subprocess.run(command, check=True, capture_output=True, timeout=1800))


@contextmanager
def _bare(bodies: Bodies, port: int) -> Iterator[None]:
    """The same answers at the same address, from memory."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body, headers = bodies[self.path]
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    serving = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    try:
        yield
    finally:
        serving.shutdown()
        thread.join()
        serving.server_close()
