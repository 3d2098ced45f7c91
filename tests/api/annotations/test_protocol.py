"""The Web Annotation Protocol: containers, pages, and annotations made, changed and withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyoxigraph as ox
import pytest

from api.annotations import containers
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from tests.api.annotations.reviewing import COUNTRY, LOCALITY, Reviewing
from tests.api.conftest import BASE
from tests.api.documents import a_specimen
from tests.fdo.representations.annotation.w3c_schemas import broken

ANNO = "http://www.w3.org/ns/anno.jsonld"
LD = f'application/ld+json; profile="{ANNO}"'
PREFER = 'return=representation;include="http://www.w3.org/ns/'
IRIS = f'{PREFER}oa#PreferContainedIRIs"'
MINIMAL = f'{PREFER}ldp#PreferMinimalContainer"'


def a_comment(target: Pid, text: str = "Nice") -> dict[str, Any]:
    return {
        "@context": ANNO,
        "type": "Annotation",
        "motivation": "commenting",
        "body": {"type": "TextualBody", "value": text, "format": "text/plain"},
        "target": target.iri,
    }


def an_edit(target: Pid, value: str = "Latvia") -> dict[str, Any]:
    selector = {"type": "ods:TermSelector", "ods:term": COUNTRY[1:]}
    return a_comment(target, value) | {
        "motivation": "editing",
        "target": {"source": target.iri, "selector": selector},
    }


class Client:
    """Somebody who speaks the protocol."""

    def __init__(self, told: Reviewing) -> None:
        self.told = told

    def post(
        self, target: Pid | None, body: Any, by: str | None = "agent", **headers: str
    ) -> httpx.Response:
        path = f"/{target}/annotations/" if target else "/annotations/"
        return self.told.ask("POST", path, by, json=body, headers={"content-type": LD, **headers})

    def get(self, path: str, accept: str = LD, **headers: str) -> httpx.Response:
        return self.told.ask("GET", path, headers={"accept": accept, **headers})


@pytest.fixture
def client(reviewing: Reviewing) -> Iterator[Client]:
    yield Client(reviewing)


# ── annotations ──────────────────────────────────────────────────────────────────────────


def test_an_annotation_is_made_read_changed_and_withdrawn(
    client: Client, shared_data: Path
) -> None:
    specimen = client.told.specimen()
    made = client.post(None, an_edit(specimen), slug="mine")
    assert made.status_code == 201, made.text
    place = made.headers["location"].removeprefix(BASE)
    assert made.headers["content-type"] == LD
    read = client.get(place)
    assert read.headers["content-type"] == LD
    assert read.headers["etag"] == made.headers["etag"]
    assert read.json() == made.json()
    assert broken(shared_data, "annotations", read.json()) == []
    assert read.json()["ods:mergingDecisionStatus"] == "Pending"
    assert {"PUT", "DELETE"} <= set(read.headers["allow"].split(", "))
    assert '<http://www.w3.org/ns/ldp#Resource>; rel="type"' in read.headers["link"]

    changed = read.json() | {"body": {"type": "TextualBody", "value": "Lithuania"}}
    bare = client.told.ask("PUT", place, "agent", json=changed)
    assert bare.status_code == 428
    seen = {"if-match": read.headers["etag"]}
    put = client.told.ask("PUT", place, "agent", json=changed, headers=seen)
    assert put.status_code == 200, put.text
    assert put.json()["body"]["value"] == "Lithuania"
    assert put.json()["ods:version"] == 2
    assert "col:repaired" in put.json()  # what was put right at first stays told
    stale = client.told.ask("PUT", place, "agent", json=changed, headers=seen)
    assert stale.status_code == 412

    gone = client.told.ask("DELETE", f"{place}?reason=Wrong.", "agent",
                           headers={"if-match": put.headers["etag"]})  # fmt: skip
    assert gone.status_code == 204, gone.text
    after = client.get(place)
    assert after.status_code == 410
    assert "Wrong." in after.text
    first = client.get(f"{place}/1")
    assert first.json()["body"]["value"] == "Latvia"
    assert first.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("address", ["here", "pid"])
def test_an_annotation_may_take_the_place_of_one_before(client: Client, address: str) -> None:
    specimen = client.told.specimen()
    place = client.post(None, an_edit(specimen)).headers["location"]
    old = Pid.parse(place.removeprefix(f"{BASE}/"))
    named = place if address == "here" else old.iri
    better = an_edit(specimen, "Lithuania") | {"col:supersedes": named}
    refused = client.post(None, better, by="any")
    assert refused.status_code == 422 and "somebody else" in refused.text
    made = client.post(None, better)
    assert made.status_code == 201, made.text
    assert made.json()["col:supersedes"] == old.iri
    ended = client.get(f"/{old}")
    assert ended.status_code == 410 and made.json()["id"] in ended.text


def test_the_etag_of_the_stored_form_is_good_too(client: Client) -> None:
    made = client.post(None, a_comment(client.told.specimen()))
    place = made.headers["location"].removeprefix(BASE)
    stored = client.get(place, "application/json")
    assert stored.json()["@type"] == "oa:Annotation"
    again = stored.json() | {"oa:hasBody": [{"@type": "oa:TextualBody", "rdf:value": "Better"}]}
    put = client.told.ask("PUT", place, "agent", json=again,
                          headers={"if-match": stored.headers["etag"]})  # fmt: skip
    assert put.status_code == 200, put.text
    assert put.json()["body"]["value"] == "Better"


def test_only_its_maker_or_a_curator_of_the_holder_changes_an_annotation(client: Client) -> None:
    made = client.post(None, a_comment(client.told.specimen()))
    place = made.headers["location"].removeprefix(BASE)
    told = client.told
    told.tokens["stranger"] = told.told.tokens.create("stranger", ("agent",))
    changed = made.json() | {"body": "https://example.org/"}
    for by, status in (("stranger", 403), ("other", 403), (None, 401)):
        seen = {"if-match": "*"}
        assert told.ask("PUT", place, by, json=changed, headers=seen).status_code == status
        assert told.ask("DELETE", place, by).status_code == status
    assert told.ask("DELETE", place, "admin").status_code == 204


def test_an_annotation_keeps_its_origins_when_it_is_changed(client: Client) -> None:
    comment = a_comment(client.told.specimen())
    sent = comment | {"id": "https://example.org/1", "canonical": "urn:uuid:1"}
    made = client.post(None, sent)
    place = made.headers["location"].removeprefix(BASE)

    def put(**more: Any) -> httpx.Response:
        changed = comment | more
        return client.told.ask("PUT", place, "agent", json=changed, headers={"if-match": "*"})

    silent = put(body="https://example.org/body")
    assert silent.status_code == 200, silent.text
    assert silent.json()["via"] == "https://example.org/1"
    assert silent.json()["canonical"] == "urn:uuid:1"
    other = put(canonical="urn:uuid:2")
    assert other.status_code == 409
    assert "keeps its oa:canonical" in other.json()["detail"]


def test_nothing_more_is_done_to_what_was_withdrawn(client: Client) -> None:
    specimen = client.told.specimen()
    place = client.post(None, a_comment(specimen)).headers["location"].removeprefix(BASE)
    for _ in range(2):
        ended = client.told.ask("DELETE", place, "agent")
    assert ended.status_code == 410
    changed = client.told.ask("PUT", place, "agent", json=a_comment(specimen, "Again"),
                              headers={"if-match": "*"})  # fmt: skip
    assert changed.status_code == 410


def test_a_draft_is_as_unknown_as_none(client: Client) -> None:
    draft = client.told.told.register("specimen", a_specimen("DH-9"), Status.DRAFT)
    unknown = Pid(draft.prefix, "ZZZ-ZZZ-ZZZ")
    for tail in ("annotations/", "annotations/?page=0"):
        said = [client.get(f"/{pid}/{tail}") for pid in (draft, unknown)]
        assert [one.status_code for one in said] == [404, 404]
        assert _told(said[0], draft) == _told(said[1], unknown)
    for ask in (
        lambda pid: client.get(f"/api/annotations/{pid}"),
        lambda pid: client.post(None, a_comment(pid)),
        lambda pid: client.post(pid, a_comment(pid)),
    ):
        said = [ask(pid) for pid in (draft, unknown)]
        assert said[0].status_code == said[1].status_code >= 400
        assert _told(said[0], draft) == _told(said[1], unknown)


def _told(answer: httpx.Response, pid: Pid) -> str:
    """The words of a refusal, whatever it is about."""
    return str(answer.json()["detail"]).replace(str(pid), "PID")


def test_what_says_the_same_is_one_annotation(client: Client) -> None:
    specimen = client.told.specimen()
    first = client.post(None, a_comment(specimen))
    second = client.post(specimen, a_comment(specimen))
    assert second.status_code == 409
    assert second.json()["pid"] in first.headers["location"]


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({"colour": "red"}, 422, "/colour"),
        ({"target": "https://doi.org/10.5072/ZZZ-ZZZ-ZZZ"}, 422, "No object bears"),
        ({"body": {"value": "x" * 70_000}}, 422, "bytes"),
        ({"@context": "https://attacker.example/"}, 422, "not fetched"),
        ({"creator": "https://orcid.org/0000-0001-5109-3700"}, 422, "may not write in the name"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_place(
    client: Client, change: dict[str, Any], status: int, told: str
) -> None:
    answer = client.post(None, a_comment(client.told.specimen()) | change)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert told in answer.text


def test_other_bodies_are_refused_with_those_that_are_read(client: Client) -> None:
    answer = client.post(None, {}, **{"content-type": "text/turtle"})
    assert answer.status_code == 415
    assert "application/ld+json" in answer.headers["accept-post"]
    broken_json = client.told.ask(
        "POST", "/annotations/", "agent", content=b"{", headers={"content-type": LD}
    )
    assert broken_json.status_code == 422
    assert client.post(None, {}, by=None).status_code == 401


def test_a_container_of_an_object_takes_what_is_about_it(client: Client) -> None:
    one, other = client.told.specimen(), client.told.specimen("DH-2")
    assert client.post(one, a_comment(one)).status_code == 201
    assert client.post(one, a_comment(other)).status_code == 422
    assert client.post(Pid("10.5072", "ZZZ-ZZZ-ZZZ"), a_comment(one)).status_code == 404


def test_a_quota_counts_here_too(client: Client) -> None:
    told = client.told
    told.tokens["slow"] = told.told.tokens.create("slow", ("agent",), quotas=("1/day",))
    specimen = told.specimen()
    assert client.post(None, a_comment(specimen), "slow").status_code == 201
    spent = client.post(None, a_comment(specimen, "More"), "slow")
    assert spent.status_code == 429
    assert int(spent.headers["retry-after"]) > 0


# ── faces ────────────────────────────────────────────────────────────────────────────────


def test_an_annotation_has_the_faces_of_the_w3c_and_of_opends(client: Client) -> None:
    made = client.post(None, a_comment(client.told.specimen()) | {"rights": "https://e.org/r"})
    place = made.headers["location"].removeprefix(BASE)
    assert client.get(f"{place}?format=w3c", "*/*").json() == made.json()
    opends = client.get(f"{place}?format=opends", "*/*")
    assert opends.json()["@type"] == "ods:Annotation"
    assert opends.json()["oa:hasBody"]["oa:value"] == ["Nice"]
    assert "dcterms:rights" in opends.headers["collectome-losses"]
    ours = client.get(place, "application/ld+json")
    assert ours.json()["@context"].endswith("opends.jsonld")
    turtle = client.get(place, "text/turtle")
    assert "oa:hasTarget" in turtle.text
    past = client.get(f"{place}/1", LD)
    assert past.json() == made.json()
    assert past.headers["memento-datetime"]
    assert client.get(f"/{client.told.specimen('DH-3')}?format=w3c", "*/*").status_code == 406


# ── containers ───────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shelf(client: Client, monkeypatch: pytest.MonkeyPatch) -> tuple[Client, Pid]:
    """Five comments on one specimen and one on another, in pages of two."""
    monkeypatch.setattr(containers, "PAGE", 2)
    one, other = client.told.specimen(), client.told.specimen("DH-2")
    for number in range(5):
        client.told.propose(one, f"Note {number}", LOCALITY, "oa:commenting")
    client.told.propose(other, "Else", LOCALITY, "oa:commenting")
    return client, one


def values(page: dict[str, Any]) -> list[str]:
    return [item["body"]["value"] for item in page["items"]]


def local(address: str) -> str:
    return address.removeprefix(BASE)


def test_a_container_is_a_collection_and_its_pages_hold_every_member_once(
    shelf: tuple[Client, Pid], shared_data: Path
) -> None:
    client, one = shelf
    answer = client.get(f"/{one}/annotations/")
    container = answer.json()
    assert answer.headers["content-type"] == LD
    assert container["type"] == ["BasicContainer", "AnnotationCollection"]
    assert container["total"] == 5
    assert broken(shared_data, "collections", container) == []
    page, seen, addresses = container["first"], values(container["first"]), []
    while "next" in page:
        addresses.append(page["next"])
        page = client.get(local(page["next"])).json()
        assert broken(shared_data, "collections/pages", page) == []
        seen += values(page)
    assert seen == [f"Note {number}" for number in range(5)]
    assert page["id"] == container["last"]
    assert page["startIndex"] == 4
    before = client.get(local(page["prev"])).json()
    assert before["id"] == addresses[0]
    assert values(client.get(local(before["prev"])).json()) == ["Note 0", "Note 1"]


def test_pages_stay_while_others_write(shelf: tuple[Client, Pid]) -> None:
    client, one = shelf
    first = client.get(f"/{one}/annotations/").json()["first"]
    client.told.propose(one, "Late", LOCALITY, "oa:commenting")
    seen, page = values(first), first
    while "next" in page:
        page = client.get(local(page["next"])).json()
        seen += values(page)
    assert seen == [f"Note {number}" for number in range(5)]
    assert page["partOf"]["total"] == 5
    assert client.get(f"/{one}/annotations/").json()["total"] == 6


def test_members_are_shown_as_it_is_preferred(shelf: tuple[Client, Pid]) -> None:
    client, one = shelf
    named = client.get(f"/{one}/annotations/", prefer=IRIS)
    assert all(isinstance(item, str) for item in named.json()["first"]["items"])
    assert named.json()["first"]["items"][0].startswith("https://hdl.handle.net/")
    assert named.headers["content-location"].endswith("?iris=1")
    assert named.headers["preference-applied"] == "return=representation"
    assert "Prefer" in named.headers["vary"]
    minimal = client.get(f"/{one}/annotations/", prefer=MINIMAL).json()
    assert isinstance(minimal["first"], str)
    assert values(client.get(local(minimal["first"])).json()) == ["Note 0", "Note 1"]
    assert all(
        isinstance(item, str)
        for item in client.get(local(named.json()["first"]["next"])).json()["items"]
    )


def test_a_minimal_container_leads_to_pages_as_they_are_preferred(
    shelf: tuple[Client, Pid],
) -> None:
    client, one = shelf
    both = f"{PREFER}ldp#PreferMinimalContainer http://www.w3.org/ns/oa#PreferContained"
    for more, text in (("IRIs", False), ("Descriptions", True)):
        answer = client.get(f"/{one}/annotations/", prefer=f'{both}{more}"')
        first = answer.json()["first"]
        assert isinstance(first, str)
        assert answer.json()["id"] == answer.headers["content-location"]
        page = client.get(local(first), prefer=IRIS)  # it was said of the container
        assert page.json()["id"] == first
        assert "preference-applied" not in page.headers
        assert all(isinstance(item, dict) is text for item in page.json()["items"])
    turtle = client.get(f"/{one}/annotations/", "text/turtle", prefer=f'{both}IRIs"')
    assert "contains" not in turtle.text


def test_a_container_says_what_it_is_and_what_it_takes(shelf: tuple[Client, Pid]) -> None:
    client, one = shelf
    answer = client.get("/annotations/")
    assert answer.json()["total"] == 6
    assert 'ldp#BasicContainer>; rel="type"' in answer.headers["link"]
    assert 'rel="http://www.w3.org/ns/ldp#constrainedBy"' in answer.headers["link"]
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    again = client.get("/annotations/", **{"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    head = client.told.ask("HEAD", "/annotations/", headers={"accept": LD})
    assert (head.status_code, head.headers["etag"]) == (200, answer.headers["etag"])
    options = client.told.ask("OPTIONS", f"/{one}/annotations/")
    assert options.status_code == 204
    assert "POST" in options.headers["access-control-allow-methods"]
    assert "application/ld+json" in options.headers["accept-post"]


def test_the_etag_stays_until_an_annotation_comes(shelf: tuple[Client, Pid]) -> None:
    client, one = shelf
    before = client.get(f"/{one}/annotations/").headers["etag"]
    client.told.specimen("DH-9")
    assert client.get(f"/{one}/annotations/").headers["etag"] == before
    client.told.propose(one, "Late", LOCALITY, "oa:commenting")
    assert client.get(f"/{one}/annotations/").headers["etag"] != before


def test_a_container_can_be_had_as_turtle_and_as_a_page(shelf: tuple[Client, Pid]) -> None:
    client, one = shelf
    answer = client.get(f"/{one}/annotations/", "text/turtle")
    found = {
        (quad.predicate.value, quad.object.value)
        for quad in ox.parse(answer.text, format=ox.RdfFormat.TURTLE)
    }
    assert ("https://www.w3.org/ns/activitystreams#totalItems", "5") in found
    assert sum(predicate == "http://www.w3.org/ns/ldp#contains" for predicate, _ in found) == 2
    page = client.get(f"/{one}/annotations/", "text/html")
    assert "Note 0" in page.text
    assert 'rel="next"' in page.text


def test_a_container_as_it_was(shelf: tuple[Client, Pid]) -> None:
    client, one = shelf
    position = client.told.told.objects.log.position()
    client.told.propose(one, "Late", LOCALITY, "oa:commenting")
    assert client.get(f"/{one}/annotations/?as-of={position}").json()["total"] == 5
    assert client.get(f"/{one}/annotations/?as-of={position - 3}").json()["total"] == 3


def test_withdrawn_annotations_are_no_members(shelf: tuple[Client, Pid]) -> None:
    client, one = shelf
    first = client.get(f"/{one}/annotations/").json()["first"]["items"][0]["id"]
    pid = first.removeprefix("https://hdl.handle.net/")
    assert client.told.ask("DELETE", f"/{pid}", "admin").status_code == 204
    assert client.get(f"/{one}/annotations/").json()["total"] == 4


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/annotations/?page=x", 400),
        ("/annotations/?colour=red", 400),
        ("/annotations/?page=0&page=1", 400),
        ("/annotations/?as-of=99999", 400),
        ("/10.5072/ZZZ-ZZZ-ZZZ/annotations/", 404),
        ("/no/pid/annotations/", 404),
    ],
)
def test_impossible_containers_are_refused(client: Client, path: str, status: int) -> None:
    assert client.get(path).status_code == status


def test_an_empty_container_has_no_pages(client: Client, shared_data: Path) -> None:
    container = client.get("/annotations/").json()
    assert container["total"] == 0
    assert "first" not in container
    assert broken(shared_data, "collections", container) == []
    assert "There are none" in client.get("/annotations/", "text/html").text


def test_a_pid_in_small_letters_leads_to_the_container(client: Client) -> None:
    specimen = client.told.specimen()
    answer = client.get(f"/{str(specimen).lower()}/annotations/?iris=1")
    assert answer.status_code == 301
    assert answer.headers["location"] == f"/{specimen}/annotations/?iris=1"


def test_the_page_of_an_object_names_the_container(client: Client) -> None:
    specimen = client.told.specimen()
    answer = client.get(f"/{specimen}", "text/html")
    assert (
        f'</{specimen}/annotations/>; rel="http://www.w3.org/ns/oa#annotationService"'
        in (answer.headers["link"])
    )
