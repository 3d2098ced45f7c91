"""A million DOIs that wait are only a number: each question of the loop is a look-up."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from handlers.processes.minting.store import FILE, SOONEST, Counts, Outbox, Row, brought
from handlers.processes.minting.wanted import Wanted


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    made = Outbox(tmp_path)
    yield made
    made.close()


def wanted(state: str = "findable", digest: str = "a", number: int = 0) -> Wanted:
    return Wanted("10.5072/A", number, state, digest, 7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda box: box.due(5.0, 10), "dois_due"),
        (lambda box: box.next_due(), "dois_due"),
        (lambda box: box.unconfirmed(10), "dois_unconfirmed"),
        (lambda box: box.dead("", 10, drafts=True), "dois_dead"),
        (lambda box: box.of_objects(["10.5072/A"]), "dois_of_object"),
    ],
    ids=["due", "next due", "unconfirmed", "dead", "of objects"],
)
def test_questions_of_the_loop_go_by_an_index(outbox: Outbox, ask: object, index: str) -> None:
    asked: list[str] = []
    outbox.connection.set_trace_callback(asked.append)
    ask(outbox)  # type: ignore[operator]
    outbox.connection.set_trace_callback(None)
    plan = [
        str(row["detail"]) for row in outbox.connection.execute(f"EXPLAIN QUERY PLAN {asked[0]}")
    ]
    assert index in plan[0] and not any("TEMP B-TREE" in line for line in plan), plan


def test_the_outbox_is_for_its_owner_only(outbox: Outbox, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_look_into_the_outbox_waits_for_nobody(outbox: Outbox, tmp_path: Path) -> None:
    with outbox.writing():
        other = Outbox(tmp_path)
        assert other.counts().pending == 0 and other.position() == 0
        other.close()


def test_what_is_as_it_should_be_is_not_due() -> None:
    row = Row("10.5072/A", "10.5072/A", 0, wanted="findable", wanted_hash="a", sent="findable",
              sent_hash="a", confirmed="findable")  # fmt: skip
    assert brought(row, wanted(), 9.0).due is None
    assert brought(row, wanted(digest="b"), 9.0).due == 9.0
    assert brought(row, wanted(digest="a"), 10.0).due is None
    assert brought(row, wanted("registered"), 11.0).due == 11.0


def test_a_version_is_due_before_all_others() -> None:
    assert brought(Row("10.5072/A/1", "10.5072/A", 1), wanted(number=1), 9.0).due == SOONEST


def test_what_waits_for_another_try_is_not_hurried_by_an_equal_wish() -> None:
    row = brought(Row("10.5072/A", "10.5072/A", 0), wanted(), 9.0)
    row.due, row.attempts, row.error = 500.0, 3, "answered 500"
    assert brought(row, wanted(), 10.0).due == 500.0
    assert (brought(row, wanted(digest="b"), 11.0).due, row.attempts, row.error) == (11.0, 0, "")


def test_what_was_wanted_otherwise_meanwhile_stays_due(outbox: Outbox) -> None:
    row = brought(Row("10.5072/A", "10.5072/A", 0), wanted(digest="new"), 9.0)
    with outbox.writing():
        outbox.put([row])
    outbox.settle([("10.5072/A", "findable", "old")], 10.0)
    assert [one.doi for one in outbox.due(10.0, 5)] == ["10.5072/A"]
    outbox.settle([("10.5072/A", "findable", "new")], 11.0)
    assert outbox.next_due() is None and len(outbox.unconfirmed(5)) == 1


def test_another_form_reads_the_log_again(outbox: Outbox) -> None:
    outbox.begin("1 https://here.example")
    with outbox.writing():
        outbox.advance(42)
    outbox.begin("1 https://here.example")
    assert outbox.position() == 42
    outbox.begin("1 https://there.example")
    assert outbox.position() == 0


def counted(outbox: Outbox) -> Counts:
    """How many DOIs stand where, by reading them all."""
    rows = outbox._rows("", ())
    waiting = [row for row in rows if row.due is not None and not row.dead]
    return Counts(
        dict(Counter(row.sent or "none" for row in rows)),
        len(waiting),
        sum(row.attempts > 0 for row in waiting),
        sum(row.sent == row.wanted and row.sent != row.confirmed for row in rows),
        sum(row.dead for row in rows),
    )


def test_counts_kept_as_rows_change_are_those_of_the_rows(outbox: Outbox) -> None:
    chance, dois = Random(7), [f"10.5072/{number}" for number in range(12)]
    steps: list[Callable[[str], object]] = [
        lambda doi: outbox.put(
            [brought(outbox.get(doi) or Row(doi, doi, 0), wanted(digest=chance.choice("ab")), 9.0)]
        ),
        lambda doi: outbox.settle([(doi, chance.choice(("draft", "findable")), "a")], 10.0),
        lambda doi: outbox.failed(doi, "answered 500", 20.0),
        lambda doi: outbox.bury(doi, "answered 422"),
        lambda doi: outbox.retry(30.0, [doi]),
        lambda doi: outbox.confirm([(doi, "findable")]),
    ]
    seen = set[str]()
    for _ in range(400):
        chance.choice(steps)(chance.choice(dois))
        now = outbox.counts()
        assert now == counted(outbox)
        seen |= {
            name for name in ("pending", "failing", "unconfirmed", "dead") if getattr(now, name)
        }
    assert seen == {"pending", "failing", "unconfirmed", "dead"}


def test_an_outbox_of_an_earlier_form_is_counted_when_it_is_opened(
    outbox: Outbox, tmp_path: Path
) -> None:
    outbox.connection.executescript(
        "DROP TRIGGER doi_comes; DROP TRIGGER doi_changes; DROP TABLE tallies; "
        "CREATE INDEX dois_state ON dois (sent); PRAGMA user_version=1;"
    )
    outbox.put(brought(Row(f"10.5072/{n}", f"10.5072/{n}", 0), wanted(), 9.0) for n in range(3))
    with closing(Outbox(tmp_path)) as opened:
        assert opened.counts() == Counts({"none": 3}, 3, 0, 0, 0)
        opened.bury("10.5072/1", "answered 422")
        assert opened.counts() == counted(opened) == Counts({"none": 3}, 2, 0, 0, 1)


def test_counts_are_read_without_the_rows(outbox: Outbox) -> None:
    asked: list[str] = []
    outbox.connection.set_trace_callback(asked.append)
    outbox.counts()
    outbox.connection.set_trace_callback(None)
    (statement,) = asked
    plan = [
        str(row["detail"]) for row in outbox.connection.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
    assert plan == ["SCAN tallies"]
