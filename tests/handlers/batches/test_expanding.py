"""The same answer for other objects: found by values, confirmed by documents, put in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Store

from eventstore.follower import follow_once
from fdo.documents import Document
from fdo.errors import InvalidDocument
from fdo.identifiers import Pid
from fdo.representations.annotation.reading import read
from handlers.batches.expanding import Condition, expanded
from handlers.batches.finding import GraphFinder, query_of
from handlers.projections.graph import Graph
from tests.handlers.batches.posts import ROBOT, House, edit, robot

LOCALITIES = "$['ods:hasEvents'][*]['ods:hasLocation']['dwc:locality']"
COUNTRIES = "$['ods:hasEvents'][*]['ods:hasLocation']['dwc:country']"
SECOND = "$['ods:hasEvents'][1]['ods:hasLocation']['dwc:country']"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An oak and an elm of the meadow, a visitor of it in its second event, one from elsewhere."""
    made = House(tmp_path_factory.mktemp("batch"))
    made.visitor = made.specimen("V-1", **{"ods:hasEvents": [event("Tartu"), event("Laelatu")]})
    made.other = made.specimen("O-1", **{"ods:hasEvents": [event("Tartu", '"Õ\\')]})
    graph = Graph(made.folder / "graph")
    while follow_once(made.log, [graph]):
        pass
    graph.settle(idle=True)
    assert graph.publish(made.log)
    graph.close()
    yield made
    made.objects.close()


def event(locality: str, country: str = "Estonia") -> Document:
    place = {"@type": "ods:Location", "dwc:locality": locality, "dwc:country": country}
    return {"@type": "ods:Event", "dwc:year": 1998, "ods:hasLocation": place}


def drafts(house: House, **more: Any) -> list[Document]:
    """A proposal for the oak, as a service answers."""
    data = {**edit(house.oak, "Eesti"), "ods:placeInBatch": 1, **more}
    return [read(data, default_creator=robot().creator).draft]


def batch(*searched: tuple[str, Any], place: int = 1) -> list[Document]:
    params = [{"inputField": name, "inputValue": value} for name, value in searched]
    return [{"ods:placeInBatch": place, "searchParams": params}]


def copies(house: House, named: Sequence[Any], **more: Any) -> dict[Pid, list[str]]:
    """Object → the paths of what is proposed for it."""
    finder = GraphFinder(house.folder / "graph")
    found: dict[Pid, list[str]] = {}
    for draft in expanded(drafts(house), named, finder, house.log, **more).drafts:
        (target,) = draft["oa:hasTarget"]
        (selector,) = target["oa:hasSelector"]
        found.setdefault(Pid.parse(target["oa:hasSource"]), []).append(selector["ods:term"])
    return found


def test_the_answer_is_copied_to_all_that_bear_the_value_where_they_bear_it(house: House):
    first = SECOND.replace("[1]", "[0]")
    assert copies(house, batch((COUNTRIES, "Estonia"))) == {
        house.elm: [first], house.visitor: [first, SECOND],
    }  # fmt: skip
    assert copies(house, batch((LOCALITIES, "Laelatu"))) == {house.visitor: [SECOND]}


def test_all_values_stand_in_one_and_the_same_node(house: House):
    both = batch((LOCALITIES, "Laelatu"), (COUNTRIES, "Estonia"))
    assert copies(house, both) == {house.visitor: [SECOND]}
    years = LOCALITIES.replace("['ods:hasLocation']['dwc:locality']", "['dwc:year']")
    assert copies(house, batch((LOCALITIES, "Laelatu"), (years, "1998"))) == {
        house.visitor: [SECOND]
    }
    assert copies(house, batch((LOCALITIES, "Laelatu"), (years, 1999))) == {}


def test_a_value_is_found_whatever_characters_it_has(house: House):
    assert list(copies(house, batch((COUNTRIES, '"Õ\\')))) == [house.other]


def test_a_copy_can_be_proposed_as_it_is(house: House):
    finder = GraphFinder(house.folder / "graph")
    made = expanded(drafts(house), batch((LOCALITIES, "Laelatu")), finder, house.log)
    (outcome,) = house.desk.annotations.propose_many(made.drafts, ROBOT)
    assert (outcome.what, made.left_out) == ("created", [])


def test_only_the_place_that_is_named_is_copied(house: House):
    assert copies(house, batch((COUNTRIES, "Estonia"), place=2)) == {}
    finder = GraphFinder(house.folder / "graph")
    alone = [{k: v for k, v in drafts(house)[0].items() if k != "ods:placeInBatch"}]
    assert expanded(alone, batch((COUNTRIES, "Estonia")), finder, house.log).drafts == []


def test_beyond_what_one_answer_may_touch_the_rest_is_left_out_and_told(house: House):
    finder = GraphFinder(house.folder / "graph")
    made = expanded(drafts(house), batch((COUNTRIES, "Estonia")), finder, house.log, most=1)
    assert len({draft["oa:hasTarget"][0]["oa:hasSource"] for draft in made.drafts}) == 1
    assert "More than 1 objects" in made.left_out[0]


def test_a_region_of_an_image_is_of_that_image_only(house: House):
    draft = drafts(house)[0]
    region = {"@type": "oa:FragmentSelector", "rdf:value": "xywh=percent:0,0,10,10"}
    draft = {**draft, "oa:hasTarget": [{**draft["oa:hasTarget"][0], "oa:hasSelector": [region]}]}
    finder = GraphFinder(house.folder / "graph")
    made = expanded([draft], batch((COUNTRIES, "Estonia")), finder, house.log)
    assert made.drafts == [] and made.left_out


@pytest.mark.parametrize(
    "searched",
    [
        [],
        "x",
        [{}],
        [7],
        [{"inputField": COUNTRIES}],
        [{"inputField": COUNTRIES, "inputValue": {}}],
        [{"inputField": "$", "inputValue": "x"}],
        [{"inputField": "$['ods:hasEvents'][*]", "inputValue": "x"}],
        [{"inputField": "$['dwc:shade']", "inputValue": "x"}],
        [{"inputField": "$['ods:hasEvents'][*]['dwc:year']", "inputValue": "long ago"}],
        [{"inputField": COUNTRIES, "inputValue": "Estonia"}] * 21,
    ],
)
def test_a_batch_that_cannot_be_read_is_left_out_and_told(house: House, searched: Any):
    finder = GraphFinder(house.folder / "graph")
    named = [{"ods:placeInBatch": 1, "searchParams": searched}]
    made = expanded(drafts(house), named, finder, house.log)
    assert made.drafts == [] and len(made.left_out) == 1


def test_before_there_is_a_graph_nothing_is_found(house: House, tmp_path: Path):
    condition = Condition.read({"inputField": COUNTRIES, "inputValue": "Estonia"})
    assert list(GraphFinder(tmp_path)([condition], "specimen")) == []


def test_numbers_may_be_written_as_text_and_texts_stay_what_they_are():
    def holds(stated: Any, asked: Any) -> bool:
        condition = Condition.read({"inputField": "$['dwc:x']", "inputValue": asked})
        return list(condition.places({"dwc:x": stated})) != []

    assert holds(7, "7") and holds(7.0, 7) and holds("7", 7) and holds(True, "true")
    assert not holds("007", "7") and not holds("7", "x") and not holds(1, True)


@given(st.text(min_size=1, max_size=30))
def test_no_value_breaks_out_of_the_query(value: str):
    condition = Condition.read({"inputField": COUNTRIES, "inputValue": value})
    assert list(Store().query(query_of([condition], "specimen"))) == []


def test_a_kind_of_object_is_asked_for():
    condition = Condition.read({"inputField": "$['dcterms:title']", "inputValue": "x"})
    assert "DigitalMedia" in query_of([condition], "media")
    with pytest.raises(InvalidDocument):
        Condition.read(None)
