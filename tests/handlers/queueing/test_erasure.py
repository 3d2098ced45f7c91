"""What is erased from the log does not live on in the queue."""

from __future__ import annotations

import time
from pathlib import Path

from handlers.curation import Curation
from handlers.mas.dispatch import Dispatcher
from handlers.queueing.connection import Access
from handlers.queueing.transport import NatsTransport
from tests.handlers.mas.story import BY, Repository
from tests.handlers.queueing.story import held, until

SECRET = b"Abies secreta"


def test_an_erasure_empties_the_queue_and_that_of_a_service_is_taken_down(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    service = repository.service("ignota")
    erased = repository.specimen(1, SECRET.decode())
    for number in range(2, 6):
        repository.specimen(number)
    queue = NatsTransport.over(Access(tmp_path), repository.results)
    dispatcher = Dispatcher(
        repository.plan, repository.objects, lambda *_: queue, clock=lambda: repository.now
    )
    try:
        while dispatcher.round():
            pass
        assert queue.waiting("ignota") == 5 and held(tmp_path, SECRET)
        curation = Curation(repository.objects, BY)
        curation.erase(curation.erasable(erased), "Asked for.")
        end = time.monotonic() + 10
        while dispatcher.round() or queue.waiting("ignota") != 4:
            assert time.monotonic() < end
        until(lambda: not held(tmp_path, SECRET))
        (counts,) = repository.store.counts().values()
        assert (counts["queued"], counts["dead"]) == (4, 1)
        assert {row.attempt for row in repository.store.page(state="queued")} == {1}
        assert held(tmp_path, b"ignota")
        curation.erase(curation.erasable(service), "Asked for.")
        while dispatcher.round():
            pass
        until(lambda: not held(tmp_path, b"ignota"))
        assert not [*tmp_path.rglob("*ignota*")]
    finally:
        dispatcher.close()
        repository.close()
