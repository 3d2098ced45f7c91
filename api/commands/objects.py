"""Commands by which people act on objects: their ends, the way back, and erasure."""

from __future__ import annotations

import getpass
import time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from api.annotations.waiting import waiting_in
from api.console import HIGHEST, DataOption, JsonOption, PidArgument, emit, out, settings_for
from api.repository import Projection, Repository
from eventstore.envelope import Recorded, iso
from fdo.agent import Agent
from fdo.errors import Refused
from fdo.identifiers import Pid
from fdo.wording import many
from handlers.batches.store import Batches
from handlers.curation import Curation, Erasable
from handlers.harvest import reports
from handlers.media import FOLDER, forget
from handlers.projections.annotations import Annotations
from handlers.projections.search.reader import Search

ReasonOption = Annotated[
    str, typer.Option("--reason", help="Why, for everybody who resolves the PID.")
]
PATIENCE_S = 60.0
AT_ONCE = 20
"""Versions that are named before an erasure is confirmed."""


def operator() -> Agent:
    """The person at the command line, by the name that the system knows."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        name = "operator"
    return Agent(f"urn:collectome:agent:{quote(name, safe='')}", name, "schema:Person")


def tombstone(
    pid: PidArgument,
    reason: ReasonOption,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Withdraw an object; its PID keeps resolving, to its tombstone."""
    repository = _opened(data)
    _tell(repository, _hands(repository).tombstone(Pid.parse(pid), reason), json)


def merge(
    pid: PidArgument,
    into: Annotated[str, typer.Argument(help="The PID that remains.")],
    reason: Annotated[str, typer.Option(help="Why they are one.")] = "The same object twice.",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Withdraw an object in favour of another; its identifiers lead on to that one."""
    repository = _opened(data)
    _tell(repository, _hands(repository).merge(Pid.parse(pid), Pid.parse(into), reason), json)


def split(
    pid: PidArgument,
    parts: Annotated[list[str], typer.Argument(help="The PIDs of the objects that it was.")],
    reason: ReasonOption,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Withdraw an object that turned out to be several; its PID leads on to them."""
    repository = _opened(data)
    found = [Pid.parse(part) for part in parts]
    _tell(repository, _hands(repository).split(Pid.parse(pid), found, reason), json)


def restore(
    pid: PidArgument,
    reason: Annotated[str, typer.Option(help="Why it comes back.")] = "",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Bring a tombstoned object back under its PID, as it was before."""
    repository = _opened(data)
    _tell(repository, _hands(repository).restore(Pid.parse(pid), reason), json)


def erase(
    what: Annotated[str, typer.Argument(help="A PID, or the number of one event.")],
    reason: ReasonOption,
    version: Annotated[
        int | None, typer.Option(min=1, max=HIGHEST, help="Only this version of the PID.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, it is only told.")] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Destroy for ever what versions of an object say, with the records they were made from.

    The events stay, with their commitments: every proof still holds, and the PID still
    resolves. Backups and copies elsewhere are not reached.
    """
    repository = _opened(data)
    hands = _hands(repository)
    chosen = _chosen(repository, hands, what, version)
    if not yes:
        raise Refused(
            f"This would destroy for ever what {chosen.pid} says in {_versions(chosen)}. If that "
            "is meant, add --yes."
        )
    recorded = hands.erase(
        chosen,
        reason,
        lambda: reports.forget(repository.data, repository.log.history(chosen.pid)),
    )
    forget(repository.settings.data / FOLDER, chosen.pid)
    Batches(repository.settings.data).forget(str(chosen.pid))
    with Projection(repository.data) as projection:
        projection.wait(recorded.position)
        _words_gone(repository, projection)
    _tell(repository, recorded, json, versions=chosen.versions, positions=list(recorded.erased))


def _words_gone(repository: Repository, projection: Projection) -> None:
    """Wait until the full text was made anew without the words; of a large one not to the end,
    which comes of itself: their rows are gone already."""
    search = Search(repository.data / "projections" / "search" / "view.sqlite")
    until = time.monotonic() + PATIENCE_S
    projection.wait_until(lambda: not search.spent() or time.monotonic() > until)
    search.close()


def _chosen(repository: Repository, hands: Curation, what: str, version: int | None) -> Erasable:
    if not (what.isascii() and what.isdigit()):
        return hands.erasable(Pid.parse(what), version)
    if version is not None:
        raise Refused("--version goes with a PID; an event number names one version already.")
    event = repository.log.event(int(what[:18]))
    return hands.erasable(event.pid, position=event.position)


def _versions(chosen: Erasable) -> str:
    named = [str(number) for number in chosen.versions]
    shown = ", ".join(named[:AT_ONCE]) + (" …" if len(named) > AT_ONCE else "")
    beside = f"{many(len(chosen.verbatims), 'event')} beside them" if chosen.verbatims else ""
    return " and ".join(part for part in (f"version {shown}" if shown else "", beside) if part)


def _opened(data: Path | None) -> Repository:
    return Repository(settings_for(data), must_exist=True)


def _hands(repository: Repository) -> Curation:
    view = Annotations(repository.data / "projections" / "annotations" / "view.sqlite")
    strict = repository.settings.reject_profiles
    waiting = waiting_in(view, repository.objects.log)
    return Curation(repository.objects, operator(), strict, waiting)


def _tell(repository: Repository, recorded: Recorded, json: bool, **more: Any) -> None:
    """Wait until the projections know it, and say what was recorded."""
    with Projection(repository.data) as projection:
        projection.wait(recorded.position)
    pid = recorded.pid_text
    if json:
        told = {"version": recorded.version, "what": recorded.topic, "position": recorded.position}
        emit({"pid": pid, **told, **more})
    else:
        out.print(
            f"{pid} is at version {recorded.version}: {recorded.topic}, {iso(recorded.recorded_at)}"
        )
    repository.close()
