"""Lists and statistics of annotations over HTTP."""

from __future__ import annotations

import csv
import io

import pytest

from api.views import Views
from eventstore.follower import follow_once
from handlers.projections.search import Search, SearchIndex
from tests.api.annotations.reviewing import (
    COUNTRY,
    ELSEWHERE,
    LOCALITY,
    ROBOT,
    TARTU,
    Reviewing,
)
from tests.api.conftest import Browser
from tests.api.documents import SOURCE, a_specimen


def pids(answer) -> list[str]:
    return [one["pid"] for one in answer["items"]]


def test_annotations_are_found_by_what_they_say(reviewing: Reviewing):
    one, other = reviewing.specimen(), reviewing.specimen("DH-2")
    first = reviewing.propose(one)
    second = reviewing.propose(other, "Laelatu", LOCALITY, by=ROBOT)
    remark = reviewing.propose(one, "Fine sheet", None, "oa:commenting")
    everything = reviewing.get("/api/annotations")
    assert pids(everything) == [str(remark), str(second), str(first)]
    assert everything["total"] == 3
    assert pids(reviewing.get(f"/api/annotations?target={one}")) == [str(remark), str(first)]
    assert pids(reviewing.get("/api/annotations?service=20.5000.5072/MAS-MAS-MAS")) == [str(second)]
    assert pids(reviewing.get("/api/annotations?state=standing&body=fine")) == [str(remark)]
    assert pids(reviewing.get("/api/annotations", params={"term": "dwc:country"})) == [str(first)]
    assert pids(reviewing.get(f"/api/annotations?dataset={SOURCE}&organisation={TARTU}"))
    assert pids(reviewing.get(f"/api/annotations?organisation={ELSEWHERE}")) == []
    (item,) = reviewing.get("/api/annotations", params={"pid": str(first)})["items"]
    assert item["url"].endswith(f"/{first}")
    assert (item["state"], item["term"], item["proposed"]) == ("pending", COUNTRY, "Latvia")
    assert (item["target"], item["targetType"]) == (str(one), "specimen")
    assert item["creator"] == {"id": "https://orcid.org/0000-0001-5109-3700", "name": "Anna"}


def test_a_list_goes_on_where_it_ended_whatever_is_written_meanwhile(reviewing: Reviewing):
    one = reviewing.specimen()
    proposed = [str(reviewing.propose(one, f"value {n}")) for n in range(5)]
    answer = reviewing.ask("GET", "/api/annotations?limit=2&state=pending")
    seen, links = pids(answer.json()), answer.json()["links"]
    assert f'<{links["next"]}>; rel="next"' in answer.headers["link"]
    reviewing.propose(one, "meanwhile")
    while "next" in links:
        page = reviewing.get(links["next"].partition("repository.example")[2])
        seen, links = seen + pids(page), page["links"]
    assert seen == proposed[::-1]
    assert "cursor" not in links["first"]


def test_the_state_of_any_day_can_be_asked(reviewing: Reviewing):
    one = reviewing.specimen()
    proposed = reviewing.propose(one)
    before = reviewing.told.objects.log.position()
    reviewing.hands.reject(proposed, ROBOT, "The label says otherwise.")
    assert reviewing.state(proposed) == "rejected"
    then = reviewing.get(f"/api/annotations?as-of={before}&state=pending")
    assert (pids(then), then["asOf"]) == ([str(proposed)], before)
    assert pids(reviewing.get("/api/annotations?as-of=2026-02-28")) == []
    counts = reviewing.get(f"/api/annotations/statistics?by=creator&as-of={before}")
    assert counts["states"] == {"pending": 1}


@pytest.mark.parametrize(
    "query",
    [
        "colour=red", "state=lost", "target=x", "limit=0", "limit=1001", "limit=many",
        "limit=0000000000019", "cursor=x", "as-of=2999-01-01", "since=tomorrow", "by=colour",
        "as-of=1&cursor=abc",
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused_by_name(reviewing: Reviewing, query: str):
    for path in ("/api/annotations", "/api/annotations/statistics", "/api/review"):
        answer = reviewing.ask("GET", f"{path}?{query}")
        assert answer.status_code == 400
        assert answer.json()["parameter"] in (query.partition("=")[0], "cursor")


def test_a_table_holds_the_same_and_no_formula(reviewing: Reviewing):
    one = reviewing.specimen()
    reviewing.propose(one, '=HYPERLINK("http://evil.example")', None, "oa:commenting")
    answer = reviewing.ask("GET", "/api/annotations", headers={"accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["body"] == '\'=HYPERLINK("http://evil.example")'
    assert row["target"] == str(one)
    assert reviewing.ask("GET", "/api/annotations?format=csv").text == answer.text


def test_statistics_say_what_became_of_the_proposals_of_a_service(reviewing: Reviewing):
    one = reviewing.specimen()
    model = "https://hdl.handle.net/20.5000.5072/MDL-MDL-MDL"
    made = [
        reviewing.propose(one, f"value {n}", LOCALITY, by=ROBOT, col_model=model) for n in range(4)
    ]
    reviewing.hands.accept(made[0], ROBOT)
    reviewing.hands.reject(made[1], ROBOT, "no")
    reviewing.hands.withdraw(made[2], "mistake", ROBOT)
    for by, value in (
        ("service", "20.5000.5072/MAS-MAS-MAS"), ("model", "20.5000.5072/MDL-MDL-MDL"),
        ("creator", ROBOT.id), ("term", "dwc:locality"), ("dataset", str(SOURCE)),
    ):  # fmt: skip
        (line,) = reviewing.get(f"/api/annotations/statistics?by={by}")["items"]
        assert line["value"] == value
        assert (line["proposed"], line["accepted"], line["rejected"]) == (4, 1, 1)
        assert (line["withdrawn"], line["pending"], line["acceptanceRate"]) == (1, 1, 0.5)
    assert reviewing.get("/api/annotations/statistics?state=pending")["items"][0]["proposed"] == 1


def test_without_a_view_the_server_says_so(browse):
    answer = browse().get("/api/annotations")
    assert (answer.status_code, answer.json()["status"]) == (503, 503)


def test_an_annotation_tells_programs_whether_its_target_has_changed_since(reviewing: Reviewing):
    one = reviewing.specimen()
    pid = reviewing.propose(one)
    rated = reviewing.post(f"/api/annotations/{pid}/ratings", "curator", {"stars": 4})
    assert rated.status_code == 201
    before = reviewing.get(f"/api/annotations/{pid}")
    assert (before["pid"], before["state"], before["madeOn"]) == (str(pid), "pending", 1)
    assert before["targetPid"] == str(one)
    assert (before["targetVersion"], before["targetChanged"]) == (1, False)
    assert before["ods:hasAggregateRating"]["schema:ratingValue"] == 4
    other = a_specimen()
    other["ods:hasEvents"][0]["ods:hasLocation"]["dwc:country"] = "Finland"
    reviewing.told.revise(one, other)
    after = reviewing.get(f"/api/annotations/{pid}")
    assert (after["madeOn"], after["targetVersion"], after["targetChanged"]) == (1, 2, True)
    assert reviewing.ask("GET", f"/api/annotations/{one}").status_code == 404


def test_a_search_for_specimens_tells_of_annotations_that_say_its_words(reviewing: Reviewing):
    one = reviewing.specimen()
    remark = reviewing.propose(one, "A quokka <b>sheet</b>", None, "oa:commenting")
    index, place = SearchIndex(reviewing.told.folder / "s.sqlite"), reviewing.told.folder
    while follow_once(reviewing.told.objects.log, [index]):
        pass
    index.close()
    with_search = Views(search=Search(place / "s.sqlite"), annotations=reviewing.view)
    reviewing.follow()
    browser = Browser(reviewing.told.app(views=with_search))
    answer = browser.get("/api/search?q=quokka").json()
    assert (answer["total"], answer["annotations"]["total"]) == (0, 1)
    assert pids(answer["annotations"]) == [str(remark)]
    assert "annotations" not in browser.get("/api/search?q=wallaby").json()
    assert "annotations" not in browser.get("/api/search?q=%22").json()
    assert "annotations" not in browser.get("/api/search?q=quokka&as-of=1").json()
    page = browser.get("/search?q=quokka", "text/html").text
    assert f'href="/{remark}"' in page and "Annotations that say so" in page
    assert "<b>sheet" not in page
