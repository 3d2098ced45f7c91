"""Several processes of one worker, kept alive: one that dies is started again.

A job may kill the process that works on it (a model out of memory, a library that crashes). Whoever
watches must not be that process. A worker that says of itself that it cannot work is not started
again: it would say so for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from handlers.queueing.child import REFUSALS, Child

_POLL_S = 0.1


class Replicas:
    """Runs a command so many times at once until told to stop."""

    def __init__(self, command: Sequence[str], number: int, environment: Mapping[str, str]) -> None:
        self._command, self._number = list(command), number
        self._environment = environment
        self._stopping = threading.Event()
        self.restarts = 0

    def stop(self) -> None:
        """Let all finish what they have in hand, and end."""
        self._stopping.set()

    def run(self) -> int:
        """0 when all ended well or were told to; else the code of one that refused to work."""
        running = [Child(self._command, self._environment) for _ in range(self._number)]
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
