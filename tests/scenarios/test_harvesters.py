"""Harvesters that others wrote, on the demo: they find every object once, and what is gone."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from oaipmh_scythe import Scythe
from rdflib import Graph, URIRef
from sickle import Sickle
from sickle.oaiexceptions import BadResumptionToken, IdDoesNotExist, NoRecordsMatch

from tests.scenarios.program import Server

PREFIXES = ("dwc", "oai_datacite", "oai_dc")
LOCATION = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"
WITHDRAWN = "https://doi.org/10.5072/3HE-L7A-8XV"


@pytest.fixture(scope="module")
def objects(demo: Server) -> dict[str, str]:
    """PID → status of every object that is no draft, by the feed of changes."""
    found: dict[str, str] = {}
    address = "/changes?since=0&limit=500"
    while address:
        response = demo.client.get(address, headers={"accept": "application/json"})
        for row in response.json()["events"]:
            found[row["pid"]] = row["status"]
        address = response.links.get("next", {}).get("url", "")
    return found


@pytest.mark.parametrize("prefix", PREFIXES)
def test_sickle_harvests_every_object_once(demo, objects, prefix):
    sickle = Sickle(f"{demo.base}/oai")
    records = list(sickle.ListRecords(metadataPrefix=prefix))
    found = [record.header.identifier for record in records]
    assert len(found) == len(set(found))
    wanted = set(objects)
    if prefix == "dwc":
        wanted &= {h.identifier for h in sickle.ListIdentifiers(metadataPrefix="dwc",
                                                                set="type:specimen")}  # fmt: skip
    else:
        assert len(found) > 100  # more than one part, so tokens were followed
    assert set(found) == wanted
    deleted = {record.header.identifier for record in records if record.deleted}
    assert deleted == {pid for pid in wanted if objects[pid] != "active"}
    assert WITHDRAWN in deleted
    assert all(record.metadata for record in records if not record.deleted)


def test_scythe_reads_the_same_as_sickle(demo):
    sickle = Sickle(f"{demo.base}/oai")
    theirs = [(h.identifier, h.datestamp, h.deleted, sorted(h.setSpecs))
              for h in sickle.ListIdentifiers(metadataPrefix="oai_dc")]  # fmt: skip
    with Scythe(f"{demo.base}/oai") as scythe:
        ours = [(h.identifier, h.datestamp, h.deleted, sorted(h.setSpecs))
                for h in scythe.list_identifiers(metadata_prefix="oai_dc")]  # fmt: skip
        records = list(scythe.list_records(metadata_prefix="oai_dc", ignore_deleted=True))
        assert scythe.identify().deletedRecord == "persistent"
        assert {one.metadataPrefix for one in scythe.list_metadata_formats()} == set(PREFIXES)
    assert ours == theirs
    assert len(records) == sum(not deleted for _, _, deleted, _ in theirs)


def test_a_second_harvest_brings_what_changed_since_the_first(demo):
    sickle = Sickle(f"{demo.base}/oai")
    every = {h.identifier: h.datestamp for h in sickle.ListIdentifiers(metadataPrefix="oai_dc")}
    since = sorted(every.values())[len(every) // 2]
    later = {"metadataPrefix": "oai_dc", "from": since}
    assert {h.identifier for h in sickle.ListIdentifiers(**later)} == {
        pid for pid, at in every.items() if at >= since
    }


def test_the_sets_cover_everything(demo):
    sickle = Sickle(f"{demo.base}/oai")
    every = {h.identifier for h in sickle.ListIdentifiers(metadataPrefix="oai_dc")}
    of_types = [
        header.identifier
        for one in sickle.ListSets()
        if one.setSpec.startswith("type:")
        for header in sickle.ListIdentifiers(metadataPrefix="oai_dc", set=one.setSpec)
    ]
    assert sorted(of_types) == sorted(every)


def test_conditions_are_understood(demo):
    sickle = Sickle(f"{demo.base}/oai")
    with pytest.raises(IdDoesNotExist):
        sickle.GetRecord(identifier="10.5072/AAA-AAA-AAA", metadataPrefix="oai_dc")
    with pytest.raises(NoRecordsMatch):
        sickle.ListRecords(metadataPrefix="oai_dc", **{"from": "2400-01-01"})
    with pytest.raises(BadResumptionToken):
        sickle.ListRecords(resumptionToken="forged")


def test_the_sitemaps_name_what_harvesters_find_alive(demo, objects):
    index = ElementTree.fromstring(demo.client.get("/sitemap.xml").content)
    parts = [found.text or "" for found in index.iter(LOCATION)]
    named = [
        (found.text or "").removeprefix(f"{demo.base}/")
        for part in parts
        if not part.endswith("pages.xml")
        for found in ElementTree.fromstring(demo.client.get(part).content).iter(LOCATION)
    ]
    alive = {pid for pid, status in objects.items() if status == "active"}
    assert sorted(named) == sorted(pid.partition("/")[2].partition("/")[2].partition("/")[2]
                                   for pid in alive)  # fmt: skip
    assert f"Sitemap: {demo.base}/sitemap.xml" in demo.client.get("/robots.txt").text


def test_the_catalogue_and_the_graph_agree_on_numbers(demo):
    accept = {"accept": "text/turtle"}
    catalogue = Graph().parse(data=demo.client.get("/catalogue", headers=accept).text)
    void = Graph().parse(data=demo.client.get("/.well-known/void", headers=accept).text)
    entities = URIRef("http://rdfs.org/ns/void#entities")
    datasets = set(catalogue.objects(None, URIRef("http://www.w3.org/ns/dcat#dataset")))
    assert len(datasets) >= 4
    assert datasets == set(void.objects(None, URIRef("http://rdfs.org/ns/void#subset")))
    for dataset in datasets:
        counted = catalogue.value(dataset, entities)
        assert counted == void.value(dataset, entities)
        rows = demo.rows(
            "SELECT (COUNT(*) AS ?n) { ?s <http://rs.dissco.eu/opends/terms/sourceSystemID> "
            f"<{dataset}> }}"
        )
        assert str(counted) == rows[0]["n"]


def test_the_triples_of_void_are_counted(demo):
    accept = {"accept": "text/turtle"}
    void = Graph().parse(data=demo.client.get("/.well-known/void", headers=accept).text)
    (dataset,) = void.objects(
        None, URIRef("http://www.w3.org/ns/sparql-service-description#defaultDataset")
    )
    told = void.value(dataset, URIRef("http://rdfs.org/ns/void#triples"))
    assert str(told) == demo.rows("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")[0]["n"]


@pytest.mark.parametrize("way", ["ldes", "oai", "search", "sparql"])
def test_every_way_to_a_dataset_answers_with_the_type_it_promises(demo, way):
    accept = {"accept": "text/turtle"}
    catalogue = Graph().parse(data=demo.client.get("/catalogue", headers=accept).text)
    dcat = "http://www.w3.org/ns/dcat#"
    found = [
        one for one in catalogue.subjects(URIRef(f"{dcat}accessURL")) if one.endswith(f"#{way}")
    ]
    assert len(found) >= 4
    for one in found:
        kind = str(catalogue.value(one, URIRef(f"{dcat}mediaType"))).partition("media-types/")[2]
        address = str(catalogue.value(one, URIRef(f"{dcat}accessURL")))
        response = demo.client.get(address, headers={"accept": kind})
        assert response.status_code == 200
        assert response.headers["content-type"].startswith(kind)
