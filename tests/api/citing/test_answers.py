"""Citations over HTTP: for every object type, by Accept and by link, and what is not public."""

from __future__ import annotations

import hashlib
import re

import orjson
import pytest
from lxml import etree
from rdflib import Graph

from api.citing.styles import STYLES
from api.negotiation import BIBLIOGRAPHY, CITATION_FORMATS, OBJECT_FORMATS, REFERENCE_FORMATS
from eventstore.envelope import iso
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import canonical
from fdo.lifecycle import Note, Status
from fdo.verifiable import Citation
from handlers import definitions
from tests.api.conftest import BASE, DAY, START
from tests.api.documents import a_medium, a_source, a_specimen, a_stub

REASON = "CC BY-NC 4.0, stated by the dataset, is not open."


@pytest.fixture
def oak(repository):
    """A specimen with two versions, of 1 and 2 March 2026, noon."""
    pid = repository.register("specimen", a_specimen())
    repository.revise(pid, a_specimen(**{"ods:specimenName": "Quercus petraea (Matt.) Liebl."}))
    return pid


EMPTY = {
    "annotation": {
        "oa:motivatedBy": ["oa:commenting"],
        "oa:hasTarget": [{"oa:hasSource": "https://doi.org/10.5072/AAA-AAA-AAA"}],
        "oa:hasBody": [{"@type": "oa:TextualBody", "rdf:value": "A remark."}],
        "col:contentKey": "0" * 64,
    },
    "machine-annotation-service": {"ods:topicName": "reader"},
    "ml-dataset": {},
    "ml-evaluation": {
        "col:model": "https://hdl.handle.net/20.5000.5072/AAA-AAA-AAA",
        "col:metric": "accuracy",
        "col:measured": 0.9,
    },
    "ml-model": {},
}
"""Types of which a document of few words is enough here."""


@pytest.fixture
def everything(repository, oak):
    """One object of every type: type → PID."""
    found = {"specimen": oak, "media": repository.register("media", a_medium(oak))}
    found["source-system"] = repository.register("source-system", a_source())
    mapping = {"@type": "ods:DataMapping", "schema:name": "Mapping"}
    found["data-mapping"] = repository.register("data-mapping", mapping)
    query = {"@type": "schema:SoftwareSourceCode", "schema:name": "Query", "schema:text": "ASK {}"}
    found["saved-query"] = repository.register("saved-query", query)
    for kind, more in EMPTY.items():
        draft = {"@type": OBJECT_TYPES[kind].rdf_type, "schema:name": kind, **more}
        found[kind] = repository.register(kind, draft)
    definitions.ensure(repository.objects)
    for head in repository.objects.log.heads():
        found.setdefault(head.type, head.pid)
    assert found.keys() == OBJECT_TYPES.keys()
    return found


# ── every format of every type ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("form", REFERENCE_FORMATS, ids=lambda one: one.name)
def test_every_type_is_cited_in_every_format(browse, everything, form):
    browser = browse()
    for pid in everything.values():
        by_accept = browser.get(f"/{pid}", accept=form.media_type)
        by_link = browser.get(f"/{pid}?format={form.name}")
        assert by_accept.status_code == by_link.status_code == 200
        assert by_accept.content == by_link.content
        assert by_accept.headers["content-type"].encode() == form.content_type
        assert f"{pid}/" in by_accept.text
        _is_what_it_says(form.name, by_accept.content)


def _is_what_it_says(name: str, body: bytes) -> None:
    if name == "csl":
        assert orjson.loads(body)["version"]
    elif name == "schemaorg":
        assert len(Graph().parse(data=body, format="json-ld")) > 5
    elif name == "dc":
        assert etree.fromstring(body).tag.endswith("}dc")
    elif name == "bibtex":
        assert body.startswith(b"@misc{")
    elif name == "ris":
        assert body.startswith(b"TY  - ")
        assert body.endswith(b"ER  - \r\n")
    else:
        assert body.count(b"\n") == 1


def test_datacite_is_negotiated_with_the_bytes_of_its_own_address(browse, oak):
    browser = browse()
    for name, form in (("json", CITATION_FORMATS[0]), ("xml", CITATION_FORMATS[1])):
        negotiated = browser.get(f"/{oak}", accept=form.media_type)
        assert negotiated.content == browser.get(f"/{oak}/datacite?format={name}").content
        assert negotiated.headers["content-type"] == form.media_type


def test_what_is_not_there_is_refused_with_what_is(browse, everything):
    answer = browse().get(f"/{everything['source-system']}", accept="application/msword")
    assert answer.status_code == 406
    names = {one["mediaType"] for one in answer.json()["available"]}
    assert names == {one.media_type for one in OBJECT_FORMATS}


# ── negotiation ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("application/x-bibtex;q=0.9, text/turtle;q=0.5", "application/x-bibtex"),
        ("application/x-bibtex;q=0.4, text/turtle;q=0.5", "text/turtle; charset=utf-8"),
        (
            "application/rdf+xml;q=0.5, application/vnd.citationstyles.csl+json;q=1.0",
            "application/vnd.citationstyles.csl+json",
        ),
        ("application/x-bibtex;q=0, */*;q=0.1", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
         "text/html; charset=utf-8"),
        ("text/x-bibliography; style=apa", "text/x-bibliography; charset=utf-8"),
    ],
)  # fmt: skip
def test_quality_decides(browse, oak, accept, wanted):
    assert browse().get(f"/{oak}", accept=accept).headers["content-type"] == wanted


def test_a_file_for_a_reference_manager_has_the_name_of_the_version(browse, oak):
    browser = browse()
    for name, ending in (("ris", "ris"), ("bibtex", "bib")):
        said = browser.get(f"/{oak}?format={name}").headers["content-disposition"]
        assert said == f'inline; filename="{str(oak).replace("/", "_")}_2.{ending}"'
    assert "content-disposition" not in browser.get(f"/{oak}?format=citation").headers


def test_style_and_language_come_from_accept_or_query(browse, oak):
    browser = browse()
    accept = "text/x-bibliography; style=apa; locale=de-DE"
    by_accept = browser.get(f"/{oak}", accept=accept)
    by_query = browser.get(f"/{oak}?format=citation&style=apa&locale=de")
    assert by_accept.text == by_query.text
    assert "(2026, März 2)" in by_query.text
    assert "(Version 2)" in by_query.text


def test_what_is_not_there_is_refused_by_name(browse, oak):
    browser = browse()
    unknown = browser.get(f"/{oak}?format=citation&style=nature")
    assert (unknown.status_code, unknown.json()["known"]) == (400, list(STYLES))
    assert browser.get(f"/{oak}", accept="text/x-bibliography; style=x").status_code == 406
    assert browser.get(f"/{oak}?format=citation&locale=xx").status_code == 400
    assert browser.get(f"/{oak}?format=bibtex&style=apa").status_code == 400
    assert browser.get(f"/{oak}?style=apa").status_code == 400
    assert browser.get(f"/{oak}/cite?nonsense=1").status_code == 400


def test_a_citation_has_a_validator_and_answers_head(browse, oak):
    browser = browse()
    got = browser.get(f"/{oak}/1?format=bibtex")
    assert got.headers["cache-control"] == "no-cache"
    headed = browser.request("HEAD", f"/{oak}/1?format=bibtex")
    assert (headed.content, headed.headers) == (b"", got.headers)
    again = browser.get(f"/{oak}/1?format=bibtex", headers={"if-none-match": got.headers["etag"]})
    assert again.status_code == 304


# ── which version ────────────────────────────────────────────────────────────────────────


def test_a_version_and_a_moment_are_cited_as_what_they_were(browse, oak):
    browser = browse()
    for path in (f"/{oak}/1?format=csl", f"/{oak}?format=csl&as-of=2026-03-01"):
        item = browser.get(path).json()
        assert (item["version"], item["title"]) == ("1", "Quercus robur L. · DH-1")
        assert item["URL"] == f"{BASE}/{oak}/1"
        assert item["issued"] == {"date-parts": [[2026, 3, 1]]}
    assert browser.get(f"/{oak}?format=csl").json()["version"] == "2"


def test_a_version_with_a_doi_of_its_own_is_cited_by_it(repository, browse, oak):
    detail = {"doi": f"{oak}/1", "doi-version": 1, "state": "findable"}
    repository.do(Note("PidConfirmed", {"doi": str(oak), "state": "findable"}), oak)
    assert browse().get(f"/{oak}/1?format=csl").json()["DOI"] == str(oak)
    repository.do(Note("PidConfirmed", {**detail, "state": "draft"}), oak)
    assert browse().get(f"/{oak}/1?format=csl").json()["DOI"] == str(oak)
    repository.do(Note("PidConfirmed", detail), oak)
    browser = browse()
    own = browser.get(f"/{oak}/1?format=csl").json()
    assert (own["DOI"], own["URL"]) == (f"{oak}/1", f"https://doi.org/{oak}/1")
    assert browser.get(f"/{oak}?format=csl").json()["DOI"] == str(oak)
    assert browser.get(f"/{oak}/1/cite").json()["versionHasDoi"] is True


def test_what_is_cited_can_be_checked_with_the_sealed_document(browse, oak):
    browser = browse()
    line = browser.get(f"/{oak}/1?format={BIBLIOGRAPHY.name}").text
    found = Citation.parse(line)
    assert (found.pid, found.version, found.recorded_at) == (oak, 1, iso(START))
    sealed = browser.get(f"/{oak}/1/sealed").content
    assert hashlib.sha256(sealed).hexdigest() == found.hash


# ── the page ─────────────────────────────────────────────────────────────────────────────


def test_the_page_has_every_style_and_every_format(browse, oak):
    browser = browse()
    page = browser.get(f"/{oak}/cite", accept="text/html").text
    told = browser.get(f"/{oak}/cite").json()
    assert [one["style"] for one in told["citations"]] == list(STYLES)
    assert told["verifiable"] in page
    for one in told["formats"]:
        assert one["url"] in page
        assert browser.get(one["url"]).headers["content-type"].split(";")[0] == one["mediaType"]
    for one in told["citations"]:
        assert f'id="style-{one["style"]}"' in page
    assert "<script" not in page


def test_every_link_of_the_page_to_this_server_leads_somewhere(browse, oak):
    browser = browse()
    page = browser.get(f"/{oak}/1/cite", accept="text/html").text
    targets = {one for one in re.findall(r'href="([^"]+)"', page) if f"/{oak}" in one}
    assert {f"/{oak}/1/sealed", f"/{oak}/1/proof"} <= targets
    for target in targets - {oak.iri}:
        assert browser.get(target, accept="text/html, */*;q=0.5").status_code == 200, target


def test_one_style_in_one_language(browse, oak):
    told = browse().get(f"/{oak}/1/cite?style=ieee&locale=fr-FR").json()
    (one,) = told["citations"]
    assert one["style"] == "ieee"
    assert "mars" in one["text"]
    assert told["id"] == f"{oak.iri}/1"


def test_labels_do_no_harm_on_the_page(repository, browse):
    pid = repository.register("specimen", a_specimen(**{"ods:specimenName": "<script>x</script>"}))
    page = browse().get(f"/{pid}/cite", accept="text/html").text
    assert "&lt;script&gt;x" in page
    assert "<script" not in page


# ── what is not, or no longer, public ────────────────────────────────────────────────────


def test_a_draft_cannot_be_cited(repository, browse):
    pid = repository.register("specimen", a_specimen(), Status.DRAFT)
    for path in (f"/{pid}?format=bibtex", f"/{pid}/cite", f"/{pid}/1/cite"):
        assert browse().get(path).status_code == 404


def test_of_a_pid_only_object_the_record_is_cited_and_nothing_of_its_versions(
    repository, browse, oak
):
    repository.withhold(oak, REASON)
    browser = browse()
    for path in (f"/{oak}", f"/{oak}/1", f"/{oak}/3"):
        for form in CITATION_FORMATS:
            answer = browser.get(f"{path}?format={form.name}")
            assert answer.status_code == 200
            assert "Quercus" not in answer.text
            assert "Tammoja" not in answer.text
            assert "hash://" not in answer.text
            assert "FDO record" in answer.text
        told = browser.get(f"{path}/cite").json()
        assert (told["version"], told["verifiable"]) == (3, None)
        assert "Quercus" not in browser.get(f"{path}/cite", accept="text/html").text


def test_a_tombstone_keeps_its_citation_and_says_that_it_was_withdrawn(repository, browse, oak):
    repository.tombstone(oak, "Destroyed in transit.")
    browser = browse()
    for form in CITATION_FORMATS:
        answer = browser.get(f"/{oak}?format={form.name}")
        assert answer.status_code == 410
        assert "ithdrawn" in answer.text
        assert "2026-03-03" in answer.text
    page = browser.get(f"/{oak}/cite", accept="text/html")
    assert page.status_code == 200
    assert "withdrawn 2026-03-03" in page.text
    assert browser.get(f"/{oak}/1?format=csl").json()["version"] == "1"


def test_a_version_that_was_pid_only_before_its_end_is_cited_by_its_record(repository, browse, oak):
    repository.withhold(oak, REASON)
    repository.tombstone(oak, "Destroyed.")
    answer = browse().get(f"/{oak}/1?format=ris")
    assert "Quercus" not in answer.text
    assert "withdrawn" in answer.text


def test_an_erased_version_is_cited_without_what_was_erased(repository, browse, oak):
    objects = repository.objects
    event = objects.log.version(oak, 1)
    redacted = canonical({**event.document, "ods:specimenName": "(erased)", "ods:hasEvents": []})
    objects.erase(oak, [event.position], redacted, by=event.agent)
    browser = browse()
    answer = browser.get(f"/{oak}/1?format=bibtex")
    assert "Tammoja" not in answer.text
    assert "hash://sha256/" in answer.text, "a copy that was kept can still be checked"
    page = browser.get(f"/{oak}/1/cite", accept="text/html").text
    assert "was erased on a recorded decision" in page
    assert "/sealed" not in page


def test_a_pid_only_medium_of_a_stub_is_cited_without_its_address(repository, browse, oak):
    pid = repository.register("specimen", a_specimen("DH-2"))
    repository.withhold(pid, REASON)
    stub = a_stub(pid, REASON)
    answer = browse().get(f"/{pid}?format=citation")
    assert stub["ods:normalisedPhysicalSpecimenID"] in answer.text
    assert iso(START + 2 * DAY)[:4] in answer.text
