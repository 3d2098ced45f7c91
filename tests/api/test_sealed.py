"""The sealed document: what a citer downloads, keeps and checks with sha256sum."""

from __future__ import annotations

import base64
import hashlib

import pytest

from fdo.agent import Agent
from fdo.documents import canonical
from fdo.lifecycle import Register, Status, stamped
from handlers.curation import Curation
from tests.api.documents import a_specimen

REASON = "CC BY-NC 4.0, stated by the dataset, is not open."


@pytest.fixture
def oak(repository):
    """A specimen with two versions."""
    pid = repository.register("specimen", a_specimen())
    repository.revise(pid, a_specimen(**{"ods:specimenName": "Quercus petraea (Matt.) Liebl."}))
    return pid


def test_its_sha256_is_the_hash_of_the_citation(repository, browse, oak):
    for version in (1, 2):
        answer = browse().get(f"/{oak}/{version}/sealed")
        event = repository.objects.log.version(oak, version)
        digest = hashlib.sha256(answer.content)
        assert digest.hexdigest() == event.citation.hash
        assert answer.content[32:] == canonical(event.document)
        assert answer.headers["repr-digest"] == (
            f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
        )
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["cache-control"] == "public, max-age=86400"
        name = f"{str(oak).replace('/', '_')}_{version}.sealed"
        assert name in answer.headers["content-disposition"]


def test_the_validator_is_the_hash_and_spares_the_body(browse, oak):
    etag = browse().get(f"/{oak}/1/sealed").headers["etag"]
    again = browse().get(f"/{oak}/1/sealed", headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_an_erased_version_answers_410_and_the_others_stay(repository, browse, oak):
    curation = Curation(repository.objects, Agent("urn:x", "X"))
    curation.erase(curation.erasable(oak, version=1), "asked for by the collector")
    element = "/doip?operationId=0.DOIP/Op.Retrieve&element=sealed&targetId="
    for path in (f"/{oak}/1/sealed", f"/{oak}/verbatim?as-of=v1", f"{element}{oak}/1"):
        gone = browse().get(path)
        assert gone.status_code == 410, path
        assert gone.json()["type"].endswith("/erased")
    for path in (f"/{oak}/2/sealed", f"{element}{oak}/2"):
        assert browse().get(path).status_code == 200
    assert browse().get(f"/{oak}/verbatim").status_code == 404
    assert "sealed" not in browse().get(f"{element}{oak}/1".replace("element=sealed&", "")).text


def test_what_is_not_public_has_no_sealed_document(repository, browse, oak):
    repository.withhold(oak, REASON)
    for version in (1, 3):
        refused = browse().get(f"/{oak}/{version}/sealed")
        assert (refused.status_code, refused.json()["reason"]) == (403, REASON)
    draft = repository.objects.reserve("specimen")
    document = stamped(a_specimen("DH-2"), draft, 1, modified="2026-03-01T12:00:00.000Z")
    repository.do(Register(document, Status.DRAFT), draft)
    assert browse().get(f"/{draft}/1/sealed").status_code == 404


def test_a_tombstones_versions_can_still_be_kept(repository, browse, oak):
    repository.tombstone(oak, "lost in a fire")
    for version in (1, 2, 3):
        assert browse().get(f"/{oak}/{version}/sealed").status_code == 200


@pytest.mark.parametrize(
    "tail", ["9/sealed", "0/sealed", "1/unsealed", "versions/sealed", "sealed"]
)
def test_other_addresses_are_not_found(browse, oak, tail):
    assert browse().get(f"/{oak}/{tail}").status_code == 404


def test_a_lower_case_address_leads_to_the_canonical_one(browse, oak):
    answer = browse().get(f"/{str(oak).lower()}/1/sealed/")
    assert (answer.status_code, answer.headers["location"]) == (301, f"/{oak}/1/sealed")


def test_parameters_are_refused_by_name(browse, oak):
    assert browse().get(f"/{oak}/1/sealed?format=json").status_code == 400
