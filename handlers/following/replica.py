"""A SPARQL store kept in step with a repository, by the public feed of patches.

    replica = Replica(store, Source("https://repository.example"))
    while replica.step().events: ...

A request holds at most `TRIPLES` triples and `CHARACTERS` of them, since stores limit what they
take at once, and moves the store's position with the last event that is whole in it. What is told
twice changes nothing twice, since graphs are sets: an event of more triples takes several requests,
and after a death in between it is told again from its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyoxigraph import NamedNode, Quad

from eventstore.arrivals import OtherLog
from eventstore.patches import ASIDE, RECORDS
from eventstore.sections import Arrived, arrived
from fdo.errors import Refused
from handlers.following import mirror
from handlers.following.asking import Query, Source
from handlers.following.patches import Told, patches
from handlers.following.store import SparqlStore, Standing, data, moved, solutions, within

PATH = "/changes"
MEDIA_TYPE = "application/rdf-patch"
SECTION = 200
"""Events asked for at once."""
TRIPLES = 500
"""In one update request."""
CHARACTERS = 256 * 1024
"""Of the triples of one update request; one that is longer goes alone."""
SUBJECTS = 100
"""Named in one question or update."""
_RECORDS = NamedNode(RECORDS)
_KERNEL = NamedNode("urn:collectome:vocab:fdoProfile")


@dataclass(frozen=True, slots=True)
class Kept:
    """What one step brought into the store."""

    position: int
    head: int
    events: int
    triples: int


class Replica:
    """One store and the repository that it follows; the store alone remembers how far."""

    def __init__(self, store: SparqlStore, source: Source) -> None:
        self._store, self._source = store, source

    def step(self, wait_s: int = 0) -> Kept:
        """Bring the next events into the store; waits at the source where there are none."""
        standing = self._store.standing()
        if standing is None and not self._store.empty():
            raise Refused(
                f"{self._store.query} holds triples that no follower brought there. Give an empty "
                "store, or name an empty graph of it with --graph."
            )
        position = standing.position if standing else 0
        beginning = self._bell(position, wait_s)
        if standing and standing.log_id != beginning.log_id:
            raise OtherLog(
                f"{self._store.query} holds the log {standing.log_id}, the source the log "
                f"{beginning.log_id}: one cannot continue the other. Give an empty store."
            )
        told = self._told(standing)
        triples = 0
        for batch in batches(told):
            triples += sum(len(one.changes) for one in batch)
            self._bring(beginning.log_id, batch)
        reached = told[-1].position if told else position
        return Kept(reached, max(beginning.head, reached), len(told), triples)

    def _bell(self, since: int, wait_s: int) -> Arrived:
        """The source's log and head, as soon as there is something new."""
        query = {"since": since, "limit": 0, "wait": wait_s}
        return arrived(self._source.get(mirror.PATH, query, mirror.MEDIA_TYPE))

    def _told(self, standing: Standing | None) -> list[Told]:
        """The next patches; OtherLog unless they continue what is in the store."""
        position = standing.position if standing else 0
        query: Query = {"since": position, "limit": SECTION, "format": "rdf-patch"}
        told = patches(self._source.get(PATH, query, MEDIA_TYPE))
        before = standing.patch if standing else None
        for one in told:
            if one.previous != before or one.position <= position:
                raise OtherLog(
                    f"The patch of event {one.position} follows {one.previous}, and the store has "
                    f"{before}: the source was put back to an older state. Empty the store and "
                    "begin anew."
                )
            before, position = one.id, one.position
        return told

    def _bring(self, log_id: str, batch: Sequence[Told]) -> None:
        """Bring some patches into the store and move its position with the last request."""
        last = Standing(log_id, batch[-1].position, batch[-1].id)
        texts = [text for one in batch if one.cleared for text in self._cleared(one)]
        while len(texts) > 1:  # what is told again finds the rest, since the object itself is last
            self._store.update(texts.pop(0))
        shares = list(parts(net(batch))) or [[]]
        for number, share in enumerate(shares):
            texts += self._texts(share)
            if number == len(shares) - 1:
                texts.append(moved(last))
            self._store.update(" ;\n".join(texts))
            texts = []

    def _texts(self, changes: Sequence[tuple[bool, Quad]]) -> Iterator[str]:
        for added, word in ((False, "DELETE"), (True, "INSERT")):
            if quads := [quad for is_added, quad in changes if is_added is added]:
                yield f"{word} DATA {{ {data(quads, self._store.graph)} }}"

    def _cleared(self, told: Told) -> Iterator[str]:
        """The parts of an update that drop what the store holds of an object; of its record too
        where the patch tells that whole. Nodes go before those that name them, so that after a
        death in between the rest is found again."""
        assert told.cleared is not None
        subjects = self._subjects(told.cleared)[::-1]
        dropped = [(self._store.graph, "?s ?p ?o")]
        if any(q.predicate == _KERNEL and q.graph_name == _RECORDS for _, q in told.changes):
            dropped.append((_RECORDS, f"?s ?p ?o . FILTER (?p NOT IN ({', '.join(ASIDE)}))"))
        for share in _shares(subjects):
            yield " ;\n".join(
                f"DELETE {{ {within(place, '?s ?p ?o')} }} "
                f"WHERE {{ {_among(share)} {within(place, pattern)} }}"
                for place, pattern in dropped
            )

    def _subjects(self, iri: str) -> list[str]:
        """The object and the nodes below it that the store knows, level by level."""
        found, level = {iri: None}, [iri]
        below = within(self._store.graph, "?s ?p ?o")
        while level:
            named = dict[str, None]()
            for share in _shares(level):
                rows = self._store.rows(
                    f"SELECT DISTINCT ?o {{ {_among(share)} {below} "
                    f'FILTER (isIRI(?o) && STRSTARTS(STR(?o), "{iri}#")) }}'
                )
                named |= dict.fromkeys(solutions(rows, "o"))
            level = [node for node in named if node not in found]
            found |= dict.fromkeys(level)
        return list(found)


def batches(told: Sequence[Told]) -> Iterator[list[Told]]:
    """Runs of patches that fit one request together; one that clears stands alone."""
    batch: list[Told] = []
    size = 0
    for one in told:
        if batch and (one.cleared or batch[-1].cleared or size + len(one.changes) > TRIPLES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += len(one.changes)
    if batch:
        yield batch


def parts(changes: Sequence[tuple[bool, Quad]]) -> Iterator[list[tuple[bool, Quad]]]:
    """Runs of changes that fit one request each."""
    part: list[tuple[bool, Quad]] = []
    size = 0
    for one in changes:
        length = len(str(one[1]))
        if part and (len(part) == TRIPLES or size + length > CHARACTERS):
            yield part
            part, size = [], 0
        part.append(one)
        size += length
    if part:
        yield part


def net(batch: Sequence[Told]) -> list[tuple[bool, Quad]]:
    """What is left to do of some patches: of each quad what was told last."""
    last: dict[Quad, bool] = {}
    for one in batch:
        last |= {quad: added for added, quad in one.changes}
    return [(added, quad) for quad, added in last.items()]


def _shares(subjects: Sequence[str]) -> Iterator[Sequence[str]]:
    return (subjects[start : start + SUBJECTS] for start in range(0, len(subjects), SUBJECTS))


def _among(subjects: Sequence[str]) -> str:
    """The pattern that a subject is one of these."""
    return f"VALUES ?s {{ {' '.join(f'<{subject}>' for subject in subjects)} }}"
