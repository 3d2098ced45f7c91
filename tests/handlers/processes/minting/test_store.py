"""A million DOIs that wait are only a number: each question of the loop is a look-up."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.processes.minting.store import FILE, SOONEST, Outbox, Row, brought
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
