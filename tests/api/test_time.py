"""Questions across time over HTTP: the same answer for programs, tables, charts and pages."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from api.time.charts import COLOURS, Chart, Line, svg
from api.views import Views
from eventstore.follower import follow_once
from fdo.identifiers import Pid
from handlers.projections.search import Search, SearchIndex
from handlers.projections.terms import Terms, TermsReader
from tests.api.conftest import BASE, CURATOR, DAY, START, Browser, Repository
from tests.api.documents import SOURCE, a_medium, a_source, a_specimen
from tests.api.test_pages import _Page as Landmarks

SVG = "{http://www.w3.org/2000/svg}"


def in_country(number: str, country: str, **more: Any) -> dict[str, Any]:
    """A specimen from a country."""
    draft = a_specimen(number, **more)
    draft["ods:hasEvents"][0]["ods:hasLocation"]["dwc:country"] = country
    return draft


class Told:
    """A history with a moral: one event a day from 1 March 2026."""

    def __init__(self, repository: Repository) -> None:
        do = self.repository = repository
        do.register("source-system", a_source())
        self.oak = do.register("specimen", in_country("DH-1", "Kenya"), source=SOURCE)
        self.elm = do.register("specimen", in_country("DH-2", "Kenya"), source=SOURCE)
        do.register("media", a_medium(self.oak))
        do.revise(self.oak, in_country("DH-1", "Uganda"), source=SOURCE)
        do.revise(self.elm, in_country("DH-2", "Kenya", **{"ods:topicDiscipline": "Zoology"}))
        do.revise(self.oak, in_country("DH-1", "Kenya"), source=SOURCE)
        self.secret = do.register("specimen", in_country("DH-3", "Atlantis"))
        do.revise(self.secret, in_country("DH-3", "Lemuria"))
        do.withhold(self.secret, "no licence")
        do.tombstone(self.elm, "lost")
        do.now += 60 * DAY


def followed(repository: Repository) -> Views:
    """The views of a repository, brought to the head of its log."""
    found, changed = repository.folder / "search.sqlite", repository.folder / "terms.sqlite"
    writers = [SearchIndex(found), Terms(changed)]
    while follow_once(repository.objects.log, writers):
        pass
    for writer in writers:
        writer.close()
    return Views(search=Search(found), terms=TermsReader(changed))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The history, which tests only read."""
    repository = Repository(tmp_path_factory.mktemp("told"))
    yield Told(repository)
    repository.objects.close()


@pytest.fixture(scope="module")
def web(told: Told) -> Browser:
    return Browser(told.repository.app(views=followed(told.repository)))


def ask(web: Browser, question: str, **asked: Any) -> Any:
    """The JSON answer; parameters are written with _ for -."""
    pairs = {name.rstrip("_").replace("_", "-"): str(value) for name, value in asked.items()}
    found = web.get(f"/api/time/{question}", params=pairs)
    assert found.status_code == 200, found.text
    return found.json()


# ── which objects changed a term ─────────────────────────────────────────────────────────


def test_who_changed_country_with_old_and_new_value_and_a_link_to_the_difference(web, told):
    first, second = ask(web, "changed", term="country")["items"]
    assert (first["pid"], first["old"], first["new"]) == (str(told.oak), "Kenya", "Uganda")
    assert first["term"] == "ods:hasEvents/ods:hasLocation/dwc:country"
    assert (first["fragment"], first["kind"], first["version"]) == (
        "event-1-location", "changed", 2,
    )  # fmt: skip
    assert first["agent"] == {"id": CURATOR.id, "name": CURATOR.name}
    assert first["recordedAt"] == "2026-03-05T12:00:00.000000Z"
    assert first["diff"] == f"{BASE}/{told.oak}/diff?from=1&to=2"
    assert (second["old"], second["new"]) == ("Uganda", "Kenya")


def test_changes_are_narrowed_by_time_values_type_source_and_agent(web):
    def news(**asked: Any) -> list[str]:
        return [item["new"] for item in ask(web, "changed", term="dwc:country", **asked)["items"]]

    assert news(since="2026-03-06") == ["Kenya"] and news(until="2026-03-05") == ["Uganda"]
    assert news(since="2026-03-05") == ["Uganda", "Kenya"] and news(until="2026-03-04") == []
    assert news(as_of="2026-03-05") == ["Uganda"] and news(observed_at="2026-03-05") == ["Uganda"]
    assert news(since=5) == ["Kenya"] and news(since="2026-03-05T11:59:59Z") == ["Uganda", "Kenya"]
    assert news(from_="Kenya") == ["Uganda"] and news(to="Kenya") == ["Kenya"]
    assert news(type="media") == [] and news(type="specimen") == ["Uganda", "Kenya"]
    assert news(source_system=SOURCE) == news(agent=CURATOR.id) == ["Uganda", "Kenya"]
    assert news(order="newest") == ["Kenya", "Uganda"]


def test_pages_are_followed_by_next_and_stay_in_the_state_of_the_first(web):
    found = web.get("/api/time/changed?limit=1")
    seen = []
    while True:
        body = found.json()
        seen += [(item["event"], item["term"]) for item in body["items"]]
        if body["next"] is None:
            break
        assert found.headers["link"] == f'<{body["next"]}>; rel="next"'
        found = web.get(body["next"].removeprefix(BASE))
    whole = [(item["event"], item["term"]) for item in ask(web, "changed")["items"]]
    assert seen == whole and len(whole) == len(set(whole)) >= 5


def test_a_withheld_object_tells_nothing_but_its_status(web, told):
    everything = web.get("/api/time/changed").text + web.get("/time", "text/html").text
    assert "Atlantis" not in everything and "Lemuria" not in everything
    rows = [i for i in ask(web, "changed")["items"] if i["pid"] == str(told.secret)]
    assert [(i["term"], i["new"]) for i in rows] == [("ods:status", "pid-only")]
    held = ask(web, "held", term="country", value="Atlantis")
    assert held["objects"] == 0 and "Atlantis" not in held["nearest"]


def test_the_terms_that_ever_changed_are_listed(web):
    found = {item["term"]: item for item in ask(web, "terms")["items"]}
    country = found["ods:hasEvents/ods:hasLocation/dwc:country"]
    assert (country["name"], country["changes"], country["last"]) == ("country", 2, 7)
    assert "ods:status" in found


# ── who changed most ─────────────────────────────────────────────────────────────────────


def test_the_busiest_by_each_measure(web, told):
    (agent,) = ask(web, "busiest", by="agent")["items"]
    assert (agent["value"], agent["label"], agent["changes"]) == (CURATOR.id, CURATOR.name, 6)
    objects = ask(web, "busiest", by="object")["items"]
    assert {item["value"]: item["changes"] for item in objects} == {
        str(told.oak): 2, str(told.elm): 2, str(told.secret): 2,
    }  # fmt: skip
    assert ask(web, "busiest", by="term", limit=1)["items"][0]["changes"] == 2
    days = ask(web, "busiest", by="day", since=5, until=6)["items"]
    assert [item["value"] for item in days] == ["2026-03-06"]


# ── series ───────────────────────────────────────────────────────────────────────────────


def test_growth_of_specimens_by_country_is_one_call(web):
    found = ask(web, "series", by="country", step="day", from_="2026-03-01", to="2026-03-11")
    assert [point["label"] for point in found["points"]][:2] == ["2026-03-01", "2026-03-02"]
    assert [point["asOf"] for point in found["points"]] == list(range(1, 12))
    rows = {line["value"]: line["counts"] for line in found["series"]}
    assert rows["Kenya"] == [0, 1, 2, 2, 1, 1, 2, 2, 2, 2, 1]
    assert rows["Uganda"] == [0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    total = ask(web, "series", step="day", from_="2026-03-01", to="2026-03-11")["series"]
    assert [line["counts"] for line in total] == [[0, 1, 2, 2, 2, 2, 2, 3, 3, 2, 1]]


def test_growth_by_mids_and_by_dataset_counts_what_stood_at_each_end(repository):
    one, other = (repository.register("source-system", a_source(name)) for name in ("One", "Other"))
    sheet = {"dwc:preparations": "sheet"}  # what MIDS 1 asks for beyond MIDS 0

    def of(source: Pid, number: str, **more: Any) -> dict[str, Any]:
        name = "One" if source is one else "Other"
        said = {"ods:sourceSystemID": source.iri, "ods:sourceSystemName": name}
        return a_specimen(number, **said, **more)

    repository.register("specimen", of(one, "DH-1", **sheet))
    elm = repository.register("specimen", of(other, "DH-2"))
    repository.revise(elm, of(other, "DH-2", **sheet))
    repository.register("specimen", of(other, "DH-3", **sheet))
    repository.tombstone(elm, "lost")
    repository.now += DAY
    web = Browser(repository.app(views=followed(repository)))
    whole = {"step": "day", "from_": "2026-03-03", "to": "2026-03-07"}

    def counts(by: str, name: str) -> dict[str, list[int]]:
        lines = ask(web, "series", by=by, **whole)["series"]
        return {line[name]: line["counts"] for line in lines}

    assert counts("mids", "value") == {"1": [1, 1, 2, 3, 2], "0": [0, 1, 0, 0, 0]}
    by_dataset = {one: [1, 1, 1, 1, 1], other: [0, 1, 1, 2, 1]}
    assert counts("dataset", "value") == {pid.iri: row for pid, row in by_dataset.items()}
    assert counts("dataset", "label").keys() == {"One", "Other"}


def test_a_series_says_which_event_was_counted_where_search_is_behind(repository):
    repository.register("specimen", in_country("DH-1", "Kenya"))
    views = followed(repository)
    repository.register("specimen", in_country("DH-2", "Kenya"))
    terms = Terms(repository.folder / "terms.sqlite")
    follow_once(repository.objects.log, [terms])
    terms.close()
    repository.now += DAY
    asked = {"step": "day", "from_": "2026-03-01", "to": "2026-03-02"}
    found = ask(Browser(repository.app(views=views)), "series", **asked)
    assert [point["asOf"] for point in found["points"]] == [1, 1]
    assert found["series"][0]["counts"] == [1, 1]


def test_a_series_may_be_of_what_the_sources_had_said_by_a_time(repository):
    early, late = (START + days * DAY for days in (-20, -10))
    repository.register("source-system", a_source())
    oak = repository.register("specimen", in_country("DH-1", "Kenya"), observed_at=early)
    repository.register("media", a_medium(oak), observed_at=early)
    repository.revise(oak, in_country("DH-1", "Uganda"), observed_at=late)
    repository.register("specimen", in_country("DH-2", "Kenya"), observed_at=late)
    repository.now += DAY
    web = Browser(repository.app(views=followed(repository)))
    whole = {"step": "day", "from_": "2026-03-02", "to": "2026-03-05"}

    def counts(**asked: Any) -> dict[str, list[int]]:
        found = ask(web, "series", **whole, **asked)
        assert (found["observedAt"] is None) == ("observed_at" not in asked)
        return {line["value"]: line["counts"] for line in found["series"]}

    assert counts(by="country") == {"Kenya": [1, 1, 0, 1], "Uganda": [0, 0, 1, 1]}
    assert counts(by="country", observed_at="2026-02-15") == {"Kenya": [1, 1, 1, 1]}
    assert counts(by="country", observed_at="2026-01-01") == {}
    assert counts(of="media", observed_at="2026-02-15") == {"all": [0, 1, 1, 1]}
    assert counts(of="media", observed_at="2026-01-01") == {}
    assert counts(of="changes") == {"all": [0, 0, 1, 0]}
    assert counts(of="changes", observed_at="2026-02-15") == {}


def test_growth_of_media_and_numbers_of_changes(web):
    whole = {"step": "day", "from_": "2026-03-01", "to": "2026-03-11"}
    (media,) = ask(web, "series", of="media", **whole)["series"]
    assert media["counts"] == [0, 0, 0] + [1] * 8
    by_source = ask(web, "series", of="media", by="source", **whole)["series"]
    assert [line["counts"][-1] for line in by_source] == [1]
    (changes,) = ask(web, "series", of="changes", **whole)["series"]
    assert changes["counts"] == [0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1]
    months = ask(web, "series", of="changes", by="agent", step="month", to="2026-04-01")
    assert [line["counts"] for line in months["series"]] == [[6, 0]]


def test_the_rest_is_summed_beside_the_largest(web):
    asked = {"by": "country", "step": "day", "from_": "2026-03-01", "to": "2026-03-08"}
    whole = ask(web, "series", **asked)["series"]
    found = ask(web, "series", top=1, **asked)
    assert len(found["series"]) == 1 and found["others"]["values"] == len(whole) - 1
    assert found["others"]["counts"] == [
        sum(column) for column in zip(*(line["counts"] for line in whole[1:]), strict=True)
    ]


@pytest.mark.parametrize(
    ("step", "labels"),
    [
        ("week", ["2026-W09", "2026-W10", "2026-W11"]),
        ("month", ["2026-03"]),
        ("quarter", ["2026-Q1"]),
        ("year", ["2026"]),
    ],
)
def test_steps_are_those_of_the_calendar(web, step, labels):
    found = ask(web, "series", step=step, from_="2026-03-01", to="2026-03-10")
    assert [point["label"] for point in found["points"]] == labels
    assert found["points"][-1]["moment"] == "2026-03-10T23:59:59.999999Z"
    assert found["points"][-1]["asOf"] == 10


def test_a_series_is_a_chart_that_reads_without_colours_and_scripts(web):
    found = web.get("/api/time/series?by=country&step=day&to=2026-03-11", "image/svg+xml")
    assert found.headers["content-type"].startswith("image/svg+xml")
    assert "default-src 'none'" in found.headers["content-security-policy"]
    drawn = ElementTree.fromstring(found.text)
    assert drawn.get("role") == "img" and drawn.get("aria-labelledby") == "t d"
    assert "by country" in str(drawn.findtext(f"{SVG}title"))
    assert "Kenya 1" in str(drawn.findtext(f"{SVG}desc"))
    assert any("Kenya" in str(text.text) for text in drawn.iter(f"{SVG}text"))
    lines = list(drawn.iter(f"{SVG}polyline"))
    assert len({line.get("stroke-dasharray") for line in lines}) == len(lines) > 1
    assert "prefers-color-scheme" in found.text and "<script" not in found.text


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (WCAG 2.2, 1.4.3)."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_lines_stand_out_on_light_and_on_dark():
    for light, dark in COLOURS:
        assert contrast(light, "#fbfcfa") >= 4.5 and contrast(dark, "#131715") >= 4.5


@pytest.mark.parametrize("many", [1, 11, 51])
def test_names_of_lines_never_overlap_and_stay_in_the_picture(many):
    lines = [Line(f"line {n}", [n % 3, 0]) for n in range(many)]
    drawn = ElementTree.fromstring(svg(Chart("Crowded", ["2025", "2026"], lines)))
    places = sorted(
        float(text.get("y", 0)) for text in drawn.iter(f"{SVG}text") if "line" in str(text.text)
    )
    assert len(places) == many and places[0] > 24
    assert places[-1] < int(drawn.get("height", 0))
    assert all(low + 12 < high for low, high in pairwise(places))


# ── when a value was held ────────────────────────────────────────────────────────────────


def test_when_a_value_was_held_first_and_last_and_by_each_object(web, told):
    found = ask(web, "held", term="country", value="Kenya")
    assert (found["objects"], found["now"], found["last"]) == (2, 1, None)
    assert found["first"]["recordedAt"] == "2026-03-02T12:00:00.000000Z"
    spans = [
        (item["pid"], item["from"]["event"], item["to"] and item["to"]["event"])
        for item in found["items"]
    ]
    oak, elm = str(told.oak), str(told.elm)
    assert spans == [(oak, 2, 5), (oak, 7, None), (elm, 3, 11)]
    gone = ask(web, "held", term="country", value="Uganda")
    assert (gone["now"], gone["last"]["event"]) == (0, 7)
    then = ask(web, "held", term="country", value="Uganda", as_of=6)
    assert (then["now"], then["last"]) == (1, None)
    observed = ask(web, "held", term="country", value="Uganda", observed_at="2026-03-06")
    assert (observed["now"], observed["last"]) == (1, None)
    assert observed["observedAt"].startswith("2026-03-06T23:59:59")
    before = ask(web, "held", term="country", value="Uganda", observed_at="2026-03-01")
    assert (before["objects"], before["items"]) == (0, [])
    only = ask(web, "held", term="country", value="Kenya", pid=told.elm)
    assert (only["objects"], only["now"], only["last"]["event"]) == (1, 0, 11)
    assert len(only["items"]) == 1


def test_the_page_says_in_a_sentence_when_a_value_was_held(web):
    def page(value: str) -> str:
        return web.get(f"/api/time/held?term=country&value={value}", "text/html").text

    assert "2 objects held it, 1 as of event 11; from 2026-03-02" in page("Kenya")
    assert "1 object held it, 0 as of event 11" in page("Uganda")
    assert "No public object ever held it. Held were: Kenya." in page("Kenja")


def test_pages_of_holders_are_followed_by_next(web):
    whole = ask(web, "held", term="country", value="Kenya")["items"]
    found, seen = ask(web, "held", term="country", value="Kenya", limit=1), []
    while True:
        seen += found["items"]
        if found["next"] is None:
            break
        found = web.get(found["next"].removeprefix(BASE)).json()
    assert seen == whole


# ── forms of the answer ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "address",
    ["changed?term=country", "busiest", "series?by=country", "terms",
     "held?term=country&value=Kenya"],
)  # fmt: skip
def test_every_answer_is_a_table_for_spreadsheets_and_a_page(web, address):
    found = web.get(f"/api/time/{address}", "text/csv")
    assert found.headers["content-type"] == "text/csv; charset=utf-8"
    head, *rows = csv.reader(io.StringIO(found.text))
    assert rows and {len(row) for row in rows} == {len(head)}
    page = web.get(f"/api/time/{address}", "text/html")
    assert page.status_code == 200 and "<table" in page.text and "<form" in page.text
    assert "<script" not in page.text and 'scope="col"' in page.text


def test_the_page_shows_changes_growth_and_a_form_for_each_question(web, told):
    page = web.get("/time", "text/html").text
    for words in ("The newest", f'href="/{told.oak}"', "Josiah Carberry", "series?by=discipline"):
        assert words in page
    assert page.count("<form") == 4 and '<a href="/time" aria-current="page">' in page
    for one in ("changed", "held"):
        empty = web.get(f"/api/time/{one}?format=html")
        assert empty.status_code == 200 and "<form" in empty.text


def test_the_next_page_has_the_format_of_the_first(web):
    found = web.get("/api/time/changed?limit=1&format=csv")
    address = found.headers["link"].partition(">")[0].removeprefix(f"<{BASE}")
    assert web.get(address).headers["content-type"].startswith("text/csv")


@pytest.mark.parametrize(
    "address",
    ["/time", "/api/time/changed?term=country&format=html", "/api/time/series?format=html",
     "/api/time/held?format=html", "/api/time/busiest?format=html"],
)  # fmt: skip
def test_pages_have_a_label_for_each_field_and_unique_ids(web, address):
    page = Landmarks(web.get(address, "text/html").text)
    assert {"header", "nav", "main", "footer"} <= set(page.tags)
    assert page.tags.count("h1") == 1 and len(page.fields) > 2
    assert all(field.get("id") in page.labels for field in page.fields)
    assert len(page.ids) == len(set(page.ids))


def test_values_from_documents_are_escaped_everywhere(repository):
    oak = Told(repository).oak
    repository.revise(oak, in_country("DH-1", '<script>alert("1")</script>\x00'))
    web = Browser(repository.app(views=followed(repository)))
    for address in ("/time", "/api/time/changed?term=country&format=html"):
        assert "<script" not in web.get(address, "text/html").text
    chart = web.get("/api/time/series?by=country&format=svg&step=month").text
    assert "<script" not in chart and ElementTree.fromstring(chart) is not None


# ── refusals ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("address", "parameter", "words"),
    [
        ("changed?term=contry", "term", "country"),
        ("changed?colour=red", "colour", "There is no parameter"),
        ("changed?term=country&term=genus", "term", "given twice"),
        ("changed?since=yesterday", "since", "is no moment"),
        ("changed?since=0001-01-01T00:00:00%2B14:00", "since", "is no moment"),
        ("changed?since=999", "since", "lies in the future"),
        ("changed?until=2999-01-01", "until", "lies in the future"),
        ("changed?cursor=42", "cursor", "none of ours"),
        ("changed?limit=1001", "limit", "from 1 to 1000"),
        ("changed?limit=00000000199999999", "limit", "from 1 to 1000"),
        ("changed?type=planet", "type", "one of"),
        ("changed?source-system=nobody", "source-system", "source-system"),
        ("busiest?by=colour", "by", "agent"),
        ("series?by=colour", "by", "country"),
        ("series?of=changes&by=country", "by", "agent"),
        ("series?top=51", "top", "from 1 to 50"),
        ("series?step=day&from=2020-01-01&to=2022-01-01", "step", "more than 500"),
        ("series?from=2026-03-05&to=2026-03-02", "from", "lies after"),
        ("series?from=2999-01-01", "from", "lies in the future"),
        ("series?to=2999-01-01", "to", "lies in the future"),
        ("series?observed-at=2999-01-01", "observed-at", "lies in the future"),
        ("series?from=0001-01-01T00:00:00%2B14:00", "from", "is no moment"),
        ("held?value=Kenya", "term", "missing"),
        ("held?term=country", "value", "missing"),
        ("held?term=dwc:preparations&value=x", "term", "not kept"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_parameter_and_the_way_on(
    web, address, parameter, words
):
    found = web.get(f"/api/time/{address}")
    assert found.status_code == 400
    assert found.headers["content-type"] == "application/problem+json"
    assert found.json()["parameter"] == parameter and words in found.json()["detail"]


def test_a_server_without_the_view_says_so(repository):
    page = Browser(repository.app()).get("/time", "text/html")
    assert page.status_code == 200 and "no view of changed terms" in page.text
    found = Browser(repository.app()).get("/api/time/changed")
    assert found.status_code == 503 and "start a projector" in found.json()["detail"]
