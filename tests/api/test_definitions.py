"""Definitions on the web: documents, JSON Schema, SHACL, and the registry's identifiers."""

from __future__ import annotations

import copy
import json
import re
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import pyshacl
import pytest
import rdflib
from rdflib.compare import isomorphic

from fdo.definitions.attributes import ATTRIBUTES
from fdo.definitions.documents import definitions
from fdo.definitions.names import definition_pid
from fdo.lifecycle import Note, Revise, stamped
from fdo.representations.record import record_triples
from handlers.definitions import ensure
from tests.api.conftest import BASE, DAY
from tests.api.documents import SOURCE, a_specimen

PREFIX = "20.5000.5072"
PROFILE = definition_pid(PREFIX, "fdo-profile", "specimen")
TYPE = definition_pid(PREFIX, "fdo-type", "specimen")
ATTRIBUTE = definition_pid(PREFIX, "fdo-attribute", "specimenHost")
HANDLE_ONLY = {
    "HS_ADMIN": "0.NA/20.5000.5072",
    "10320/loc": {"locations": []},
    "URL": "not an address",
    "0.FDO/Data": {"href": "https://example.org/"},
}
"""Attribute that only Handles bear → what is no value of it."""
OPERATION = definition_pid(PREFIX, "fdo-operation", "0.DOIP/Op.Retrieve")


@pytest.fixture
def defined(repository):
    """A repository with its definitions, and a specimen."""
    repository.now += DAY
    ensure(repository.objects)
    return repository.register("specimen", a_specimen(), source=SOURCE)


def ask_for(repository, attribute: str) -> None:
    """The next version of the specimens' profile makes an attribute mandatory."""
    known, _ = repository.objects.state(PROFILE)
    document = copy.deepcopy(known.document)
    document["col:recordSchema"]["required"].append(attribute)
    at = "2026-03-09T12:00:00.000Z"
    changed = stamped(document, PROFILE, known.version + 1, modified=at)
    repository.do(Revise(changed), PROFILE, "fdo-profile")


def test_every_definition_resolves_as_json_schema(browse, defined) -> None:
    browser = browse()
    for one in definitions(PREFIX):
        answer = browser.get(f"/{one.pid}/schema")
        assert answer.status_code == 200, one.key
        assert answer.headers["content-type"] == "application/schema+json"
        schema = answer.json()
        assert schema["$id"] == one.pid.iri
        jsonschema_rs.Draft202012Validator(schema)


@pytest.mark.parametrize("pid", [PROFILE, TYPE, OPERATION])
def test_profiles_and_types_resolve_as_shacl(browse, defined, pid) -> None:
    answer = browse().get(f"/{pid}/shapes")
    assert answer.headers["content-type"].startswith("text/turtle")
    shapes = rdflib.Graph().parse(data=answer.text, format="turtle")
    assert list(shapes.subjects(rdflib.RDF.type, rdflib.SH.NodeShape))


def test_attributes_resolve_as_shacl_and_judge_their_values(browse, defined) -> None:
    browser = browse()
    data = browser.get(f"/{defined}/record?format=turtle").text
    record = rdflib.Graph().parse(data=data, format="turtle", publicID=defined.iri)
    for name, row in ATTRIBUTES.items():
        if not row.handle_only:
            text = browser.get(f"/{definition_pid(PREFIX, 'fdo-attribute', name)}/shapes").text
            shapes = rdflib.Graph().parse(data=text, format="turtle")
            assert list(shapes.objects(None, rdflib.SH.path)), name
            assert pyshacl.validate(record, shacl_graph=shapes)[0], name
    text = browser.get(f"/{ATTRIBUTE}/shapes").text
    host = rdflib.URIRef("urn:collectome:vocab:specimenHost")
    record.set((rdflib.URIRef(defined.iri), host, rdflib.Literal("a museum")))
    shapes = rdflib.Graph().parse(data=text, format="turtle")
    assert not pyshacl.validate(record, shacl_graph=shapes)[0]


@pytest.mark.parametrize("name", HANDLE_ONLY)
def test_what_only_a_handle_says_is_judged_as_the_handle_api_writes_it(
    browse, defined, name
) -> None:
    assert {row.name for row in ATTRIBUTES.values() if row.handle_only} == {*HANDLE_ONLY}
    browser = browse()
    pid = definition_pid(PREFIX, "fdo-attribute", name)
    answer = browser.get(f"/{pid}/shapes")
    assert answer.status_code == 200
    shapes = rdflib.Graph().parse(data=answer.text, format="turtle")

    def keeps(value: dict[str, Any]) -> bool:
        told = {"@context": {"@vocab": f"{pid.iri}#"}, "@type": "Value", **value}
        data = rdflib.Graph().parse(data=json.dumps(told), format="json-ld")
        assert len(data) > 4
        return bool(pyshacl.validate(data, shacl_graph=shapes)[0])

    (value,) = browser.get(f"/api/handles/{defined}?type={quote(name, safe='')}").json()["values"]
    assert keeps(value)
    assert not keeps({**value, "index": 99})
    assert not keeps({**value, "type": "EMAIL"})
    assert not keeps({**value, "data": {**value["data"], "value": HANDLE_ONLY[name]}})
    assert not keeps({key: told for key, told in value.items() if key != "data"})


def test_an_attribute_of_another_release_is_told_in_json_schema_only(
    browse, repository, defined
) -> None:
    known, _ = repository.objects.state(ATTRIBUTE)
    pid = repository.register("fdo-attribute", {**known.document, "col:key": "specimenSmell"})
    browser = browse()
    assert browser.get(f"/{pid}/schema").status_code == 200
    refused = browser.get(f"/{pid}/shapes")
    assert refused.status_code == 404
    assert "JSON Schema only" in refused.json()["detail"]
    assert f"/{pid}/shapes" not in browser.get(f"/{pid}", accept="text/html").text


def test_the_record_keeps_what_its_definitions_ask_for(browse, defined) -> None:
    browser = browse()
    found = browser.get(f"/{defined}/record").json()
    profile = found["0.FDO/Profile"].removeprefix("https://hdl.handle.net")
    assert found["fdoProfileVersion"] == f"https://hdl.handle.net{profile}/1"
    schema = browser.get(f"{profile}/schema").json()
    assert jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid(found)
    data = browser.get(f"/{defined}/record?format=turtle").text
    record = rdflib.Graph().parse(data=data, format="turtle", publicID=defined.iri)
    shapes = rdflib.Graph().parse(data=browser.get(f"{profile}/shapes").text, format="turtle")
    assert pyshacl.validate(record, shacl_graph=shapes)[0]
    host = rdflib.URIRef("urn:collectome:vocab:specimenHost")
    record.remove((None, host, None))
    assert not pyshacl.validate(record, shacl_graph=shapes)[0]


def test_the_faces_of_a_record_in_rdf_are_one_graph(browse, defined) -> None:
    browser = browse()
    said = record_triples(defined.iri, browser.get(f"/{defined}/record").json())
    wanted = rdflib.Graph().parse(data="".join(said), format="nt")
    for name, parser in (("turtle", "turtle"), ("ntriples", "nt"), ("jsonld", "json-ld")):
        text = browser.get(f"/{defined}/record?format={name}").text
        found = rdflib.Graph().parse(data=text, format=parser, publicID=defined.iri)
        assert isomorphic(found, wanted), name


def test_an_old_version_of_a_profile_stays_and_its_records_with_it(
    browse, repository, defined
) -> None:
    before = repository.objects.log.position()
    ask_for(repository, "gateReason")
    browser = browse()
    now = browser.get(f"/{PROFILE}/schema").json()
    then = browser.get(f"/{PROFILE}/schema?as-of={before}").json()
    assert set(now["required"]) - set(then["required"]) == {"gateReason"}
    record = browser.get(f"/{defined}/record").json()
    assert record["fdoProfileVersion"].endswith(f"{PROFILE}/1")
    assert jsonschema_rs.Draft202012Validator(then).is_valid(record)
    assert not jsonschema_rs.Draft202012Validator(now).is_valid(record)


def test_a_record_of_the_past_knows_no_later_confirmation(browse, repository, defined) -> None:
    for state in ("draft", "findable"):
        repository.do(Note("PidConfirmed", {"state": state, "doi-version": None}), defined)
    browser = browse()
    head = repository.objects.log.position()
    said = [
        browser.get(f"/{defined}/record?as-of={at}").json().get("doiState")
        for at in (head - 2, head - 1, head)
    ]
    assert said == [None, "draft", "findable"]
    values = [
        browser.get(f"/api/handles/{defined}?type=doiState&as-of={at}").json().get("values", [])
        for at in (head - 2, head)
    ]
    assert [[one["data"]["value"] for one in found] for found in values] == [[], ["findable"]]
    assert browser.get(f"/{defined}/record").json()["doiState"] == "findable"


@pytest.mark.parametrize(
    ("name", "pid"), [("d8de0819e144e4096645", PROFILE), ("894b1e6cad57e921764e", TYPE)]
)
def test_the_identifiers_of_the_type_registry_lead_to_our_definitions(
    browse, defined, name, pid
) -> None:
    answer = browse().get(f"/21.T11148/{name}")
    assert answer.status_code == 302
    assert answer.headers["location"] == f"{BASE}/{pid}"


def test_what_the_registry_knows_and_we_do_not_is_said_to_be_elsewhere(browse, defined) -> None:
    answer = browse().get("/21.T11148/00000000000000000000")
    assert answer.status_code == 404
    assert "registry" in answer.json()["detail"]
    assert browse().get("/21.T11148/not-hex").status_code == 422


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("{specimen}/schema", "defines nothing"),
        (f"{PROFILE}/schema?as-of=1", "did not exist"),
    ],
)
def test_what_is_not_there_is_refused_with_the_reason(browse, defined, path, said) -> None:
    answer = browse().get(f"/{path.format(specimen=defined)}")
    assert answer.status_code == 404
    assert said in answer.json()["detail"]


def test_a_definition_has_a_page_and_speaks_rdf(browse, defined) -> None:
    browser = browse()
    page = browser.get(f"/{PROFILE}", headers={"accept": "text/html"})
    assert page.status_code == 200 and "Digital specimen" in page.text
    assert f'<a href="/{ATTRIBUTE}">specimenHost</a>' in page.text
    for address in re.findall(r'href="(/[^"]*/(?:schema|shapes)[^"]*)"', page.text):
        assert browser.get(address).status_code == 200
    page = browser.get(f"/{TYPE}/1", headers={"accept": "text/html"})
    assert f'<a href="/{OPERATION}">0.DOIP/Op.Retrieve</a>' in page.text
    turtle = browser.get(f"/{TYPE}?format=turtle").text
    found = rdflib.Graph().parse(data=turtle, format="turtle", publicID=TYPE.iri)
    profile = rdflib.URIRef("urn:collectome:vocab:recordProfile")
    assert (rdflib.URIRef(TYPE.iri), profile, rdflib.URIRef(PROFILE.iri)) in found
