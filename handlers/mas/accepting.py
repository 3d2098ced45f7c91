"""Proposals that are approved at once: only where the service, its score and the settings allow.

Three have to say yes: whoever runs the repository (`mas_auto_accept`), the registration of the
service (`col:autoAccept`, `col:autoAcceptScore`) and the proposal, whose score has to reach that.
A proposal without a score is never sure, and one about another object than the one the service was
asked of is never approved unseen. What cannot be carried out waits for a person.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fdo.agent import Agent
from fdo.annotation.life import merging, source_of
from fdo.documents import Document
from fdo.errors import CollectomeError
from fdo.identifiers import Pid
from handlers.annotations import Annotations
from handlers.mas.services import Service

APPROVER = Agent("urn:collectome:agent:auto-accept", "Rule for sure proposals", role="Approver")


def accept_sure(
    annotations: Annotations, service: Service, made: Mapping[Pid, Document]
) -> list[Pid]:
    """Approve those of new proposals that are sure enough; which those were."""
    accepted = []
    for pid, draft in made.items():
        score = score_of(draft)
        if not merging(draft) or score is None or score < service.auto_accept_score:
            continue
        reason = (
            f"Score {score:g} reaches {service.auto_accept_score:g}, from which on proposals of "
            f"{service.name} are approved at once."
        )
        try:
            annotations.accept(pid, APPROVER, reason)
        except CollectomeError as error:
            logging.getLogger("collectome").info("mas: %s is not approved: %s", pid, error.message)
        else:
            accepted.append(pid)
    return accepted


def about_alone(draft: Mapping[str, Any], target: str) -> bool:
    """Whether an annotation is about this object (PID as text) and about no other."""
    sources = [source_of(one) for one in draft.get("oa:hasTarget", ())]
    return bool(sources) and all(one is not None and str(one.pid) == target for one in sources)


def score_of(draft: Mapping[str, object]) -> float | None:
    """How sure an annotation is: the least score of its bodies; None where one has none."""
    bodies = draft.get("oa:hasBody")
    found = [
        body.get("ods:score") if isinstance(body, Mapping) else None
        for body in (bodies if isinstance(bodies, list) else ())
    ]
    scores = [float(one) for one in found if isinstance(one, int | float)]
    return min(scores) if scores and len(scores) == len(found) else None
