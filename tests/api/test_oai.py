"""OAI-PMH 2.0 as a harvester meets it: six verbs, eight conditions, lists that stand still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import anyio
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from api.harvesting.oai import provider, routes
from api.harvesting.oai.formats import FORMATS
from api.harvesting.oai.sets import SetSpec, sets_of
from api.harvesting.oai.tokens import Token
from api.views import Views
from eventstore.follower import follow_once
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import canonical
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.projections.holdings import Holdings, HoldingsReader
from tests.api.conftest import BASE, CURATOR, Browser, Repository
from tests.api.documents import a_medium, a_source, a_specimen
from tests.api.oai_schemas import schema_of_answers
from tests.fdo.representations.annotation.made import SAMPLES, drafted, stored
from tests.fdo.representations.sampled import one_of_each

OAI = "{http://www.openarchives.org/OAI/2.0/}"
DC = "{http://purl.org/dc/elements/1.1/}"
DWC = "{http://rs.tdwg.org/dwc/terms/}"


class Harvested:
    """A repository that is harvested; every answer must be valid by its schemas."""

    def __init__(self, told: Repository, schema: etree.XMLSchema) -> None:
        self.told = told
        self._schema = schema
        self._view = told.folder / "holdings.sqlite"
        self._reader = HoldingsReader(self._view)
        self.start()

    def start(self) -> None:
        """A new application on the same log."""
        self.app = self.told.app(views=Views(holdings=self._reader))
        self._app = Browser(self.app)

    def close(self) -> None:
        """Let go of the view."""
        self._reader.close()

    def browser(self) -> Browser:
        """The application, with all that was told so far."""
        projection = Holdings(self._view)
        while follow_once(self.told.objects.log, [projection]):
            pass
        projection.close()
        return self._app

    def ask(self, *pairs: tuple[str, str], **arguments: str) -> etree._Element:
        """The root of the answer."""
        query = urlencode([*pairs, *((n.strip("_"), v) for n, v in arguments.items())])
        response = self.browser().get(f"/oai?{query}")
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "text/xml; charset=utf-8"
        root = etree.fromstring(response.content)
        self._schema.assertValid(root)
        return root

    def error(self, *pairs: tuple[str, str], **arguments: str) -> str:
        """The code of the condition that the answer names."""
        return str(self.ask(*pairs, **arguments).find(f"{OAI}error").get("code"))

    def pages(self, **arguments: str) -> Iterator[etree._Element]:
        """The answers of a list, following its tokens."""
        root = self.ask(**arguments)
        while True:
            yield root
            token = root.findtext(f".//{OAI}resumptionToken")
            if not token:
                return
            root = self.ask(verb=arguments["verb"], resumptionToken=token)

    def listed(self, **arguments: str) -> list[str]:
        """The PIDs of a list, in order."""
        arguments = {"verb": "ListRecords", "metadataPrefix": "oai_dc", **arguments}
        return [pid for root in self.pages(**arguments) for pid in identifiers(root)]


def identifiers(root: etree._Element) -> list[str]:
    """The PIDs of the headers of an answer."""
    return [
        str(Pid.parse(header.findtext(f"{OAI}identifier"))) for header in root.iter(f"{OAI}header")
    ]


def deleted(root: etree._Element) -> set[str]:
    """The PIDs that an answer says are deleted."""
    return {
        str(Pid.parse(header.findtext(f"{OAI}identifier")))
        for header in root.iter(f"{OAI}header")
        if header.get("status") == "deleted"
    }


@pytest.fixture(scope="session")
def schema(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> etree.XMLSchema:
    """The schemas of OAI-PMH and of the metadata in its answers."""
    return schema_of_answers(shared_data, tmp_path_factory.mktemp("schemas"))


@pytest.fixture
def harvested(repository: Repository, schema: etree.XMLSchema) -> Iterator[Harvested]:
    """A source with an oak, its picture, and one object in each other state."""
    made = Harvested(repository, schema)
    yield made
    made.close()


@pytest.fixture
def herbarium(harvested: Harvested) -> dict[str, Pid]:
    """A source system, a specimen, its picture, one withdrawn, one withheld, one draft."""
    told = harvested.told
    source = told.register("source-system", a_source())
    oak = told.register("specimen", a_specimen("A"), source=source)
    picture = told.register("media", a_medium(oak), source=source)
    gone = told.register("specimen", a_specimen("B"), source=source)
    secret = told.register("specimen", a_specimen("C"), source=source)
    draft = told.register("specimen", a_specimen("D"), Status.DRAFT, source=source)
    told.tombstone(gone, "lost in the flood")
    told.withhold(secret, "The licence does not allow it.")
    return {"source": source, "oak": oak, "picture": picture, "gone": gone, "secret": secret,
            "draft": draft}  # fmt: skip


# ── about the repository ─────────────────────────────────────────────────────────────────


def test_identify_says_what_harvesters_must_know(harvested, herbarium):
    said = harvested.ask(verb="Identify").find(f"{OAI}Identify")
    assert {child.tag.removeprefix(OAI): child.text for child in said} == {
        "repositoryName": "Collectome",
        "baseURL": f"{BASE}/oai",
        "protocolVersion": "2.0",
        "adminEmail": "nobody@example.org",
        "earliestDatestamp": "2026-03-01T12:00:00Z",
        "deletedRecord": "persistent",
        "granularity": "YYYY-MM-DDThh:mm:ssZ",
    }


def test_formats_are_listed_for_all_and_for_one(harvested, herbarium):
    def prefixes(**arguments: str) -> list[str]:
        root = harvested.ask(verb="ListMetadataFormats", **arguments)
        return [found.text for found in root.iter(f"{OAI}metadataPrefix")]

    assert prefixes() == sorted(FORMATS)
    assert "dwc" in prefixes(identifier=herbarium["oak"].iri)
    assert "dwc" not in prefixes(identifier=herbarium["picture"].iri)
    assert (
        harvested.error(verb="ListMetadataFormats", identifier=herbarium["secret"].iri)
        == "noMetadataFormats"
    )


def test_sets_are_types_datasets_and_types_of_datasets(harvested, herbarium, monkeypatch):
    dataset = f"dataset:{str(herbarium['source']).replace('/', '_')}"
    root = harvested.ask(verb="ListSets")
    specs = [found.text for found in root.iter(f"{OAI}setSpec")]
    assert specs == sorted([
        "type:media", "type:source-system", "type:specimen", dataset, f"{dataset}:media",
        f"{dataset}:source-system", f"{dataset}:specimen",
    ])  # fmt: skip
    names = [found.text for found in root.iter(f"{OAI}setName")]
    assert names[specs.index(f"{dataset}:media")] == "Sample herbarium: media"
    monkeypatch.setattr(provider, "SETS", 2)
    pages = list(harvested.pages(verb="ListSets"))
    assert [s.text for root in pages for s in root.iter(f"{OAI}setSpec")] == specs
    assert len(pages) == 4


@pytest.mark.parametrize("kind", sorted(OBJECT_TYPES))
def test_a_set_is_read_as_it_is_written(kind):
    for spec in sets_of(kind, "20.5000.5072/ABC-DEF-123"):
        assert SetSpec.parse(str(spec)) == spec
    assert SetSpec.parse(f"dataset:20.5000.5072_ABC-DEF-123:{kind}s") is None


# ── records ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("prefix", sorted(FORMATS))
def test_a_record_is_told_in_each_format(harvested, herbarium, prefix):
    root = harvested.ask(verb="GetRecord", identifier=herbarium["oak"].iri, metadataPrefix=prefix)
    (record,) = root.iter(f"{OAI}metadata")
    assert FORMATS[prefix].namespace in record[0].tag
    assert "Quercus robur" in "".join(record.itertext())
    assert identifiers(root) == [str(herbarium["oak"])]


def test_darwin_core_is_one_flat_row(harvested, herbarium):
    oak = herbarium["oak"]
    root = harvested.ask(verb="GetRecord", identifier=str(oak), metadataPrefix="dwc")
    (row,) = root.iter("{http://rs.tdwg.org/dwc/xsd/simpledarwincore/}SimpleDarwinRecord")
    told = {cell.tag: cell.text for cell in row}
    assert told[f"{DWC}recordedBy"] == "Liis Tammoja"
    assert told[f"{DWC}decimalLatitude"] == "58.5839"
    assert told[f"{DWC}family"] == "Fagaceae"
    assert told["{http://purl.org/dc/terms/}references"] == oak.iri
    assert len(told) == len(row)


def test_what_left_the_public_is_deleted_in_every_format_and_list(harvested, herbarium):
    lost = {str(herbarium["gone"]), str(herbarium["secret"])}
    for prefix in FORMATS:
        root = harvested.ask(verb="ListRecords", metadataPrefix=prefix)
        assert deleted(root) == lost
        for pid in lost:
            one = harvested.ask(verb="GetRecord", identifier=pid, metadataPrefix=prefix)
            assert deleted(one) == {pid}
            assert one.find(f".//{OAI}metadata") is None
    assert "Quercus" not in etree.tostring(one, encoding="unicode")


def test_a_draft_is_nobodys_business(harvested, herbarium):
    assert str(herbarium["draft"]) not in harvested.listed()
    pid = herbarium["draft"].iri
    arguments = {"identifier": pid, "metadataPrefix": "oai_dc"}
    assert harvested.error(verb="GetRecord", **arguments) == "idDoesNotExist"
    assert harvested.error(verb="ListMetadataFormats", identifier=pid) == "idDoesNotExist"


def test_an_erasure_is_a_change_and_tells_nothing_of_what_was_erased(harvested, herbarium):
    told, oak = harvested.told, herbarium["oak"]
    latest = told.objects.log.latest(oak)
    redacted = {**latest.document, "ods:specimenName": "Quercus", "ods:hasEvents": [],
                "ods:hasIdentifications": []}  # fmt: skip
    told.now += 86_400_000_000
    told.objects.erase(oak, [latest.position], canonical(redacted), CURATOR)
    for prefix in FORMATS:
        pages = list(harvested.pages(verb="ListRecords", metadataPrefix=prefix))
        text = "".join(etree.tostring(root, encoding="unicode") for root in pages)
        assert "Tammoja" not in text
        assert identifiers(pages[-1])[-1] == str(oak)
        one = harvested.ask(verb="GetRecord", identifier=str(oak), metadataPrefix=prefix)
        stamp = one.findtext(f".//{OAI}datestamp")
        assert stamp == pages[-1].findall(f".//{OAI}datestamp")[-1].text


def test_every_type_of_object_is_told_in_every_format_that_describes_it(harvested):
    pids = {kind: harvested.told.register(kind, draft) for kind, draft in one_of_each().items()}
    assert pids.keys() == OBJECT_TYPES.keys()
    for prefix, form in FORMATS.items():
        pages = list(harvested.pages(verb="ListRecords", metadataPrefix=prefix))
        told = dict(zip(
            (pid for root in pages for pid in identifiers(root)),
            (one for root in pages for one in root.iter(f"{OAI}metadata")),
            strict=True,
        ))  # fmt: skip
        assert {*told} == {str(pid) for kind, pid in pids.items() if form.describes(kind)}
        assert all(form.namespace in one[0].tag and len(one[0]) for one in told.values())


def test_an_annotation_is_told_whatever_it_is_about(harvested):
    drafts = [stored(drafted(data)) for data in SAMPLES.values()]
    pids = {
        str(harvested.told.register("annotation", {**draft, "col:contentKey": f"{number:064}"}))
        for number, draft in enumerate(drafts)
    }
    assert len(pids) > 5
    for prefix in ("oai_dc", "oai_datacite"):
        assert {*harvested.listed(metadataPrefix=prefix, set="type:annotation")} == pids


def test_a_document_of_which_hardly_anything_is_left_is_told_all_the_same(harvested, herbarium):
    told, oak = harvested.told, herbarium["oak"]
    latest = told.objects.log.latest(oak)
    keys = ("@id", "@type", "ods:fdoType", "ods:version", "dcterms:created",
            "dcterms:modified", "dcterms:identifier")  # fmt: skip
    bare = {key: latest.document[key] for key in keys}
    told.objects.erase(oak, [latest.position], canonical(bare), CURATOR)
    for prefix in FORMATS:
        root = harvested.ask(verb="GetRecord", identifier=str(oak), metadataPrefix=prefix)
        assert "Tartu" not in etree.tostring(root, encoding="unicode")


# ── lists ────────────────────────────────────────────────────────────────────────────────


def test_a_list_is_of_a_set_and_of_a_time(harvested, herbarium):
    everything = harvested.listed()
    assert len(everything) == 5
    oak, picture = str(herbarium["oak"]), str(herbarium["picture"])
    assert harvested.listed(set="type:media") == [picture]
    dataset = f"dataset:{str(herbarium['source']).replace('/', '_')}"
    assert harvested.listed(set=dataset) == everything
    assert harvested.listed(set=f"{dataset}:media") == [picture]
    assert harvested.listed(metadataPrefix="dwc", set=f"{dataset}:specimen") == [
        pid for pid in everything if pid not in (picture, str(herbarium["source"]))
    ]
    day = {"from": "2026-03-02", "until": "2026-03-03"}
    assert harvested.listed(**day) == [oak, picture]
    second = {"from": "2026-03-02T12:00:00Z", "until": "2026-03-02T12:00:00Z"}
    assert harvested.listed(**second) == [oak]
    assert harvested.listed(verb="ListIdentifiers") == everything


def test_a_list_is_complete_and_without_doubles_while_writing_goes_on(
    harvested, herbarium, monkeypatch
):
    monkeypatch.setattr(provider, "RECORDS", 2)
    whole = harvested.listed()
    told, found, pages = harvested.told, [], 0
    for root in harvested.pages(verb="ListRecords", metadataPrefix="oai_dc"):
        found += identifiers(root)
        told.revise(herbarium["oak"], a_specimen("A", **{"dwc:preparations": f"sheet {pages}"}))
        told.register("specimen", a_specimen(f"N{pages}"), source=herbarium["source"])
        token = root.find(f".//{OAI}resumptionToken")
        assert token.get("completeListSize") == str(len(whole))
        assert token.get("cursor") == str(2 * pages)
        pages += 1
    assert found == whole
    assert (pages, token.text) == (3, None)


def test_what_is_withheld_while_a_list_is_read_is_deleted_in_the_rest_of_it(
    harvested, herbarium, monkeypatch
):
    monkeypatch.setattr(provider, "RECORDS", 1)
    pages = harvested.pages(verb="ListRecords", metadataPrefix="oai_dc")
    next(pages)
    harvested.told.withhold(herbarium["oak"], "The licence was wrong.")
    rest = list(pages)
    assert deleted(rest[0]) == {str(herbarium["oak"])}


def test_a_token_survives_a_restart_and_is_good_for_its_verb_only(
    harvested, herbarium, monkeypatch
):
    monkeypatch.setattr(provider, "RECORDS", 2)
    whole = harvested.listed()
    root = harvested.ask(verb="ListRecords", metadataPrefix="oai_dc")
    token = root.findtext(f".//{OAI}resumptionToken")
    harvested.start()
    again = harvested.ask(verb="ListRecords", resumptionToken=token)
    assert identifiers(root) + identifiers(again) == whole[:4]
    assert harvested.error(verb="ListIdentifiers", resumptionToken=token) == "badResumptionToken"


# ── conditions ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "badVerb"),
        ("verb=Nonsense", "badVerb"),
        ("verb=Identify&verb=Identify", "badVerb"),
        ("verb=Identify&identifier=x", "badArgument"),
        ("verb=GetRecord", "badArgument"),
        ("verb=GetRecord&identifier=10.5072/AAA-AAA-AAA", "badArgument"),
        ("verb=GetRecord&identifier=&metadataPrefix=oai_dc", "badArgument"),
        ("verb=GetRecord&identifier=x&metadataPrefix=oai_dc", "idDoesNotExist"),
        ("verb=GetRecord&identifier=a%20%3C%00&metadataPrefix=oai_dc", "idDoesNotExist"),
        ("verb=GetRecord&identifier=10.5072/AAA-AAA-AAA&metadataPrefix=oai_dc", "idDoesNotExist"),
        ("verb=GetRecord&identifier={media}&metadataPrefix=dwc", "cannotDisseminateFormat"),
        ("verb=GetRecord&identifier={media}&metadataPrefix=marc21", "cannotDisseminateFormat"),
        ("verb=ListRecords&metadataPrefix=marc21", "cannotDisseminateFormat"),
        ("verb=ListRecords&metadataPrefix=a%20b", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&metadataPrefix=oai_dc", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=yesterday", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-30", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&until=9999-12-31T23:59:59Z&from=2026-03-01",
         "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-03-02&until=2026-03-01", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-03-01T00:00:00.5Z", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2030-01-01", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&until=1969-01-01", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&set=type:saved-query", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&set=nothing", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&set=a%20b", "badArgument"),
        ("verb=ListRecords&metadataPrefix=dwc&set=type:media", "noRecordsMatch"),
        ("verb=ListRecords&resumptionToken=x&metadataPrefix=oai_dc", "badArgument"),
        ("verb=ListRecords&resumptionToken=x", "badResumptionToken"),
        ("verb=ListSets&resumptionToken=%C3%A4", "badResumptionToken"),
        ("&".join(["verb=Identify"] * 30), "badVerb"),
    ],
)  # fmt: skip
def test_every_condition_has_its_code(harvested, herbarium, query, code):
    text = query.replace("{media}", str(herbarium["picture"]))
    response = harvested.browser().get(f"/oai?{text}")
    root = etree.fromstring(response.content)
    harvested._schema.assertValid(root)
    (error,) = root.iter(f"{OAI}error")
    assert error.get("code") == code
    assert error.text
    if code in ("badVerb", "badArgument"):
        assert not root.find(f"{OAI}request").attrib


def test_where_nothing_is_there_are_no_sets(harvested):
    assert harvested.error(verb="ListSets") == "noSetHierarchy"
    arguments = {"verb": "ListRecords", "metadataPrefix": "oai_dc"}
    assert harvested.error(**arguments) == "noRecordsMatch"
    assert harvested.ask(verb="Identify") is not None


def test_a_form_is_answered_like_a_query(harvested, herbarium):
    arguments = {"verb": "ListIdentifiers", "metadataPrefix": "oai_dc"}
    form = harvested.browser().request("POST", "/oai", data=arguments)
    query = harvested.browser().get(f"/oai?{urlencode(arguments)}")
    assert identifiers(etree.fromstring(form.content)) == identifiers(
        etree.fromstring(query.content)
    )


def test_forged_tokens_are_refused_or_lead_to_what_anybody_may_read(harvested, herbarium):
    log = harvested.told.objects.log
    good = Token("ListRecords", log.id, "oai_dc", "", log.position(), 0, log.position(), 0, 9)
    forged: list[dict[str, Any]] = [
        {"as_of": 10**9}, {"as_of": -1}, {"after": 10**6}, {"prefix": "marc21"}, {"set": "x"},
        {"log": "another"}, {"cursor": 9}, {"size": 2**63}, {"verb": 3}, {"until": None},
    ]  # fmt: skip
    for change in forged:
        token = Token(**{**_fields(good), **change}).text()
        assert harvested.error(verb="ListRecords", resumptionToken=token) == "badResumptionToken"
    old = Token(**{**_fields(good), "as_of": 2}).text()
    assert identifiers(harvested.ask(verb="ListRecords", resumptionToken=old)) == [
        str(herbarium["source"]), str(herbarium["oak"]),
    ]  # fmt: skip


def _fields(token: Token) -> dict[str, Any]:
    return {name: getattr(token, name) for name in Token.__dataclass_fields__}


@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    pairs=st.lists(
        st.tuples(
            st.sampled_from(["verb", "identifier", "metadataPrefix", "from", "until", "set",
                             "resumptionToken", "other"]),
            st.one_of(
                st.sampled_from(["GetRecord", "ListRecords", "ListSets", "ListIdentifiers",
                                 "oai_dc", "dwc", "2026-03-01", "type:specimen"]),
                st.text(max_size=20),
            ),
        ),
        max_size=5,
    )
)  # fmt: skip
def test_whatever_is_asked_the_answer_is_valid(harvested, pairs):
    if not harvested.told.objects.log.position():
        harvested.told.register("specimen", a_specimen("</record>\x01\ufffe"))
    harvested.ask(*[(name, value.encode("utf-8", "replace").decode()) for name, value in pairs])


def test_a_list_waits_for_its_view_and_says_when_that_is_behind(harvested, herbarium, monkeypatch):
    browser: Browser = harvested.browser()
    harvested.told.register("specimen", a_specimen("Z"))
    monkeypatch.setattr(routes, "VIEW_PATIENCE_S", 0.05)
    response = browser.get("/oai?verb=ListRecords&metadataPrefix=oai_dc")
    assert response.status_code == 503
    assert "behind the log" in response.json()["detail"]
    assert int(response.headers["retry-after"]) > 0


def test_only_so_many_wait_for_a_view_and_they_hold_no_thread(harvested, herbarium, monkeypatch):
    harvested.browser()
    harvested.told.register("specimen", a_specimen("Z"))
    monkeypatch.setattr(routes, "VIEW_PATIENCE_S", 60)
    monkeypatch.setattr(routes, "WAITING", 2)
    address = "/oai?verb=ListRecords&metadataPrefix=oai_dc"

    async def ask() -> None:
        transport = httpx.ASGITransport(app=harvested.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            answers = asyncio.as_completed([client.get(address) for _ in range(9)])
            turned_away = [(await one).status_code for one in islice(answers, 3)]
            assert turned_away == [429, 429, 429]
            assert anyio.to_thread.current_default_thread_limiter().borrowed_tokens == 0
            harvested.browser()  # the view catches up
            assert [(await one).status_code for one in answers] == [200] * 6

    asyncio.run(ask())


def test_values_of_sources_do_no_harm(harvested: Harvested, herbarium: dict[str, Pid]) -> None:
    nasty = "]]></metadata><script>\x00\x0b & \"'"
    more: dict[str, Any] = {"ods:specimenName": nasty, "dwc:collectionCode": nasty}
    harvested.told.revise(herbarium["oak"], a_specimen("A", **more))
    check: Callable[..., etree._Element] = harvested.ask
    for prefix in FORMATS:
        root = check(verb="GetRecord", identifier=str(herbarium["oak"]), metadataPrefix=prefix)
        assert "<script>" in "".join(root.itertext())
