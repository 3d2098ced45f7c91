"""A process that is kept: on a leash, and begun again when it dies, more slowly each time in a row.

A worker that says of itself that it cannot work (exit codes 1 and 2) would say so again at once;
what is done about that is for whoever keeps it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from handlers.queueing.broker import LEASH

REFUSALS = (1, 2)
FIRST_S, MOST_S, STEADY_S = 0.2, 15.0, 30.0
"""It is started again after so long, longer each time in a row, until one lasts."""
_END_S = 30.0

Hear = Callable[[str], None]


class Child:
    """One process and those that follow it. Whatever thread starts it has to outlive it, since
    the leash is tied to that thread."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], *, hear: Hear | None = None
    ) -> None:
        """`environment`: all that it is told so; `hear` is told each line that it prints."""
        leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid())]
        self._command, self._hear = [*leash, *command], hear
        self._environment = dict(environment)
        self._wait, self._due = FIRST_S, 0.0
        self._hearing: threading.Thread | None = None
        self._process = self._begun()

    @property
    def pid(self) -> int:
        """Of the process that runs now, or ran last."""
        return self._process.pid

    def ended(self) -> int | None:
        """Its exit code, once it has one and what it printed is heard."""
        code = self._process.poll()
        if code is not None:
            self._heard()
        return code

    def again(self, pause_s: float | None = None) -> bool:
        """Start it anew when its time has come, after `pause_s` where that is said; whether that
        was now."""
        now = time.monotonic()
        if not self._due:
            lasted = now - self._started > STEADY_S
            self._wait = FIRST_S if lasted else min(self._wait * 2, MOST_S)
            self._due = now + (self._wait if pause_s is None else pause_s)
        if now < self._due:
            return False
        self._due = 0.0
        self._heard()
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
        self._heard()

    def _heard(self) -> None:
        if self._hearing is not None:
            self._hearing.join(1.0)  # a grandchild may hold the pipe for longer than its parent
            self._hearing = None

    def _begun(self) -> subprocess.Popen[bytes]:
        self._started = time.monotonic()
        pipe = subprocess.PIPE if self._hear else None
        process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=subprocess.STDOUT if self._hear else None,
        )
        if self._hear:
            self._hearing = threading.Thread(target=self._listen, args=(process,), daemon=True)
            self._hearing.start()
        return process

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None and self._hear is not None
        with process.stdout as lines:
            for line in lines:
                if said := line.decode(errors="replace").rstrip():
                    self._hear(said)
