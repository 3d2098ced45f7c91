"""Who may decide about annotations: curators, each on the objects of their own institution.

An agent (a token for programs) proposes and never decides, whatever it is sure of; an admin may
decide on everything. Whose an annotation is follows from what it is about: every target that is
an object of this repository must be held by the institution of the token. An annotation on an
annotation is about what that one is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from api.objects.lifecycle import admit_holder
from api.security import Forbidden, Token
from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.agent import Agent
from fdo.annotation.identity import agent_id
from fdo.annotation.life import source_of, state_of
from fdo.errors import NotFound
from fdo.identifiers import Pid

_DEPTH = 8
"""Annotations on annotations are followed so far."""


def annotation(pid: str, log: Log) -> Recorded:
    """The current version of an annotation; NotFound where the PID is that of something else."""
    head = log.known(Pid.parse(pid))
    if head.type != "annotation":
        raise NotFound(f"{head.pid} is a {head.type}, no annotation.", pid=str(head.pid))
    return log.latest(head.pid)


def admit_decision(by: Token, event: Recorded, log: Log) -> None:
    """Let through who may decide about this annotation; Forbidden for everybody else."""
    if not by.may("curator"):
        raise Forbidden(
            f"Annotations are decided by curators; the token {by.name!r} has not got that role. "
            "Agents propose."
        )
    if by.may("admin") or by.organisation is None:
        return
    about = list(_objects(event, log, _DEPTH))
    if not about:
        admit_holder(by, None, str(event.pid))
    for target in about:
        admit_holder(by, target.document.get("ods:organisationID"), str(target.pid))


def approver(by: Token) -> Agent:
    """The agent as which a decision is recorded."""
    return replace(by.agent, role="Approver")


def _objects(event: Recorded, log: Log, depth: int) -> Iterator[Recorded]:
    """What an annotation is about in the end: specimens, media and so on."""
    for target in event.document.get("oa:hasTarget", ()):
        source = source_of(target)
        if source is None or not log.heads_of([str(source.pid)]):
            continue
        found = log.latest(source.pid)
        if found.type == "annotation" and depth:
            yield from _objects(found, log, depth - 1)
        else:
            yield found


def admit_change(by: Token, event: Recorded, log: Log) -> None:
    """Let through who made this annotation, or may decide about it; Forbidden for others. To take
    an accepted one back is to decide, since its object changes."""
    own = by.agent.id in map(agent_id, event.document.get("dcterms:creator", ()))
    if not own or state_of(event.status, event.document) == "accepted":
        admit_decision(by, event, log)
