"""One FDO record, the same in every face: JSON, HTML, RDF, Handle values, DOIP, DataCite."""

from __future__ import annotations

import json
from html import unescape

import pytest
from pyoxigraph import NamedNode, RdfFormat, parse

from fdo.lifecycle import Note
from handlers.annotations import Annotations
from handlers.definitions import ensure
from tests.api.conftest import CURATOR
from tests.api.documents import a_medium, a_source, a_specimen

VOCABULARY = "urn:collectome:vocab:"
IN_RDF = {"0.FDO/Type": "fdoTypeDefinition", "0.FDO/Profile": "fdoProfileDefinition"}
"""Names that are no local names of a vocabulary → theirs there."""


@pytest.fixture
def objects(repository):
    """PIDs of objects of several types and in every state that has a record."""
    ensure(repository.objects)
    specimen = repository.register("specimen", a_specimen("DH-1", **{"ods:isMarkedAsType": True}))
    repository.revise(specimen, a_specimen("DH-1", **{"ods:specimenName": "Quercus petraea L."}))
    confirmed = {"doi": str(specimen), "state": "findable", "hash": "0" * 64, "position": 1}
    repository.do(Note("PidConfirmed", confirmed), specimen)
    gone = repository.register("specimen", a_specimen("DH-2"))
    repository.tombstone(gone, "The same tree.", into=specimen)
    held = repository.register("specimen", a_specimen("DH-3"))
    repository.withhold(held, "Its licence is CC BY-NC.")
    medium = repository.register("media", a_medium(specimen))
    source = repository.register("source-system", a_source())
    (profile, *_) = [head.pid for head in repository.objects.log.heads() if "profile" in head.type]
    said = {"oa:motivatedBy": ["oa:linking"], "oa:hasTarget": [specimen.iri, "https://e.org/a"]}
    annotation = Annotations(repository.objects).propose(said, CURATOR).required().pid
    return [specimen, gone, held, medium, source, profile, annotation]


def _as_text(value):
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _alternates(told):
    return [one["alternateIdentifier"] for one in told.get("alternateIdentifiers", ())]


def _rdf(browser, pid, query):
    """Attribute → its values as written."""
    data = browser.get(f"/{pid}/record{query}", "text/turtle").content
    found: dict[str, list[str]] = {}
    for triple in parse(data, format=RdfFormat.TURTLE):
        if triple.subject == NamedNode(pid.iri):
            name = triple.predicate.value.removeprefix(VOCABULARY)
            found.setdefault(name, []).append(triple.object.value)
    return found


@pytest.mark.parametrize("past", [False, True])
def test_every_face_says_the_same_of_every_object(objects, browse, repository, past):
    browser = browse()
    query = f"?as-of={repository.objects.log.position()}" if past else ""
    for pid in objects:
        record = browser.get(f"/{pid}/record{query}", "application/json").json()
        rows = browser.get(f"/api/handles/{pid}{query}").json()["values"]
        handle = {one["type"]: one["data"]["value"] for one in rows}
        shared = handle.keys() & record.keys()
        assert len(shared) >= 11, pid
        assert {name: handle[name] for name in shared} == {
            name: _as_text(record[name]) for name in shared
        }
        said = {
            IN_RDF.get(name, name): sorted(
                map(_as_text, value if isinstance(value, list) else [value])
            )
            for name, value in record.items()
        }
        rdf = {name: sorted(values) for name, values in _rdf(browser, pid, query).items()}
        assert rdf == said
        page = unescape(browser.get(f"/{pid}/record{query}", "text/html").text)
        assert [one for one in record.values() if isinstance(one, str) and one not in page] == []
        told = browser.get(f"/{pid}/datacite{query}")
        assert told.status_code == (410 if record["pidStatus"] == "TOMBSTONED" else 200)
        assert str(pid) in (told.json().get("doi"), *_alternates(told.json()))
        assert record["version"] == int(told.json().get("version", record["version"]))
        asked = f"/doip/0.DOIP/Op.Retrieve?targetId={pid}&{query[1:].replace('as-of', 'asOf')}"
        doip = browser.get(asked)
        if doip.status_code == 200:
            assert doip.json()["attributes"]["record"] == record
        else:
            assert doip.status_code in (403, 410)


def test_a_confirmed_doi_is_told_since_it_was_confirmed(objects, browse, repository):
    pid = objects[0]
    confirmed = repository.objects.log.history(pid)[-1].position
    for query, state in (("", "findable"), (f"?as-of={confirmed - 1}", None)):
        record = browse().get(f"/{pid}/record{query}", "application/json").json()
        assert record.get("doiState") == state
        asked = f"/doip/0.DOIP/Op.Retrieve?targetId={pid}&{query[1:].replace('as-of', 'asOf')}"
        assert browse().get(asked).json()["attributes"]["record"] == record
