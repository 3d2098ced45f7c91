"""The workers that a server keeps beside it: one process for each service, while it is wanted.

    data/workers.json   how each stands, for those who ask from another process
    data/workers.lock   held by the server that keeps them

One that dies is started again, more slowly each time in a row. One that says that it cannot work is
asked again after a while: what it lacks may have been installed. All of them end with the server.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import orjson

from fdo.errors import CollectomeError
from handlers.mas.alone import alone, is_held
from handlers.queueing.child import REFUSALS, Child

FILE, LOCK = "workers.json", "workers.lock"
LOOK_S = 0.5
REFUSED_S = 60.0
"""After which a worker that refused is asked again."""
LONGEST = 500
State = Literal["waiting", "running", "restarting", "refused"]


@dataclass(frozen=True, slots=True)
class Kept:
    """How one worker stands."""

    service: str
    state: State
    """waiting: it cannot begin yet; refused: it said that it cannot work here."""
    pid: int | None = None
    since: float = 0.0
    """Seconds since 1970; when it came into this state."""
    restarts: int = 0
    said: str = ""
    """Why it does not run, or the last that it said before it ended."""


def kept(data: Path) -> list[Kept]:
    """The workers that a server keeps for this folder now; none where no server does."""
    if not is_held(data / LOCK):
        return []
    try:
        return [Kept(**one) for one in orjson.loads((data / FILE).read_bytes())]
    except (OSError, ValueError, TypeError):  # it is being begun, or of another release
        return []


class Keeper:
    """Keeps the processes that are wanted."""

    def __init__(
        self,
        data: Path,
        wanted: Callable[[], Mapping[str, str]],
        command: Callable[[str], Sequence[str]],
        hear: Callable[[str, str], None],
        environment: Mapping[str, str],
    ) -> None:
        """`wanted` names services, each with why it cannot work now (empty: it can); `command`
        works for one, in this `environment`; `hear` is told what a worker prints."""
        self._data, self._wanted, self._command, self._hear = data, wanted, command, hear
        self._environment = environment
        self._children: dict[str, Child] = {}
        self._states: dict[str, Kept] = {}
        self._told: list[Kept] = []
        self._last: dict[str, str] = {}
        self._stopping = threading.Event()
        # they are started by this thread, which lasts as long as they may
        self._thread = threading.Thread(target=self._run, name="workers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let all finish what they have in hand, and end."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        with alone(self._data / LOCK, self._stopping, wait=True) as held:
            if not held:
                return  # another server keeps them, and this one ends before it had its turn
            (self._data / FILE).unlink(missing_ok=True)  # of a server that was killed
            while not self._stopping.wait(LOOK_S):
                try:
                    self._look()
                except CollectomeError as error:
                    logging.getLogger("collectome").warning("workers: %s", error.message)
                    self._stopping.wait(REFUSED_S)
                except Exception:
                    logging.getLogger("collectome").exception("workers: they cannot be kept")
                    self._stopping.wait(REFUSED_S)
            for child in self._children.values():
                child.end()
            for child in self._children.values():
                child.wait()
            (self._data / FILE).unlink(missing_ok=True)

    def _look(self) -> None:
        wanted = self._wanted()
        for name in set(self._children) - {name for name, lacks in wanted.items() if not lacks}:
            child = self._children.pop(name)
            child.end()
            child.wait()
        self._states = {
            name: self._waits(name, lacks) if lacks else self._works(name)
            for name, lacks in wanted.items()
        }
        self._tell()

    def _waits(self, name: str, lacks: str) -> Kept:
        return self._state(name, "waiting", said=lacks)

    def _works(self, name: str) -> Kept:
        if name not in self._children:
            self._last.pop(name, None)
            self._children[name] = Child(
                self._command(name),
                self._environment,
                hear=lambda line: self._said(name, line),
            )
            return self._state(name, "running", self._children[name].pid)
        child, before = self._children[name], self._states[name]
        code = child.ended()
        if code is None:
            return self._state(name, "running", child.pid, before.restarts)
        refused = code in REFUSALS
        if child.again(REFUSED_S if refused else None):
            return self._state(name, "running", child.pid, before.restarts + 1)
        said = self._last.get(name) or f"It ended with code {code}."
        return self._state(
            name, "refused" if refused else "restarting", None, before.restarts, said
        )

    def _state(
        self, name: str, state: State, pid: int | None = None, restarts: int = 0, said: str = ""
    ) -> Kept:
        now = Kept(name, state, pid, 0.0, restarts, said[:LONGEST])
        before = self._states.get(name)
        same = before is not None and replace(before, since=0.0, said=now.said) == now
        return replace(now, since=before.since if before and same else time.time())

    def _said(self, name: str, line: str) -> None:
        self._last[name] = line
        self._hear(name, line)

    def _tell(self) -> None:
        now = [self._states[name] for name in sorted(self._states)]
        if now != self._told:
            beside = self._data / f"{FILE}.new"
            beside.write_bytes(orjson.dumps([asdict(one) for one in now]))
            beside.replace(self._data / FILE)
            self._told = now
