"""Memento (RFC 7089): originals, TimeGates, TimeMaps and mementos."""

from __future__ import annotations

import base64
import hashlib
import re
from email.utils import formatdate

import pyoxigraph
import pytest

from api.objects.timegate import PAGE
from eventstore.application import Change
from fdo.lifecycle import Note, Restore, Revised, Status, stamped
from fdo.representations.nquads import triples
from tests.api.conftest import BASE, CURATOR, DAY, START
from tests.api.documents import a_source, a_specimen

FIRST, SECOND, THIRD = (formatdate((START + n * DAY) // 1_000_000, usegmt=True) for n in range(3))


@pytest.fixture
def oak(repository):
    """A specimen with versions of 1, 2 and 3 March 2026, noon."""
    pid = repository.register("specimen", a_specimen())
    for name in ("Quercus petraea (Matt.) Liebl.", "Quercus cerris L."):
        repository.revise(pid, a_specimen(**{"ods:specimenName": name}))
    return pid


def gate(browser, uri, when=None, method="GET"):
    """What a TimeGate answers."""
    headers = {} if when is None else {"accept-datetime": when}
    return browser.request(method, f"/timegate/{uri}", headers=headers)


def at(micros: int) -> str:
    """An HTTP-date so many microseconds behind the first version."""
    return formatdate((START + micros) // 1_000_000, usegmt=True)


def links(text: str) -> dict[str, list[tuple[str, dict[str, str]]]]:
    """Relation → (target, parameters) of a Link header or a TimeMap."""
    found: dict[str, list[tuple[str, dict[str, str]]]] = {}
    for target, params in re.findall(r'<([^>]*)>((?:\s*;\s*\w+="[^"]*")*)', text):
        known = dict(re.findall(r'(\w+)="([^"]*)"', params))
        for relation in known["rel"].split():
            found.setdefault(relation, []).append((target, known))
    return found


# ── originals ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shown", ["json", "html", "turtle"])
def test_an_original_names_its_timegate_and_timemap_and_never_varies_on_time(browse, oak, shown):
    browser = browse()
    plain = browser.get(f"/{oak}?format={shown}")
    asked = browser.get(f"/{oak}?format={shown}", headers={"accept-datetime": FIRST})
    assert asked.content == plain.content
    assert asked.headers == plain.headers
    assert "accept-datetime" not in plain.headers["vary"].lower()
    assert "memento-datetime" not in plain.headers
    found = links(plain.headers["link"])
    assert found["timegate"][0][0] == f"{BASE}/timegate/{oak}"
    assert found["timemap"][0][0] == f"{BASE}/timemap/link/{oak}"
    assert "original" not in found


# ── the TimeGate ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("when", "version"),
    [
        (None, 3),
        (at(-DAY), 1),
        (at(0), 1),
        (at(DAY - 1), 1),
        (at(DAY), 2),
        (at(2 * DAY - 1), 2),
        (at(2 * DAY), 3),
        (at(900 * DAY), 3),
    ],
)
def test_a_timegate_leads_to_the_version_that_was_in_force(browse, oak, method, when, version):
    answer = gate(browse(), oak, when, method)
    assert answer.status_code == 302
    assert answer.headers["location"] == f"{BASE}/{oak}/{version}"
    assert answer.headers["vary"] == "accept-datetime"
    assert "memento-datetime" not in answer.headers
    assert answer.content == b""
    found = links(answer.headers["link"])
    assert found["original"][0][0] == f"{BASE}/{oak}"
    assert found["timemap"][0][0] == f"{BASE}/timemap/link/{oak}"
    assert found["first"] == [
        (f"{BASE}/{oak}/1", found["first"][0][1]),
    ]
    assert found["first"][0][1]["datetime"] == FIRST
    assert found["last"][0][0] == f"{BASE}/{oak}/3"
    assert found["last"][0][1]["datetime"] == THIRD
    assert [one[0] for one in found.get("prev", [])] == (
        [f"{BASE}/{oak}/{version - 1}"] if version > 1 else []
    )
    assert [one[0] for one in found.get("next", [])] == (
        [f"{BASE}/{oak}/{version + 1}"] if version < 3 else []
    )


@pytest.mark.parametrize(
    "uri",
    [
        "{pid}",
        "{low}",
        "{pid}/",
        "https://doi.org/{pid}",
        "https%3A%2F%2Fdoi.org%2F{pid}",
        "https:/doi.org/{pid}",
        "doi:{pid}",
        BASE + "/{pid}",
        "http://repository.example/{pid}",
        "https:/repository.example/{pid}",
    ],
)
def test_an_original_may_be_named_by_path_pid_or_address(browse, oak, uri):
    uri = uri.format(pid=oak, low=str(oak).lower())
    assert gate(browse(), uri, SECOND).headers["location"] == f"{BASE}/{oak}/2"
    assert browse().get(f"/timemap/link/{uri}").status_code == 200


@pytest.mark.parametrize(
    "uri",
    ["", "https://example.org/{pid}", "{pid}/2", "10.5072/AAA-BBB-CCC", "nothing"],
)
def test_what_is_no_original_of_ours_is_not_found(browse, oak, uri):
    for answer in (
        gate(browse(), uri.format(pid=oak)),
        browse().get(f"/timemap/json/{uri.format(pid=oak)}"),
    ):
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "when",
    ["", "yesterday", "2026-03-02T12:00:00Z", "Mon, 2 Mar 2026 12:00:00 GMT",
     "Mon, 02 Mar 2026 12:00:00 CET", "Mon, 31 Feb 2026 12:00:00 GMT", "v2"],
)  # fmt: skip
def test_a_datetime_that_is_none_is_refused(browse, oak, when):
    answer = gate(browse(), oak, when)
    assert answer.status_code == 400
    assert answer.json()["parameter"] == "Accept-Datetime"


def test_a_timegate_goes_by_whole_seconds_and_as_of_by_microseconds(repository, browse):
    pid = repository.register("specimen", a_specimen())
    for number in range(2, 5):  # four versions within one second
        repository.now += 100_000 - DAY
        repository.revise(pid, a_specimen(f"DH-{number}"))
    browser = browse()
    assert gate(browser, pid, FIRST).headers["location"] == f"{BASE}/{pid}/4"
    for version in range(1, 5):
        moment = f"2026-03-01T12:00:00.{version - 1}00000Z"
        answer = browser.get(f"/{pid}", params={"as-of": moment})
        assert answer.headers["collectome-version"] == str(version)
        assert answer.headers["memento-datetime"] == FIRST


def test_pages_of_other_origins_may_ask(browse, oak):
    answer = browse().request("OPTIONS", f"/timegate/{oak}")
    assert answer.status_code == 204
    assert "Accept-Datetime" in answer.headers["access-control-allow-headers"]
    answer = gate(browse(), oak)
    assert answer.headers["access-control-allow-origin"] == "*"
    for name in ("Location", "Link", "Vary", "Memento-Datetime", "Content-Location"):
        assert name in answer.headers["access-control-expose-headers"]


# ── mementos ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shown", ["json", "html", "turtle", "jsonld"])
def test_a_memento_names_its_time_original_and_neighbours(browse, oak, shown):
    answer = browse().get(f"/{oak}/2?format={shown}")
    assert answer.headers["memento-datetime"] == SECOND
    found = links(answer.headers["link"])
    assert found["original"][0][0] == f"{BASE}/{oak}"
    assert found["timegate"][0][0] == f"{BASE}/timegate/{oak}"
    assert found["timemap"][0][0] == f"{BASE}/timemap/link/{oak}"
    for relation, version, when in (("first", 1, FIRST), ("prev", 1, FIRST), ("next", 3, THIRD),
                                    ("last", 3, THIRD)):  # fmt: skip
        ((target, params),) = found[relation]
        assert target == f"{BASE}/{oak}/{version}"
        assert params["datetime"] == when
        assert "memento" in params["rel"].split()
    digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
    assert answer.headers["repr-digest"] == f"sha-256=:{digest}:"


def test_the_digest_of_the_graph_is_that_of_its_canonical_form(repository, browse, oak):
    lines = "".join(triples(repository.objects.log.version(oak, 2).document))
    graph = pyoxigraph.Dataset(
        pyoxigraph.parse(lines.encode(), format=pyoxigraph.RdfFormat.N_TRIPLES)
    )
    graph.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    canonical = "".join(sorted(f"{quad} .\n" for quad in graph))
    digest = base64.b64encode(hashlib.sha256(canonical.encode()).digest()).decode()
    for shown in ("json", "turtle", "ntriples"):
        answer = browse().get(f"/{oak}/2?format={shown}")
        assert answer.headers["collectome-graph-digest"] == f"sha-256=:{digest}:"


@pytest.mark.parametrize(
    "query", ["as-of=2", "as-of=v2", "observed-at=2026-03-02", "as-of=2026-03-02"]
)
def test_the_answer_for_a_moment_is_a_memento_and_says_which(repository, browse, oak, query):
    repository.now += 10 * DAY
    answer = browse().get(f"/{oak}?{query}")
    assert answer.headers["content-location"] == f"{BASE}/{oak}/2"
    assert answer.headers["memento-datetime"] == SECOND
    assert links(answer.headers["link"])["original"][0][0] == f"{BASE}/{oak}"


def test_versions_are_one_unbroken_chain(repository, browse, oak):
    heir = repository.register("specimen", a_specimen("DH-2"))
    repository.tombstone(oak, "Registered twice.", into=heir)
    back = stamped(a_specimen(), oak, 5, modified="2026-03-09T12:00:00.000Z")
    repository.do(Restore(back), oak)
    seen, address = [], f"{BASE}/{oak}/5"
    while address:
        answer = browse().get(address)
        seen.append(answer.headers["collectome-version"])
        found = links(answer.headers["link"])
        assert found["version-history"][0][0] == f"/{oak}/versions"
        assert found["latest-version"][0][0] == f"/{oak}"
        address = found.get("predecessor-version", [("", {})])[0][0]
        if address:
            back_again = links(browse().get(address).headers["link"])["successor-version"]
            assert back_again[0][0] == f"/{oak}/{seen[-1]}"
    assert seen == ["5", "4", "3", "2", "1"]


def test_a_withdrawn_object_keeps_its_mementos(repository, browse, oak):
    repository.tombstone(oak, "Lost.")
    browser = browse()
    for version, status in ((1, 200), (3, 200), (4, 410)):
        answer = browser.get(f"/{oak}/{version}")
        assert answer.status_code == status
        assert "memento-datetime" in answer.headers
    assert gate(browser, oak).headers["location"].endswith("/4")
    assert gate(browser, oak, SECOND).headers["location"].endswith("/2")
    listed = links(browser.get(f"/timemap/link/{oak}").text)["memento"]
    assert [one[0].rpartition("/")[2] for one in listed] == ["1", "2", "3", "4"]


def test_what_is_withheld_stays_so_in_the_past(repository, browse, oak):
    repository.withhold(oak, "CC BY-NC 4.0 is not open.")
    location = gate(browse(), oak, FIRST).headers["location"]
    answer = browse().get(location)
    assert answer.status_code == 403
    assert "Quercus" not in answer.text
    assert links(browse().get(f"/{oak}").headers["link"])["timegate"][0][0].endswith(str(oak))
    page = browse().get(location, accept="text/html")
    assert "memento-datetime" not in page.headers


def test_a_draft_has_neither_timegate_nor_memento(repository, browse):
    pid = repository.register("specimen", a_specimen(), Status.DRAFT)
    assert gate(browse(), pid).status_code == 404
    assert browse().get(f"/timemap/link/{pid}").status_code == 404


def harvested(repository, source, number):
    """The end of a harvest, a day after the last event."""
    detail = {"harvest": number, "counts": {}, "not_seen": [], "seen_again": []}
    repository.do(Note("HarvestCompleted", detail), source, "source-system")


@pytest.fixture
def dataset(repository):
    """A source system: registered, harvested, described anew and harvested again, a day each."""
    source = repository.register("source-system", a_source())
    harvested(repository, source, 1)
    repository.revise(source, a_source("Another name"), "source-system")
    harvested(repository, source, 2)
    return source


@pytest.mark.parametrize(
    ("when", "tail"),
    [
        (None, "?as-of=4"),
        (at(-DAY), "/1"),
        (at(DAY - 1), "/1"),
        (at(DAY), "?as-of=2"),
        (at(2 * DAY), "/2"),
        (at(3 * DAY - 1), "/2"),
        (at(3 * DAY), "?as-of=4"),
    ],
)
def test_a_timegate_of_a_dataset_leads_to_its_versions_and_harvests(browse, dataset, when, tail):
    answer = gate(browse(), dataset.iri, when)
    assert answer.headers["location"] == f"{BASE}/{dataset}{tail}"
    found = links(answer.headers["link"])
    assert found["first"][0][0] == f"{BASE}/{dataset}/1"
    assert found["last"][0][0] == f"{BASE}/{dataset}?as-of=4"


@pytest.mark.parametrize("shown", ["html", "json", "turtle"])
def test_the_state_after_a_harvest_is_a_memento(browse, dataset, shown):
    answer = browse().get(f"/{dataset}?as-of=2&format={shown}")
    assert answer.headers["memento-datetime"] == SECOND
    assert answer.headers["content-location"] == (
        f"{BASE}/{dataset}?as-of=2" if shown == "html" else f"{BASE}/{dataset}/1"
    )
    found = links(answer.headers["link"])
    around = {name: found[name][0][0] for name in ("original", "first", "prev", "next", "last")}
    assert around == {
        "original": f"{BASE}/{dataset}",
        "first": f"{BASE}/{dataset}/1",
        "prev": f"{BASE}/{dataset}/1",
        "next": f"{BASE}/{dataset}/2",
        "last": f"{BASE}/{dataset}?as-of=4",
    }
    assert (f"{BASE}/{dataset}?as-of=2", SECOND) in {
        (target, params["datetime"]) for target, params in found["memento"]
    }


def test_a_dataset_at_another_event_stands_between_its_mementos(repository, browse, dataset):
    repository.register("specimen", a_specimen())
    answer = browse().get(f"/{dataset}?as-of=5&format=html")
    found = links(answer.headers["link"])
    assert answer.headers["memento-datetime"] == at(4 * DAY)
    assert found["prev"][0][0] == f"{BASE}/{dataset}?as-of=4"
    assert "next" not in found


def test_a_timemap_of_a_dataset_lists_versions_and_harvests_in_pages(browse, dataset, monkeypatch):
    monkeypatch.setattr("api.objects.timegate.PAGE", 3)
    first = browse().get(f"/timemap/link/{dataset}")
    dated = {target: params["datetime"] for target, params in links(first.text)["memento"]}
    assert dated == {
        f"{BASE}/{dataset}/1": FIRST,
        f"{BASE}/{dataset}?as-of=2": SECOND,
        f"{BASE}/{dataset}/2": THIRD,
    }
    told = browse().get(f"/timemap/json/{dataset}?page=2").json()
    assert [one["uri"] for one in told["mementos"]["list"]] == [f"{BASE}/{dataset}?as-of=4"]
    assert told["mementos"]["last"]["uri"] == f"{BASE}/{dataset}?as-of=4"
    assert told["pages"]["prev"]["uri"].endswith("?page=1")


# ── TimeMaps ─────────────────────────────────────────────────────────────────────────────


def test_a_timemap_lists_every_memento_in_both_forms(browse, oak):
    answer = browse().get(f"/timemap/link/{oak}")
    assert answer.headers["content-type"] == "application/link-format"
    found = links(answer.text)
    assert found["original"][0][0] == f"{BASE}/{oak}"
    assert found["timegate"][0][0] == f"{BASE}/timegate/{oak}"
    assert found["self"][0][1] | {"rel": ""} == {
        "rel": "", "type": "application/link-format", "from": FIRST, "until": THIRD,
    }  # fmt: skip
    dated = {target: params["datetime"] for target, params in found["memento"]}
    wanted = {f"{BASE}/{oak}/{n}": when for n, when in enumerate((FIRST, SECOND, THIRD), 1)}
    assert dated == wanted
    told = browse().get(f"/timemap/json/{oak}").json()
    assert told["original_uri"] == f"{BASE}/{oak}"
    assert [one["uri"] for one in told["mementos"]["list"]] == list(wanted)
    assert told["mementos"]["last"]["datetime"] == "2026-03-03T12:00:00Z"
    assert told["pages"] == {}
    head = browse().request("HEAD", f"/timemap/link/{oak}")
    assert head.status_code == 200
    assert head.content == b""


def test_a_long_timemap_comes_in_pages_that_name_each_other(repository, browse, oak):
    known, _ = repository.objects.state(oak)
    facts = [
        Revised(stamped(a_specimen(f"DH-{n}"), oak, n, modified="2026-03-09T12:00:00.000Z"))
        for n in range(4, 2 * PAGE + 3)
    ]
    repository.now += DAY
    repository.objects.append([Change(oak, "specimen", fact, known) for fact in facts], by=CURATOR)
    browser = browse()
    seen: list[str] = []
    address = f"/timemap/link/{oak}"
    while address:
        found = links(browser.get(address).text)
        seen += [target for target, _ in found["memento"]]
        (following,) = found.get("next", [("", {})])
        if following[0]:
            assert "timemap" in following[1]["rel"].split()
            theirs = links(browser.get(following[0]).text)
            assert theirs["self"][0][1]["from"] == following[1]["from"]
            assert theirs["self"][0][1]["until"] == following[1]["until"]
            assert theirs["prev"][0][0] == found["self"][0][0]
        address = following[0]
    assert seen == [f"{BASE}/{oak}/{n}" for n in range(1, 2 * PAGE + 3)]
    pages = browser.get(f"/timemap/json/{oak}?page=2").json()["pages"]
    assert pages["prev"]["uri"].endswith("?page=1")
    assert pages["next"]["uri"].endswith("?page=3")
    assert browser.get(f"/timemap/link/{oak}?page=4").status_code == 400

    rows = browser.get(f"/{oak}/versions").json()
    assert [one["version"] for one in rows["versions"]] == list(range(2 * PAGE + 2, PAGE + 2, -1))
    events = browser.get(f"/{oak}/history").json()
    assert len(events["events"]) == PAGE
    after = browser.get(events["next"]).json()["events"]
    assert after[0]["sequence"] == PAGE + 1
    assert browser.get(rows["next"]).json()["versions"][0]["version"] == PAGE + 2


def test_a_timegate_takes_no_parameters(browse, oak):
    assert browse().get(f"/timegate/{oak}?as-of=1").status_code == 400
    assert browse().get(f"/timemap/link/{oak}?page=0").status_code == 422
    assert browse().get(f"/timemap/link/{oak}?after=9").json()["parameter"] == "after"
    assert browse().get(f"/timemap/xml/{oak}").status_code == 422
