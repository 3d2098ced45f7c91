"""A SPARQL server of somebody else's making, in a process of its own: `oxigraph serve`."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, parse

from handlers.verification import graph_digests

PROGRAM = Path(sys.executable).with_name("oxigraph")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Remote:
    """The server; its data are on disk, so it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        place = ["--location", str(self.folder), "--bind", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen([PROGRAM, "serve", *place], stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"{self.base}/query", params={"query": "ASK {}"}).raise_for_status()
                return
            except httpx.HTTPError:
                assert time.monotonic() < end and self.process.poll() is None
                time.sleep(0.05)

    def kill(self) -> None:
        """End it as a loss of power would."""
        self.process.kill()
        self.process.wait()

    def update(self, text: str) -> None:
        """Change it behind the follower's back."""
        kind = {"Content-Type": "application/sparql-update"}
        httpx.post(f"{self.base}/update", content=text, headers=kind).raise_for_status()

    def graph(self, default: str | None = None) -> dict[str, str]:
        """The digests of what it holds, as those of a graph of ours whose default graph is in
        the graph `default` of it."""
        body = httpx.get(f"{self.base}/store", headers={"Accept": "application/n-quads"})
        found = Store()
        for quad in parse(body.content, format=RdfFormat.N_QUADS):
            moved = default is not None and quad.graph_name == NamedNode(default)
            place = DefaultGraph() if moved else quad.graph_name
            found.add(Quad(quad.subject, quad.predicate, quad.object, place))
        return graph_digests(found)
