"""Commands that keep the repository: status, rebuild."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from api.console import (
    DataOption,
    JsonOption,
    emit,
    out,
    progress,
    settings_for,
    tell,
)
from api.minting import standing, wanted
from api.repository import Projection, Repository
from eventstore import mirroring
from eventstore.checkpoints import Checkpoints
from eventstore.envelope import iso
from eventstore.notes import SIGNED_AT
from eventstore.troubles import Trouble
from fdo.errors import NotFound, Refused
from fdo.wording import many
from handlers import HANDLERS
from handlers.lease import lease_is_held, tracked, troubles
from handlers.processes.minting.store import FILE
from handlers.projections.graph import unfinished
from handlers.rebuilding import beside, request_rebuild

SHOWN = 50
"""Events that a projection does not hold whole, of each projection."""


def status(data: DataOption = None, json: JsonOption = False) -> None:
    """Head of the log, lag of each projection, counts of objects."""
    repository = Repository(settings_for(data), must_exist=True)
    head = repository.log.position()
    positions, counts = repository.positions(), repository.log.counts()
    mirror = _mirrored(repository)
    minted = wanted(repository.settings) or (repository.data / FILE).exists()
    dois = standing(repository.settings, repository.objects) if minted else None
    signed = _signed(repository, head)
    lacking = troubles(repository.data, SHOWN)
    if json:
        emit(
            {
                "log": {
                    "id": repository.log.id,
                    "position": head,
                    "recorded_at": repository.log.recorded_at(head),
                },
                "projections": {
                    n: {"position": p, "lag": max(0, head - p)} for n, p in positions.items()
                },
                "troubles": [
                    {"projection": name, **asdict(one)}
                    for name, (_, told) in lacking.items()
                    for one in told
                ],
                "objects": counts,
                "server": lease_is_held(repository.data),
                "signed": signed,
                "mirror": mirror,
                "dois": dois and dois.model_dump(),
            }
        )
        return
    out.print(
        f"Log {repository.log.id}: {head} events, the last at "
        f"{repository.log.recorded_at(head) or 'no time'}"
    )
    out.print(
        "Not signed yet: `collectome checkpoint` signs it, and so does a server."
        if signed is None
        else f"Signed {signed['at'] or 'at no time'}, {_ago(signed['age_s'])}; "
        f"{many(signed['since'], 'event')} since"
    )
    if mirror:
        out.print(
            f"A mirror of {mirror['of']}, {mirror['behind']} positions behind when last heard "
            f"({mirror['heard'] or 'never'}); {mirror['lacking']} events without what is not public"
        )
    tell(
        "Projections",
        ["name", "position", "behind"],
        [[n, p, max(0, head - p)] for n, p in positions.items()],
    )
    _tell_troubles(lacking)
    tell(
        "Objects",
        ["type", "status", "number"],
        [[kind, state, n] for kind, states in counts.items() for state, n in states.items()],
    )
    if dois:
        out.print(
            f"DOIs: {dois.pending} to be sent, {dois.dead} refused"
            f"{f'; {dois.trouble}' if dois.trouble else ''} (`collectome pids status`)"
        )
    out.print(
        "A projector is running."
        if lease_is_held(repository.data)
        else "No projector is running; commands start one when they need it."
    )


def _tell_troubles(found: Mapping[str, tuple[int, list[Trouble]]]) -> None:
    """The events that a projection does not hold whole, where there are any."""
    if not found:
        return
    tell(
        "Events that a projection does not hold whole, until a later version of their object",
        ["projection", "event", "object", "reason"],
        [[name, e.position, e.pid, e.reason] for name, (_, told) in found.items() for e in told],
    )
    for name, (number, told) in found.items():
        if number > len(told):
            out.print(f"{name}: {many(number - len(told), 'event')} more.")


def _signed(repository: Repository, head: int) -> dict[str, Any] | None:
    """The newest checkpoint: of how many events, when, how long ago, and how far the log went on
    since; None before the first."""
    checkpoints = Checkpoints(repository.objects.recorder)
    last = checkpoints.latest()
    if last is None:
        return None
    upto = 0
    with suppress(NotFound):  # of a mirror that is behind what its source signed
        upto = checkpoints.tree.position(last.size - 1)
    age = None
    if last.signed_at is not None:
        age = round((datetime.now(UTC) - last.signed_at).total_seconds())
    at = last.checkpoint.said(SIGNED_AT)
    return {"events": last.size, "at": at, "age_s": age, "since": max(0, head - upto)}


def _ago(seconds: int | None) -> str:
    """How long ago, in the largest unit that fits."""
    if seconds is None:
        return "nobody knows how long ago"
    for length, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= length:
            return f"{many(seconds // length, unit)} ago"
    return f"{many(max(0, seconds), 'second')} ago"


def _mirrored(repository: Repository) -> dict[str, Any] | None:
    """Of what it is a mirror, and how far behind when last heard; None for one of its own."""
    known = mirroring.origin(repository.objects.recorder)
    if known is None:
        return None
    return {
        "of": known.source,
        "head": known.head,
        "behind": max(0, known.head - repository.log.position()),
        "heard": iso(known.heard_at) if known.heard_at else None,
        "lacking": len(repository.log.lacking()),
    }


def rebuild(
    projection: Annotated[str, typer.Argument(help="A projection, or all.")],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Make a projection anew from the log.

    A running server goes on answering from the old one until the new one is whole.
    """
    if projection not in (*HANDLERS, "all"):
        raise Refused(f"{projection!r} is no projection; there are {', '.join(HANDLERS)}, all.")
    settings = settings_for(data)
    repository = Repository(settings, must_exist=True)
    started, head = time.perf_counter(), repository.log.position()
    note = request_rebuild(settings.data, projection)
    with Projection(settings.data) as projector, progress(json) as bars:
        bar = bars.add_task(f"Rebuilding {projection}", total=head)
        made = [settings.data / "projections" / n for n in HANDLERS if projection in (n, "all")]

        def in_place() -> bool:
            at = [tracked(beside(f)) for f in made if beside(f).exists()]
            bars.update(bar, completed=min(at, default=0))
            return not note.exists()

        projector.wait_until(in_place)
        projector.wait(head, lambda at, _: bars.update(bar, completed=at))
        while projection in ("graph", "all") and unfinished(repository.graph_folder):
            projector.check()
            time.sleep(0.05)
    seconds = round(time.perf_counter() - started, 2)
    if json:
        emit({"rebuilt": projection, "position": head, "seconds": seconds})
    else:
        out.print(f"{projection} stands at {head} again ({seconds} s).")
    repository.close()
