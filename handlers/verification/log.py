"""Does everything agree? The log with itself, and the projections with the log.

The log: every event decodes, its leaf hash and commitments hold, sequences and versions count
without a gap, time does not run back, heads and claims are what a fold gives. The
projections: each is built anew in a scratch folder and compared with the live one.
"""

from __future__ import annotations

from collections.abc import Iterator

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded, commitment, leaf_hash
from eventstore.log import Log
from fdo.catalogue import OBJECT_TYPES, claimable
from fdo.errors import CollectomeError
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.verification.faults import SECTION, Fault, Watch, unwatched

_ERASED = tuple(f"{kind.noun}Erased." for kind in OBJECT_TYPES.values())


def verify_log(objects: DigitalObjects, watch: Watch = unwatched) -> list[Fault]:
    """Faults of the log itself, as it stands when the check begins."""
    with objects.log.still():
        return _verify_log(objects, watch)


def _verify_log(objects: DigitalObjects, watch: Watch) -> list[Fault]:
    log, faults = objects.log, list[Fault]()
    head, position, last = log.position(), 0, 0
    lacking = log.lacking()  # of a mirror: never had, rather than lost
    standing: dict[str, tuple[int, int, str]] = {}
    lost: set[tuple[str, int]] = set()
    erased: set[tuple[str, int]] = set()
    claims: dict[str, set[str] | None] = {}
    while events := log.read(position, SECTION, upto=head):
        for event in events:
            faults += _event_faults(event)
            faults += _order_faults(event, standing, last)
            last = event.recorded_at
            _gather_claims(event, claims)
            if event.salt is None:
                lost.add((event.pid_text, event.position))
            if event.topic.startswith(_ERASED):
                erased |= {(event.pid_text, at) for at in event.erased}
        position = events[-1].position
        watch("log", position, head)
    after, seen = "", 0
    while heads := log.heads(after):
        for each in heads:
            known = standing.get(str(each.pid))
            if known != (each.sequence, each.version, each.status.value):
                faults.append(Fault(str(each.pid), f"its head says {each}, its events {known}"))
        seen, after = seen + len(heads), str(heads[-1].pid)
    if seen != len(standing):
        faults.append(Fault("heads", f"{seen} heads for {len(standing)} objects"))
    faults += [
        Fault(f"event {at} of {pid}", "its salt is gone, and no event says that it was erased")
        for pid, at in sorted(lost - erased)
        if at not in lacking
    ]
    return faults + _claim_faults(log, claims)


def _gather_claims(event: Recorded, claims: dict[str, set[str] | None]) -> None:
    """Object → the claims that its documents make; None where one no longer says."""
    known = claims.setdefault(event.pid_text, set())
    if known is None or event.operational:
        return
    try:
        made = claimable(event.type, event.document) if event.salt else None
    except (CollectomeError, ValueError):
        made = None  # told already: it does not decode
    if made is None:
        claims[event.pid_text] = None
        return
    known.update(made)
    if "successor" in event.detail:  # who survives a merge may bear the claims of both
        heir = str(Pid.parse(event.detail["successor"]))
        inherited = claims.setdefault(heir, set())
        claims[heir] = None if inherited is None else inherited | known


def _claim_faults(log: Log, claims: dict[str, set[str] | None]) -> list[Fault]:
    """Claims that follow from no document, and objects without any of theirs."""
    faults, held = [], set[str]()
    for key, pid in log.claims():
        held.add(key)
        made = claims.get(pid, set())
        if made is not None and key not in made:
            faults.append(Fault(f"claim {key}", f"no document of {pid} makes it"))
    for pid, made in sorted(claims.items()):
        if made and not made & held:
            faults.append(Fault(pid, "holds none of the claims that its documents make"))
    return faults


def _event_faults(event: Recorded) -> Iterator[Fault]:
    where = f"event {event.position} of {event.pid_text}"
    try:
        event.fact()
    except (CollectomeError, ValueError, KeyError, AssertionError) as broken:
        yield Fault(where, f"does not decode: {broken}")
        return
    expected = leaf_hash(
        event.pid_text,
        event.sequence,
        event.version,
        event.recorded_at,
        event.observed_at,
        event.topic,
        event.meta,
    )
    if expected != event.leaf:
        yield Fault(where, "its envelope is not what its leaf hash promises")
    if not event.salt:
        return
    if event.meta.get("commitment") != commitment(event.salt, event.document_bytes):
        yield Fault(where, "its document is not what its commitment promises")
    if event.meta.get("verbatim") != commitment(event.salt, event.verbatim_bytes):
        yield Fault(where, "its verbatim record is not what its commitment promises")


def _order_faults(
    event: Recorded, standing: dict[str, tuple[int, int, str]], last: int
) -> Iterator[Fault]:
    where = f"event {event.position} of {event.pid_text}"
    sequence, version, _ = standing.get(event.pid_text, (0, 0, ""))
    if event.sequence != sequence + 1:
        yield Fault(where, f"its sequence {event.sequence} does not follow {sequence}")
    if event.version != version + (0 if event.operational else 1):
        yield Fault(where, f"its version {event.version} does not follow {version}")
    if event.recorded_at <= last:
        yield Fault(where, "it was recorded before the event before it")
    standing[event.pid_text] = (event.sequence, event.version, Status(event.meta["status"]).value)
