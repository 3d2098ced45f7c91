"""Which model and which job an annotation may name as its origin.

What became of a model's suggestions is counted by what annotations say of themselves, and whoever
sends them writes that. So only a machine-annotation service says with which model it made one: in
its answer to a job, or with a token that speaks for it (`token create --service`) or may write in
its name (scope `creator:PID`). A job is named by the repository alone, when its answer comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventstore.log import Log
from fdo.annotation.rules import Breach
from fdo.errors import InvalidIdentifier
from fdo.identifiers import Pid
from handlers.batches.scopes import creators_of

MADE_WITH = ("col:model", "col:modelSha256", "col:executionProvider")
JOB = "ods:jobID"
SERVICE = "machine-annotation-service"


def claimed(draft: Mapping[str, Any], revises: str, log: Log) -> list[Breach]:
    """What a draft says of its origin and may not; `revises` is the PID of the annotation that it
    replaces, or "". Its creators are known to be such as the sender may name."""
    found = []
    if any(term in draft for term in MADE_WITH) and not _by_services(draft, log):
        found += [
            (
                f"/{term}",
                f"Only a machine-annotation service says which model made an annotation: leave "
                f"{term} out, answer a job of the service, or send it with a token that speaks "
                "for it.",
            )
            for term in MADE_WITH
            if term in draft
        ]
    if JOB in draft and draft[JOB] != _job(revises, log):
        found.append(
            (
                f"/{JOB}",
                f"The job of an annotation is named by the repository, when the job is answered: "
                f"leave {JOB} out, or send this as the result of that job.",
            )
        )
    return found


def _job(pid: str, log: Log) -> str | None:
    """The job that an annotation names so far."""
    heads = log.heads_of([str(Pid.parse(pid))]) if pid else []
    return log.latest(heads[0].pid).document.get(JOB) if heads else None


def _by_services(draft: Mapping[str, Any], log: Log) -> bool:
    """Whether all creators are services that are registered here."""
    named = [_pid(one) for one in creators_of(draft)]
    heads = log.heads_of([pid for pid in named if pid])
    services = {str(head.pid) for head in heads if head.type == SERVICE}
    return bool(named) and all(pid in services for pid in named)


def _pid(creator: Mapping[str, Any]) -> str | None:
    try:
        return str(Pid.parse(str(creator.get("schema:identifier", creator.get("@id")))))
    except InvalidIdentifier:
        return None
