"""What one decision records is one transaction of the event streams, and two are two."""

from __future__ import annotations

import pytest

from fdo.documents import canonical
from handlers.projections.members import is_member
from tests.api.annotations.reviewing import ANNA, LOCALITY, Reviewing
from tests.api.conftest import BASE
from tests.api.test_ldes import Feed

TRANSACTION = "urn:collectome:vocab:transaction"
FINAL = "urn:collectome:vocab:transactionFinalized"


def transactions(reviewing: Reviewing, stream: str) -> dict[str, tuple[str, str]]:
    """Member → its transaction, and whether that is whole with it."""
    walked = Feed(reviewing.told).walk(f"/ldes/{stream}")
    return {
        member: (walked.values(member, TRANSACTION)[0], walked.values(member, FINAL)[0])
        for member in walked.members
    }


def test_a_decision_and_what_it_changes_are_one_transaction(reviewing: Reviewing) -> None:
    oak = reviewing.specimen()
    first = reviewing.propose(oak, "Latvia")
    other = reviewing.propose(oak, "Laelatu meadow", LOCALITY)
    for pid in (first, other):  # one right after the other, on a clock that stands still
        reviewing.hands.accept(pid, ANNA)
    later = reviewing.propose(oak, "Finland")
    reviewing.hands.accept(later, ANNA)
    log = reviewing.told.objects.log
    commands = [  # the last also overrides the first
        [first.version_iri(2), oak.version_iri(2)],
        [other.version_iri(2), oak.version_iri(3)],
        [later.version_iri(2), first.version_iri(3), oak.version_iri(4)],
    ]
    names = [log.version(pid, 2).activity for pid in (first, other, later)]
    told = transactions(reviewing, "all")
    for members, name in zip(commands, names, strict=True):
        *before, last = members
        assert [told[member] for member in before] == [(name, "false")] * len(before)
        assert told[last] == (name, "true")
    for alone in (oak, first, other, later):
        assert told[alone.version_iri(1)] == (log.version(alone, 1).activity, "true")
    annotations = transactions(reviewing, "type/annotation")
    assert annotations[first.version_iri(2)] == (names[0], "true"), "it has no later one here"
    assert annotations[later.version_iri(2)] == (names[2], "false")
    assert annotations[first.version_iri(3)] == (names[2], "true")
    specimens = transactions(reviewing, "type/specimen")
    assert specimens[oak.version_iri(4)] == (names[2], "true")


def test_a_full_page_moves_when_the_end_of_a_transaction_on_it_is_erased_from_the_next(
    reviewing: Reviewing, monkeypatch: pytest.MonkeyPatch
) -> None:
    oak = reviewing.specimen()
    proposed = reviewing.propose(oak, "Latvia")
    reviewing.hands.accept(proposed, ANNA)
    objects = reviewing.told.objects
    decided, laid = objects.log.version(proposed, 2), objects.log.version(oak, 2)
    before = [e for e in objects.log.read(0, 100) if is_member(e) and e.position < laid.position]
    monkeypatch.setattr("handlers.projections.members.PAGE", len(before))
    feed = Feed(reviewing.told)
    page, says = "/ldes/all/pages/0", f"<{decided.version_iri}> <{FINAL}>"
    first = feed.browser.get(page, "application/n-quads")
    assert f'{says} "false"' in first.text
    assert "immutable" in first.headers["cache-control"]
    redacted = canonical({**laid.document, "ods:specimenName": "Redacted"})
    objects.erase(oak, [laid.position], redacted, ANNA)
    gone = feed.browser.get(page, "application/n-quads")
    assert gone.status_code == 410
    moved = feed.browser.get(gone.json()["address"].removeprefix(BASE), "application/n-quads")
    assert f'{says} "true"' in moved.text
