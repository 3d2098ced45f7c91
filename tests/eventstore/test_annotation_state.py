"""Where an annotation is in its life stands in the records graph, also of those that ended."""

from __future__ import annotations

from pathlib import Path

from eventstore.patches import RECORDS, patches
from fdo.documents import canonical
from handlers.curation import redacted
from tests.handlers.projections.annotating import Annotating, an_annotation, pid_of
from tests.handlers.projections.story import AGENT, Repository, a_specimen

TERM = "<urn:collectome:vocab:annotationState>"


def states(told: Repository, number: int) -> list[str]:
    """What the patches of the log leave as the state of an annotation, after each of its events."""
    events = told.log.history(pid_of(number))
    held: set[str] = set()
    after = []
    for patch in patches(events, told.log):
        subject = f"<{pid_of(number).iri}> {TERM} "
        removed = {q for q in patch.removed if q.startswith(subject)}
        assert removed <= held
        held = held - removed | {q for q in patch.added if q.startswith(subject)}
        (quad,) = held
        assert quad.endswith(f" <{RECORDS}> .\n")
        after.append(quad.split('"')[1])
    return after


def test_every_step_of_its_life_replaces_the_state_before(tmp_path: Path):
    told = Repository(tmp_path)
    told.register(1, a_specimen(1))
    story = Annotating(told)
    for number in (1, 2, 3):
        story.propose(number, an_annotation(told.pid(1), f"value {number}"))
    story.propose(4, an_annotation(told.pid(1), "a remark", None, "oa:commenting"))
    story.decide(1, "Approved")
    story.decide(2, "Rejected", "no")
    story.supersede(3, 1)
    story.withdraw(4)
    assert states(told, 1) == ["pending", "accepted"]
    assert states(told, 2) == ["pending", "rejected"]
    assert states(told, 3) == ["pending", "superseded"]
    assert states(told, 4) == ["standing", "withdrawn"]
    story.withdraw(1, "the change is taken back")
    assert states(told, 1) == ["pending", "accepted", "withdrawn"]


def test_an_erasure_leaves_what_became_of_it(tmp_path: Path):
    told = Repository(tmp_path)
    told.register(1, a_specimen(1))
    story = Annotating(told)
    story.propose(1, an_annotation(told.pid(1)))
    story.decide(1, "Rejected", "no")
    events = told.log.history(pid_of(1))
    contents = {event.position: canonical(redacted(event.document)) for event in events}
    told.objects.erase(pid_of(1), list(contents), contents, AGENT, reason="asked")
    assert states(told, 1)[:2] == ["pending", "rejected"]
