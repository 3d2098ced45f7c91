"""Home, vocabulary, contexts, schemas, shapes, health and metrics."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urlsplit

import pyoxigraph
import pytest

from api.pages import QUERIES
from api.quality import LISTED
from api.views import Views
from eventstore.follower import follow_once
from fdo.lifecycle import Activate, Status, stamped
from handlers.projections.conformance import Conformance, ConformanceReader
from tests.api.documents import a_medium, a_source, a_specimen


@pytest.fixture
def filled(repository):
    """A source system, a specimen and a medium."""
    source = repository.register("source-system", a_source())
    of_it = {"ods:sourceSystemID": source.iri}
    oak = repository.register("specimen", a_specimen(**of_it))
    repository.register("media", {**a_medium(oak), **of_it})
    return oak


def test_home_tells_what_there_is_and_what_changed_last(browse, filled):
    page = browse(views=Views(positions=lambda: {"graph": 1})).get("/", accept="text/html").text
    assert "source system" in page
    assert f'href="/{filled}"' in page
    assert "2 events behind" in page
    assert page.count("/sparql?query=") == len(QUERIES) >= 3


def test_home_counts_what_is_public_and_beside_it_what_is_a_pid_only(repository, browse, filled):
    beech = repository.register("specimen", a_specimen("DH-2"))
    home = browse()
    tile = r"<strong>([\d,]+)</strong>([a-z ]+)(?:<br>[^>]*>and ([\d,]+) as PID only)?"

    def counts() -> dict[str, tuple[str, str]]:
        told = re.findall(tile, home.get("/", accept="text/html").text)
        return {kind: (number, hidden) for number, kind, hidden in told}

    assert counts() == {
        "digital specimens": ("2", ""), "digital media object": ("1", ""),
        "source system": ("1", ""), "events": ("4", ""),
    }  # fmt: skip
    repository.withhold(beech, "Its licence does not allow it.")
    repository.tombstone(filled, "Lost.")
    assert counts()["digital specimens"] == ("0", "1")
    assert counts()["events"] == ("6", "")


def test_the_first_questions_are_queries_that_can_be_run(browse, filled):
    page = browse().get("/", accept="text/html").text
    for href in re.findall(r'href="(/sparql\?query=[^"]+)"', page):
        query = parse_qs(urlsplit(href.replace("&amp;", "&")).query)["query"][0]
        pyoxigraph.Store().query(query)


def test_an_empty_repository_has_a_home_too(browse):
    assert "Nothing has been taken in yet" in browse().get("/", accept="text/html").text


class _Page(HTMLParser):
    """What matters for readers with and without sight: hosts asked, labels, landmarks, ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.fields: list[dict[str, str | None]] = []
        self.labels: set[str | None] = set()
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.scripts: list[str | None] = []
        self.targets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        if tag in ("img", "script", "iframe", "source") and found.get("src"):
            self.asked.append(str(found["src"]))
        if tag == "link" and found.get("rel") in ("stylesheet", "icon"):
            self.asked.append(str(found["href"]))
        if tag == "script":
            self.scripts.append(found.get("type"))
        if tag in ("input", "select", "textarea") and found.get("type") != "hidden":
            self.fields.append(found)
        if tag == "label":
            self.labels.add(found.get("for"))
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag == "a" and found.get("href"):
            self.targets.append(str(found["href"]))


def _paths(oak) -> tuple[str, ...]:
    return (
        "/", "/vocab", "/problems", "/problems/not-found", "/schemas", "/nowhere", f"/{oak}",
        f"/{oak}/history", f"/{oak}/versions", f"/{oak}/record", f"/{oak}/conformance",
    )  # fmt: skip


def test_pages_ask_no_other_host_and_run_no_script(browse, filled):
    for path in _paths(filled):
        page = _Page(browse().get(path, accept="text/html").text)
        assert all(target.startswith("/") for target in page.asked), path
        assert set(page.scripts) <= {"application/ld+json"}, path


def test_pages_have_landmarks_labels_and_unique_ids(browse, filled):
    for path in _paths(filled):
        page = _Page(browse().get(path, accept="text/html").text)
        assert {"header", "nav", "main", "footer"} <= set(page.tags), path
        assert page.tags.count("h1") == 1, path
        assert all(field.get("id") in page.labels for field in page.fields), path
        assert len(page.ids) == len(set(page.ids)), path


def test_no_page_of_the_framework_asks_other_hosts(browse):
    assert browse().get("/docs").status_code == 404
    assert browse().get("/redoc").status_code == 404


def test_links_on_pages_lead_somewhere(browse, filled):
    """SPARQL, search, the catalogue and annotations have tests of their own."""
    browser = browse()
    seen: set[str] = set()
    for path in _paths(filled):
        for target in _Page(browser.get(path, accept="text/html").text).targets:
            local = target.startswith("/") and not target.startswith(
                (
                    "/sparql",
                    "/search",
                    "/statistics",
                    "/catalogue",
                    "/review",
                    "/api/",
                    "/.well-known",
                )
            )
            if local and "/annotations/" not in target and target not in seen:
                seen.add(target)
                assert browser.get(target).status_code == 200, (path, target)
    assert len(seen) > 20


def test_an_earlier_version_links_what_was_said_of_that_version(repository, browse, filled):
    repository.tombstone(filled, "Lost.")
    browser = browse()
    path = f"/{filled}/1"
    targets = _Page(browser.get(path, accept="text/html").text).targets
    parts = [one for one in targets if "/conformance?" in one or "/record" in one]
    assert len(parts) == 2
    for target in parts:
        assert browser.get(target).status_code == 200, target
        assert browser.get(target).json().get("version", 1) == 1


@pytest.mark.parametrize("part", ["", "/record"])
def test_a_record_is_shown_in_words_and_leads_to_itself_as_json(repository, browse, part):
    ids = [{"dcterms:title": "dwc:catalogNumber", "dcterms:identifier": "HERB-7"}]
    beech = repository.register("specimen", a_specimen(**{"ods:hasIdentifiers": ids}))
    page = browse().get(f"/{beech}{part}", accept="text/html").text
    assert "<dd>HERB-7 · dwc:catalogNumber</dd>" in page
    assert "{&#39;" not in page and ">False<" not in page and "· False" not in page
    [leading] = re.findall(r'<a href="([^"]*/record[^"]*)">As JSON', page)
    answer = browse().get(leading.replace("&amp;", "&"), accept="text/html")
    assert answer.headers["content-type"] == "application/json"


def test_times_of_tables_are_readable_by_people_and_programs(browse, filled):
    page = browse().get(f"/{filled}/versions", accept="text/html").text
    assert re.search(
        r'<td><time datetime="2026-03-02T12:00:00[^"]*Z">2026-03-02 12:00:00 UTC', page
    )


def test_head_is_answered_wherever_get_is(browse, filled):
    browser = browse()
    paths = [path for path in browser.get("/openapi.json").json()["paths"] if "{" not in path]
    asked = [path for path in (*paths, "/search", "/feeds", "/time") if path != "/sparql"]
    assert {"/", "/health", "/api/search", "/changes/live"} <= set(asked)
    for path in asked:
        head = browser.request("HEAD", path)
        if head.status_code != 405:  # what is only written to
            continue
        assert browser.get(path).status_code == 405, path


def test_the_vocabulary_is_a_page_and_turtle(browse):
    page = browse().get("/vocab", accept="text/html")
    assert "ods:topicDiscipline" in page.text
    turtle = browse().get("/vocab", accept="text/turtle")
    assert turtle.headers["content-type"].startswith("text/turtle")
    assert len(list(pyoxigraph.parse(turtle.content, format=pyoxigraph.RdfFormat.TURTLE))) > 500
    assert browse().get("/vocab?format=rdfxml").status_code == 406


@pytest.mark.parametrize(
    ("shelf", "media_type"),
    [
        ("contexts", "application/ld+json"),
        ("schemas", "application/schema+json"),
        ("shapes", "text/turtle"),
    ],
)
def test_contexts_schemas_and_shapes_resolve_and_can_be_kept(browse, shelf, media_type):
    names = browse().get(f"/{shelf}").json()
    assert names
    for one in names:
        answer = browse().get(one["url"])
        assert answer.headers["content-type"].startswith(media_type)
        again = browse().get(one["url"], headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
    assert browse().get(f"/{shelf}/nothing").status_code == 404


def test_conformance_is_counted_by_dataset_and_shape(repository, browse, filled):
    view = Conformance(repository.folder / "conformance.sqlite")
    follow_once(repository.objects.log, [view])
    view.close()
    reader = ConformanceReader(repository.folder / "conformance.sqlite")
    browser = browse(views=Views(conformance=reader))
    found = browser.get("/api/conformance").json()
    assert found["asOf"] == 3
    assert {one["type"]: one["objects"] for one in found["datasets"]}["specimen"] == 1
    page = browser.get("/api/conformance", accept="text/html").text
    assert all(one["shape"] in page for one in found["shapes"])
    assert browse().get("/api/conformance").status_code == 503
    for count in found["shapes"]:
        assert html.escape(count["list"]) in page
        listed = browser.get(count["list"]).json()
        assert len(listed["items"]) == count["objects"] and listed["next"] is None
        for one in listed["items"]:
            results = browser.get(one["report"]).json()["results"]
            assert count["shape"] in {each["shape"] for each in results}
        assert listed["items"][0]["pid"] in browser.get(count["list"], accept="text/html").text
    refused = browser.get("/api/conformance/objects?shape=urn:x")
    assert (refused.status_code, refused.json()["parameter"]) == (400, "shape")


def test_the_objects_behind_a_count_come_in_pages(repository, browse):
    for number in range(5):
        specimen = a_specimen(f"DH-{number}")
        del specimen["dcterms:license"]
        repository.register("specimen", specimen)
    view = Conformance(repository.folder / "conformance.sqlite")
    follow_once(repository.objects.log, [view])
    view.close()
    reader = ConformanceReader(repository.folder / "conformance.sqlite")
    browser = browse(views=Views(conformance=reader))
    shape = "urn:collectome:shape:specimen-licence"
    path = f"{LISTED}?shape={shape}&limit=2"
    found, pages = [], 0
    while path:
        page = browser.get(path).json()
        found += [one["pid"] for one in page["items"]]
        path, pages = page["next"], pages + 1
    assert (len(set(found)), len(found), pages) == (5, 5, 3)
    odd = f"{LISTED}?{urlencode({'shape': shape, 'source': 'javascript:alert(1)'})}"
    told = browser.get(odd, accept="text/html").text
    assert "javascript:alert(1)" in told and 'href="javascript:' not in told


def test_health_tells_head_lag_and_troubles(browse, filled):
    views = Views(positions=lambda: {"graph": 3, "search": 1}, troubles=lambda: {"conformance": 2})
    found = browse(views=views).get("/health").json()
    assert found["status"] == "ready"
    assert found["position"] == 3
    assert found["lag"] == {"graph": 0, "search": 2}
    assert found["troubles"] == {"conformance": 2}


def test_metrics_count_requests_and_lag(browse, filled):
    browser = browse(views=Views(positions=lambda: {"search": 1}))
    browser.get(f"/{filled}")
    browser.get("/10.5072/AAA-BBB-CCC")
    text = browser.get("/metrics").text
    assert 'collectome_requests_total{route="object",status="200"} 1.0' in text
    assert 'collectome_requests_total{route="object",status="404"} 1.0' in text
    assert 'collectome_projection_lag_events{projection="search"} 2.0' in text
    assert "collectome_log_position 3.0" in text
    assert 'collectome_objects{status="active",type="specimen"} 1.0' in text


def test_metrics_forget_what_there_is_none_of_any_more(repository, browse):
    pid = repository.register("specimen", a_specimen(), Status.DRAFT)
    browser = browse()
    assert 'collectome_objects{status="draft",type="specimen"}' in browser.get("/metrics").text
    draft = repository.objects.log.latest(pid).document
    repository.do(Activate(stamped(draft, pid, 2, modified=draft["dcterms:modified"])), pid)
    text = browser.get("/metrics").text
    assert 'status="draft"' not in text
    assert 'collectome_objects{status="active",type="specimen"} 1.0' in text
