"""Commands of media files: media status, fetch, check."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from api.console import DataOption, JsonOption, emit, out, progress, settings_for, tell
from api.media.routes import media_files
from api.repository import Repository
from fdo.errors import CollectomeError, Refused
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.wording import many
from handlers.media import MediaFiles

PidsArgument = Annotated[
    list[str] | None, typer.Argument(help="Media, by PID; none: all that are public.")
]
LimitOption = Annotated[int, typer.Option(min=1, help="Files to fetch at most.")]


def status(data: DataOption = None, json: JsonOption = False) -> None:
    """How many files are here, and how the last fetches ended."""
    repository, files = _opened(data)
    outcomes, count, size = files.store.standing()
    quota = repository.settings.media_quota_mb
    if json:
        emit({"media": outcomes, "files": count, "bytes": size, "quota_mb": quota})
        return
    if not outcomes:
        out.print("No file was fetched yet; `collectome media fetch` fetches all.")
        return
    tell("Media", ["last fetch", "media"], [[name, n] for name, n in outcomes.items()])
    out.print(f"{many(count, 'file')}, {size / 1e6:.1f} of {quota} MB")


def fetch(
    pids: PidsArgument = None,
    limit: LimitOption = 1_000_000,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Fetch the files that are not here yet; what is met is recorded where it is news.

    Those whose last fetch failed are tried again after a minute, later after up to a day.
    """
    _go(pids, limit, data, json, anew=False)


def check(
    pids: PidsArgument = None,
    limit: LimitOption = 1_000_000,
    older_than: Annotated[
        float, typer.Option(min=0, help="Only files that were fetched so many days ago.")
    ] = 0.0,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Fetch files anew, to see whether their links still hold.

    Each outcome that differs from the one before is an event.
    """
    _go(pids, limit, data, json, anew=True, older_than=older_than)


def _go(
    pids: list[str] | None,
    limit: int,
    data: Path | None,
    json: bool,
    *,
    anew: bool,
    older_than: float = 0.0,
) -> None:
    repository, files = _opened(data)
    if pids:
        wanted: Iterable[Pid] = map(Pid.parse, pids)
    else:
        wanted = (pid for pid in _public(repository) if anew or files.awaited(pid))
    before = time.time() - older_than * 86_400
    due = (pid for pid in wanted if not older_than or _checked(files, pid) < before)
    chosen = list(islice(due, limit))
    told: Counter[str] = Counter()
    failed: list[dict[str, str]] = []
    with progress(quiet=json) as bars:
        task = bars.add_task("media", total=len(chosen))
        for pid in chosen:
            try:
                files.file(pid, anew=anew)
                told["fetched"] += 1
            except CollectomeError as error:
                told["failed"] += 1
                failed.append({"pid": pid.iri, "error": error.message})
            bars.advance(task)
    if json:
        emit({"asked": len(chosen), **told, "failures": failed})
    else:
        out.print(f"{told['fetched']} of {many(len(chosen), 'file')} fetched.")
        if failed:
            tell("Not to be had", ["medium", "why"], [[f["pid"], f["error"]] for f in failed[:50]])
    if failed:
        raise typer.Exit(1)


def _opened(data: Path | None) -> tuple[Repository, MediaFiles]:
    repository = Repository(settings_for(data), must_exist=True)
    return repository, media_files(repository.settings, repository.objects)


def _public(repository: Repository) -> Iterator[Pid]:
    """All media that stand; in the order in which they came."""
    after = 0
    seen: set[str] = set()
    while events := repository.log.read(after, 1000):
        after = events[-1].position
        came = (event.pid_text for event in events if event.type == "media")
        fresh = [name for name in dict.fromkeys(came) if name not in seen]
        seen.update(fresh)
        heads = {str(head.pid): head for head in repository.log.heads_of(fresh)}
        for name in fresh:
            if heads[name].status is Status.ACTIVE:
                yield heads[name].pid
    if not seen:
        raise Refused("There are no media here.")


def _checked(files: MediaFiles, pid: Pid) -> float:
    row = files.store.row(str(pid))
    return row.checked if row else 0.0
