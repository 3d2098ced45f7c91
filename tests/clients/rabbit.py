"""A RabbitMQ of the tests' own: one node in a folder, on a loopback address of its own.

    with RabbitMQ(folder) as broker:
        broker.url
        broker.restart()

The port is 5672, because the contract of DiSSCo's services has no variable for another; so each
broker takes another address of 127.0.0.0/8. Nothing of the system's RabbitMQ is touched: node
name, cookie, data and port mapper are ours (the mapper would listen on every address unless told
before its start).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from random import randrange

import pika
import pytest

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""The program itself; the one in the path changes to a user of its own."""
_UP_S = 90.0


def server() -> Path:
    """The program; a test without it is skipped by name."""
    if not SERVER.exists() or shutil.which("epmd") is None:
        # a system package: only .ci/run installs those
        pytest.skip("rabbitmq-server is not on this machine (.ci/debian.txt)")
    return SERVER


class RabbitMQ:
    """One broker; it can die and come back with what it held."""

    def __init__(self, folder: Path) -> None:
        self._program = server()
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.host = f"127.{randrange(1, 255)}.{randrange(1, 255)}.{randrange(1, 255)}"
        self.url = f"amqp://guest:guest@{self.host}:5672/%2F"
        mapper, nodes = _free_ports(2)
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "enabled_plugins").write_text("[].\n")
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = {self.host}:5672\n"
            "vm_memory_high_watermark.absolute = 512MB\n"
            "disk_free_limit.absolute = 50MB\n"
            "raft.wal_max_size_bytes = 8388608\n"
            "log.console = false\n"
        )
        self._surroundings = {
            **{name: value for name, value in os.environ.items() if "RABBITMQ" not in name},
            "HOME": str(folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(mapper),
            "RABBITMQ_NODENAME": f"tests-{nodes}@localhost",
            "RABBITMQ_DIST_PORT": str(nodes),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "logs"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} "
            "+S 1:1 +sbwt none",
        }

    def __enter__(self) -> RabbitMQ:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the node and wait until it takes connections."""
        self._process = subprocess.Popen(
            [self._program], env=self._surroundings, cwd=self._folder, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=(self._folder / "out").open("ab"),
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        end = time.monotonic() + _UP_S
        while True:
            try:
                socket.create_connection((self.host, 5672), 1).close()  # pika is loud where none is
                self.connection().close()
                return
            except (pika.exceptions.AMQPError, OSError):
                said = (self._folder / "out").read_text(errors="replace")[-2000:]
                assert self._process.poll() is None, f"RabbitMQ ended: {said}"
                assert time.monotonic() < end, f"RabbitMQ is not up: {said}"
                time.sleep(0.2)

    def connection(self) -> pika.BlockingConnection:
        """A connection of the test's own."""
        return pika.BlockingConnection(pika.URLParameters(self.url))

    def holds(self, queue: str) -> bool:
        """Whether there is a queue of this name."""
        connection = self.connection()
        try:
            connection.channel().queue_declare(queue, passive=True)
        except pika.exceptions.ChannelClosedByBroker:
            return False
        finally:
            connection.close()
        return True

    def control(self, *arguments: str) -> None:
        """What an operator does with `rabbitmqctl`."""
        subprocess.run(
            [SERVER.with_name("rabbitmqctl"), "-q", *arguments], env=self._surroundings, check=True
        )

    def kill(self) -> None:
        """The node dies without a word."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """The node dies without a word and comes back."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """End the node and its port mapper."""
        self._end(signal.SIGTERM)
        subprocess.run(["epmd", "-kill"], env=self._surroundings, capture_output=True, check=False)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, how)  # the shell, the node and its helpers
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(30)
            self._process = None


def _free_ports(number: int) -> list[int]:
    """Ports that nobody had a moment ago."""
    taken = [socket.socket() for _ in range(number)]
    for one in taken:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports
