"""Commands that keep the repository: status, rebuild, export."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.commands.follow import mirrored
from api.commands.instants import AsOfOption, ObservedOption, quads_of, state_store
from api.console import (
    DataOption,
    JsonOption,
    emit,
    err,
    out,
    progress,
    settings_for,
    tell,
)
from api.minting import standing, wanted
from api.moments import instant_of
from api.repository import Projection, Repository
from eventstore.instant import Instant
from eventstore.log import Log
from eventstore.transfer import write_log
from fdo.errors import NotFound, Refused
from fdo.lifecycle import Status
from handlers import HANDLERS
from handlers.processes.minting.store import FILE
from handlers.projector import lease_is_held, tracked
from handlers.rebuilding import beside, request_rebuild


def status(data: DataOption = None, json: JsonOption = False) -> None:
    """Head of the log, lag of each projection, counts of objects."""
    repository = Repository(settings_for(data), must_exist=True)
    head = repository.log.position()
    positions, counts = repository.positions(), repository.log.counts()
    mirror = mirrored(repository)
    minted = wanted(repository.settings) or (repository.data / FILE).exists()
    dois = standing(repository.settings, repository.objects) if minted else None
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
                "objects": counts,
                "server": lease_is_held(repository.data),
                "mirror": mirror,
                "dois": dois and dois.model_dump(),
            }
        )
        return
    out.print(
        f"Log {repository.log.id}: {head} events, the last at "
        f"{repository.log.recorded_at(head) or 'no time'}"
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
    tell(
        "Objects",
        ["type", "status", "number"],
        [[kind, state, n] for kind, states in counts.items() for state, n in states.items()],
    )
    if dois:
        out.print(
            f"DOIs: {dois.pending} to be sent, {dois.dead} refused"
            f"{f'; {dois.trouble}' if dois.trouble else ''} (`collectome pids status`)",
            markup=False,
        )
    out.print(
        "A projector is running."
        if lease_is_held(repository.data)
        else "No projector is running; commands start one when they need it."
    )


def rebuild(
    projection: Annotated[str, typer.Argument(help="A projection, or all.")],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Make a projection anew from the log. A running server goes on answering from the old one
    until the new one is whole."""
    if projection not in (*HANDLERS, "all"):
        raise Refused(f"{projection!r} is no projection; there are {', '.join(HANDLERS)}, all.")
    settings = settings_for(data)
    repository = Repository(settings, must_exist=True)
    started, head = time.perf_counter(), repository.log.position()
    note = request_rebuild(settings.data, projection)
    before = repository.checkpoint()[0] if (repository.graph_folder / "current").exists() else None
    with Projection(settings.data) as projector, progress(json) as bars:
        bar = bars.add_task(f"Rebuilding {projection}", total=head)
        made = [settings.data / "projections" / n for n in HANDLERS if projection in (n, "all")]

        def in_place() -> bool:
            at = [tracked(beside(f)) for f in made if beside(f).exists()]
            bars.update(bar, completed=min(at, default=0))
            return not note.exists()

        projector.wait_until(in_place)
        projector.wait(head, lambda at, _: bars.update(bar, completed=at))
        while projection in ("graph", "all") and repository.checkpoint()[0] == before:
            projector.check()
            time.sleep(0.05)
    seconds = round(time.perf_counter() - started, 2)
    if json:
        emit({"rebuilt": projection, "position": head, "seconds": seconds})
    else:
        out.print(f"{projection} stands at {head} again ({seconds} s).")
    repository.close()


class ExportFormat(StrEnum):
    """What `export` writes."""

    NQUADS = "nquads"
    JSONL = "jsonl"
    DOCUMENTS = "documents"


def export(
    format: Annotated[
        ExportFormat,
        typer.Option(help="nquads: the graph; jsonl: the log; documents: openDS JSON."),
    ] = ExportFormat.NQUADS,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file.")] = None,
    as_of: AsOfOption = None,
    observed_at: ObservedOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Write the graph, the log or the documents of active objects; the log can be imported
    again. Graph and documents also as they were at an event or a moment."""
    if (as_of or observed_at) and format is ExportFormat.JSONL:
        raise Refused(
            "jsonl has no past: the log holds every version. Leave --as-of and --observed-at "
            "out, or export the graph (--format nquads) or the documents (--format documents)."
        )
    repository = Repository(settings_for(data), must_exist=True)
    instant = None
    if as_of or observed_at:  # before the file is opened: what is refused empties none
        instant = instant_of(as_of, observed_at, repository.objects)
    lines = 0
    target = output.open("wb") if output else sys.stdout.buffer
    try:
        for line in _exported(repository, format, instant, json):
            lines += target.write(line) > 0
    finally:
        if output:
            target.close()
    if output:
        if json:
            emit({"format": format.value, "lines": lines, "output": str(output)})
        else:
            err.print(f"{lines} lines written to {output}")


def _exported(
    repository: Repository,
    format: ExportFormat,
    instant: Instant | None,
    json: bool,
) -> Iterator[bytes]:
    match format:
        case ExportFormat.JSONL:
            yield from write_log(repository.log)
        case ExportFormat.DOCUMENTS if instant:
            yield from _documents_at(repository.log, instant)
        case ExportFormat.DOCUMENTS:
            yield from _documents(repository.log)
        case ExportFormat.NQUADS if instant:
            with state_store(repository, instant, (), json) as path:
                yield from quads_of(path)
        case ExportFormat.NQUADS:
            yield from quads_of(repository.checkpoint()[0])


def _documents(log: Log) -> Iterator[bytes]:
    """The current documents of active objects, in order of PID."""
    after = ""
    while heads := log.heads(after):
        events = log.events_at(h.position for h in heads)
        for head in heads:
            if head.status is Status.ACTIVE:
                yield (events[head.position].document_bytes or b"") + b"\n"
        after = str(heads[-1].pid)


def _documents_at(log: Log, instant: Instant) -> Iterator[bytes]:
    """The documents of the objects that were active at an instant, in order of PID."""
    after = ""
    while heads := log.heads(after):
        for head in heads:
            try:
                event = log.at(head.pid, instant.position, instant.observed)
            except NotFound:  # it began later
                continue
            if event.status is Status.ACTIVE:
                yield (event.document_bytes or b"") + b"\n"
        after = str(heads[-1].pid)
