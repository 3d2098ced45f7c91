"""A museum whose specimens are annotated: harvests, annotators and curators in few words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eventstore.envelope import Recorded
from fdo.agent import Agent
from fdo.annotation.paths import get, parse
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import Status, evolve
from handlers.annotations import Annotations, Outcome
from handlers.verification import verify_log
from ontologies.schemas import explain
from tests.fdo.annotation.saying import note
from tests.handlers.harvest.collection import Collection, image, row

ANNA = Agent("https://orcid.org/0000-0002-1825-0097", "Anna Annotator", "schema:Person")
BEN = Agent("https://orcid.org/0000-0003-1419-2405", "Ben Annotator", "schema:Person")
CLARA = Agent("https://orcid.org/0000-0001-5109-3700", "Clara Curator", "schema:Person")


class Museum:
    """One collection of which three specimens and an image are known."""

    def __init__(self, place: Path) -> None:
        self.collection = Collection(place)
        self.objects, self.log = self.collection.objects, self.collection.log
        self.annotations = Annotations(self.objects)
        self.collection.harvest([row(1), row(2), row(3)], [image(1, "a")])
        self.specimen = self.collection.specimens()["TU-1"].pid
        self.other = self.collection.specimens()["TU-2"].pid
        self.medium = self.collection.media()["a"].pid

    def propose(
        self,
        motivation: str,
        path: str | None,
        *values: Any,
        of: Pid | None = None,
        by: Agent = ANNA,
    ) -> Outcome:
        """An annotation of a specimen."""
        return self.annotations.propose(
            draft(motivation, path, *values, of=of or self.specimen), by
        )

    def accepted(self, motivation: str, path: str, *values: Any, of: Pid | None = None) -> Pid:
        """An annotation that a curator accepted."""
        pid = self.propose(motivation, path, *values, of=of).required().pid
        assert pid is not None
        self.annotations.accept(pid, CLARA)
        return pid

    def now(self, pid: Pid) -> Recorded:
        """The newest content event of an object."""
        return self.log.latest(pid)

    def says(self, path: str, of: Pid | None = None) -> Any:
        """What a specimen says at a place now."""
        return get(self.now(of or self.specimen).document, parse(path))

    def versions(self) -> int:
        """The version at which the specimen is."""
        return self.now(self.specimen).version


def draft(motivation: str, path: str | None, *values: Any, of: Pid) -> Document:
    """An annotation as a reader of foreign forms hands it over, without its creator."""
    made = note(motivation, path, *values, of=of)
    del made["dcterms:creator"]
    return made


def sound(museum: Museum) -> None:
    """Documents are valid, every state is the fold of its facts, and the log proves itself."""
    for head in museum.log.heads(limit=1_000):
        known = None
        for event in museum.log.history(head.pid):
            known = evolve(known, event.fact(), head.pid, event.type)
        assert known == museum.objects.state(head.pid)[0]
        if head.type in ("annotation", "specimen") and known and known.status is Status.ACTIVE:
            assert not explain(head.type, known.document)
    assert verify_log(museum.objects) == []
