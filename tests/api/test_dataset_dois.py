"""The DOI that a dataset has beside its Handle: it is cited by it, and it leads to the Handle."""

from __future__ import annotations

import re

import httpx
import pytest

from api.citing.styles import STYLES
from eventstore.naming import prefixes
from fdo.identifiers import Pid
from fdo.lifecycle import Note
from fdo.verifiable import Citation
from handlers.curation import Curation
from handlers.processes.minting.asking import request_version
from tests.api.conftest import CURATOR, Browser, Repository
from tests.api.documents import a_source, a_specimen
from tests.api.doip.spoken import over_http
from tests.scenarios.terminal import Terminal


@pytest.fixture
def source(repository: Repository) -> Pid:
    """A dataset in two versions, of which the first has a DOI."""
    pid = repository.register("source-system", a_source("Beetles"))
    repository.revise(pid, a_source("Beetles of Y"), "source-system")
    doi = request_version(repository.objects, pid, 1, CURATOR).detail["doi"]
    for detail in (
        {"doi": doi, "state": "findable"},
        {"doi": f"{doi}/1", "state": "findable", "doi-version": 1},
    ):
        repository.do(Note("PidConfirmed", detail), pid, "source-system")
    return pid


@pytest.fixture
def doi(source: Pid) -> Pid:
    return Pid("10.5072", source.suffix)


@pytest.fixture
def browser(repository: Repository) -> Browser:
    return Browser(repository.app())


def cited(browser: Browser, address: str, form: str, **more: str) -> str:
    """The citation of a version in a format."""
    query = "&".join(f"{name}={value}" for name, value in {"format": form, **more}.items())
    answer = browser.get(f"{address}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_every_style_names_the_doi_of_the_version_or_else_of_the_dataset(
    browser: Browser, source: Pid, doi: Pid
) -> None:
    for style in STYLES:
        first, second = (
            cited(browser, f"/{source}/{number}", "citation", style=style) for number in (1, 2)
        )
        assert f"{doi.iri}/1" in first and " 1" in first, style
        assert doi.iri in second and f"{doi.iri}/2" not in second, style
        assert f"/{source}/2" in second and " 2" in second, style
        if style == "collectome":  # what is checked was sealed under the Handle
            assert (Citation.parse(first).pid, Citation.parse(second).version) == (source, 2)
        else:
            assert source.iri not in first + second, style


def test_files_for_reference_managers_name_the_doi(browser: Browser, source: Pid, doi: Pid) -> None:
    first, second = (browser.get(f"/{source}/{n}?format=csl").json() for n in (1, 2))
    assert (first["DOI"], first["URL"]) == (f"{doi}/1", f"{doi.iri}/1")
    assert (second["DOI"], second["number"]) == (str(doi), doi.iri)
    assert f"doi = {{{doi}/1}}" in cited(browser, f"/{source}/1", "bibtex")
    assert f"DO  - {doi}\r\n" in cited(browser, f"/{source}/2", "ris")
    assert f"doi:{doi}/1" in cited(browser, f"/{source}/1", "schemaorg")
    assert f">{doi.iri}/1<" in cited(browser, f"/{source}/1", "dc")


def test_a_dataset_is_cited_by_its_handle_until_its_doi_leads_somewhere(
    repository: Repository, browser: Browser
) -> None:
    source = repository.register("source-system", a_source("Moths"))
    request_version(repository.objects, source, 1, CURATOR)
    told = cited(browser, f"/{source}/1", "citation", style="apa")
    assert source.iri in told and "doi.org" not in told


def test_its_doi_leads_to_the_handle_whatever_is_asked_for(
    browser: Browser, source: Pid, doi: Pid
) -> None:
    for rest in ("", "/1", "/2/cite", "/versions", "/record?as-of=1", "/1?format=bibtex"):
        for accept in ("application/json", "text/html"):
            answer = browser.get(f"/{doi}{rest}", accept)
            assert (answer.status_code, answer.headers["location"]) == (301, f"/{source}{rest}")
    assert browser.get(f"/{source}{rest}").status_code == 200


def test_a_name_that_no_dataset_has_stays_unknown(
    repository: Repository, browser: Browser, doi: Pid
) -> None:
    other = repository.register("source-system", a_source("Nobody asked"))
    query = repository.register("saved-query", {
        "@type": "schema:SoftwareSourceCode", "schema:name": "Query", "schema:text": "ASK {}",
    })  # fmt: skip
    for name in (f"10.5072/{other.suffix}", f"10.5072/{query.suffix}", f"10.9999/{doi.suffix}"):
        assert browser.get(f"/{name}").status_code == 404
        assert browser.get(f"/api/handles/{name}").status_code == 404


def test_handle_and_doip_clients_read_it_by_either_name(
    browser: Browser, source: Pid, doi: Pid
) -> None:
    for tail in ("", "/1"):
        by_doi, by_handle = (
            browser.get(f"/api/handles/{one}{tail}").json() for one in (doi, source)
        )
        assert by_doi["handle"] == f"{doi}{tail}"
        assert by_doi["values"] == by_handle["values"]
        both = [over_http(browser, f"{one}{tail}", "0.DOIP/Op.Retrieve") for one in (doi, source)]
        assert both[0] == both[1] and both[0].object["id"] == str(source)


def test_doip_tells_of_a_withdrawn_dataset_by_either_name(
    repository: Repository, browser: Browser, source: Pid, doi: Pid
) -> None:
    Curation(repository.objects, CURATOR).tombstone(source, "Given back.")
    both = [over_http(browser, str(one), "0.DOIP/Op.Retrieve") for one in (doi, source)]
    assert both[0] == both[1] and both[0].attributes["tombstone"]["text"] == "Given back."


def test_every_door_leads_on_from_it(browser: Browser, source: Pid, doi: Pid) -> None:
    def told(answer: httpx.Response) -> tuple[int, str, str]:
        """What an answer says, but for the name that was asked by and the time."""
        text = re.sub("<responseDate>[^<]*", "", answer.text).replace(doi.iri, source.iri)
        location = answer.headers.get("location", "")
        return answer.status_code, location, text.replace(str(doi), str(source))

    for door, status in (
        ("/unapi?id={0}", 300),
        ("/unapi?id={0.iri}/1&format=ris", 200),
        ("/timegate/{0}", 302),
        ("/timegate/{0.iri}", 302),
        ("/timemap/link/{0}", 200),
        ("/timemap/json/{0.iri}", 200),
        ("/oai?verb=GetRecord&metadataPrefix=oai_dc&identifier={0.iri}", 200),
        ("/oai?verb=ListMetadataFormats&identifier={0}", 200),
        ("/{0}/1/doi", 200),
    ):
        both = [browser.get(door.format(one)) for one in (doi, source)]
        assert both[0].status_code == status, (door, both[0].text)
        assert "<error" not in both[0].text, door
        assert told(both[0]) == told(both[1]), door


def test_every_command_about_an_object_leads_on_from_it(
    repository: Repository, source: Pid, doi: Pid
) -> None:
    terminal = Terminal(repository.folder)
    for words, more in (
        (("show",), ()),
        (("history",), ()),
        (("diff",), ()),
        (("cite",), ("--version=1",)),
        (("pids", "request-version"), (1,)),
    ):
        both = [terminal(*words, one, *more).stdout for one in (doi.iri, source)]
        assert both[0] == both[1], words


def test_it_leads_on_whatever_the_prefixes_of_the_settings_are(
    repository: Repository, browser: Browser, source: Pid, doi: Pid
) -> None:
    repository.objects.prefixes = {"doi": "10.9999", "handle": "21.T11148"}
    moths = repository.register("source-system", a_source("Moths"))
    repository.register("specimen", a_specimen())
    request_version(repository.objects, moths, 1, CURATOR)
    assert prefixes(repository.objects.recorder) == ["10.9999", "20.5000.5072", "21.T11148"]
    for name, pid in ((doi, source), (Pid("10.9999", moths.suffix), moths)):
        assert browser.get(f"/{name}").headers["location"] == f"/{pid}"
