"""`collectome follow`: keep a mirror of a repository, or its graph in another SPARQL store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.console import DataOption, JsonOption, emit, err, out, settings_for
from api.repository import Projection, Repository
from eventstore import mirroring
from eventstore.envelope import iso
from fdo.errors import Refused
from handlers.following.asking import Source, patiently
from handlers.following.mirror import Mirroring, Step

ATTEMPTS = 6
"""With --once: how often a source that is away is asked."""


def follow(
    url: Annotated[
        str | None, typer.Argument(help="Public address of the repository to follow.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Catch up and end.")] = False,
    poll: Annotated[
        int, typer.Option(min=0, max=30, help="Seconds that a question may wait for news.")
    ] = 25,
    detach: Annotated[
        bool, typer.Option("--detach", help="End the mirroring: this repository records again.")
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Keep this repository the mirror of another one, through its public feed of events.

    Everything is checked before it is recorded; what was recorded is never asked for again.
    Ctrl-C ends it, and it goes on where it was. Runs beside `collectome serve` on the folder.
    """
    if detach:
        _detach(data, json)
    elif url is None:
        raise Refused("Name the address of the repository to follow, or --detach.")
    else:
        _mirror(url, data, once=once, poll=poll, json=json)


def _mirror(url: str, data: Path | None, *, once: bool, poll: int, json: bool) -> None:
    source = Source(url)
    settings = settings_for(data)
    repository = Repository(settings)
    events = lacking = 0
    with (
        Mirroring(repository.objects, settings.data, source) as mirroring_,
        Projection(settings.data) as projection,
    ):
        try:
            while True:
                step = patiently(
                    lambda: mirroring_.step(0 if once else poll),
                    attempts=ATTEMPTS if once else None,
                    tell=lambda text: err.print(text),
                )
                events, lacking = events + step.events, lacking + step.lacking
                if step.events and not once:
                    _tell(step, source.address, json)
                if step.position >= step.head:
                    projection.wait(step.position)
                    if once:
                        break
        except KeyboardInterrupt:
            err.print("Stopped; the next start goes on from here.")
            return
    total = Step(step.position, step.head, events, lacking)
    _tell(total, source.address, json)
    repository.close()
    source.close()


def _tell(step: Step, source: str, json: bool) -> None:
    if json:
        emit(
            {
                "source": source,
                "events": step.events,
                "lacking": step.lacking,
                "position": step.position,
                "head": step.head,
            }
        )
        return
    kept_back = f", {step.lacking} of them without what is not public" if step.lacking else ""
    out.print(
        f"{step.events} events taken from {source}{kept_back}; at event {step.position} of "
        f"{step.head}, every hash holds."
    )


def _detach(data: Path | None, json: bool) -> None:
    repository = Repository(settings_for(data), must_exist=True)
    known = mirroring.detach(repository.objects.recorder)
    if known is None:
        raise Refused("This repository is no mirror; there is nothing to detach.")
    if json:
        emit({"detached": known.source, "position": repository.log.position()})
    else:
        out.print(
            f"No longer a mirror of {known.source}; this repository records events of its own "
            "behind the ones it took. Make sure that the source records no more, or the two logs "
            "go different ways under one name."
        )
    repository.close()


def mirrored(repository: Repository) -> Mapping[str, Any] | None:
    """What `status` says of a mirror: of what, and how far behind when last heard; None for a
    repository of its own."""
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
