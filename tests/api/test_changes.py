"""The feed of every change: order, filters, pages, formats, and what it keeps back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from pyoxigraph import DefaultGraph, Quad, RdfFormat, parse
from starlette.requests import Request

from api.feeds import changes
from eventstore.patches import state_quads
from fdo.documents import canonical as bytes_of
from fdo.errors import Unavailable
from tests.api.conftest import BASE, CURATOR, Browser, Repository
from tests.api.feeding import History, a_history, replayed, the_views


@pytest.fixture
def history(repository: Repository) -> History:
    return a_history(repository)


@pytest.fixture
def reader(repository: Repository, history: History, browse: Callable[..., Browser]) -> Browser:
    return browse(views=the_views(repository))


def events(reader: Browser, query: str = "") -> list[dict[str, Any]]:
    answer = reader.get(f"/changes?format=json&{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["events"]
    return found


def positions(reader: Browser, query: str = "") -> list[int]:
    return [one["position"] for one in events(reader, query)]


def test_every_public_event_is_told_once_in_order(reader: Browser) -> None:
    assert positions(reader) == [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]  # 4 is a draft


def test_a_row_says_who_did_what_when_and_which_terms_changed(
    reader: Browser, history: History
) -> None:
    (row,) = events(reader, "since=5&until=6")
    assert (row["pid"], row["version"], row["what"]) == (history.oak.iri, 2, "Revised")
    assert row["recordedAt"] == "2026-03-06T12:00:00.000000Z"
    assert row["agent"]["id"] == CURATOR.id
    assert row["versionIri"] == f"{history.oak.iri}/2"
    assert row["changed"] == ["ods:hasEvents/ods:hasLocation/dwc:country"]
    assert "document" not in row


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("since=9", [10, 11, 12]),
        ("since=2026-03-09", [9, 10, 11, 12]),
        ("since=2026-03-09T12:00:00Z&until=2026-03-10", [9, 10]),
        ("since=2026-03-09T12:00:00.000001Z&until=2026-03-10", [10]),
        ("since=2026-03-09&until=2026-03-09", [9]),
        ("type=media,source-system", [1, 10, 12]),
        ("type=media&type=source-system", [1, 10, 12]),
        ("what=Revised", [6, 7]),
        ("source-system={source}", [1, 2, 3, 6, 7, 8, 12]),
        ("pid={oak}", [2, 6]),
        ("pid={oak},{gone}", [2, 5, 6, 9]),
        ("term=dwc:country", [6]),
        ("agent=https://orcid.org/0000-0002-1825-0097&until=2", [1, 2]),
        ("agent=https://orcid.org/0000-0000-0000-0000", []),
        ("query=q%3DDH-1", [2, 6]),
    ],
)
def test_filters_choose(reader: Browser, history: History, query: str, found: list[int]) -> None:
    names = {"source": history.source, "oak": history.oak, "gone": history.gone}
    assert positions(reader, query.format(**names)) == found


def test_pages_follow_one_another_without_gap_or_repetition(reader: Browser) -> None:
    path, found = "/changes?format=json&limit=2&type=specimen", []
    while path:
        answer = reader.get(path)
        body = answer.json()
        found += [one["position"] for one in body["events"]]
        assert len(body["events"]) <= 2
        assert ("link" in answer.headers) == (body["next"] is not None)
        path = body["next"]
    assert found == positions(reader, "type=specimen")


def test_a_closed_page_is_cached_and_an_open_one_is_not(
    reader: Browser, repository: Repository, history: History
) -> None:
    closed = reader.get("/changes?until=6")
    assert closed.headers["cache-control"] == "public, max-age=3600"
    again = reader.get("/changes?until=6", headers={"if-none-match": closed.headers["etag"]})
    assert again.status_code == 304
    assert reader.get("/changes").headers["cache-control"] == "no-cache"
    whole = reader.get("/changes?until=6&documents=yes")
    assert whole.headers["cache-control"] == closed.headers["cache-control"]
    repository.withhold(history.oak, "The licence was withdrawn.")
    for before in (closed, whole):
        path = str(before.url).removeprefix(BASE)
        later = reader.get(path, headers={"if-none-match": before.headers["etag"]})
        assert later.status_code == 200 and later.content != before.content


def test_head_says_what_get_would(reader: Browser) -> None:
    asked, told = reader.get("/changes?limit=3"), reader.request("HEAD", "/changes?limit=3")
    assert told.status_code == 200
    assert told.content == b""
    for name in ("content-type", "link", "etag", "collectome-position"):
        assert told.headers[name] == asked.headers[name]


def test_documents_come_with_what_proves_them(
    reader: Browser, repository: Repository, history: History
) -> None:
    rows = {one["position"]: one for one in events(reader, "documents=yes")}
    stored = repository.objects.log.event(6)
    assert bytes_of(rows[6]["document"]) == stored.document_bytes
    assert rows[6]["salt"] == stored.salt.hex()
    assert rows[6]["commitment"] == stored.meta["commitment"]
    assert rows[9]["record"]["pidStatus"]
    assert "document" not in rows[9]


def test_what_is_withheld_now_is_told_in_no_form(reader: Browser, history: History) -> None:
    for kept in ("jsonl", "json", "csv", "rdf-patch", "html"):
        text = reader.get(f"/changes?documents=yes&format={kept}").text
        assert history.hidden.suffix in text
        for value in ("Secretland", "Hiddenland", "Draftland"):
            assert value not in text
    hidden = events(reader, f"pid={history.hidden}&documents=yes")
    assert [one["disclosure"] for one in hidden] == ["record", "record", "record"]
    assert not any({"document", "salt", "changed"} & set(one) for one in hidden)


def test_lines_json_and_table_say_the_same(reader: Browser) -> None:
    rows = events(reader)
    lines = reader.get("/changes")
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert [one["position"] for one in map(orjson.loads, lines.text.splitlines())] == [
        one["position"] for one in rows
    ]
    cells = list(csv.DictReader(io.StringIO(reader.get("/changes?format=csv").text)))
    assert [int(one["position"]) for one in cells] == [one["position"] for one in rows]
    assert cells[4]["changed"] == "ods:hasEvents/ods:hasLocation/dwc:country"


def test_patches_form_a_chain_over_all_pages(reader: Browser) -> None:
    first = reader.get("/changes?format=rdf-patch&limit=5").text
    rest = reader.get("/changes?format=rdf-patch&since=5").text
    ids = _headers(first + rest, "id")
    assert len(set(ids)) == 12
    assert _headers(first + rest, "prev") == ids[:-1]
    assert _headers(first + rest, "position") == [
        f'"{n}"^^<http://www.w3.org/2001/XMLSchema#integer>' for n in range(1, 13)
    ]
    filtered = reader.get("/changes?format=rdf-patch&what=Revised").text
    assert _headers(filtered, "prev") == []


def test_all_patches_replayed_are_the_state_of_the_graph(
    reader: Browser, repository: Repository, history: History
) -> None:
    quads = replayed(reader.get("/changes?format=rdf-patch").text)
    log = repository.objects.log
    current = "".join(
        line for head in log.heads() for line in state_quads(log.event(head.position))
    )
    stated = {
        quad
        for quad in quads
        if "provenance" not in str(quad.graph_name) and "notSeenIn" not in str(quad.predicate)
    }
    assert stated == set(parse(current.encode(), RdfFormat.N_QUADS))


def test_who_replayed_before_a_withdrawal_drops_what_was_withheld(
    repository: Repository, history: History, browse: Callable[..., Browser]
) -> None:
    early = browse().get("/changes?format=rdf-patch").text
    repository.withhold(history.oak, "The licence was withdrawn.")
    late = browse().get("/changes?format=rdf-patch&since=12").text
    whole = browse().get("/changes?format=rdf-patch").text
    assert "Latvia" in early
    assert "Latvia" not in late + whole
    assert f"H cleared <{history.oak.iri}> ." in late
    assert replayed(late, replayed(early)) == replayed(whole)


def test_who_replayed_before_an_erasure_drops_what_was_erased(
    repository: Repository, history: History, browse: Callable[..., Browser]
) -> None:
    early = browse().get("/changes?format=rdf-patch").text
    event = repository.objects.log.latest(history.oak)
    redacted = {**event.document, "ods:hasEvents": []}
    repository.objects.erase(history.oak, [2, 6], bytes_of(redacted), CURATOR)
    late = browse().get("/changes?format=rdf-patch&since=12").text
    whole = browse().get("/changes?format=rdf-patch").text
    assert "Latvia" in early
    assert "Latvia" not in late + whole
    assert _documents(replayed(late, replayed(early))) == _documents(replayed(whole))


def test_a_page_that_is_left_half_way_makes_room_for_others(
    repository: Repository, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "AT_ONCE", 1)
    feed = changes.ChangeFeed(repository.app().app.state.site)
    scope = {"type": "http", "method": "GET", "path": "/changes", "headers": []}
    asked = Request({**scope, "query_string": b"limit=1", "server": ("test", 80)})
    left = feed._written(iter((b"x" * 100_000, b"y")))
    assert next(left)
    with pytest.raises(Unavailable):
        feed.answer(asked)
    left.close()
    assert feed.answer(asked).status_code == 200


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("since=99", "since"),
        ("since=2031-01-01", "since"),
        ("until=soon", "until"),
        ("since=6&until=5", "until"),
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("limit=00000000199999999", "limit"),
        ("documents=all", "documents"),
        ("type=fossil", "type"),
        ("what=Exploded", "what"),
        ("colour=red", "colour"),
        ("limit=1&limit=2", "limit"),
        ("query=colour%3Dred", "colour"),
        ("term=dwc:country&term=dwc:sex", "term"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    reader: Browser, query: str, parameter: str
) -> None:
    answer = reader.get(f"/changes?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["parameter"] == parameter


def test_a_page_for_people_shows_changes_and_leads_on(reader: Browser, history: History) -> None:
    page = reader.get("/changes?limit=3", accept="text/html").text
    assert f"/{history.oak}/1" in page
    assert 'rel="next"' in page
    assert "/changes" in reader.get("/feeds", accept="text/html").text


def _documents(quads: set[Quad]) -> set[Quad]:
    return {quad for quad in quads if quad.graph_name == DefaultGraph()}


def _headers(patches: str, name: str) -> list[str]:
    start = f"H {name} "
    return [
        line.removeprefix(start).removesuffix(" .")
        for line in patches.splitlines()
        if line.startswith(start)
    ]
