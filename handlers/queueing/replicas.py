"""Several processes of one worker, kept alive: one that dies is started again.

A job may kill the process that works on it (a model out of memory, a library that crashes). Whoever
watches must not be that process. A worker that says of itself that it cannot work (exit codes 1
and 2) is not started again: it would say so for ever.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from handlers.queueing.broker import LEASH

REFUSALS = (1, 2)
FIRST_S, MOST_S, STEADY_S = 0.2, 15.0, 30.0
"""A worker is started again after so long, longer each time in a row, until one lasts."""
_END_S = 30.0
_POLL_S = 0.1


class Replicas:
    """Runs a command so many times at once until told to stop."""

    def __init__(self, command: Sequence[str], number: int) -> None:
        self._command, self._number = list(command), number
        self._stopping = threading.Event()
        self.restarts = 0

    def stop(self) -> None:
        """Let all finish what they have in hand, and end."""
        self._stopping.set()

    def run(self) -> int:
        """0 when all ended well or were told to; else the code of one that refused to work."""
        running = [_Replica(self._command) for _ in range(self._number)]
        code = 0
        try:
            while running and not code and not self._stopping.wait(_POLL_S):
                for one in list(running):
                    ended = one.ended()
                    if ended == 0:
                        running.remove(one)
                    elif ended in REFUSALS:
                        code = ended
                    elif ended is not None:
                        self.restarts += one.again()
        finally:
            for one in running:
                one.end()
            for one in running:
                one.wait()
        return code


class _Replica:
    def __init__(self, command: Sequence[str]) -> None:
        leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid())]
        self._command, self._wait, self._due = [*leash, *command], FIRST_S, 0.0
        self._process = self._begun()

    def ended(self) -> int | None:
        """Its exit code, once it has one."""
        return self._process.poll()

    def again(self) -> bool:
        """Start it anew when its time has come; whether that was now."""
        now = time.monotonic()
        if not self._due:
            lasted = now - self._started > STEADY_S
            self._wait = FIRST_S if lasted else min(self._wait * 2, MOST_S)
            self._due = now + self._wait
        if now < self._due:
            return False
        self._due = 0.0
        self._process = self._begun()
        return True

    def end(self) -> None:
        """Ask it to end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        """Until it has ended, by force at last."""
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _begun(self) -> subprocess.Popen[bytes]:
        self._started = time.monotonic()
        return subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
