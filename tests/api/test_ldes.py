"""The event streams as a reader meets them: one walk finds everything, once, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pyshacl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Dataset, NamedNode, RdfFormat, parse
from rdflib import Graph

from api.feeds import ldes, ldes_latest, ldes_nodes
from api.feeds.ldes_formats import FORMATS, WITH_GRAPHS
from api.negotiation import HTML
from api.views import Views
from api.vocabulary_pages import SHAPES
from eventstore.follower import follow_once
from eventstore.patches import document_lines
from fdo.documents import canonical
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations.member import moved
from handlers.projections import members
from handlers.projections.members import Members, MembersReader
from tests.api.conftest import BASE, CURATOR, Browser, Repository
from tests.api.documents import a_medium, a_source, a_specimen

LDES, TREE = "https://w3id.org/ldes#", "https://w3id.org/tree#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
VERSION_OF = "http://purl.org/dc/terms/isVersionOf"
RECORDED = "http://www.w3.org/ns/prov#generatedAtTime"
ACTIVITY = "https://www.w3.org/ns/activitystreams#"
GAP = "urn:collectome:vocab:gap"


@pytest.fixture(autouse=True)
def small_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three members a page and two children a node, so that a short story makes a tree."""
    for module in (members, ldes_latest):
        monkeypatch.setattr(module, "PAGE", 3)
    monkeypatch.setattr(ldes_nodes, "FANOUT", 2)


@dataclass
class Walked:
    """All that a reader finds from a root on."""

    lines: list[str] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)

    @property
    def data(self) -> Dataset:
        """The quads of all nodes."""
        return Dataset(parse("".join(self.lines), format=RdfFormat.N_QUADS))

    def values(self, subject: str, predicate: str) -> list[str]:
        """The objects of a subject in the default graph, as text."""
        found = self.data.quads_for_subject(NamedNode(subject))
        return [quad.object.value for quad in found if quad.predicate.value == predicate]

    def payload(self, member: str) -> set[str]:
        """The lines of a member's graph, as N-Triples."""
        ending = f" <{member}> .\n"
        return {
            f"{line.removesuffix(ending)} .\n" for line in self.lines if line.endswith(ending)
            and not line.startswith((f"<{BASE}", f"<{member}>"))
        }  # fmt: skip


def read(browser: Browser, node: str, accept: str = "application/n-quads") -> httpx.Response:
    """A node, also where it has moved because something on it was withheld."""
    answer = browser.get(node.removeprefix(BASE), accept)
    if answer.status_code == 307:
        answer = browser.get(answer.headers["location"].removeprefix(BASE), accept)
    return answer


class Feed:
    """A repository whose streams are read."""

    def __init__(self, repository: Repository) -> None:
        self.told = repository
        self.view = repository.folder / "members.sqlite"

    @property
    def browser(self) -> Browser:
        """The application, with the pages of all that was told so far."""
        projection = Members(self.view)
        while follow_once(self.told.objects.log, [projection]):
            pass
        projection.close()
        return Browser(self.told.app(views=Views(members=MembersReader(self.view))))

    def walk(self, root: str = "/ldes/all") -> Walked:
        """Read a stream from its root, each node once."""
        browser, walked, waiting = self.browser, Walked(), [f"{BASE}{root}"]
        while waiting:
            node = waiting.pop(0)
            walked.nodes.append(node)
            answer = read(browser, node)
            assert answer.status_code == 200, answer.text
            walked.lines += answer.text.splitlines(keepends=True)
            walked.members += re.findall(rf"<{TREE}member> <([^>]+)>", answer.text)
            found = re.findall(rf"<{TREE}node> <([^>]+)>", answer.text)
            waiting += [one for one in dict.fromkeys(found) if one not in walked.nodes + waiting]
        return walked

    def public(self, suits: Callable[[Any], bool] = lambda _: True) -> list[str]:
        """The names of all versions that are no drafts, in the order of the log."""
        return [
            event.version_iri
            for event in self.told.objects.log.read(0, 1000)
            if not event.operational and event.status is not Status.DRAFT and suits(event)
        ]


@pytest.fixture
def feed(repository: Repository) -> Feed:
    """Eighteen versions of nine objects, and a draft."""
    told = Feed(repository)
    told.source = repository.register("source-system", a_source())
    told.plants = [
        repository.register("specimen", a_specimen(f"DH-{n}"), source=told.source)
        for n in range(1, 7)
    ]
    told.picture = repository.register("media", a_medium(told.plants[0]), source=told.source)
    told.draft = repository.register("specimen", a_specimen("DH-D"), Status.DRAFT)
    told.stranger = repository.register("specimen", a_specimen("DH-S"))
    for name in ("Quercus petraea", "Quercus pubescens", "Quercus rubra"):
        for plant in told.plants[:3]:
            repository.revise(plant, a_specimen("DH-R", **{"ods:specimenName": name}))
    return told


def test_a_walk_from_the_root_finds_every_version_once(feed):
    walked = feed.walk()
    assert sorted(walked.members) == sorted(feed.public())
    assert len(walked.nodes) == len(set(walked.nodes))
    assert any("/nodes/2/0" in node for node in walked.nodes)


def test_a_type_and_a_dataset_have_streams_of_their_own(feed):
    specimens = feed.walk("/ldes/type/specimen").members
    assert sorted(specimens) == sorted(feed.public(lambda event: event.type == "specimen"))
    dataset = feed.walk(f"/ldes/dataset/{feed.source}").members
    assert set(feed.public()) - set(dataset) == {feed.stranger.version_iri(1)}
    assert feed.walk("/ldes/type/data-mapping").members == []


def test_the_list_names_every_stream_with_its_one_view(feed):
    text = feed.browser.get("/ldes", "application/n-quads").text
    views = re.findall(rf"<([^>]+)> <{TREE}view> <([^>]+)>", text)
    for path in ("all", "type/specimen", "type/media", f"dataset/{feed.source}"):
        assert views.count((f"{BASE}/ldes/{path}#stream", f"{BASE}/ldes/{path}")) == 1
        root = feed.browser.get(f"/ldes/{path}", "application/n-quads").text
        assert len(re.findall(rf"<{TREE}view>", root)) == 1


def test_the_root_declares_order_versions_transactions_shape_and_retention(feed):
    walked, stream = feed.walk(), f"{BASE}/ldes/all#stream"
    for name, value in {
        "timestampPath": RECORDED,
        "sequencePath": "urn:collectome:vocab:position",
        "versionOfPath": VERSION_OF,
        "versionCreatePath": TYPE,
        "versionUpdatePath": TYPE,
        "versionDeletePath": TYPE,
        "versionCreateObject": f"{ACTIVITY}Create",
        "versionUpdateObject": f"{ACTIVITY}Update",
        "versionDeleteObject": f"{ACTIVITY}Delete",
        "transactionPath": "urn:collectome:vocab:transaction",
        "transactionFinalizedPath": "urn:collectome:vocab:transactionFinalized",
        "pollingInterval": "10",
    }.items():
        assert walked.values(stream, f"{LDES}{name}") == [value], name
    (policy,) = walked.values(f"{BASE}/ldes/all", f"{LDES}retentionPolicy")
    assert walked.values(policy, f"{LDES}startingFrom") == ["2026-03-01T12:00:00.000000Z"]
    (shape,) = walked.values(stream, f"{TREE}shape")
    assert walked.values(shape, TYPE) == ["http://www.w3.org/ns/shacl#NodeShape"]


def test_both_bounds_of_a_relation_hold_for_all_members_beneath(feed):
    data = feed.walk().data
    seen = 0
    for relation in data.quads_for_predicate(NamedNode(f"{TREE}relation")):
        said = {q.predicate.value: q.object.value for q in data.quads_for_subject(relation.object)}
        assert said[f"{TREE}path"] == RECORDED
        beneath = feed.walk(said[f"{TREE}node"].removeprefix(BASE))
        times = [beneath.values(member, RECORDED)[0] for member in beneath.members]
        lower = "GreaterThanOrEqualToRelation" in said[TYPE]
        assert said[f"{TREE}value"] == (min(times) if lower else max(times))
        seen += 1
    assert seen > 10


def test_full_pages_are_the_same_bytes_for_ever_and_say_so(feed):
    first = feed.browser.get("/ldes/all/pages/0", "application/n-quads")
    inner = feed.browser.get("/ldes/all/nodes/1/0", "application/n-quads")
    for plant in feed.plants:
        feed.told.revise(plant, a_specimen("DH-R", **{"ods:specimenName": "Quercus alba"}))
    for before in (first, inner):
        after = feed.browser.get(before.url.path, "application/n-quads")
        assert after.content == before.content
        assert after.headers["etag"] == before.headers["etag"]
        assert after.headers["cache-control"] == "public, max-age=86400, immutable"
        assert f"<{LDES}immutable>" in after.text


def test_root_and_last_page_are_asked_again(feed):
    feed.told.revise(feed.picture, a_medium(feed.plants[1]), "media")
    known = {}
    for path in ("/ldes/all", "/ldes/all/pages/6"):
        before = feed.browser.get(path, "application/n-quads")
        assert before.headers["cache-control"] == "public, max-age=5"
        assert f"<{LDES}immutable>" not in before.text
        known[path] = {"if-none-match": before.headers["etag"]}
        same = feed.browser.get(path, "application/n-quads", headers=known[path])
        assert (same.status_code, same.content) == (304, b"")
    for plant in feed.plants[2:4]:
        feed.told.revise(feed.picture, a_medium(plant), "media")
    for path, headers in known.items():
        assert feed.browser.get(path, "application/n-quads", headers=headers).status_code == 200


def test_head_says_what_get_says(feed):
    got = feed.browser.get("/ldes/all/pages/0", "application/n-quads")
    asked = feed.browser.request(
        "HEAD", "/ldes/all/pages/0", headers={"accept": "application/n-quads"}
    )
    assert asked.content == b""
    for name in ("etag", "cache-control", "content-type", "content-length", "vary"):
        assert asked.headers[name] == got.headers[name]


@pytest.mark.parametrize("path", ["/ldes", "/ldes/all", "/ldes/all/pages/1", "/ldes/all/latest/9"])
def test_all_syntaxes_say_the_same_without_blank_nodes(feed, path):
    read = {}
    for shown in (one for one in FORMATS if one is not HTML):
        answer = feed.browser.get(path, shown.media_type)
        assert answer.headers["content-type"].split(";")[0] == shown.media_type
        found = RdfFormat.from_media_type(shown.media_type)
        read[shown.name] = {str(quad) for quad in parse(answer.content, format=found)}
        assert not any("_:" in quad.replace("://", "") for quad in read[shown.name])
    with_graphs = [read[one.name] for one in WITH_GRAPHS]
    assert with_graphs[0] == with_graphs[1] == with_graphs[2]
    assert read["ntriples"] == read["turtle"]


def test_a_payload_is_the_document_in_the_graph_of_the_member(feed):
    walked = feed.walk()
    for plant in feed.plants:
        current = feed.told.objects.log.latest(plant)
        assert walked.payload(current.version_iri) == set(document_lines(current))


def test_without_graphs_the_version_bears_what_the_object_bears_in_them(feed):
    event = feed.told.objects.log.latest(feed.plants[0])
    pages = range(6)
    text = "".join(
        feed.browser.get(f"/ldes/all/pages/{n}", "application/n-triples").text for n in pages
    )
    lines = set(text.splitlines(keepends=True))
    expected = set(moved(document_lines(event), event.pid.iri, event.version_iri))
    assert expected < lines
    assert set(moved(expected, event.version_iri, event.pid.iri)) == set(document_lines(event))


def test_every_member_keeps_the_shape(feed):
    feed.told.tombstone(feed.plants[0], "Lost.")
    feed.told.withhold(feed.plants[1], "Licence.")
    rules = Graph().parse(SHAPES / "version.ttl")
    for number in range(7):
        page = read(feed.browser, f"/ldes/all/pages/{number}", "application/n-triples").text
        conforms, _, said = pyshacl.validate(
            Graph().parse(data=page, format="nt"), shacl_graph=rules
        )
        assert conforms, said
    poor = re.sub(rf".*{VERSION_OF}.*\n", "", page)
    conforms, _, _ = pyshacl.validate(Graph().parse(data=poor, format="nt"), shacl_graph=rules)
    assert not conforms


def test_creating_changing_and_ending_are_told_apart(feed):
    feed.told.tombstone(feed.plants[0], "Lost.")
    walked = feed.walk()
    assert walked.values(feed.plants[0].version_iri(1), TYPE) == [f"{ACTIVITY}Create"]
    assert walked.values(feed.plants[0].version_iri(2), TYPE) == [f"{ACTIVITY}Update"]
    assert walked.values(feed.plants[0].version_iri(5), TYPE) == [f"{ACTIVITY}Delete"]
    ended = walked.payload(feed.plants[0].version_iri(5))
    assert any("tombstonedText" in line for line in ended)
    assert not any("country" in line or "#event-1" in line for line in ended)
    assert any("country" in line for line in walked.payload(feed.plants[0].version_iri(4)))


def test_what_is_withheld_now_shows_its_record_in_all_its_past(feed):
    before = feed.walk().payload(feed.plants[1].version_iri(2))
    assert any("Laelatu" in line for line in before)
    feed.told.withhold(feed.plants[1], "Licence.")
    walked = feed.walk()
    for version in range(1, 6):
        lines = walked.payload(feed.plants[1].version_iri(version))
        assert lines
        assert not any("Laelatu" in line or "Quercus" in line for line in lines)


def test_a_page_of_which_something_is_withheld_moves_and_leads_to_where_it_is(feed):
    plant, log = feed.plants[1], feed.told.objects.log
    web = feed.browser
    before = {node: read(web, node) for node in feed.walk().nodes}
    held = [n for n, answer in before.items() if f"<{plant.version_iri(2)}>" in answer.text]
    kept = [n for n, answer in before.items() if str(plant) not in answer.text]
    assert held and kept
    feed.told.withhold(plant, "Licence.")
    web = feed.browser
    withheld = log.position()
    for node in held:
        led = web.get(f"{node}?format=nquads")
        assert (led.status_code, led.headers["cache-control"]) == (307, "no-cache")
        assert led.headers["location"] == f"{node}/{withheld}?format=nquads"
        now = web.get(f"{node}/{withheld}", "application/n-quads")
        assert "immutable" in now.headers["cache-control"]
        assert now.content != before[node].content
        assert web.get(f"{node}/{withheld + 1}").status_code == 404
    for node in kept:
        if before[node].headers["cache-control"].endswith("immutable"):
            assert web.get(node, "application/n-quads").content == before[node].content
    feed.told.release(plant, a_specimen("DH-R"))
    again, web = log.position(), feed.browser
    for node in held:
        led = web.get(f"{node}/{withheld}", "application/n-quads")
        assert (led.status_code, led.headers["location"]) == (307, f"{node}/{again}")
        released = read(web, f"{node}/{again}").text
        assert released.replace(f"{node}/{again}", node) == before[node].text


def test_what_is_withheld_and_erased_on_one_page_is_gone_from_each_of_its_addresses(feed):
    plant, node, web = feed.plants[1], "", feed.browser
    for number in range(6):
        page = web.get(f"/ldes/all/pages/{number}", "application/n-quads")
        if f"<{plant.version_iri(2)}>" in page.text:
            node = f"{BASE}/ldes/all/pages/{number}"
    erase(feed, plant, [2])
    erasure = feed.told.objects.log.position()
    feed.told.withhold(plant, "Licence.")
    web = feed.browser
    gone = web.get(node)
    assert (gone.status_code, gone.json()["erasure"]) == (410, erasure)
    assert gone.json()["address"] == f"{node}/{erasure + 1}"
    led = web.get(f"{node}/{erasure}")
    assert led.headers["location"] == f"{node}/{erasure + 1}"
    left = read(web, f"{node}/{erasure + 1}").text.splitlines()
    assert not any("Laelatu" in line and str(plant) in line for line in left)


def test_drafts_are_in_no_stream(feed):
    assert not any(str(feed.draft) in line for line in feed.walk().lines)
    latest = feed.walk(f"/ldes/all/latest/{feed.told.objects.log.position()}")
    assert not any(str(feed.draft) in line for line in latest.lines)


def erase(feed: Feed, pid: Pid, versions: list[int]) -> str:
    """Put `redacted` in the place of some versions; the name of the erasure."""
    log = feed.told.objects.log
    told = log.version(pid, versions[-1])
    redacted = canonical({**told.document, "ods:specimenName": "redacted"})
    positions = [log.version(pid, version).position for version in versions]
    return feed.told.objects.erase(pid, positions, redacted, CURATOR).activity


def test_an_erased_version_is_a_gap_and_the_erasure_a_member(feed):
    plant = feed.plants[2]
    erased = [feed.told.objects.log.version(plant, version).position for version in (3, 4)]
    erasure = erase(feed, plant, [3, 4])
    walked = feed.walk()
    assert not any("Quercus rubra" in line for line in walked.lines if str(plant) in line)
    gaps = {q.object.value for q in walked.data.quads_for_predicate(NamedNode(GAP))}
    assert gaps == set(map(str, erased))
    assert plant.version_iri(3) not in walked.members
    assert walked.values(erasure, VERSION_OF) == [plant.iri]
    assert walked.values(erasure, TYPE) == [f"{ACTIVITY}Update"]
    assert walked.payload(erasure) == set(document_lines(feed.told.objects.log.latest(plant)))


def newest(feed: Feed, position: int) -> dict[str, str]:
    """Object → the version in force at a position, of those that were public then."""
    found = {}
    for event in feed.told.objects.log.read(0, 1000, position):
        if not event.operational and event.status is not Status.DRAFT:
            found[event.pid.iri] = event.version_iri
    return found


def test_a_snapshot_has_the_newest_version_of_each_object_and_stays(feed):
    position = feed.told.objects.log.position() - 4
    expected = newest(feed, position)
    before = feed.walk(f"/ldes/all/latest/{position}")
    assert sorted(before.members) == sorted(expected.values())
    assert len(before.nodes) > 2
    for plant in feed.plants:
        feed.told.revise(plant, a_specimen("DH-R", **{"ods:specimenName": "Quercus alba"}))
    for number in range(7, 20):
        feed.told.register("specimen", a_specimen(f"DH-{number}"))
    after = feed.walk(f"/ldes/all/latest/{position}")
    assert after.members == before.members
    assert sorted(after.lines) == sorted(before.lines)


def test_a_snapshot_is_a_stream_that_says_where_to_go_on(feed):
    position = feed.told.objects.log.position()
    led = feed.browser.get("/ldes/all/latest")
    assert (led.status_code, led.headers["location"]) == (307, f"{BASE}/ldes/all/latest/{position}")
    page = feed.browser.get(f"/ldes/all/latest/{position}", "application/n-quads")
    assert page.headers["cache-control"] == "public, max-age=3600"
    walked = feed.walk(f"/ldes/all/latest/{position}")
    stream = f"{BASE}/ldes/all/latest/{position}#stream"
    derived = "http://www.w3.org/ns/prov#wasDerivedFrom"
    assert walked.values(stream, derived) == [f"{BASE}/ldes/all#stream"]
    assert walked.values(stream, "urn:collectome:vocab:position") == [str(position)]
    (policy,) = walked.values(f"{BASE}/ldes/all/latest/{position}", f"{LDES}retentionPolicy")
    assert walked.values(policy, f"{LDES}versionAmount") == ["1"]


def test_snapshots_of_a_type_and_a_dataset_leave_the_others_out(feed):
    position = feed.told.objects.log.position()
    every = set(newest(feed, position).values())
    media = feed.walk(f"/ldes/type/media/latest/{position}").members
    assert media == [feed.picture.version_iri(1)]
    dataset = feed.walk(f"/ldes/dataset/{feed.source}/latest/{position}").members
    assert every - set(dataset) == {feed.stranger.version_iri(1)}


def test_in_a_snapshot_the_erasure_stands_for_the_erased_version(feed):
    plant, before = feed.plants[0], feed.told.objects.log.position()
    erasure = erase(feed, plant, [4])
    now = feed.walk(f"/ldes/all/latest/{feed.told.objects.log.position()}")
    assert erasure in now.members
    assert plant.version_iri(4) not in now.members
    page = f"/ldes/all/latest/{before}"
    while (then := feed.browser.get(page, "application/n-quads")).status_code == 200:
        page = then.links["next"]["url"]
    assert then.status_code == 410
    said = then.json()
    assert said["gaps"] == [feed.told.objects.log.version(plant, 4).position]
    assert said["address"] == f"{BASE}/ldes/all/latest"


def test_a_page_that_held_what_was_erased_is_gone_and_leads_to_the_one_with_the_gap(feed):
    plant = feed.plants[2]
    position = feed.told.objects.log.version(plant, 3).position
    before = {
        node: feed.browser.get(node, "application/n-quads").text for node in feed.walk().nodes
    }
    held = [node for node, text in before.items() if f"<{plant.version_iri(3)}>" in text]
    erase(feed, plant, [3])
    erasure = feed.told.objects.log.position()
    after = feed.walk()
    assert held
    for node in held:
        gone = feed.browser.get(node, "application/n-quads")
        assert (gone.status_code, gone.json()["address"]) == (410, f"{node}/{erasure}")
        now = feed.browser.get(f"{node}/{erasure}", "application/n-quads").text
        assert f'<{GAP}> "{position}"' in now
        assert plant.version_iri(3) not in now
        assert node not in after.nodes
        assert f"{node}/{erasure}" in after.nodes
        assert feed.browser.get(f"{node}/{erasure + 1}").status_code == 404
    others = [n for n in before if n not in held and feed.browser.get(n).status_code == 410]
    assert all("/nodes/" in node for node in others)  # those that lead to what is gone
    assert feed.browser.get("/ldes/all/pages/0/7").status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/ldes/everything", 404, "/ldes lists"),
        ("/ldes/type/mineral", 404, "/ldes lists"),
        ("/ldes/dataset/20.5000.5072/AAA-AAA-AAA", 404, "/ldes lists"),
        ("/ldes/dataset/nonsense", 404, "/ldes lists"),
        ("/ldes/all/pages/77", 404, "no page 77"),
        ("/ldes/all/pages/-1", 422, ""),
        ("/ldes/all/pages/99999999999999999999", 422, ""),
        ("/ldes/all/nodes/1/77", 404, "no node 77 of height 1"),
        ("/ldes/all/nodes/0/0", 404, "no node 0 of height 0"),
        ("/ldes/all/nodes/2147483648/2147483648", 404, "no node"),
        ("/ldes/all/latest/9999", 404, "the log is at event"),
        ("/ldes/all/latest/9?after=nonsense", 400, "not a PID"),
        ("/ldes/all?format=docx", 406, "docx"),
    ],
)
def test_what_is_not_there_is_refused_with_the_next_step(feed, path, status, said):
    answer = feed.browser.get(path, "application/n-quads")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


def test_who_comes_when_too_much_is_being_written_is_told_when_to_come_again(feed, monkeypatch):
    monkeypatch.setattr(ldes, "AT_ONCE", 0)
    monkeypatch.setattr(ldes, "PATIENCE_S", 1)
    answer = feed.browser.get("/ldes/all/pages/0", "application/n-quads")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert answer.json()["type"].endswith("/problems/too-many-requests")


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/ldes", "type/specimen"),
        ("/ldes/all", "ldes-client --follow"),
        ("/ldes/all/nodes/1/0", "never changes"),
        ("/ldes/all/pages/0", "<td>registered</td>"),
        ("/ldes/all/latest/12", "Next page"),
    ],
)
def test_people_are_shown_a_page(feed, path, seen):
    answer = feed.browser.get(path, "text/html")
    assert answer.headers["content-type"].startswith("text/html")
    assert seen in answer.text


@given(st.integers(0, 5000))
def test_full_pages_are_covered_once_by_few_nodes(pages):
    found = list(ldes_nodes.branches(pages))
    covered = [page for branch in found for page in range(branch.first, branch.last + 1)]
    assert covered == list(range(pages))
    heights = [branch.height for branch in found]
    assert heights == sorted(heights, reverse=True)
    below = [heights.count(height) for height in range(ldes_nodes.HIGHEST)]
    assert max(below, default=0) < ldes_nodes.FANOUT
