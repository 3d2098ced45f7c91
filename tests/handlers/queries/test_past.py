"""Look-ups on copies of other states: opened beside, answered in place, let go in time."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from handlers.queries.answer import Copy, Question
from handlers.queries.checkpoint import OtherCopies
from handlers.queries.formats import RESULTS
from handlers.queries.frames import EVERY_GRAPH, THE_STORE
from handlers.queries.memo import Kept
from handlers.queries.past import PastLookUps
from tests.handlers.queries.publisher import Publisher, people

NAME = "SELECT ?name { <http://example.org/person/7> <http://xmlns.com/foaf/0.1/name> ?name }"


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    publisher = Publisher(tmp_path).load(people(10))
    publisher.publish()
    return Copy(publisher.folder / "checkpoints" / "000001", 5, "then")


@pytest.fixture
def look_ups() -> Iterator[PastLookUps]:
    made = PastLookUps()
    yield made
    made.close()


def answered(look_ups: PastLookUps, copy: Copy) -> Kept:
    """The answer as soon as the copy is open."""
    for _ in range(500):
        kept = look_ups.answer(Question(NAME), copy)
        if kept is not None:
            return kept
        time.sleep(0.01)
    pytest.fail("the copy was never opened")


def test_the_first_question_opens_the_copy_and_later_ones_are_answered(
    look_ups: PastLookUps, copy: Copy
) -> None:
    assert look_ups.answer(Question(NAME), copy) is None
    kept = answered(look_ups, copy)
    assert (kept.position, kept.recorded_at) == (5, "then")
    (row,) = orjson.loads(kept.body)["results"]["bindings"]
    assert row["name"]["value"] == "Person 7"


@pytest.mark.parametrize(
    "question",
    [
        Question("SELECT * { ?s ?p ?o }"),
        Question(NAME, RESULTS[1]),
        Question(NAME, named_graphs=("urn:g",)),
        Question(NAME, default_graphs=("urn:g",)),
        Question(NAME, tables=((0, " "),)),
        Question(NAME, rows=10),
    ],
    ids=["no look-up", "XML", "named graphs only", "another graph", "tables", "a preview"],
)
def test_all_else_is_left_to_the_workers(
    look_ups: PastLookUps, copy: Copy, question: Question
) -> None:
    answered(look_ups, copy)
    assert look_ups.answer(question, copy) is None


def test_the_whole_store_may_be_named(look_ups: PastLookUps, copy: Copy) -> None:
    answered(look_ups, copy)
    whole = Question(NAME, default_graphs=(THE_STORE,), named_graphs=(EVERY_GRAPH,))
    assert look_ups.answer(whole, copy) is not None


def test_a_copy_that_is_made_anew_in_its_place_is_opened_anew(copy: Copy, tmp_path: Path) -> None:
    copies = OtherCopies()
    first = copies.take(str(copy.path))
    assert copies.take(str(copy.path)) is first
    shutil.rmtree(copy.path)
    assert copies.here(str(copy.path)) is None
    other = Publisher(tmp_path / "other").load(people(3))
    other.publish()
    (other.folder / "checkpoints" / "000001").rename(copy.path)
    assert len(copies.take(str(copy.path)).store) == 9


def test_only_the_last_few_stay_open(tmp_path: Path) -> None:
    copies = OtherCopies(most=2)
    publisher = Publisher(tmp_path)
    paths = []
    for first in range(3):
        publisher.load(people(1, first)).publish()
        paths.append(str(publisher.folder / "checkpoints" / f"{publisher.position:06}"))
        copies.take(paths[-1])
    assert [copies.here(path) is not None for path in paths] == [False, True, True]
    shutil.rmtree(paths[1])
    copies.let_go()
    assert list(copies._open) == [paths[2]]
