"""What changed between two versions, as a table, as patches and as a page."""

from __future__ import annotations

import jsonpatch
import pyoxigraph
import pytest

from fdo.documents import canonical
from fdo.lifecycle import Status
from fdo.representations.nquads import triples
from tests.api.conftest import BASE, DAY
from tests.api.documents import a_specimen

OTHER = {
    "@type": "ods:Identification",
    "ods:hasTaxonIdentifications": [
        {"@type": "ods:TaxonIdentification", "dwc:scientificName": "<b>Quercus</b> cerris L."}
    ],
}


@pytest.fixture
def oak(repository):
    """A specimen of three versions: a new name, then an identification put in front."""
    pid = repository.register("specimen", a_specimen())
    second = a_specimen(**{"ods:specimenName": "Quercus petraea (Matt.) Liebl."})
    repository.revise(pid, second)
    third = {**second, "ods:hasIdentifications": [OTHER, *second["ods:hasIdentifications"]]}
    repository.revise(pid, third)
    return pid


def told(answer):
    """(kind, term path) of each change that says something new."""
    return [(one["kind"], one["path"]) for one in answer.json()["changes"] if "stamp" not in one]


NAMED = [("changed", "$['ods:specimenName']")]
INSERTED = [("added", "$['ods:hasIdentifications'][0]")]


@pytest.mark.parametrize(
    ("query", "ends", "wanted"),
    [
        ("", (2, 3), INSERTED),
        ("?to=2", (1, 2), NAMED),
        ("?from=1&to=2", (1, 2), NAMED),
        ("?from=v1&to=v2", (1, 2), NAMED),
        ("?from=2026-03-01&to=2026-03-02T12:00:00Z", (1, 2), NAMED),
        ("?from=2026-03-02", (2, 3), INSERTED),
        ("?from=2&to=2", (2, 2), []),
        ("?to=1", (1, 1), []),
        ("?from=3&to=2", (3, 2), [("removed", "$['ods:hasIdentifications'][0]")]),
    ],
)
def test_both_ends_are_versions_or_times(repository, browse, oak, query, ends, wanted):
    repository.now += 10 * DAY
    answer = browse().get(f"/{oak}/diff{query}")
    assert answer.status_code == 200
    assert told(answer) == wanted
    said = answer.json()
    assert (said["from"]["version"], said["to"]["version"]) == ends
    assert answer.headers["content-location"] == f"{BASE}/{oak}/diff?from={ends[0]}&to={ends[1]}"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("from=4", 404),
        ("from=0", 404),
        ("to=99", 404),
        ("from=yesterday", 400),
        ("to=2999-01-01", 400),
        ("from=-1", 400),
        ("from=2026-02-01", 404),
        ("colour=red", 400),
        ("from=1&from=2", 400),
        ("format=xls", 406),
    ],
)
def test_what_is_neither_is_refused(browse, oak, query, status):
    answer = browse().get(f"/{oak}/diff?{query}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("start", "end"), [(1, 2), (2, 3), (1, 3), (3, 1)])
def test_the_json_patch_leads_from_one_document_to_the_other(browse, oak, start, end):
    browser = browse()
    answer = browser.get(f"/{oak}/diff?from={start}&to={end}", accept="application/json-patch+json")
    assert answer.headers["content-type"] == "application/json-patch+json"
    old, new = (browser.get(f"/{oak}/{version}") for version in (start, end))
    assert canonical(jsonpatch.apply_patch(old.json(), answer.json())) == new.content


@pytest.mark.parametrize(("start", "end"), [(1, 2), (2, 3), (1, 3), (3, 1)])
def test_the_rdf_patch_leads_from_one_graph_to_the_other(repository, browse, oak, start, end):
    answer = browse().get(f"/{oak}/diff?from={start}&to={end}", accept="application/rdf-patch")
    assert answer.headers["content-type"] == "application/rdf-patch"
    lines = answer.text.splitlines()
    graph, wanted = (_graph(repository, oak, version) for version in (start, end))
    for line in lines[3:-1]:
        (quad,) = pyoxigraph.parse(line[2:], format=pyoxigraph.RdfFormat.N_TRIPLES)
        if line[0] == "D":
            graph.remove(str(quad))
        else:
            assert line[0] == "A"
            assert str(quad) not in graph
            graph.add(str(quad))
    assert graph == wanted
    assert lines[2] == "TX ."
    assert lines[-1] == "TC ."


def _graph(repository, pid, version):
    text = "".join(triples(repository.objects.log.version(pid, version).document))
    found = pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.N_TRIPLES)
    return {str(quad) for quad in found}


def test_the_rdf_patches_of_neighbouring_versions_are_a_chain(browse, oak):
    heads = []
    for end in (2, 3):
        lines = browse().get(f"/{oak}/diff?to={end}&format=rdf-patch").text.splitlines()
        heads.append({line.split()[1]: line.split()[2] for line in lines[:2]})
    assert heads[1]["prev"] == heads[0]["id"]


def test_the_page_shows_old_and_new_side_by_side_and_escapes_them(browse, oak):
    page = browse().get(f"/{oak}/diff", accept="text/html").text
    assert "&lt;b&gt;Quercus&lt;/b&gt; cerris L." in page
    assert "<b>Quercus" not in page
    assert '<option value="2" selected>' in page
    assert f'href="/{oak}/diff?from=1&amp;to=2"' in page
    named = browse().get(f"/{oak}/diff?to=2", accept="text/html").text
    assert "<del>Quercus robur L.</del>" in named
    assert "<ins>Quercus petraea (Matt.) Liebl.</ins>" in named
    same = browse().get(f"/{oak}/diff?from=1&to=1", accept="text/html").text
    assert "say the same" in same


def test_pages_of_versions_lead_to_their_differences(browse, oak):
    link = f'href="/{oak}/diff?from=2&amp;to=3"'
    for path in (f"/{oak}", f"/{oak}/versions"):
        assert link in browse().get(path, accept="text/html").text
    assert (
        f'href="/{oak}/diff?from=1&amp;to=3"' in browse().get(f"/{oak}/1", accept="text/html").text
    )


@pytest.mark.parametrize("shown", ["json", "html", "json-patch", "rdf-patch"])
def test_what_is_withheld_is_not_told_by_a_difference(repository, browse, oak, shown):
    repository.withhold(oak, "CC BY-NC 4.0 is not open.")
    for query in ("", "?from=1&to=2", "?from=3&to=4", "?from=4&to=4"):
        answer = browse().get(f"/{oak}/diff{query}{'&' if query else '?'}format={shown}")
        assert answer.status_code == 403
        assert "Quercus" not in answer.text


def test_a_pid_only_version_stays_back_after_the_release(repository, browse, oak):
    repository.withhold(oak, "CC BY-NC 4.0 is not open.")
    repository.release(oak, a_specimen("DH-9"))
    assert browse().get(f"/{oak}/diff").status_code == 403
    assert browse().get(f"/{oak}/diff?from=3&to=5").status_code == 200


def test_a_draft_has_no_differences(repository, browse):
    pid = repository.register("specimen", a_specimen(), Status.DRAFT)
    repository.revise(pid, a_specimen("DH-2"))
    assert browse().get(f"/{pid}/diff").status_code == 404


def test_a_withdrawal_is_a_difference_like_any_other(repository, browse, oak):
    repository.tombstone(oak, "Lost in the flood.")
    answer = browse().get(f"/{oak}/diff")
    assert answer.status_code == 200
    assert ("added", "$['ods:hasTombstoneMetadata']") in told(answer)


def test_an_erasure_changes_the_validator_of_a_difference(repository, browse, oak):
    before = browse().get(f"/{oak}/diff?to=2")
    event = repository.objects.log.version(oak, 1)
    redacted = canonical({**event.document, "ods:specimenName": "(erased)"})
    repository.objects.erase(oak, [event.position], redacted, by=event.agent)
    after = browse().get(f"/{oak}/diff?to=2", headers={"if-none-match": before.headers["etag"]})
    assert after.status_code == 200
    assert "(erased)" in after.text
