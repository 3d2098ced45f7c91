"""A cluster in place of the broker of our own: three servers, one of which dies at its work."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nats
import nats.errors
import pytest

from handlers.queueing.broker import MAX_PAYLOAD, installed
from handlers.queueing.streams import stream_of
from tests.scenarios.chaos import JOBS, Theatre, assert_each_once
from tests.scenarios.program import until

NAMES = ("a", "b", "c")
TOKEN = "of-the-test"
URL = "nats://127.0.0.1:{}"
pytestmark = pytest.mark.slow


class Cluster:
    """Three servers on this machine that keep each stream three times."""

    def __init__(self, folder: Path) -> None:
        ports = _free_ports(2 * len(NAMES))
        self._ports = dict(zip(NAMES, ports, strict=False))
        routes = ", ".join(f'"{URL.format(port)}"' for port in ports[len(NAMES) :])
        self.servers = {
            name: self._begun(folder / name, name, port, routes)
            for name, port in zip(NAMES, ports[len(NAMES) :], strict=True)
        }

    @property
    def url(self) -> str:
        """All addresses."""
        return ",".join(URL.format(port) for port in self._ports.values())

    def leader(self, topic: str) -> str:
        """The server that leads the stream of a topic; empty while there is none."""
        return asyncio.run(self._leader(stream_of(topic)))

    def close(self) -> None:
        """End all."""
        for server in self.servers.values():
            server.kill()
            server.wait()

    async def _leader(self, stream: str) -> str:
        with contextlib.suppress(nats.errors.Error, OSError):
            connection = await nats.connect(self.url.split(","), token=TOKEN)
            try:
                info = await connection.jetstream().stream_info(stream)
            finally:
                await connection.close()
            cluster = info.cluster
            return cluster.leader or "" if cluster and len(cluster.replicas or ()) == 2 else ""
        return ""

    def _begun(self, folder: Path, name: str, port: int, routes: str) -> subprocess.Popen[bytes]:
        folder.mkdir(parents=True)
        (folder / "server.conf").write_text(
            f'server_name: {name}\nlisten: "127.0.0.1:{self._ports[name]}"\n'
            f'authorization {{ token: "{TOKEN}" }}\nmax_payload: {MAX_PAYLOAD}\n'
            f'jetstream {{ store_dir: "{folder / "store"}" }}\n'
            f'cluster {{ name: test, listen: "127.0.0.1:{port}", routes: [{routes}] }}\n'
        )
        return subprocess.Popen(
            [installed(), "-c", folder / "server.conf", "-l", folder / "server.log"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "cluster")
    yield made
    made.close()


def test_the_leader_of_a_queue_is_killed_and_each_job_ends_once(
    tmp_path: Path, cluster: Cluster
) -> None:
    settings = {"nats_url": cluster.url, "nats_password": TOKEN, "nats_replicas": 3}
    theatre = Theatre(tmp_path, 100, **settings)
    try:
        leader = until(lambda: cluster.leader("chaos"), 60)
        until(lambda: theatre.ended() > 0, 60)
        before = theatre.ended()
        cluster.servers[leader].kill()
        assert before < JOBS * 3 / 4, "the work was over before anything was killed"
        until(lambda: theatre.ended() == JOBS, 120)
        assert until(lambda: cluster.leader("chaos"), 30) != leader
    finally:
        theatre.close()
    assert not (theatre.data / "nats").exists()
    assert_each_once(theatre.data, dead=0)
