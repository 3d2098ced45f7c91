"""The media of one batch: loaded together, tied to their specimens, written with them.

What a source says of a medium must be a valid document before it is recorded, as what it says of
a specimen. Where it is not, the finding names the medium: one that is known stays as it is, one
that is not is not registered. The row stays in the verbatim record of its specimen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from eventstore.application import Change, DigitalObjects
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import DigitalObject, Facts, Status
from handlers.harvest.links import HAS_MEDIA, HAS_SPECIMEN, RELATIONS, Link, linked, relation
from handlers.harvest.outcome import Outcome
from handlers.harvest.overlay import Overlay
from handlers.harvest.records import Diagnostic, Mapped, MappedMedia, Record
from handlers.harvest.standards import breaches
from handlers.harvest.verdicts import facts_of, stamp, stub_of

Links = list[tuple[Link, MappedMedia | None]]
"""The media that a specimen names, each with what its source says of it, where that is valid."""


class Media:
    """The media that the specimens of a batch name, or named before."""

    def __init__(
        self,
        objects: DigitalObjects,
        source: Pid,
        outcome: Outcome,
        now: str,
        overlay: Overlay,
        rejecting: Collection[str],
    ) -> None:
        self._objects, self._source, self._outcome, self._now = objects, source, outcome, now
        self._overlay, self._rejecting = overlay, rejecting
        self._links: dict[str, Link] = {}

    def load(self, mapped: Iterable[Mapped], known: Iterable[DigitalObject]) -> None:
        """The media that these records name, and those that their specimens named before."""
        keys = {f"media:{medium.access_uri}" for each in mapped for medium in each.media}
        heads = self._objects.log.claimed(keys) if keys else {}
        named = {pid for state in known for pid in linked(state.document, HAS_MEDIA)}
        others = self._objects.log.heads_of(
            {str(pid) for pid in named} - {str(head.pid) for head in heads.values()}
        )
        states = self._objects.states([*heads.values(), *others])
        self._overlay.load(states.values())
        for key, head in heads.items():
            self._links[key] = _known_link(states[str(head.pid)], head.issue)
        for head in others:
            self._links[f"pid:{head.pid}"] = _known_link(states[str(head.pid)], head.issue)

    def links(self, record: Record, mapped: Mapped) -> Links:
        """The media that a specimen names, known or with a PID reserved for them."""
        found: Links = []
        for medium in mapped.media:
            key = f"media:{medium.access_uri}"
            if key not in self._links:
                self._links[key] = Link(self._objects.reserve("media"), None, None, {})
            link = self._links[key]
            valid = self._valid(record, link, medium)
            if valid or link.known is not None or link.draft is not None:
                found.append((link, medium if valid else None))
        return found

    def _valid(self, record: Record, link: Link, medium: MappedMedia) -> bool:
        """Whether a medium may be recorded as its source has it; if not, that is reported."""
        if not medium.gate.passes:
            return True  # of what is held back only a stub is kept
        draft = {**medium.document, "ods:status": "Active"}
        broken = breaches("media", stamp(draft, link.pid, link.known, self._now), self._rejecting)
        if broken:
            self._outcome.diagnostics.append(_breach(record, medium, broken))
        return not broken

    def tie(
        self,
        specimen: Pid,
        known: DigitalObject | None,
        links: Sequence[tuple[Link, MappedMedia | None]],
    ) -> None:
        """Bind the other side of the links of a specimen that will be recorded; media that it
        no longer names are unlinked."""
        for link, medium in links:
            link.draft = medium or link.draft
            link.specimens[specimen.iri] = True
        if known is not None:
            gone = set(linked(known.document, HAS_MEDIA)) - {link.pid for link, _ in links}
            for link in self._links.values():
                if link.pid in gone:
                    link.specimens[specimen.iri] = False

    def changes(self) -> Iterator[Change]:
        """Facts for the media whose values or links changed."""
        for link in self._links.values():
            draft, known = link.draft, link.known
            if draft is None and known is None:
                continue  # named only by a record that was rejected
            passes = draft.gate.passes if draft else _is_public(known)
            document = _document(link, passes)
            if draft is not None and passes:
                document = self._overlay.over(known, document)
            document = stamp(document, link.pid, known, self._now)
            facts = self._overlay.facts(known, facts_of(known, document, passes))
            self._outcome.media[str(link.pid)] = _became(known, facts, passes)
            claims = (f"media:{draft.access_uri}",) if draft and known is None else ()
            for fact in facts:
                yield Change(
                    link.pid,
                    "media",
                    fact,
                    known,
                    link.issue,
                    source=self._source,
                    new_claims=claims,
                )


def _known_link(state: DigitalObject, issue: int) -> Link:
    stands = {pid.iri: True for pid in linked(state.document, HAS_SPECIMEN)}
    return Link(state.pid, state, None, stands, issue)


def _breach(record: Record, medium: MappedMedia, broken: Sequence[tuple[str, str]]) -> Diagnostic:
    told = "; ".join(f"{place}: {message}" for place, message in broken[:3])
    return Diagnostic(
        "medium-breaks-schema",
        "warning",
        f"What {record.id!r} says of {medium.access_uri[:200]} makes no valid medium: {told}.",
        "Repair the values named at the source; until then they are in the verbatim record only.",
        record.file,
        record.line,
        None,
        record.id,
    )


def _is_public(known: DigitalObject | None) -> bool:
    return known is not None and known.status is Status.ACTIVE


def _document(link: Link, passes: bool) -> Document:
    """What is said of a medium now, with the specimens that show it."""
    draft = link.draft
    if draft is None:
        assert link.known is not None
        document = dict(link.known.document)
    else:
        document = dict(draft.document) if passes else stub_of(draft.document, draft.gate)
    kept = [
        node
        for node in document.get(RELATIONS, ())
        if node["dwc:relationshipOfResource"] != HAS_SPECIMEN
    ]
    standing = [iri for iri, stands in sorted(link.specimens.items()) if stands]
    document[RELATIONS] = kept + [relation(HAS_SPECIMEN, Pid.parse(iri)) for iri in standing]
    if passes:
        document["ods:status"] = "Active"
    return document


def _became(known: DigitalObject | None, facts: Facts, passes: bool) -> str:
    if not facts:
        return "unchanged"
    if not passes:
        return "pid_only"
    return "changed" if known else "new"
