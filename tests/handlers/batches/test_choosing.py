"""One annotation for many objects, and tables of corrections: chosen, previewed, numbered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from fdo.annotation.paths import text
from fdo.errors import InvalidDocument, NotFound
from fdo.identifiers import Pid
from handlers.batches import previewing
from handlers.batches.choosing import Chosen, lines_of, of_objects, of_table
from handlers.batches.naming import Numbers, path_of
from handlers.batches.previewing import Previews
from handlers.batches.recording import Speaker
from handlers.batches.selecting import answered
from tests.api.documents import SOURCE
from tests.handlers.batches.posts import CURATOR, LOCALITY, ROBOT, House, robot

EDIT = {
    "oa:motivation": "oa:editing",
    "oa:hasTarget": {"oa:hasSelector": {"@type": "ods:TermSelector", "ods:term": LOCALITY}},
    "oa:hasBody": {"@type": "oa:TextualBody", "oa:value": ["Laelatu"]},
}
REMARK = {"type": "Annotation", "motivation": "commenting", "bodyValue": "Seen."}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.objects.close()


def table(house: House, rows: str) -> list[Chosen]:
    return list(of_table(rows, Numbers(house.log, SOURCE), house.log))


def why(one: Chosen) -> str:
    assert one.annotation is None
    return one.why[0][1]


# ── names ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("term", "path"),
    [
        ("locality", LOCALITY),
        ("dwc:Locality", LOCALITY),
        ("http://rs.tdwg.org/dwc/terms/locality", LOCALITY),
        (LOCALITY.removeprefix("$"), LOCALITY),
        ("dwc:verbatimLabel", "$['dwc:verbatimLabel']"),
        (
            "scientificName",
            "$['ods:hasIdentifications'][0]['ods:hasTaxonIdentifications'][0]"
            "['dwc:scientificName']",
        ),
    ],
)
def test_a_term_is_a_path_or_a_name_of_darwin_core(term: str, path: str):
    assert text(path_of(term)) == path


@pytest.mark.parametrize("term", ["", "catalogNumber", "dwc:recordedBy", "colour", "$['a'"])
def test_a_term_without_one_place_is_refused(term: str):
    with pytest.raises(InvalidDocument):
        path_of(term)


def test_an_object_is_named_by_pid_or_by_the_number_in_its_source(house: House):
    numbers = Numbers(house.log, SOURCE)
    assert numbers.find(str(house.oak).lower()) == numbers.find(house.oak.iri) == house.oak
    assert numbers.find("DH-2") == house.elm
    with pytest.raises(InvalidDocument, match="DH-2"):
        Numbers(house.log).find("DH-2")


def test_a_number_that_several_bear_is_refused(house: House):
    both = Numbers(house.log, None, lambda _: (str(house.oak), str(house.elm)))
    with pytest.raises(InvalidDocument, match="2 specimens"):
        both.find("1")
    assert Numbers(house.log, None, lambda _: (str(house.oak),)).find("1") == house.oak


# ── choices ──────────────────────────────────────────────────────────────────────────────


def test_a_template_is_said_of_each_object_once_in_either_form(house: House):
    pids = [str(house.oak), str(house.elm), str(house.oak)]
    edits = [one.annotation for one in of_objects(pids, EDIT)]
    assert [edit["oa:hasTarget"]["@id"] for edit in edits if edit] == [
        house.oak.iri, house.elm.iri,
    ]  # fmt: skip
    (remark,) = of_objects(pids[:1], REMARK)
    assert remark.annotation is not None
    assert remark.annotation["target"] == {"source": house.oak.iri}


@pytest.mark.parametrize(
    "template",
    [{"target": "https://a.example"}, {"target": {"id": "x"}}, {"oa:hasTarget": {"@id": "x"}}],
)
def test_a_template_that_names_an_object_is_refused(template: dict[str, Any]):
    with pytest.raises(InvalidDocument):
        list(of_objects([], template))


def test_rows_of_a_table_become_proposals(house: House):
    edit, added, gone, remark = table(
        house,
        "catalogNumber,term,value,motivation,comment,references\n"
        "DH-1,locality,Laelatu,,A typing error,https://a.example/map\n"
        'DH-1,habitat,"wood, wet",,,\n'
        "DH-2,country,,deleting,,\n"
        "DH-2,country,,commenting,Which one?,\n",
    )
    assert edit.annotation == {
        "oa:motivation": "oa:editing",
        "oa:hasTarget": {
            "@id": house.oak.iri,
            "oa:hasSelector": {"@type": "ods:TermSelector", "ods:term": LOCALITY},
        },
        "oa:hasBody": {
            "@type": "oa:TextualBody",
            "oa:value": ["Laelatu"],
            "dcterms:references": "https://a.example/map",
        },
        "oa:motivatedBy": "A typing error",
    }
    assert added.annotation is not None and gone.annotation is not None
    assert added.annotation["oa:motivation"] == "ods:adding", "there is no habitat yet"
    assert (
        gone.annotation["oa:motivation"] == "ods:deleting" and "oa:hasBody" not in gone.annotation
    )
    assert remark.annotation is not None
    assert remark.annotation["oa:hasBody"]["oa:value"] == ["Which one?"]
    assert [one.line for one in (edit, added, gone, remark)] == [2, 3, 4, 5]


def test_rows_that_cannot_be_understood_say_why(house: House):
    rows = table(
        house,
        "pid,term,value\n"
        f"{house.oak},colour,red\n"
        "10.5072/AAA-AAA-AAA,country,Latvia\n"
        ",country,Latvia\n"
        f"{house.oak},country,Latvia,more\n"
        "\n"
        f"{house.oak},country,\n",
    )
    assert [one.line for one in rows] == [2, 3, 4, 5, 7]
    for one, said in zip(rows, ["colour", "10.5072", "names no object", "quote", "no value"],
                         strict=True):  # fmt: skip
        assert said in why(one)


@pytest.mark.parametrize(
    "rows", ["", "pid,value\n", "term,value\n", "pid,term,shade\n", "pid,term,term\n", "a\0b"]
)
def test_a_table_without_its_columns_is_refused(house: House, rows: str):
    with pytest.raises(InvalidDocument):
        table(house, rows)


def test_a_refused_row_is_an_empty_line_so_that_lines_are_rows():
    rows = [Chosen(2, "a", {"a": 1}), Chosen(3, "b", None), Chosen(6, "c", {"c": 1})]
    assert b"".join(lines_of(rows)).split(b"\n") == [
        b"", b'{"a":1}', b"", b"", b"", b'{"c":1}', b"",
    ]  # fmt: skip


def test_the_first_column_of_an_answer_names_the_objects(house: House):
    cell = {"type": "uri", "value": house.oak.iri}
    results = b'{"head":{"vars":["o"]},"results":{"bindings":[{"o":%s}]}}'
    assert list(answered(results % orjson.dumps(cell))) == [str(house.oak)]
    for wrong in (b'{"boolean":true}', results % b'{"value":"red"}'):
        with pytest.raises(InvalidDocument):
            list(answered(wrong))


# ── preview, run, undo ───────────────────────────────────────────────────────────────────


def test_a_preview_says_what_a_run_does_and_records_nothing(house: House):
    before = house.log.position()
    made = house.objects.reserve("specimen")
    chosen = list(of_objects([str(house.oak), str(made), str(house.elm)], EDIT))
    previews = Previews(house.desk, robot())
    batch = previews.make(chosen, {"pids": 3})
    preview = batch.about["preview"]
    assert house.log.position() == before
    assert preview["counts"] == {"created": 2, "refused": 1}
    assert preview["sample"][0] == {
        "name": str(house.oak), "line": 1, "motivation": "oa:editing", "pid": str(house.oak),
        "term": LOCALITY, "old": "Laelatu wooded meadow", "new": ["Laelatu"],
    }  # fmt: skip
    assert preview["errors"][0]["line"] == 2
    assert previews.ask_run(batch).state == previews.ask_run(batch).state == "waiting"
    done = house.desk.carry_on(batch, robot())
    assert (done.state, done.counts, done.total) == ("done", {"created": 2}, 2)
    lines = [one.line for one in house.desk.batches.outcomes(batch.id)]
    assert lines == [1, 3]


def test_a_preview_counts_what_two_rows_say_once(house: House):
    rows = "pid,term,value\n" + f"{house.oak},locality,Laelatu\n{house.oak},dwc:locality,Laelatu\n"
    batch = Previews(house.desk, robot()).make(table(house, rows), {})
    counts = {"created": 1, "duplicate": 1}
    assert batch.about["preview"]["counts"] == counts
    assert house.desk.carry_on(batch, robot()).counts == counts


def test_a_batch_is_carried_on_where_its_process_died(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    chosen = list(of_objects([str(house.oak), str(house.elm)], EDIT))
    batch = Previews(house.desk, robot()).make(chosen, {})

    class Died(BaseException):
        pass

    def dies(*_: Any) -> None:
        raise Died

    monkeypatch.setattr(house.desk.batches, "record", dies)
    with pytest.raises(Died):
        house.desk.carry_on(batch, robot())
    again = house.desk_anew()
    (waiting,) = again.batches.at_work()
    assert again.carry_on(waiting, robot()).counts == {"created": 2}
    assert len(list(house.annotations())) == 2


def test_undo_takes_back_what_stands_and_leaves_what_a_person_decided(house: House):
    batch = Previews(house.desk, robot()).make(
        of_objects([str(house.oak), str(house.elm)], EDIT), {}
    )
    batch = house.desk.carry_on(batch, robot())
    first, second = (one.pid for one in house.desk.batches.outcomes(batch.id))
    house.desk.annotations.accept(Pid.parse(str(first)), CURATOR)
    house.desk.annotations.reject(Pid.parse(str(second)), CURATOR, "No.")
    house.desk.undo(batch, robot(), "Wrong column.")
    assert house.desk.batches.undone(batch.id)[str(first)][0] == "left"
    house.desk.undo(batch, robot(decides=True), "Wrong column.")
    assert house.desk.batches.undone(batch.id)[str(first)][0] == "withdrawn"
    known, _ = house.objects.state(house.oak)
    assert known is not None
    place = known.document["ods:hasEvents"][0]["ods:hasLocation"]
    assert place["dwc:locality"] == "Laelatu wooded meadow"
    assert house.desk.batches.undone(batch.id)[str(second)][0] == "rejected"


@pytest.mark.parametrize(("limit", "kept"), [("KEPT", 2), ("KEPT_BYTES", 1)])
def test_new_previews_take_the_place_of_the_oldest_of_the_same_owner(
    house: House, monkeypatch: pytest.MonkeyPatch, limit: str, kept: int
):
    other = Speaker("other", ROBOT)
    theirs = Previews(house.desk, other).make(of_objects([str(house.oak)], EDIT), {})
    ran = Previews(house.desk, robot()).make(of_objects([str(house.elm)], EDIT), {})
    Previews(house.desk, robot()).ask_run(ran)
    monkeypatch.setattr(previewing, limit, kept)
    made = []
    for _ in range(4):
        house.now += 1
        made.append(Previews(house.desk, robot()).make(of_objects([str(house.oak)], EDIT), {}))
    batches = house.desk.batches
    left = {one.id for one in batches.all("robot", "chosen")}
    assert left == {ran.id, *(one.id for one in made[-kept:])}
    assert [one.id for one in made if batches.body(one.id).exists()] == [
        one.id for one in made[-kept:]
    ]
    assert batches.get(theirs.id).state == "previewed" and batches.body(ran.id).exists()
    with pytest.raises(NotFound, match="newer"):
        batches.get(made[0].id)


def test_a_choice_beyond_what_a_batch_takes_is_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(previewing, "MOST", 1)
    with pytest.raises(InvalidDocument, match="More than 1"):
        Previews(house.desk, robot()).make(of_objects([str(house.oak), str(house.elm)], EDIT), {})
    with pytest.raises(InvalidDocument, match="Nothing"):
        Previews(house.desk, robot()).make([], {})
