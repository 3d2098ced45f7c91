"""The history of a specimen names who asked for a change and who approved it."""

from __future__ import annotations

import pyoxigraph
from pyoxigraph import RdfFormat

from handlers.annotations import Annotations
from tests.api.documents import SOURCE, a_specimen
from tests.handlers.annotations.museum import ANNA, CLARA, draft

PROV = "http://www.w3.org/ns/prov#"


def test_annotator_and_approver_are_named_in_every_form(browse, repository) -> None:
    pid = repository.register("specimen", a_specimen(), source=SOURCE)
    annotations = Annotations(repository.objects)
    edit = draft("oa:editing", "$['ods:specimenName']", "Quercus petraea", of=pid)
    annotation = annotations.propose(edit, ANNA).required().pid
    assert annotation is not None
    annotations.accept(annotation, CLARA)
    browser = browse()
    row = browser.get(f"/{pid}/history?format=json").json()["events"][-1]
    assert (row["agent"]["id"], row["role"]) == (CLARA.id, "Approver")
    assert [(each["id"], each["role"]) for each in row["also"]] == [(ANNA.id, "Requestor")]
    assert row["used"] == [annotation.version_iri(1)]
    newest = browser.get(f"/{pid}/versions?format=json").json()["versions"][0]
    assert (newest["agent"], newest["also"]) == (CLARA.name, [ANNA.name])
    for page in ("history", "versions"):
        shown = browser.get(f"/{pid}/{page}", headers={"Accept": "text/html"}).text
        assert CLARA.name in shown and ANNA.name in shown
    store = pyoxigraph.Store()
    told = browser.get(f"/{pid}/history?format=ntriples").content
    store.load(told, format=RdfFormat.N_TRIPLES)
    asked = f"""PREFIX prov: <{PROV}>
        SELECT ?agent ?role WHERE {{
          ?activity prov:used <{annotation.version_iri(1)}> ;
            prov:qualifiedAssociation [ prov:agent ?agent ; prov:hadRole ?role ] }}"""
    found = {
        (row["agent"].value, row["role"].value.rpartition("/")[2].rpartition(":")[2])
        for row in store.query(asked)
    }
    assert {agent for agent, _ in found} == {ANNA.id, CLARA.id}
    assert len({role for _, role in found}) == 2
