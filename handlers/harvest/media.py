"""The media of one batch: loaded together, tied to their specimens, written with them.

What a source says of a medium must be a valid document before it is recorded, as what it says of
a specimen. Where it is not, the finding names the medium: one that is known stays as it is, one
that is not is not registered. The row stays in the verbatim record of its specimen.

Several specimens may name one medium. Who states its licence speaks for it before those from whom
it would only inherit one; else the stricter licence counts, else the last word (decision 0013).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from eventstore.application import Change, DigitalObjects
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.licences import speaks_of_own
from fdo.lifecycle import DigitalObject, Facts, Status
from handlers.harvest.holders import held_by_another, holder_in
from handlers.harvest.links import (
    HAS_LICENCE,
    HAS_MEDIA,
    HAS_SPECIMEN,
    RELATIONS,
    Link,
    linked,
    relation,
)
from handlers.harvest.options import Options
from handlers.harvest.outcome import Outcome
from handlers.harvest.overlay import Overlay
from handlers.harvest.records import Diagnostic, Mapped, MappedMedia, Record, Verdict
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
        options: Options,
        rehearsed: Mapping[str, Pid],
    ) -> None:
        self._objects, self._source, self._outcome, self._now = objects, source, outcome, now
        self._rehearsed = rehearsed
        self._overlay, self._rejecting = overlay, options.reject_shapes
        self._holder = options.holder
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

    def links(self, record: Record, mapped: Mapped, specimen: Pid) -> Links:
        """The media that a specimen names, known or with a PID reserved for them; of another
        institution's only those that name it too (`Options.holder`)."""
        found: Links = []
        for medium in mapped.media:
            key = f"media:{medium.access_uri}"
            if key not in self._links:
                pid = self._rehearsed.get(key) or self._objects.reserve("media")
                self._links[key] = Link(pid, None, None, {})
            link = self._links[key]
            if self._is_anothers(link) and not link.specimens.get(specimen.iri):
                self._leave(record, link, medium)
                continue
            valid = self._valid(record, link, medium)
            if valid or link.known is not None or link.draft is not None:
                found.append((link, medium if valid else None))
        return found

    def _is_anothers(self, link: Link) -> bool:
        """Whether a harvest for one institution meets a medium of another."""
        if self._holder is None or link.known is None:
            return False
        return holder_in(link.known.document) != self._holder

    def _leave(self, record: Record, link: Link, medium: MappedMedia) -> None:
        assert self._holder is not None and link.known is not None
        what, other = f"The medium {medium.access_uri[:200]}", holder_in(link.known.document)
        finding = held_by_another(record, what, other, self._holder, "warning")
        self._outcome.diagnostics.append(finding)

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
            if medium is not None:
                link.heard.add(specimen.iri)
                if link.draft is None or _weight(medium.gate) >= _weight(link.draft.gate):
                    link.draft = medium
            link.specimens[specimen.iri] = True
        if known is not None:
            gone = set(linked(known.document, HAS_MEDIA)) - {link.pid for link, _ in links}
            for link in self._links.values():
                if link.pid in gone:
                    link.specimens[specimen.iri] = False

    def changes(self) -> Iterator[Change]:
        """Facts for the media whose values or links changed."""
        for link in self._links.values():
            if _is_stated_elsewhere(link):
                link.draft = None
            draft, known = link.draft, link.known
            if draft is None and known is None:
                continue  # named only by a record that was rejected
            if self._is_anothers(link):
                continue
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


def _weight(gate: Verdict) -> tuple[bool, bool]:
    """What a word about a medium weighs beside another: a licence of its own, then the stricter."""
    return _states_licence(gate), not gate.passes


def _states_licence(gate: Verdict) -> bool:
    return gate.licence is not None and not gate.inherited


def _is_stated_elsewhere(link: Link) -> bool:
    """Whether the draft only inherits its licence, while one was stated for the medium, maybe by
    a specimen that still shows it and did not speak in this batch."""
    draft, known = link.draft, link.known
    if draft is None or known is None or _states_licence(draft.gate):
        return False
    standing = {iri for iri, stands in link.specimens.items() if stands}
    return standing > link.heard and _has_stated_licence(known)


def _has_stated_licence(known: DigitalObject) -> bool:
    if known.status is Status.PID_ONLY:
        return speaks_of_own(known.document.get("reason", ""))
    return known.status is Status.ACTIVE and any(
        node.get("dwc:relationshipOfResource") == HAS_LICENCE
        for node in known.document.get(RELATIONS, ())
    )


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
