"""Saved queries: objects like all others, whose result is one step away."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pyoxigraph
import pytest

from api.queries import LONGEST
from fdo.documents import canonical
from tests.api.conftest import BASE, DAY
from tests.api.documents import a_specimen

COUNT = "SELECT (COUNT(*) AS ?many)\nWHERE { ?s ?p ?o FILTER(?o < 5) } # <b>all</b>"
BODY = {"name": "How many?", "query": COUNT, "description": "All there is."}


@pytest.fixture
def writer(repository, browse):
    """Sends requests as a curator; a day goes by with each."""
    token = repository.tokens.create("steward", ("curator",))
    browser = browse()

    def send(method, path, body=None, etag=None, **options):
        repository.now += DAY
        headers = {"authorization": f"Bearer {token}"} | ({"if-match": etag} if etag else {})
        return browser.request(method, path, json=body, headers=headers, **options)

    return send


@pytest.fixture
def saved(writer):
    """The path of a saved query, and the ETag of its only version."""
    answer = writer("POST", "/api/queries", BODY)
    assert answer.status_code == 201, answer.text
    return urlsplit(answer.headers["location"]).path, answer.headers["etag"]


def asked(answer):
    """The parameters of the address to which an answer leads."""
    assert answer.status_code == 303, answer.text
    address = urlsplit(answer.headers["location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{BASE}/sparql"
    return {name: values[0] for name, values in parse_qs(address.query).items()}


def test_a_saved_query_is_an_object_with_a_handle(browse, saved):
    path, etag = saved
    assert path.startswith("/20.5000.5072/")
    answer = browse().get(path)
    assert answer.headers["etag"] == etag
    document = answer.json()
    assert document["schema:text"] == COUNT
    assert document["schema:name"] == "How many?"
    assert document["dcterms:creator"]["schema:name"] == "steward"
    assert browse().get(f"{path}/record").json()["referentName"] == "How many?"
    for tail in ("/1", "/versions", "/history", "/diff"):
        assert browse().get(path + tail).status_code == 200
    turtle = browse().get(f"{path}?format=turtle").content
    assert len(list(pyoxigraph.parse(turtle, format=pyoxigraph.RdfFormat.TURTLE))) > 10


def test_its_page_shows_the_query_and_leads_to_its_answer(browse, saved):
    path, _ = saved
    page = browse().get(path, accept="text/html").text
    assert "&lt;b&gt;all&lt;/b&gt;" in page
    assert "<b>all" not in page
    assert f'href="{BASE}/sparql?query=' in page
    assert "as-of=1" in page


def test_the_result_is_that_of_the_version_in_force(repository, browse, writer, saved):
    path, etag = saved
    repository.register("specimen", a_specimen())
    ask = {**BODY, "query": "ASK { ?s ?p ?o }"}
    assert writer("PUT", f"/api/queries{path}", ask, etag).json()["version"] == 2
    repository.now += DAY
    browser = browse()
    assert asked(browser.get(f"{path}/result")) == {"query": "ASK { ?s ?p ?o }"}
    assert asked(browser.get(f"{path}/result?as-of=2")) == {"query": COUNT, "as-of": "2"}
    assert asked(browser.get(f"{path}/result?as-of=v1")) == {"query": COUNT, "as-of": "1"}
    then = asked(browser.get(f"{path}/result", params={"as-of": "2026-03-01"}))
    assert then == {"query": COUNT, "as-of": "1"}
    seen = asked(browser.get(f"{path}/result?observed-at=2026-03-01"))
    assert seen == {"query": COUNT, "as-of": "3", "observed-at": "2026-03-01"}
    assert browser.request("HEAD", f"{path}/result").status_code == 303


def test_only_saved_queries_have_a_result(repository, browse, saved):
    oak = repository.register("specimen", a_specimen())
    assert browse().get(f"/{oak}/result").status_code == 404
    assert browse().get(f"{saved[0]}/result?colour=red").status_code == 400
    assert browse().get(f"{saved[0]}/result?as-of=2999-01-01").status_code == 400


def test_a_change_names_the_version_that_it_saw(browse, writer, saved):
    path, etag = saved
    place = f"/api/queries{path}"
    body = {**BODY, "name": "How much?"}
    for method, sent in (("PUT", body), ("DELETE", None)):
        target = place if sent else f"{place}?reason=Wrong."
        answer = writer(method, target, sent)
        assert answer.status_code == 428
        assert answer.json()["version"] == 1
        assert writer(method, target, sent, '"other-json"').status_code == 412
    answer = writer("PUT", place, body, etag)
    assert answer.status_code == 200
    assert answer.headers["etag"] == browse().get(path).headers["etag"] != etag
    assert writer("PUT", place, BODY, etag).status_code == 412
    assert writer("PUT", place, body, "*").json()["version"] == 2, "equal: no new version"
    document = browse().get(path).json()
    assert document["dcterms:created"] == browse().get(f"{path}/1").json()["dcterms:created"]


def test_a_withdrawn_query_keeps_its_versions(browse, writer, saved):
    path, etag = saved
    answer = writer("DELETE", f"/api/queries{path}?reason=Counts too much.", None, etag)
    assert answer.status_code == 200
    gone = browse().get(path)
    assert gone.status_code == 410
    assert "Counts too much." in gone.text
    assert browse().get(f"{path}/1").status_code == 200
    assert browse().get(f"{path}/result").status_code == 410
    assert asked(browse().get(f"{path}/result?as-of=v1"))["query"] == COUNT
    assert writer("PUT", f"/api/queries{path}", BODY, "*").status_code == 410


def test_an_erased_query_has_no_result_and_still_a_page(repository, browse, saved):
    path, _ = saved
    event = repository.objects.log.event(1)
    left = {k: v for k, v in event.document.items() if k != "schema:text"}
    repository.objects.erase(event.pid, [1], canonical(left), by=event.agent)
    assert browse().get(f"{path}/result").status_code == 404
    assert browse().get(path, accept="text/html").status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "x"}, 422),
        ({"name": "", "query": COUNT}, 422),
        ({"name": "x", "query": COUNT, "colour": "red"}, 422),
        ({"name": "x", "query": "a" * (LONGEST + 1)}, 422),
        ({"name": "x", "query": "DELETE WHERE { ?s ?p ?o }"}, 403),
        ({"name": "x", "query": "SELECT * { SERVICE <http://example.org/> { ?s ?p ?o } }"}, 403),
        ({"name": "x", "query": "SELECT * " + "{" * 200}, 413),
    ],
)
def test_what_the_endpoint_would_refuse_is_not_saved(repository, writer, body, status):
    answer = writer("POST", "/api/queries", body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert repository.objects.log.position() == 0


def test_saving_needs_a_curator(repository, browse, saved):
    browser = browse()
    robot = repository.tokens.create("robot", ("agent",))
    for method, path in (("POST", "/api/queries"), ("PUT", f"/api/queries{saved[0]}"),
                         ("DELETE", f"/api/queries{saved[0]}?reason=x")):  # fmt: skip
        assert browser.request(method, path, json=BODY).status_code == 401
        headers = {"authorization": f"Bearer {robot}"}
        assert browser.request(method, path, json=BODY, headers=headers).status_code == 403
    assert repository.objects.log.position() == 1


def test_another_object_is_no_saved_query(repository, writer):
    oak = repository.register("specimen", a_specimen())
    assert writer("PUT", f"/api/queries/{oak}", BODY, "*").status_code == 404
    assert writer("PUT", "/api/queries/nonsense", BODY, "*").status_code == 400


# ── Memento (RFC 7089) for the result ────────────────────────────────────────────────────


def led(browser, path, when=None):
    """The memento to which the TimeGate of a result leads, and its links by relation."""
    headers = {} if when is None else {"accept-datetime": when}
    answer = browser.request("HEAD", f"/timegate{path}/result", headers=headers)
    assert answer.status_code == 302, answer.text
    assert answer.headers["vary"] == "accept-datetime"
    assert "memento-datetime" not in answer.headers
    return answer.headers["location"], links_of(answer)


def links_of(answer):
    """Relation → address; one address may bear several."""
    found = re.findall(r'<([^>]+)>; rel="([^"]+)"', answer.headers["link"])
    return {name: address for address, names in found for name in names.split()}


def links_in(text):
    """Relation → addresses of a TimeMap."""
    found: dict[str, list[str]] = {}
    for address, names in re.findall(r'<([^>]+)>; rel="([^"]+)"', text):
        for name in names.split():
            found.setdefault(name, []).append(address)
    return found


def test_the_result_has_a_timegate_that_knows_when_it_was_what(repository, browse, saved):
    path, _ = saved  # on 1 March, and two specimens on the days after
    repository.register("specimen", a_specimen("A"))
    repository.register("specimen", a_specimen("B"))
    repository.now += DAY
    browser, here = browse(), f"{BASE}{path}/result"
    now = browser.request("HEAD", f"{path}/result")
    assert links_of(now)["timegate"] == f"{BASE}/timegate{path}/result"
    assert "memento-datetime" not in now.headers
    memento, links = led(browser, path, "Mon, 02 Mar 2026 18:00:00 GMT")
    assert memento == f"{here}?as-of=2"
    assert links == {
        "original": here, "timemap": f"{BASE}/timemap/link{path}/result",
        "first": f"{here}?as-of=1", "prev": f"{here}?as-of=1", "memento": links["memento"],
        "next": f"{here}?as-of=3", "last": f"{here}?as-of=3",
    }  # fmt: skip
    for when, position in (
        ("Tue, 01 Jan 2019 00:00:00 GMT", 1),
        ("Mon, 02 Mar 2026 11:59:59 GMT", 1),
        ("Mon, 02 Mar 2026 12:00:00 GMT", 2),
        ("Sun, 01 Mar 2099 00:00:00 GMT", 3),
        (None, 3),
    ):
        assert led(browser, path, when)[0] == f"{here}?as-of={position}", when
    wrong = browser.get(f"/timegate{path}/result", headers={"accept-datetime": "yesterday"})
    assert wrong.status_code == 400


def test_a_memento_of_the_result_says_so_and_leads_to_that_answer(repository, browse, saved):
    path, _ = saved
    repository.register("specimen", a_specimen())
    browser = browse()
    answer = browser.get(f"{path}/result?as-of=1")
    assert asked(answer) == {"query": COUNT, "as-of": "1"}
    assert answer.headers["memento-datetime"] == "Sun, 01 Mar 2026 12:00:00 GMT"
    links = links_of(answer)
    assert links["original"] == f"{BASE}{path}/result"
    assert links["next"] == links["last"] == f"{BASE}{path}/result?as-of=2"


def test_the_timemap_of_a_result_ends_where_the_query_was_withdrawn(
    repository, browse, writer, saved, monkeypatch
):
    path, etag = saved
    repository.register("specimen", a_specimen("A"))
    repository.register("specimen", a_specimen("B"))
    gone = writer("DELETE", f"/api/queries{path}?reason=Wrong.", etag=etag)
    assert gone.status_code == 200
    repository.register("specimen", a_specimen("C"))
    browser = browse()
    monkeypatch.setattr("api.objects.seconds.PAGE", 2)
    seen, page = [], f"/timemap/link{path}/result"
    while page:
        answer = browser.get(page)
        assert answer.headers["content-type"] == "application/link-format"
        seen += re.findall(r'as-of=(\d+)>; rel="([a-z ]*)memento"', answer.text)
        following = re.search(rf'<{BASE}([^>]+)>; rel="next timemap"', answer.text)
        page = following[1] if following else ""
    assert seen == [("1", "first "), ("2", ""), ("3", "last ")]
    assert browser.get(f"{path}/result").status_code == 410
    assert led(browser, path)[0] == f"{BASE}{path}/result?as-of=3"
    assert asked(browser.get(f"{path}/result?as-of=3"))["as-of"] == "3"


def test_the_timemap_of_a_result_is_the_same_in_both_forms_and_its_pages_name_each_other(
    repository, browse, saved, monkeypatch
):
    path, _ = saved  # event 1, on 1 March
    for number in range(4):
        repository.register("specimen", a_specimen(f"DH-{number}"))
    monkeypatch.setattr("api.objects.seconds.PAGE", 2)
    browser, here = browse(), f"{BASE}{path}/result"
    page, seen = f"/timemap/json{path}/result", list[dict[str, str]]()
    addresses = []
    while page:
        answer = browser.get(page)
        assert answer.headers["content-type"] == "application/json"
        told = answer.json()
        assert told["self"] == f"{BASE}{page}" and told["original_uri"] == here
        assert told["timegate_uri"] == f"{BASE}/timegate{path}/result"
        assert told["mementos"]["first"]["uri"] == f"{here}?as-of=1"
        assert told["mementos"]["last"]["uri"] == f"{here}?as-of=5"
        links = links_in(browser.get(page.replace("/json/", "/link/")).text)
        listed = [one["uri"] for one in told["mementos"]["list"]]
        assert listed == links["memento"]
        before = told["pages"].get("prev", {}).get("uri")
        assert before == (addresses[-1] if addresses else None)
        in_link_format = [one.replace("/link/", "/json/") for one in links.get("prev", [])]
        assert in_link_format == ([before] if before else [])
        seen += told["mementos"]["list"]
        addresses.append(told["self"])
        page = told["pages"].get("next", {}).get("uri", "").removeprefix(BASE)
    assert [one["uri"] for one in seen] == [f"{here}?as-of={n}" for n in range(1, 6)]
    assert [one["datetime"] for one in seen] == [f"2026-03-0{n}T12:00:00Z" for n in range(1, 6)]
    assert len(addresses) == 3
    third = browser.get(addresses[2].removeprefix(BASE)).json()
    assert third["pages"]["prev"]["from"] == "2026-03-03T12:00:00Z"
    assert third["pages"]["prev"]["until"] == "2026-03-04T12:00:00Z"
    wrong = browser.get(f"/timemap/json{path}/result?page=2")
    assert (wrong.status_code, wrong.json()["parameter"]) == (400, "page")


def test_what_has_no_result_has_no_timegate_of_one(repository, browse):
    oak = repository.register("specimen", a_specimen())
    assert browse().get(f"/timegate/{oak}/result").status_code == 404
    assert browse().get(f"/timegate/{oak}").status_code == 302
    assert browse().get(f"/timemap/json/{oak}/result").status_code == 404
