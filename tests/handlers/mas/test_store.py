"""Jobs as rows: counted as they change."""

from __future__ import annotations

from collections import Counter

from handlers.mas.results import Result
from handlers.mas.store import Store
from tests.handlers.mas.story import Repository, commenting


def by_hand(store: Store) -> dict[tuple[str, str], int]:
    return dict(Counter((row.service, row.state) for row in store.page(limit=1_000)))


def told(store: Store) -> dict[tuple[str, str], int]:
    return {
        (service, state): number
        for service, states in store.counts().items()
        for state, number in states.items()
        if number
    }


def test_the_counts_are_those_of_the_rows(repository: Repository) -> None:
    repository.service(answering=commenting)
    repository.service("waiter")
    for number in range(5):
        repository.specimen(number)
    assert told(repository.store) == by_hand(repository.store) == {}
    repository.settle()
    row = next(row for row in repository.store.page() if row.state == "queued")
    repository.results.take([Result(row.id, error="no model", final=True)])
    said = told(repository.store)
    assert said == by_hand(repository.store)
    assert sorted(said.values()) == [1, 4, 5]
    repository.store.requeue(row.service, 0.0)
    assert told(repository.store) == by_hand(repository.store)
    assert repository.store.in_flight(row.service) == 0


def test_a_file_of_an_older_release_is_counted_once(repository: Repository) -> None:
    repository.service(answering=commenting)
    for number in range(3):
        repository.specimen(number)
    repository.settle()
    run = repository.store.connection
    for statement in ("TRIGGER tallied_first", "TRIGGER tallied_again", "TABLE tallies"):
        run.execute(f"DROP {statement}")
    run.execute("PRAGMA user_version=1")
    store = Store(repository.folder)
    assert told(store) == by_hand(store) and sum(told(store).values()) == 3
    store.close()
