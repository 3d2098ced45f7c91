"""The history of an object in PROV-O, and that it says what the provenance graph says."""

from __future__ import annotations

import pyoxigraph
import pytest
from pyoxigraph import NamedNode, RdfFormat

from eventstore.follower import follow_once
from eventstore.patches import PROVENANCE
from fdo.agent import Agent
from fdo.lifecycle import Note, Restore, Revise, Split, Status, stamped
from handlers.projections.graph import Graph
from tests.api.conftest import BASE, CURATOR, DAY
from tests.api.documents import SOURCE, a_specimen

PROV = "http://www.w3.org/ns/prov#"
APPROVER = Agent(
    "https://orcid.org/0000-0001-5109-3700", 'Ann "A." Prover', "schema:Person", "Approver"
)
FORMATS = {"turtle": RdfFormat.TURTLE, "jsonld": RdfFormat.JSON_LD, "ntriples": RdfFormat.N_TRIPLES}


@pytest.fixture
def life(repository):
    """A specimen that was revised, noted, merged, restored, withheld, released and divided,
    with the one into which it was merged and its two parts."""
    pid = repository.register("specimen", a_specimen(), source=SOURCE)
    repository.revise(pid, a_specimen(**{"ods:specimenName": "Quercus petraea"}))
    repository.do(Note("PidConfirmed"), pid)
    heir, one, two = (repository.register("specimen", a_specimen(f"DH-{n}")) for n in (2, 3, 4))
    repository.tombstone(pid, "Registered twice.", into=heir)
    back = stamped(a_specimen(), pid, 4, modified="2026-03-09T12:00:00.000Z")
    repository.do(Restore(back), pid, cause=1)
    repository.now += DAY
    changed = stamped(a_specimen("DH-9"), pid, 5, modified="2026-03-10T12:00:00.000Z")
    repository.objects.handle(
        Revise(changed), pid=pid, kind="specimen", by=APPROVER, observed_at=repository.now - 5
    )
    by = {"@type": "schema:Person", "schema:name": "Josiah Carberry"}
    repository.do(Split((one, two), "Two sheets.", by, "2026-03-11T12:00:00.000Z"), pid)
    return pid, heir, one, two


def history(browser, pid, name="ntriples") -> set[str]:
    """The triples of a history in a format, literals as a store writes them."""
    answer = browser.get(f"/{pid}/history?format={name}")
    assert answer.status_code == 200, answer.text
    return _stored(answer.content, FORMATS[name])


def _stored(content: bytes, syntax: RdfFormat) -> set[str]:
    store = pyoxigraph.Store()
    store.load(content, format=syntax)
    return {str(quad.triple) for quad in store}


def test_every_form_holds_the_same_triples(browse, life):
    pid, *_ = life
    found = [history(browse(), pid, name) for name in FORMATS]
    assert found[0] == found[1] == found[2]
    for media_type in ("text/turtle", "application/ld+json", "application/n-triples"):
        answer = browse().get(f"/{pid}/history", accept=media_type)
        assert answer.headers["content-type"].startswith(media_type)
        head = browse().request("HEAD", f"/{pid}/history", headers={"accept": media_type})
        assert head.headers == answer.headers


def test_a_history_holds_all_that_the_provenance_graph_holds_of_its_object(
    repository, browse, life, tmp_path
):
    graph = Graph(tmp_path / "graph")
    while follow_once(repository.objects.log, [graph]):
        pass
    graph.flush()
    graph.dump(tmp_path / "dump.nq")
    graph.close()
    store = pyoxigraph.Store()
    store.load(path=str(tmp_path / "dump.nq"), format=RdfFormat.N_QUADS)
    for pid in life:
        held = _about(store, pid)
        assert len(held) > 8
        assert held <= history(browse(), pid)


def _about(store, pid) -> set[str]:
    """The triples of the object's versions, of the activities that made or used them, and of
    their associations."""
    graph = NamedNode(PROVENANCE)

    def subjects(predicate, target):
        found = store.quads_for_pattern(None, NamedNode(PROV + predicate), target, graph)
        return {quad.subject for quad in found}

    versions = subjects("specializationOf", NamedNode(pid.iri))
    activities = {
        quad.object
        for version in versions
        for quad in store.quads_for_pattern(
            version, NamedNode(PROV + "wasGeneratedBy"), None, graph
        )
    }
    activities |= {activity for version in versions for activity in subjects("used", version)}
    associations = {
        quad.object
        for activity in activities
        for quad in store.quads_for_pattern(
            activity, NamedNode(PROV + "qualifiedAssociation"), None, graph
        )
    }
    return {
        str(quad.triple)
        for subject in versions | activities | associations
        for quad in store.quads_for_pattern(subject, None, None, graph)
    }


def test_the_chain_of_revisions_is_never_broken(repository, browse, life):
    pid, *_ = life
    found = history(browse(), pid)
    last = repository.objects.log.head(pid).version
    assert last == 6
    for version in range(2, last + 1):
        before, after = pid.version_iri(version - 1), pid.version_iri(version)
        assert f"<{after}> <{PROV}wasRevisionOf> <{before}>" in found
        (made,) = [line for line in found if line.startswith(f"<{after}> <{PROV}wasGeneratedBy>")]
        activity = made.split()[2]
        assert f"<{before}> <{PROV}wasInvalidatedBy> {activity}" in found


def test_every_activity_has_its_agent_in_its_role_and_its_times(repository, browse, life):
    pid, *_ = life
    found = history(browse(), pid)
    for event in repository.objects.log.history(pid):
        activity, agent = f"<{event.activity}>", f"<{event.agent.id}>"
        assert f"{activity} <{PROV}wasAssociatedWith> {agent}" in found
        (qualified,) = [
            line.split()[2]
            for line in found
            if line.startswith(f"{activity} <{PROV}qualifiedAssociation>")
        ]
        assert f"{qualified} <{PROV}agent> {agent}" in found
        role = f"<http://rs.dissco.eu/opends/terms/{event.agent.role}>"
        assert f"{qualified} <{PROV}hadRole> {role}" in found
        for when in ("startedAtTime", "endedAtTime"):
            assert any(line.startswith(f"{activity} <{PROV}{when}>") for line in found)
    assert f'<{APPROVER.id}> <http://schema.org/name> "Ann \\"A.\\" Prover"' in found
    restored = repository.objects.log.version(pid, 4)
    first = repository.objects.log.version(pid, 1)
    assert f"<{restored.activity}> <{PROV}wasInformedBy> <{first.activity}>" in found
    assert f"<{first.version_iri}> <{PROV}hadPrimarySource> <{SOURCE.iri}>" in found


def test_a_merge_names_the_successor_and_a_split_the_parts(browse, life):
    pid, heir, one, two = life
    found = history(browse(), pid)
    assert f"<{pid.version_iri(3)}> <{PROV}alternateOf> <{heir.iri}>" in found
    for part in (one, two):
        assert f"<{part.iri}> <{PROV}wasDerivedFrom> <{pid.version_iri(5)}>" in found


def test_only_what_is_gone_for_now_is_invalidated_as_a_whole(repository, browse, life):
    pid, heir, *_ = life
    ended = f"<{pid.iri}> <{PROV}wasInvalidatedBy>"
    (line,) = [line for line in history(browse(), pid) if line.startswith(ended)]
    assert line.split()[2] == f"<{repository.objects.log.latest(pid).activity}>"
    assert not any(
        line.startswith(f"<{heir.iri}> <{PROV}wasInvalidatedBy>")
        for line in history(browse(), heir)
    )


def test_a_part_of_a_history_goes_on_where_the_one_before_ended(browse, life, monkeypatch):
    pid, *_ = life
    whole = history(browse(), pid)
    monkeypatch.setattr("api.objects.reports.ROWS", 3)
    found, address, pages = set(), f"{BASE}/{pid}/history?format=turtle", 0
    while address:
        answer = browse().get(address)
        found |= _stored(answer.content, RdfFormat.TURTLE)
        onward = [one for one in answer.headers["link"].split(", ") if 'rel="next"' in one]
        address = onward[0].partition(">")[0].removeprefix("<") if onward else None
        pages += 1
    assert pages == 3
    assert found == whole
    page = browse().get(f"/{pid}/history", accept="text/html").text
    assert "Later events" in page
    assert f"/{pid}/history?after=3" in page


@pytest.mark.parametrize("query", ["after=x", "after=-1", "before=1", "after=99999999999999999999"])
def test_a_page_that_cannot_be_is_refused(browse, life, query):
    pid, *_ = life
    assert browse().get(f"/{pid}/history?{query}").status_code == 400


def test_past_the_end_there_is_nothing_more(browse, life):
    pid, *_ = life
    assert browse().get(f"/{pid}/history?after=500").json() == {"pid": pid.iri, "events": []}


def test_a_history_is_told_of_pid_only_objects_and_not_of_drafts(repository, browse, life):
    *_, two = life
    repository.withhold(two, "CC BY-NC 4.0 is not open.")
    assert "Quercus" not in browse().get(f"/{two}/history?format=turtle").text
    draft = repository.register("specimen", a_specimen("DH-7"), Status.DRAFT)
    assert browse().get(f"/{draft}/history?format=turtle").status_code == 404
    assert CURATOR.name in browse().get(f"/{two}/history?format=turtle").text
