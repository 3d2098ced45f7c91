"""Until idle: whoever waits for workers that do not come is told so."""

from __future__ import annotations

import threading

import pytest

from fdo.errors import Unavailable
from fdo.identifiers import Pid
from handlers.mas.absence import Absence
from handlers.mas.services import Service
from handlers.mas.transport import Job
from tests.handlers.mas.story import Queue, Repository, commenting


class Attended(Queue):
    """A queue that knows whether anybody takes from it."""

    def __init__(self) -> None:
        super().__init__()
        self.there = False

    def attended(self, topic: str) -> bool:
        return self.there


def test_until_idle_ends_with_a_word_where_nobody_works(repository: Repository) -> None:
    repository.queue = Attended()
    repository.service()
    repository.specimen(1)
    with pytest.raises(Unavailable, match=r"nobody works: reader \(1\).*mas work reader"):
        repository.dispatching().run_until_idle(threading.Event(), 0.0)
    assert repository.states_of_jobs() == {"queued": 1}  # nothing is lost, no attempt is spent


def test_until_idle_waits_for_those_who_are_at_work(repository: Repository) -> None:
    queue = Attended()
    queue.there, repository.queue = True, queue
    repository.service(answering=commenting)
    repository.specimen(1)
    dispatcher, stop = repository.dispatching(), threading.Event()
    waiting = threading.Thread(target=dispatcher.run_until_idle, args=(stop, 0.0))
    waiting.start()
    waiting.join(0.4)
    assert waiting.is_alive()
    stop.set()
    waiting.join()


def test_absence_is_of_all_and_for_a_while() -> None:
    now, queues = [0.0], {name: Attended() for name in ("reader", "namer")}
    services = [
        Service(Pid("20.5000.5072", f"AAA-AAA-{number}AA"), 1, name, name)
        for number, name in enumerate(queues)
    ]
    for name, queue in queues.items():
        queue.send([Job(f"20.5000.5072/JJJ-JJJ-{name}", "", name, "", 1, 1, 1.0, b"")])
    absence = Absence(10.0, clock=lambda: now[0])

    def left(at: float, *names: str) -> bool:
        now[0] = at
        return absence.of_all([(one, queues[one.name]) for one in services if one.name in names])

    assert not left(0, "reader", "namer")
    queues["namer"].there = True
    assert not left(9, "reader", "namer")  # one of them moves
    assert left(11, "reader")
    queues["namer"].there = False
    assert not left(12, "reader", "namer")  # it left a moment ago
    assert left(22, "reader", "namer")
    assert not left(33)  # nothing is under way
