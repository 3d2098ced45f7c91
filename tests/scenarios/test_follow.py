"""`collectome follow` with the real programs: a source that serves, mirrors that follow it.

Both sides are killed at random moments, a proxy alters a byte, a mirror is mirrored; at the end
the logs are equal row by row, and the graphs by their canonical hash.
"""

from __future__ import annotations

import json
import random
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyoxigraph import Store

from handlers.lease import lease_is_held
from handlers.projections.graph import read_current
from handlers.verification import graph_digests
from tests.scenarios.program import (
    HOLDER,
    Ended,
    Server,
    begun,
    collectome,
    interrupted,
    specimens,
    until,
)

NUMBER = 300


@pytest.fixture(scope="module")
def plants(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which everything is public; tests only read from it."""
    folder = tmp_path_factory.mktemp("source")
    took = collectome(
        "ingest", specimens(folder / "plants.csv", *range(NUMBER)), HOLDER, data=folder / "data"
    )
    assert took.code == 0, took
    changed = specimens(folder / "plants.csv", *range(NUMBER), country="Sweden")
    assert collectome("ingest", changed, HOLDER, data=folder / "data").code == 0
    return folder / "data"


@pytest.fixture(scope="module")
def source(plants: Path) -> Iterator[Server]:
    with Server("serve", plants) as server:
        yield server


def rows(data: Path, table: str) -> list[tuple[Any, ...]]:
    """Every row of a table of a log, as it is stored."""
    with closing(sqlite3.connect(data / "log.sqlite")) as log:
        return log.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()


def heads(data: Path) -> list[tuple[Any, ...]]:
    """Where each object stands; what a harvest noted of its source's bytes is no fact."""
    return [row[:-1] for row in rows(data, "heads")]


def graph(data: Path) -> dict[str, str]:
    """The digests of the newest published graph."""
    folder = data / "projections" / "graph"
    notice = read_current(folder)
    assert notice is not None
    return graph_digests(Store.read_only(str(folder / "checkpoints" / str(notice["checkpoint"]))))


def same(one: Path, other: Path) -> None:
    """Two repositories hold the same log, and say the same."""
    for table in ("log", "events", "claims", "unseen"):
        assert rows(one, table) == rows(other, table), table
    assert heads(one) == heads(other)
    assert graph(one) == graph(other)


def followed(address: str, data: Path) -> Ended:
    return collectome("follow", address, "--once", "--json", data=data)


@pytest.fixture(scope="module")
def mirror(source: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror of the source; tests only read from it."""
    data = tmp_path_factory.mktemp("mirror") / "data"
    ended = followed(source.base, data)
    assert ended.code == 0, ended
    assert ended.said["events"] == ended.said["position"] > 2 * NUMBER
    return data


def test_a_mirror_is_the_source_again_and_says_of_what(source: Server, mirror: Path) -> None:
    assert followed(source.base, mirror).said["events"] == 0
    same(source.data, mirror)
    status = collectome("status", "--json", data=mirror).said["mirror"]
    assert status["of"] == source.base and status["behind"] == 0


def test_a_mirror_refuses_writes_until_it_is_detached(
    source: Server, mirror: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    with (
        closing(sqlite3.connect(mirror / "log.sqlite")) as ours,
        closing(sqlite3.connect(copy / "log.sqlite")) as theirs,
    ):
        ours.backup(theirs)
    table = specimens(tmp_path / "more.csv", 77_777)
    refused = collectome("ingest", table, HOLDER, data=copy)
    assert refused.code == 1 and "mirror of" in refused.err and "--detach" in refused.err
    assert collectome("follow", "--detach", data=copy).code == 0
    assert collectome("ingest", table, HOLDER, data=copy).code == 0
    gone = followed(source.base, copy)
    assert gone.code == 1 and gone.said["error"] == "OtherLog"


def test_a_mirror_of_a_mirror_is_the_source_again(
    source: Server, mirror: Path, tmp_path: Path
) -> None:
    with Server("serve", mirror) as server:
        assert followed(server.base, tmp_path / "second").code == 0
    same(source.data, tmp_path / "second")


def test_a_log_with_secrets_is_mirrored_by_its_hashes(demo_log: Path, tmp_path: Path) -> None:
    data, mirror = tmp_path / "demo", tmp_path / "mirror"
    assert collectome("import", demo_log, data=data).code == 0
    with Server("serve", data) as server:
        ended = followed(server.base, mirror)
    assert ended.code == 0 and 0 < ended.said["lacking"] < ended.said["events"] / 10
    leaf = 8
    assert [row[leaf] for row in rows(mirror, "events")] == [r[leaf] for r in rows(data, "events")]
    assert collectome("verify", "--json", data=mirror).said["sound"] is True


# ── what goes wrong ──────────────────────────────────────────────────────────────────────


@contextmanager
def proxy(upstream: str, change: Callable[[bytes], bytes]) -> Iterator[str]:
    """A server that passes everything on and alters what comes back."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = httpx.get(f"{upstream}{self.path}")
            body = change(answer.content)
            self.send_response(answer.status_code)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the tests look at what the follower says."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_source_that_alters_one_byte_is_found_out(source: Server, tmp_path: Path) -> None:
    def change(body: bytes) -> bytes:
        """One letter in the document of event 550."""
        start = body.find(b'"position":550,')
        at = body.find(b"Carex", start) if start >= 0 else -1
        return body[:at] + b"M" + body[at + 1 :] if at >= 0 else body

    mirror = tmp_path / "mirror"
    with proxy(source.base, change) as address:
        ended = followed(address, mirror)
    assert ended.code == 1 and ended.said["error"] == "BrokenTransfer"
    assert ended.said["position"] == 550 and "550" in ended.said["message"]
    assert rows(mirror, "events") == rows(source.data, "events")[:500]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("ftp://127.0.0.1/", "http:// or https://"),
        ("http://name:word@127.0.0.1/", "password"),
        ("not an address", "no address"),
    ],
)
def test_an_address_that_is_none_is_refused(address: str, says: str, tmp_path: Path) -> None:
    ended = followed(address, tmp_path / "mirror")
    assert ended.code == 1 and says in ended.said["message"]


def test_a_source_that_leads_elsewhere_is_refused(source: Server, tmp_path: Path) -> None:
    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("location", f"{source.base}{self.path}")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ended = followed(f"http://127.0.0.1:{server.server_port}", tmp_path / "mirror")
    server.shutdown()
    server.server_close()
    assert ended.code == 1 and "another server" in ended.said["message"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_lease(data: Path) -> None:
    until(lambda: not lease_is_held(data), 20)


def test_a_change_is_in_the_mirror_within_a_second(tmp_path: Path) -> None:
    data, mirror = tmp_path / "data", tmp_path / "mirror"
    table = specimens(tmp_path / "plants.csv", 1)
    assert collectome("ingest", table, HOLDER, data=data).code == 0
    with Server("serve", data) as server:
        follower = begun("follow", server.base, "--json", data=mirror)
        assert follower.stdout is not None
        first = json.loads(follower.stdout.readline())
        assert first["position"] == first["head"]
        for number in (2, 3, 4):  # the best of three, as other tests run beside it
            table = specimens(tmp_path / "plants.csv", *range(1, number + 1))
            collectome("ingest", table, HOLDER, data=data)
            recorded = rows(data, "events")[-1]
            seen = until(lambda: rows(mirror, "events")[len(rows(data, "events")) - 1 :], 30)
            assert seen[0] == recorded
            with closing(sqlite3.connect(mirror / "log.sqlite")) as log:
                (heard,) = log.execute("SELECT heard_at FROM mirror").fetchone()
            if (took := heard - recorded[4]) < 1_000_000:
                break
        assert interrupted(follower) == 0
    assert took < 1_000_000


@pytest.mark.slow
def test_kills_on_both_sides_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    chance = random.Random(7)
    data, mirror, port = tmp_path / "data", tmp_path / "mirror", free_port()
    table, address = tmp_path / "plants.csv", f"http://127.0.0.1:{port}"
    assert collectome("ingest", specimens(table, *range(NUMBER)), HOLDER, data=data).code == 0

    for country in ("Sweden", "Denmark"):
        server = Server("serve", data, "--port", port)
        follower = begun("follow", address, "--poll", 1, data=mirror)
        writer = begun(
            "ingest", specimens(table, *range(NUMBER), country=country), HOLDER, data=data
        )
        time.sleep(chance.uniform(1.0, 2.5))
        for victim in chance.sample([follower, server, writer], 3):
            victim.kill()
            time.sleep(chance.uniform(0.0, 0.4))
        for process in (follower, writer):
            process.communicate(timeout=30)
        free_lease(data)
        free_lease(mirror)

    assert collectome("ingest", table, HOLDER, data=data).code == 0
    with Server("serve", data, "--port", port):
        ended = followed(address, mirror)
    assert ended.code == 0, ended
    assert ended.said["position"] == rows(data, "events")[-1][0]
    same(data, mirror)


def test_a_follower_without_a_source_gives_up_once_and_says_so(tmp_path: Path) -> None:
    process: subprocess.Popen[str] = begun(
        "follow", f"http://127.0.0.1:{free_port()}", "--once", data=tmp_path / "mirror"
    )
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1 and "Nothing is lost" in err
