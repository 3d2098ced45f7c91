"""The web process's end of one worker process: start it, ask it, pass its answer on, kill it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final, Protocol

import orjson

from handlers.queries import frames
from handlers.queries.errors import StopReason
from handlers.queries.exchange import Exchange

_ROOT: Final = Path(__file__).resolve().parents[2]
_MIB: Final = 1 << 20
_PAGE: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_SURROUNDINGS: Final = {
    "PYTHONPATH": os.fspath(_ROOT),
    "PYTHONPYCACHEPREFIX": sys.pycache_prefix or "",  # nothing is written beside the sources
}
"""All of our environment that a worker is given."""


class Owner(Protocol):
    """Who keeps the links: it is told when one is free and when one is gone."""

    def is_free(self, link: Link) -> None:
        """The worker started, or has ended an answer."""

    def is_gone(self, link: Link) -> None:
        """The process ended."""


class Link(asyncio.Protocol):
    """One worker: it is starting, free, at one query (`exchange`), or gone."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._reader = frames.Reader()
        self._transport: asyncio.Transport | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.exchange: Exchange | None = None
        self.started = False
        self.gone = False

    async def start(self, folder: Path, memory_mib: int) -> None:
        """Start the process. Call it on the thread that lives as long as the pool does.

        The system ties the worker's life to the thread that starts it (PR_SET_PDEATHSIG).
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            fd = theirs.fileno()
            arguments = (str(fd), os.fspath(folder), str(memory_mib), str(os.getpid()))
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "handlers.queries.worker", *arguments],
                pass_fds=[fd],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=_SURROUNDINGS,
            )
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: self, sock=ours)

    def ask(self, question: bytes, exchange: Exchange) -> None:
        """Send a query; its answer arrives in the exchange."""
        assert self._transport is not None
        self.exchange = exchange
        self._transport.write(frames.frame(frames.QUERY, question))

    def kill(self, reason: StopReason) -> None:
        """End the process now; whoever waits for its answer learns the reason."""
        if self.exchange is not None and not self.exchange.finished:
            self.exchange.stopped = reason
            self.exchange.wake()
        if self._process is not None and not self.gone:
            self._process.kill()
        if self._transport is not None:
            self._transport.abort()

    def reaped(self) -> bool:
        """Whether the system has let the ended process go; ask again until it has."""
        return self._process is None or self._process.poll() is not None

    def resident_mib(self) -> float:
        """Memory the process holds now; 0 where the system does not tell."""
        if self._process is None or sys.platform != "linux":
            return 0.0
        with contextlib.suppress(OSError, ValueError, IndexError):
            statm = Path(f"/proc/{self._process.pid}/statm").read_bytes()
            return int(statm.split()[1]) * _PAGE / _MIB
        return 0.0

    @property
    def pid(self) -> int:
        """The process id, 0 before it was started."""
        return self._process.pid if self._process else 0

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = transport  # type: ignore[assignment] # a socket's transport is one

    def data_received(self, data: bytes) -> None:
        """Pass on what the worker sent."""
        exchange = self.exchange
        for kind, body in self._reader.feed(data):
            if kind == frames.READY:
                self.started = True
                self._owner.is_free(self)
            elif exchange is None:
                continue
            elif kind == frames.CHUNK:
                exchange.put(body)
            elif kind == frames.HEAD:
                exchange.head = orjson.loads(body)
            else:
                if kind == frames.END:
                    exchange.complete = True
                else:
                    exchange.error = orjson.loads(body)
                self.exchange = None
                self._owner.is_free(self)
        if exchange is not None:
            assert self._transport is not None
            exchange.pause_if_full(self._transport.pause_reading, self._resume)
            exchange.wake()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The worker ended, by itself or because it was killed."""
        self.gone = True
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
        exchange, self.exchange = self.exchange, None
        if exchange is not None and not exchange.finished:
            exchange.stopped = "crash"
            exchange.wake()
        self._owner.is_gone(self)

    def _resume(self) -> None:
        if self._transport is not None and not self.gone:
            self._transport.resume_reading()
