"""FAIR Signposting: headers, page and linkset say the same, and every target is there."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signposting.htmllinks import HTML, _parse_html
from signposting.linkheader import find_signposting_http_link
from signposting.linkset import Linkset, LinksetJSON, _parse_linkset, _parse_linkset_json
from signposting.signpost import AbsoluteURI, Signposting

from api.negotiation import DOCUMENT_FORMATS
from api.objects.links import LINKSET_FORMATS, link_header, standing_links
from api.objects.signposting import LIMIT, uri
from eventstore.application import DigitalObjects
from fdo.lifecycle import Register, Status, Withhold
from tests.api.conftest import BASE, CURATOR
from tests.api.documents import a_medium, a_source, a_specimen, a_stub

JSON_SET, TEXT_SET = (one.media_type for one in LINKSET_FORMATS)
PERSON = {
    "@type": "schema:Person",
    "schema:name": "Josiah Carberry",
    "schema:identifier": "https://orcid.org/0000-0002-1825-0097",
    "ods:hasRoles": [{"@type": "schema:Role", "schema:roleName": "collector"}],
}
SERVICE = "http://www.w3.org/ns/oa#annotationservice"
"""The relation to an object's container of annotations, in small letters."""


@pytest.fixture
def herbarium(repository):
    """A dataset, a specimen of two versions with a picture, and the picture."""
    source = repository.register("source-system", a_source())
    of_it = {"ods:sourceSystemID": source.iri, "ods:hasAgents": [PERSON]}
    oak = repository.register("specimen", a_specimen(**of_it))
    picture = repository.register("media", {**a_medium(oak), **of_it})
    repository.revise(oak, a_specimen(**of_it, **naming(picture)))
    return source, oak, picture


def naming(*media):
    """The part of a specimen that names its media."""
    return {
        "ods:hasEntityRelationships": [
            {
                "@type": "ods:EntityRelationship",
                "dwc:relationshipOfResource": "hasDigitalMedia",
                "dwc:relatedResourceID": one.iri,
                "ods:relatedResourceURI": one.iri,
            }
            for one in media
        ]
    }


def a_medium_stub(pid):
    """What remains of a PID-only medium."""
    address = {"ac:accessURI": f"https://example.org/{pid}"}
    return {**a_stub(pid, "Its licence."), "@type": "ods:DigitalMedia", **address}


def of_header(answer) -> Signposting:
    """What the client reads in the Link header."""
    return find_signposting_http_link([answer.headers["link"]], str(answer.url))


def of_linkset(answer, path: str) -> Signposting:
    """What the client reads of an address in the linkset."""
    here = AbsoluteURI(str(answer.url))
    kind = answer.headers["content-type"].partition(";")[0]
    if kind == JSON_SET:
        found = _parse_linkset_json(LinksetJSON(answer.text, kind, here, here))
    else:
        assert kind == TEXT_SET
        found = _parse_linkset(Linkset(answer.text, kind, here, here))
    return found.for_context(f"{BASE}{path}")


def told(signposts) -> set[tuple[str, str, str]]:
    """Signposts as relation, target and type; relations are compared without regard to case (RFC
    8288, 2.1.2)."""
    return {(str(one.rel).lower(), str(one.target), str(one.type or "")) for one in signposts}


def of(signposts, rel: str) -> list[str]:
    """The targets of one relation."""
    return sorted(target for name, target, _ in told(signposts) if name == rel)


def addresses(source, oak, picture) -> list[str]:
    return [f"/{source}", f"/{oak}", f"/{picture}", f"/{oak}/1", f"/{oak}/2", f"/{picture}/1"]


def test_an_object_is_signposted(herbarium, browse):
    source, oak, picture = herbarium
    signs = of_header(browse().get(f"/{oak}", accept="text/html"))
    assert of(signs, "cite-as") == [oak.iri]
    assert of(signs, "item") == [f"{BASE}/{picture}"]
    assert of(signs, "collection") == [f"{BASE}/{source}"]
    assert of(signs, "license") == ["https://creativecommons.org/licenses/by/4.0/"]
    assert of(signs, "author") == ["https://orcid.org/0000-0002-1825-0097"]
    assert "https://schema.org/AboutPage" in of(signs, "type")
    picture_signs = of_header(browse().get(f"/{picture}"))
    assert of(picture_signs, "collection") == [f"{BASE}/{oak}"]
    assert ("item", "https://example.org/media/1.jpg", "image/jpeg") in told(picture_signs)


def test_the_holder_is_no_author_where_nobody_is_named(repository, browse):
    nobody = {**a_specimen(), "ods:hasEvents": [], "ods:hasIdentifiers": [], "schema:creator": {
        "@type": "schema:SoftwareApplication", "schema:identifier": "urn:x", "schema:name": "Bot",
    }}  # fmt: skip
    pid = repository.register("specimen", nobody)
    assert of(of_header(browse().get(f"/{pid}")), "author") == []


def test_a_version_is_cited_as_itself(herbarium, browse):
    _, oak, _ = herbarium
    for path in (f"/{oak}/1", f"/{oak}?as-of=v1"):
        assert of(of_header(browse().get(path)), "cite-as") == [oak.version_iri(1)]


def test_headers_page_and_both_linksets_agree(herbarium, browse):
    for path in addresses(*herbarium):
        page = browse().get(path, accept="text/html")
        whole = told(of_header(page))
        assert whole == told(_Head(page).signposts)
        (linkset,) = {target for rel, target, _ in whole if rel == "linkset"}
        for kind in (JSON_SET, TEXT_SET):
            found = of_linkset(browse().get(linkset, accept=kind), path)
            assert told(found) == whole, (path, kind)


def test_the_document_itself_says_no_less_than_its_page_but_for_the_page(herbarium, browse):
    for path in addresses(*herbarium):
        page = told(of_header(browse().get(path, accept="text/html")))
        document = told(of_header(browse().get(path)))
        of_page = {("type", "https://schema.org/AboutPage", "")}
        of_page |= {link for link in page if link[0] == SERVICE}
        assert page - document <= of_page | _citations(page)


def test_every_target_is_there_with_the_type_that_was_said_and_leads_back(herbarium, browse):
    browser = browse()
    for path in addresses(*herbarium):
        signs = of_header(browser.get(path, accept="text/html"))
        page = f"{BASE}{path}"
        for rel, target, kind in told(signs):
            if not target.startswith(BASE):
                assert re.match(r"https?://[^\s]+\Z", target)
                continue
            if rel == SERVICE:  # made from a view; tests/api/annotations/test_protocol.py asks it
                continue
            answer = browser.get(target, accept=kind or None)
            assert answer.status_code == 200, (path, target)
            assert answer.headers["content-type"].partition(";")[0] == (kind or "application/json")
            back = {"item": "collection", "describedby": "describes"}.get(rel)
            if back and not path.endswith(("/1", "/2")):
                assert page in of(of_header(answer), back), (rel, target)


def test_what_is_not_public_is_no_item_and_no_collection(herbarium, repository, browse):
    source, oak, picture = herbarium
    hidden = repository.objects.reserve("media")
    stub = a_medium_stub(hidden)
    repository.do(Register(stub, Status.PID_ONLY), hidden, "media")
    more = {"ods:sourceSystemID": source.iri, **naming(picture, hidden)}
    repository.revise(oak, a_specimen(**more))
    for kind in ("text/html", "application/json"):
        signs = of_header(browse().get(f"/{oak}", accept=kind))
        assert of(signs, "item") == [f"{BASE}/{picture}"]


def test_a_document_kept_ready_follows_the_standing_of_its_media(herbarium, repository, browse):
    _, oak, picture = herbarium
    browser = browse()
    assert of(of_header(browser.get(f"/{oak}")), "item") == [f"{BASE}/{picture}"]
    assert of(of_header(browser.get(f"/{oak}")), "item") == [f"{BASE}/{picture}"]
    repository.now += 86_400_000_000
    other = DigitalObjects(repository.folder, clock=lambda: repository.now)
    other.handle(Withhold(a_medium_stub(picture)), pid=picture, kind="media", by=CURATOR)
    other.close()
    assert of(of_header(browser.get(f"/{oak}")), "item") == []


def test_a_document_kept_ready_follows_the_standing_of_its_dataset(herbarium, repository, browse):
    source, oak, _ = herbarium
    browser = browse()
    for _ in range(2):
        assert of(of_header(browser.get(f"/{oak}")), "collection") == [f"{BASE}/{source}"]
    repository.tombstone(source, "Closed.")
    assert of(of_header(browser.get(f"/{oak}")), "collection") == []


def test_a_pid_only_object_leads_to_its_record_and_nothing_else(herbarium, repository, browse):
    _, oak, _ = herbarium
    repository.withhold(oak, "Its licence.")
    for kind in ("text/html", "application/json", "text/turtle"):
        answer = browse().get(f"/{oak}", accept=kind)
        assert answer.status_code == 403
        signs = of_header(answer)
        assert of(signs, "cite-as") == [oak.iri]
        described = of(signs, "describedby")
        assert f"{BASE}/{oak}/record" in described
        for target in described:
            answer_there = browse().get(target)
            assert answer_there.status_code == 200, target
            assert "Quercus" not in answer_there.text
        assert not {"item", "author", "license"} & {rel for rel, *_ in told(signs)}
        assert "alternate" not in answer.headers["link"]
    page = browse().get(f"/{oak}", accept="text/html")
    assert 'rel="alternate"' not in page.text
    assert told(of_linkset(browse().get(f"/{oak}/linkset"), f"/{oak}")) == told(of_header(page))


def test_a_tombstone_keeps_its_signposts(herbarium, repository, browse):
    _, oak, _ = herbarium
    repository.tombstone(oak, "Lost.")
    for kind in ("text/html", "application/json"):
        answer = browse().get(f"/{oak}", accept=kind)
        assert answer.status_code == 410
        assert of(of_header(answer), "cite-as") == [oak.iri]
    assert browse().get(f"/{oak}/linkset").status_code == 200


def test_headers_stay_bounded_however_many_media_there_are(repository, browse):
    oak = repository.register("specimen", a_specimen())
    media = [
        repository.register("media", a_medium(oak, f"https://example.org/{number}.jpg"))
        for number in range(60)
    ]
    repository.revise(oak, a_specimen(**naming(*media)))
    items = sorted(f"{BASE}/{one}" for one in media)
    for kind in ("text/html", "application/json", "text/turtle"):
        answer = browse().get(f"/{oak}", accept=kind)
        assert len(answer.headers["link"]) <= LIMIT
        signs = of_header(answer)
        assert of(signs, "cite-as") == [oak.iri]
        assert {"type", "linkset", "describedby"} <= {rel for rel, *_ in told(signs)}
        assert "timegate" in answer.headers["link"]
        assert of(signs, "item") == []
    assert of(of_linkset(browse().get(f"/{oak}/linkset"), f"/{oak}"), "item") == items
    assert of(_Head(browse().get(f"/{oak}", accept="text/html")).signposts, "item") == items


def test_the_linkset_comes_as_asked(herbarium, browse):
    _, oak, _ = herbarium
    for path in (f"/{oak}/linkset", f"/{oak}/2/linkset"):
        body = browse().get(path).json()
        assert body["linkset"][0]["anchor"] == f"{BASE}{path}"[:-8]
        assert browse().get(f"{path}?format=json").json() == body
        text = browse().get(f"{path}?format=text").text
        assert text.count('rel="cite-as"') == 1
        assert browse().get(path, accept="text/turtle").status_code == 406
        assert browse().get(f"{path}?formt=text").status_code == 400
    assert browse().get(f"/{oak}/9/linkset").status_code == 404


def test_a_draft_has_no_linkset(repository, browse):
    pid = repository.register("specimen", a_specimen(), Status.DRAFT)
    assert browse().get(f"/{pid}/linkset").status_code == 404


FACES = ("landing", "metadata", "record")
ASKED = st.tuples(st.sampled_from(DOCUMENT_FORMATS), st.sampled_from(FACES))


@given(ASKED, st.integers(1, 40), st.integers(0, 3), st.booleans())
def test_the_header_is_the_standing_links(asked, version, newer, past):
    sent, face = asked
    known = {"version": version, "latest": version + newer, "past": past, "face": face}
    arguments = (f"{BASE}/under", "https://doi.org/10.5072/ABC-DEF-123", "specimen", sent)
    links = standing_links(*arguments, **known)
    assert link_header(*arguments, **known) == ", ".join(map(str, links))
    assert all(one.target.isprintable() for one in links)


@settings(max_examples=200)
@given(st.text(), st.sampled_from(("https://example.org/", "HTTP://a.example?", "https://", "")))
def test_an_address_from_a_document_cannot_leave_its_place_in_a_header(text, before):
    found = uri(before + text)
    if found is not None:
        assert re.fullmatch(r"[A-Za-z0-9%:/?#\[\]@!$&'()*+,;=~._-]+", found)


HOSTILE = 'https://e.example/">,<x>; rel="cite-as"\r\nX: y'


def test_hostile_addresses_and_types_stay_out_of_the_header(repository, browse):
    nasty = {
        **a_medium(repository.objects.reserve("specimen"), HOSTILE),
        "dcterms:format": 'image/png"; rel="cite-as',
        "dcterms:rights": "javascript:alert(1)",
    }
    pid = repository.register("media", nasty)
    answer = browse().get(f"/{pid}")
    signs = of_header(answer)
    assert of(signs, "cite-as") == [pid.iri]
    assert of(signs, "license") == []
    (item,) = [sign for sign in told(signs) if sign[0] == "item"]
    assert item[1].startswith("https://e.example/%22%3E,%3Cx%3E")
    assert item[2] == ""
    assert "x" not in answer.headers


def _citations(signs):
    return {one for one in signs if one[0] == "describedby" and one[2] not in _document_types()}


def _document_types():
    return {one.media_type for one in DOCUMENT_FORMATS}


class _Head(HTMLParser):
    """The signposts in the head of a page."""

    def __init__(self, answer) -> None:
        super().__init__()
        self.links: list[str] = []
        self._url = str(answer.url)
        self._inside = False
        self.feed(answer.text)

    @property
    def signposts(self) -> Signposting:
        return find_signposting_http_link([", ".join(self.links)], self._url)

    def handle_starttag(self, tag, attrs):
        self._inside = self._inside or tag == "head"
        if tag == "link" and self._inside:
            known = dict(attrs)
            kind = f'; type="{known["type"]}"' if known.get("type") else ""
            target = urljoin(self._url, known["href"])
            self.links.append(f'<{target}>; rel="{known["rel"]}"{kind}')

    def handle_endtag(self, tag):
        self._inside = self._inside and tag != "head"


def test_the_client_finds_the_links_of_a_page_too(herbarium, browse):
    _, oak, _ = herbarium
    page = browse().get(f"/{oak}", accept="text/html")
    here = AbsoluteURI(str(page.url))
    assert told(_parse_html(HTML(page.text, "text/html", here, here))) == told(of_header(page))


def test_a_linkset_is_json_as_the_standard_has_it(herbarium, browse):
    _, oak, _ = herbarium
    sets = json.loads(browse().get(f"/{oak}/linkset").text)["linkset"]
    for one in sets:
        for rel, targets in one.items():
            if rel != "anchor":
                assert all(set(target) <= {"href", "type"} for target in targets)
                assert all(re.match(r"https?://", target["href"]) for target in targets)
