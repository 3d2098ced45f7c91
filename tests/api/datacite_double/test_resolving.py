"""What doi.org, its register of agencies and the Handle proxy say of a DOI of the double."""

from __future__ import annotations

import httpx
import pyoxigraph as ox
import pytest
from lxml import etree

from api.datacite_double import DoubleServer
from tests.api.datacite_double.asking import HOME, Caller, a_doi, valid


def test_a_doi_leads_to_its_address_in_any_case(caller: Caller):
    doi = caller.published()
    for name in (doi, doi.upper()):
        answer = caller.client.get(name, headers={"accept": "text/html"})
        assert (answer.status_code, answer.headers["location"]) == (302, HOME + doi)


def test_what_the_proxy_is_told_to_append_goes_behind_the_address(caller: Caller):
    doi = caller.published()
    answer = caller.client.get(f"{doi}?urlappend=%3Fformat%3Djson%0d%0aX: y")
    assert answer.headers["location"] == f"{HOME}{doi}?format=json%0D%0AX:%20y"
    assert "x" not in answer.headers


def test_a_hidden_doi_leads_on_and_shows_no_metadata(caller: Caller):
    doi = caller.published()
    caller.put(doi, event="hide")
    assert caller.client.get(doi).status_code == 302
    shown = caller.client.get(doi, headers={"accept": "text/turtle"})
    assert shown.status_code == 404


def test_a_draft_leads_nowhere(caller: Caller):
    doi = a_doi()
    caller.put(doi, url=HOME, **valid())
    assert caller.client.get(doi).status_code == 404


def test_metadata_are_given_in_the_form_that_is_asked_for(caller: Caller):
    doi = caller.published()

    def asked(form: str) -> httpx.Response:
        answer = caller.client.get(doi, headers={"accept": form})
        assert answer.status_code == 200 and answer.headers["vary"] == "Accept"
        return answer

    told = asked("application/vnd.datacite.datacite+json").json()
    assert told["titles"] == [{"title": "Carex exemplaris"}] and told["doi"] == doi
    xml = etree.fromstring(asked("application/vnd.datacite.datacite+xml").content)
    assert xml.findtext("{http://datacite.org/schema/kernel-4}identifier") == doi
    quads = list(ox.parse(asked("text/turtle").content, format=ox.RdfFormat.TURTLE))
    assert {quad.subject.value for quad in quads} == {f"https://doi.org/{doi.upper()}"}


def test_a_form_that_is_not_there_leads_to_the_page(caller: Caller):
    doi = caller.published()
    assert caller.client.get(doi, headers={"accept": "image/png"}).status_code == 302


def test_the_agency_of_a_doi(caller: Caller):
    doi = caller.published()
    names = f"{doi},10.5072,10.5072/nothing-here,10.9999/abc,20.500/abc"
    assert caller.client.get(f"ra/{names}").json() == [
        {"DOI": doi, "RA": "DataCite"},
        {"DOI": "10.5072", "RA": "DataCite"},
        {"DOI": "10.5072/nothing-here", "status": "DOI does not exist"},
        {"DOI": "10.9999/abc", "status": "Unknown RA"},
        {"DOI": "20.500/abc", "status": "Invalid DOI"},
    ]


def test_the_values_of_a_handle_can_be_chosen(caller: Caller):
    doi = caller.published()
    whole = caller.client.get(f"api/handles/{doi}").json()
    assert whole["responseCode"] == 1
    assert [(v["index"], v["type"]) for v in whole["values"]] == [(1, "URL"), (100, "HS_ADMIN")]
    assert whole["values"][0]["data"] == {"format": "string", "value": HOME + doi}
    for query in ("type=URL", "index=1"):
        values = caller.client.get(f"api/handles/{doi}?{query}").json()["values"]
        assert [value["type"] for value in values] == ["URL"]
    assert caller.client.get(f"api/handles/{doi}?type=EMAIL").json()["responseCode"] == 200


def test_an_unknown_handle_is_not_found(caller: Caller):
    answer = caller.client.get("api/handles/10.5072/nothing-here")
    assert (answer.status_code, answer.json()["responseCode"]) == (404, 100)


@pytest.mark.parametrize("path", ["", "nowhere", "10.5072", "__secrets"])
def test_anything_else_is_not_found(double: DoubleServer, path: str):
    assert httpx.get(double.url + path).status_code == 404
