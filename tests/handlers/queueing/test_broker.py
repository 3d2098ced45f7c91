"""The embedded broker: one on a store, on a leash, and for nobody else."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import nats
import pytest

from fdo.errors import Unavailable
from handlers.queueing.broker import Broker, standing
from tests.handlers.queueing.story import ROOT, until

PARENT = """
import sys, time
from pathlib import Path
from handlers.queueing.broker import Broker
Broker(Path(sys.argv[1])).start()
print("ready", flush=True)
time.sleep(60)
"""


def parent_of_a_broker(data: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(data)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def killed(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_nobody_is_taken_without_the_token(tmp_path: Path, broker: Broker) -> None:
    now = standing(tmp_path)
    assert now is not None

    async def stranger() -> None:
        connection = await nats.connect(now.url, allow_reconnect=False, connect_timeout=2)
        await connection.close()

    with pytest.raises(nats.errors.Error, match="Authorization"):
        asyncio.run(stranger())


def test_others_cannot_read_where_it_is_and_the_network_cannot_reach_it(
    tmp_path: Path, broker: Broker
) -> None:
    for name in ("broker.json", "server.conf"):
        assert (tmp_path / "nats" / name).stat().st_mode & 0o077 == 0
    now = standing(tmp_path)
    assert now is not None
    with socket.socket() as probe:  # another address of this machine
        probe.settimeout(1)
        assert probe.connect_ex(("127.0.0.2", now.port)) != 0


def test_a_killed_broker_comes_back_where_it_was(tmp_path: Path, broker: Broker) -> None:
    before = standing(tmp_path)
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)
    until(lambda: (standing(tmp_path) or before).pid != before.pid)
    after = standing(tmp_path)
    assert after is not None
    assert (after.port, after.token) == (before.port, before.token)


def test_there_are_never_two_on_one_store(tmp_path: Path, broker: Broker) -> None:
    with pytest.raises(Unavailable, match="runs the broker"):
        Broker(tmp_path).start()


# the promise itself is of Linux alone: elsewhere no system tells a child of its parent's end
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_it_ends_with_its_parent_and_the_next_takes_the_store(tmp_path: Path) -> None:
    parent = parent_of_a_broker(tmp_path)
    before = standing(tmp_path)
    assert before is not None and lives(before.pid)
    killed(parent)
    until(lambda: not lives(before.pid), 5)
    again = Broker(tmp_path)
    again.start()
    again.stop()


# whether a process is the broker of before is read from /proc, which Linux alone has
@pytest.mark.skipif(sys.platform != "linux", reason="/proc is of Linux alone")
def test_one_that_outlived_its_parent_is_ended_before_another_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.queueing.broker.END_S", 0.5)
    parent = parent_of_a_broker(tmp_path)
    before = standing(tmp_path)
    assert before is not None
    os.kill(before.pid, signal.SIGSTOP)  # deaf to the signal of its parent's death
    killed(parent)
    assert lives(before.pid)
    again = Broker(tmp_path)
    again.start()
    try:
        assert not lives(before.pid)
    finally:
        again.stop()
