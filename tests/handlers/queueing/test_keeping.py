"""Workers that a server keeps: begun when wanted, begun again when they die, ended with it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from handlers.queueing import keeping
from handlers.queueing.child import Child
from handlers.queueing.keeping import Keeper, Kept, kept
from tests.handlers.queueing.story import until

RUNS = "import sys, time; print('ready', flush=True); time.sleep(60)"
REFUSES = "import sys; sys.exit('no checklist here')"  # exit code 1
CRASHES = "import os; os.abort()"
TELLS = """
import os, pathlib, resource
print(os.environ.get("TOLD"), os.environ.get("KEPT_SECRET"))
print(resource.getrlimit(resource.RLIMIT_CORE), oct(os.umask(0)))
status = pathlib.Path("/proc/self/status")
print(status.exists() and [one for one in status.read_text().split("\\n") if "NoNewPrivs" in one])
"""


@dataclass
class Server:
    """What a server tells its keeper, and hears from it."""

    data: Path
    wanted: dict[str, str] = field(default_factory=dict)
    does: dict[str, str] = field(default_factory=dict)
    heard: list[tuple[str, str]] = field(default_factory=list)

    def keeper(self) -> Keeper:
        return Keeper(
            self.data,
            lambda: dict(self.wanted),
            lambda name: [sys.executable, "-I", "-c", self.does[name]],
            lambda name, line: self.heard.append((name, line)),
            {**os.environ, "TOLD": "this"},
        )

    def one(self, name: str) -> Kept | None:
        return next((one for one in kept(self.data) if one.service == name), None)

    def is_(self, name: str, state: str) -> Kept:
        def seen() -> Kept | None:
            found = self.one(name)
            return found if found is not None and found.state == state else None

        return until(seen)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(keeping, "LOOK_S", 0.02)
    made = Server(tmp_path)
    keeper = made.keeper()
    yield made
    keeper.stop()
    assert kept(tmp_path) == []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_that_is_killed_is_begun_again(server: Server) -> None:
    server.does["reader"], server.wanted["reader"] = RUNS, ""
    first = server.is_("reader", "running").pid
    assert first is not None
    until(lambda: ("reader", "ready") in server.heard)
    os.kill(first, signal.SIGKILL)
    again = until(lambda: (one := server.one("reader")) and one.restarts == 1 and one)
    assert again.pid != first and again.state == "running"


def test_a_worker_is_told_and_may_what_it_is_given_and_nothing_else(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEPT_SECRET", "x")  # by the server, after it said what workers get
    server.does["reader"], server.wanted["reader"] = TELLS, ""
    until(lambda: ("reader", "this None") in server.heard)
    until(lambda: ("reader", "(0, 0) 0o77") in server.heard)
    if sys.platform == "linux":
        until(lambda: ("reader", "['NoNewPrivs:\\t1']") in server.heard)


def test_one_that_crashes_waits_longer_each_time(server: Server) -> None:
    server.does["reader"], server.wanted["reader"] = CRASHES, ""
    told = server.is_("reader", "restarting")
    assert told.said == "It ended with code -6."
    until(lambda: (one := server.one("reader")) and one.restarts >= 2)


def test_one_that_refuses_says_why_and_is_asked_again_later(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "REFUSED_S", 0.3)
    server.does["names"], server.wanted["names"] = REFUSES, ""
    assert server.is_("names", "refused").said == "no checklist here"
    until(lambda: server.heard.count(("names", "no checklist here")) >= 2)


def test_one_has_ended_when_its_last_words_are_heard() -> None:
    heard = list[str]()

    def hear(line: str) -> None:
        time.sleep(0.3)
        heard.append(line)

    child = Child([sys.executable, "-I", "-c", REFUSES], dict(os.environ), hear=hear)
    assert until(child.ended) == 1
    assert heard == ["no checklist here"]


def test_what_cannot_begin_waits_and_what_is_not_wanted_any_more_ends(server: Server) -> None:
    server.does["reader"], server.wanted["reader"] = RUNS, "It is not registered."
    assert server.is_("reader", "waiting").said == "It is not registered."
    server.wanted["reader"] = ""
    pid = server.is_("reader", "running").pid
    assert pid is not None
    server.wanted.clear()
    until(lambda: server.one("reader") is None)
    assert not alive(pid)


def test_one_server_keeps_them_and_the_next_takes_over(server: Server, tmp_path: Path) -> None:
    server.does["reader"], server.wanted["reader"] = RUNS, ""
    first = server.is_("reader", "running").pid
    other = Server(tmp_path, server.wanted, server.does)
    second = other.keeper()
    until(lambda: ("reader", "ready") in server.heard)
    second.stop()  # it never had its turn
    assert other.heard == [] and server.is_("reader", "running").pid == first
