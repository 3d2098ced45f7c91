"""The definitions of this release stand in the log: profiles, types, attributes, operations.

`ensure` brings in what is missing, and revises what a later release says otherwise. What a person
revised is left as it is: from then on it is theirs. It may be called at every start; the second
time nothing happens. `revise` is for that person: the rules may change, what is defined may not
(FDO architecture, R11-2: another meaning is another object).
"""

from __future__ import annotations

from collections.abc import Iterable

import jsonschema_rs

from eventstore.application import Change, DigitalObjects
from eventstore.envelope import Recorded, opends_time, to_moment
from eventstore.log import Head
from eventstore.mirroring import origin
from fdo.agent import Agent
from fdo.definitions.documents import Definition, definitions
from fdo.definitions.names import KINDS, claim
from fdo.documents import Document
from fdo.errors import InvalidDocument, NotFound, Refused, VersionConflict
from fdo.identifiers import Pid
from fdo.lifecycle import Command, DigitalObject, Register, Revise, Status, decide, stamped
from ontologies.schemas import explain

DEFINER = Agent("urn:collectome:agent:definitions", "Collectome definitions")
_FIRST = claim("fdo-profile", "definition")
"""The profile that records of definitions follow, its own included."""
_TRIES = 3


def ensure(objects: DigitalObjects) -> int:
    """Bring the definitions of this release into the log; how many facts that took.

    Nothing is written into a mirror, which records what its source records and nothing else.
    """
    if origin(objects.recorder) is not None:
        return 0
    wanted = definitions(_prefix(objects))
    first = [one for one in wanted if claim(one.kind, one.key) == _FIRST]
    return sum(_bring(objects, some) for some in (first, wanted))


def _prefix(objects: DigitalObjects) -> str:
    """The prefix of the definitions that are there, else of those to come."""
    known = objects.log.claimed([_FIRST]).get(_FIRST)
    return known.pid.prefix if known else objects.prefixes["handle"]


def standing(objects: DigitalObjects) -> list[Recorded]:
    """The newest version of each definition that stands, by type and key."""
    prefix = _prefix(objects)
    heads = objects.log.claimed(claim(one.kind, one.key) for one in definitions(prefix))
    events = objects.log.events_at(
        head.position for head in heads.values() if head.status is Status.ACTIVE
    )
    return sorted(events.values(), key=lambda event: (event.type, event.document["col:key"]))


def revise(
    objects: DigitalObjects, pid: Pid, draft: Document, by: Agent, expected: int | None = None
) -> Recorded | None:
    """The next version of a definition; None where it says the same.

    InvalidDocument: it is no whole definition, its JSON Schema is none, or it defines another thing
    than before.
    """
    known, _ = objects.state(pid)
    if known is None:
        raise NotFound(f"No object bears the PID {pid}.", pid=str(pid))
    if known.type not in KINDS:
        raise Refused(f"{pid} is a {known.type}, no definition; revise it where it comes from.")
    at = opends_time(to_moment(objects.clock()))
    created = known.document["dcterms:created"]
    document = stamped(draft, pid, known.version + 1, modified=at, created=created)
    _check(known, document)
    return objects.handle(Revise(document), pid=pid, kind=known.type, by=by, expected=expected)


def _check(known: DigitalObject, document: Document) -> None:
    broken = [
        (f"/{name}", f"must stay {known.document.get(name)!r}: another thing is another object")
        for name in _SETTLED
        if document.get(name) != known.document.get(name)
    ]
    broken += explain(known.type, document)
    for name in _SCHEMAS:
        try:
            jsonschema_rs.Draft202012Validator(document.get(name, {}), validate_formats=True)
        except ValueError as wrong:
            broken.append((f"/{name}", f"is no JSON Schema: {wrong}"))
    if broken:
        told = "; ".join(f"{place}: {said}" for place, said in broken[:3])
        raise InvalidDocument(f"The definition {known.pid} cannot say this: {told}.", broken)


_SETTLED = ("@type", "col:key", "col:registeredAs")
"""What no version of a definition may change: what is defined."""
_SCHEMAS = ("col:recordSchema", "col:valueSchema")


def _bring(objects: DigitalObjects, wanted: Iterable[Definition]) -> int:
    """Record what these definitions change; how many facts that took."""
    for attempt in range(_TRIES):
        changes = _changes(objects, list(wanted))
        if not changes:
            return 0
        try:
            return len(objects.append(changes, by=DEFINER))
        except VersionConflict:  # another process starts at the same time
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _changes(objects: DigitalObjects, wanted: list[Definition]) -> list[Change]:
    """The facts that bring the log from what it says to what is wanted."""
    heads = objects.log.claimed(claim(one.kind, one.key) for one in wanted)
    ours = _ours(objects, heads.values())
    at = opends_time(to_moment(objects.clock()))
    found: list[Change] = []
    for one in wanted:
        head = heads.get(claim(one.kind, one.key))
        if head is None:
            _free(objects, one)
            found += _decided(None, Register(stamped(one.document, one.pid, 1, modified=at)), one)
        elif known := ours.get(str(head.pid)):
            created = known.document["dcterms:created"]
            document = stamped(
                one.document, head.pid, known.version + 1, modified=at, created=created
            )
            found += _decided(known, Revise(document), one, head.issue)
    return found


def _ours(objects: DigitalObjects, heads: Iterable[Head]) -> dict[str, DigitalObject]:
    """The definitions, by PID, whose newest version this program wrote; a person's stay."""
    standing = [head for head in heads if head.status is Status.ACTIVE]
    events = objects.log.events_at(head.position for head in standing)
    mine = [head for head in standing if events[head.position].agent.id == DEFINER.id]
    return objects.states(mine)


def _decided(
    known: DigitalObject | None, command: Command, one: Definition, issue: int = 1
) -> list[Change]:
    """The changes that a command makes: one, or none where the log says the same already."""
    pid = known.pid if known else one.pid
    return [Change(pid, one.kind, fact, known, issue) for fact in decide(known, command)]


def _free(objects: DigitalObjects, one: Definition) -> None:
    """Refused where chance gave the PID of a definition to another object before."""
    for head in objects.log.heads_of([str(one.pid)]):
        raise Refused(
            f"{one.pid} should define the {one.kind} {one.key!r} and is a {head.type} already. "
            "Choose another handle_prefix for new objects."
        )
