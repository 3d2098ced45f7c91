"""A token as somebody who annotates: in whose name, and within which limits."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends

from api.security import Forbidden, Token, Tokens, require
from api.settings import Settings
from eventstore.application import DigitalObjects
from eventstore.log import Head
from fdo.agent import Agent
from fdo.errors import NotFound
from fdo.identifiers import Pid
from fdo.representations.annotation.reading import Limits
from handlers.batches import quotas
from handlers.batches.desk import Desk
from handlers.batches.recording import Speaker
from handlers.batches.store import Batches

SERVICE = "machine-annotation-service"

Annotator = Annotated[Token, Depends(require("agent", "curator"))]


def speaker(token: Token, objects: DigitalObjects) -> Speaker:
    """Who speaks with a token: the machine-annotation service it is for, else its holder.
    Forbidden where that service is none."""
    agent = token.agent
    if token.service is not None:
        agent = Agent(agent.id, _service_name(token, objects), agent.kind)
    return Speaker(
        token.name, agent, token.scope, token.organisation, token.limits, token.may("curator")
    )


def speaker_of(name: str, tokens: Tokens, objects: DigitalObjects) -> Speaker:
    """Who speaks with the token of this name; Forbidden where it was revoked meanwhile."""
    for token in tokens.all():
        if token.name == name:
            return speaker(token, objects)
    raise Forbidden(f"The token {name!r} was revoked; what waited in its name is not carried out.")


def admit(token: Token, said: Mapping[str, Any], about: Head) -> None:
    """Forbidden where the scopes of a token do not let it say this of that."""
    if (why := token.scope.refusal(said, [about])) is not None:
        raise Forbidden(why)


def spend(by: Speaker | Token, settings: Settings, size: int) -> None:
    """Count one thing of so many bytes against the quotas of a token; QuotaSpent."""
    limits = by.limits if isinstance(by, Token) else by.quotas
    batches, now = Batches(settings.data), time.time()
    if limits and not batches.take(by.name, limits, [size], now):
        raise quotas.spent(batches.left(by.name, limits, now), now)


def desk_of(objects: DigitalObjects, settings: Settings) -> Desk:
    """The desk of a repository, with its limits."""
    limits = Limits(settings.annotation_kb * 1024, settings.annotation_parts)
    return Desk(objects, settings.data, settings.reject_profiles, settings.base, limits)


def _service_name(token: Token, objects: DigitalObjects) -> str:
    pid = Pid.parse(token.service or "")
    try:
        event = objects.log.latest(pid)
    except NotFound:
        event = None
    if event is None or event.type != SERVICE:
        raise Forbidden(
            f"The token {token.name!r} speaks for {pid}, which is no machine-annotation service "
            "here; register it first."
        )
    return str(event.document.get("schema:name", token.name))
