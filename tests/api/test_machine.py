"""The head of an object's page: what machines read there, and nothing that escapes from it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld

from api.objects.links import Link
from api.objects.machine import machine
from api.rendering import Renderer
from api.settings import Settings
from fdo.identifiers import Pid
from fdo.representations.citation.cited import Cited
from tests.api.conftest import BASE
from tests.api.documents import a_medium, a_source, a_specimen

FORM = "application/vnd.schemaorg.ld+json"


class Head(HTMLParser):
    """What stands in the head of a page, as a browser reads it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.metas: list[tuple[str, str]] = []
        self.links: list[tuple[str, str]] = []
        self.scripts: list[str] = []
        self.types: list[str | None] = []
        self.tags: list[str] = []
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        known = dict(attrs)
        if tag == "meta" and "content" in known:
            self.metas.append((known.get("name") or known.get("property"), known["content"]))
        if tag == "link":
            self.links.append((known["rel"], known["href"]))
        if tag == "script":
            self._script = True
            self.types.append(known.get("type"))
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._script = self._script and tag != "script"

    def handle_data(self, data):
        if self._script:
            self.scripts[-1] += data

    def of(self, name: str) -> list[str]:
        """The contents of the metas of a name."""
        return [content for known, content in self.metas if known == name]

    @property
    def schema_org(self):
        """The description that is embedded."""
        assert self.types == ["application/ld+json"]
        return json.loads(self.scripts[0])


@pytest.fixture
def oak(repository):
    """A specimen of two versions, of a dataset and with a picture."""
    source = repository.register("source-system", a_source())
    of_it = {"ods:sourceSystemID": source.iri}
    pid = repository.register("specimen", a_specimen(**of_it))
    repository.register("media", {**a_medium(pid), **of_it})
    repository.revise(pid, a_specimen(**of_it, **{"dwc:collectionCode": "TU"}))
    return pid


def head_of(browse, path: str) -> Head:
    return Head(browse().get(path, accept="text/html").text)


def test_reference_managers_find_title_people_day_holder_doi_and_address(browse, oak):
    head = head_of(browse, f"/{oak}")
    assert head.of("citation_title") == ["Quercus robur L. · DH-1"]
    assert head.of("citation_author") == ["Liis Tammoja"]
    assert head.of("citation_date") == ["2026/03/04"]
    assert head.of("citation_publisher") == ["University of Tartu"]
    assert head.of("citation_doi") == [str(oak)]
    assert head.of("citation_abstract_html_url") == [f"{BASE}/{oak}"]
    assert head.of("citation_version") == ["2"]
    old = head_of(browse, f"/{oak}/1")
    assert old.of("citation_abstract_html_url") == [f"{BASE}/{oak}/1"]
    assert old.of("citation_version") == ["1"]
    assert old.of("citation_date") == ["2026/03/02"]


def test_dublin_core_is_what_is_harvested(browse, oak):
    head = head_of(browse, f"/{oak}")
    assert ("schema.DC", "http://purl.org/dc/elements/1.1/") in head.links
    harvested = rdflib.Namespace("http://purl.org/dc/elements/1.1/")
    xml = browse().get(f"/{oak}?format=dc").text
    for element in ("title", "creator", "publisher", "date", "type", "rights"):
        assert head.of(f"DC.{element}")
        for value in head.of(f"DC.{element}"):
            assert f"<dc:{element}>{value}</dc:{element}>" in xml, harvested[element]
    assert oak.version_iri(2) in head.of("DC.identifier")


def test_embedded_negotiated_and_signposted_descriptions_are_one_graph(browse, oak):
    browser = browse()
    for path in (f"/{oak}", f"/{oak}/1", f"/{oak}/2"):
        page = browser.get(path, accept="text/html")
        embedded = Head(page.text).schema_org
        negotiated = browser.get(path, accept=FORM)
        (target,) = [
            one.partition(">")[0].lstrip("<")
            for one in page.headers["link"].split(", ")
            if FORM in one
        ]
        forms = [embedded, negotiated.json(), browser.get(target).json()]
        graphs = {jsonld.normalize(one, {"format": "application/n-quads"}) for one in forms}
        assert len(graphs) == 1
        assert graphs.pop().count("\n") > 10


def test_a_preview_has_title_address_and_description(browse, oak):
    head = head_of(browse, f"/{oak}")
    for name in ("og:title", "og:type", "og:url", "og:site_name", "og:description"):
        assert len(head.of(name)) == 1, name
    assert head.of("og:url") == [f"{BASE}/{oak}"]


def test_the_metadata_comes_with_the_first_bytes(browse, oak):
    text = browse().get(f"/{oak}", accept="text/html").text
    assert text.index("application/ld+json") < text.index("<body")
    assert text.index("citation_title") < 8_192


def test_a_tombstone_keeps_citation_statement_and_day(repository, browse, oak):
    repository.tombstone(oak, "Lost in transit.")
    answer = browse().get(f"/{oak}", accept="text/html")
    assert answer.status_code == 410
    head = Head(answer.text)
    assert head.of("citation_title") == ["Quercus robur L. · DH-1"]
    assert head.schema_org["creativeWorkStatus"] == "Withdrawn"
    assert "Lost in transit." in head.schema_org["description"]
    assert ("cite-as", oak.iri) in head.links
    body = answer.text[answer.text.index("<body") :]
    assert "Lost in transit." in body
    assert "Withdrawn 2026-03-05" in body
    assert f"{oak}/3" in body


def test_a_pid_only_page_cites_its_record_and_says_nothing_else(repository, browse, oak):
    repository.withhold(oak, "Its licence.")
    for path in (f"/{oak}", f"/{oak}/1"):
        answer = browse().get(path, accept="text/html")
        assert answer.status_code == 403
        assert "Quercus" not in answer.text
        assert "Tammoja" not in answer.text
        head = Head(answer.text)
        assert head.of("citation_title")[0].startswith("FDO record of ")
        assert head.schema_org["conditionsOfAccess"] == "Its licence."
        assert ("cite-as", oak.iri) in head.links
        assert "alternate" not in {rel for rel, _ in head.links}


HOSTILE = st.one_of(
    st.text(),
    st.sampled_from(
        [
            "</script><script>alert(1)</script>",
            '"><meta name="citation_title" content="x">',
            "<!--<script>",
            "]]>",
            "'\"&amp;\u2028\u2029\0\x0b",
            "\ud800",
        ]
    ),
)


@settings(max_examples=150, deadline=None)
@given(name=HOSTILE, collector=HOSTILE, holder=HOSTILE)
def test_nothing_that_a_source_says_leaves_its_place(name, collector, holder):
    agent = {
        "schema:name": collector,
        "ods:hasRoles": [{"schema:roleName": "collector"}],
    }
    document = {
        "ods:specimenName": name,
        "ods:organisationName": holder,
        "ods:hasAgents": [agent],
    }
    told, page = written(document, [])
    head = Head(page)
    assert head.tags.count("script") == 1
    assert set(head.tags) == {"link", "meta", "script"}
    assert head.schema_org == told.schema_org
    # a parser of HTML reads CR as LF and NUL as U+FFFD; one line holds neither
    assert head.metas == list(told.metas)


def written(document: dict[str, Any], signposts: list[Link]) -> tuple[Any, str]:
    """What machines are told of a specimen, and the head of its page with it."""
    pid = Pid("10.5072", "ABC-DEF-123")
    what = Cited(
        pid, "specimen", 3, document, recorded_at="2026-03-01T12:00:00.000000Z",
        address=f"{BASE}/{pid}/3", repository="R",
    )  # fmt: skip
    told = machine(what, f"{BASE}/{pid}", "R", numbered=False, name=pid.iri)
    renderer = Renderer(Settings(data=Path("unused"), public_base=BASE))
    page = renderer.page("machine.html", pid=str(pid), signposts=signposts, machine=told)
    return told, page


def test_what_machines_read_first_comes_first_however_many_media_there_are() -> None:
    media = [
        {
            "@type": "ods:EntityRelationship",
            "dwc:relationshipOfResource": "hasDigitalMedia",
            "dwc:relatedResourceID": f"https://doi.org/10.5072/AAA-AAA-{number:03}",
            "ods:relatedResourceURI": f"https://doi.org/10.5072/AAA-AAA-{number:03}",
        }
        for number in range(999)
    ]
    document = {"ods:specimenName": "Orchis", "ods:hasEntityRelationships": media}
    items = [Link(f"/10.5072/AAA-AAA-{number:03}", "item") for number in range(999)]
    told, page = written(document, items)
    assert page.count('rel="item"') == 999 and page.count("AAA-AAA-998") >= 2
    assert page.index("citation_title") < page.index("application/ld+json") < 4_000
    assert Head(page).schema_org == told.schema_org
