"""Commands of annotations: list, show, queue, accept, reject, settle, withdraw.

They ask and decide as the web does; who may use the folder of the repository may decide on all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from api.annotations.asking import item, value
from api.annotations.queue import FILTERS, entries, groups
from api.commands.objects import operator
from api.console import DataOption, JsonOption, PidArgument, emit, out, settings_for, tell
from api.moments import position_as_of
from api.repository import Projection, Repository
from fdo.errors import CollectomeError, NotFound, Refused
from fdo.identifiers import Pid
from fdo.wording import many
from handlers.annotations import Annotations as Hands
from handlers.annotations import Decision
from handlers.projections.annotations import LIMIT_CAP, AnnotationQuery, Annotations

FilterOption = Annotated[
    list[str] | None,
    typer.Option("--filter", help="name=value, as in state=pending or term=dwc:country."),
]
LimitOption = Annotated[int, typer.Option(min=1, max=LIMIT_CAP, help="Lines to show.")]
PidsArgument = Annotated[list[str], typer.Argument(help="PIDs of annotations.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for everybody to read.")]
_WIDTH = 60
"""Characters of a value in a table."""


def list_(
    filters: FilterOption = None,
    limit: LimitOption = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the page before ended.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="As it was at an event number, a day or an instant.")
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Annotations by what they say and where they are in their life, the newest first."""
    repository, view = _opened(data)
    if cursor and as_of:
        raise Refused("A cursor keeps its own moment; leave --as-of out.")
    at = position_as_of(as_of, repository.objects) if as_of else None
    page = view.find(AnnotationQuery.parse(_asked(filters)), cursor, limit, at)
    if json:
        told = [item(repository.settings.base, found) for found in page.found]
        emit({"total": page.total, "asOf": page.as_of, "next": page.next_cursor, "items": told})
        return
    tell(
        many(page.total, "annotation"),
        ["annotation", "state", "of", "term", "proposed", "by"],
        [
            [f.row.pid, f.row.state, f.row.target, f.row.leaf,
             _plain(value(f.shown.get("proposed"))), f.row.creator_name or f.row.creator]
            for f in page.found
        ],
    )  # fmt: skip
    if page.next_cursor:
        out.print(f"more: --cursor {page.next_cursor}")


def show(pid: PidArgument, data: DataOption = None, json: JsonOption = False) -> None:
    """One annotation: what it proposes of what, by whom, and what became of it."""
    repository, view = _opened(data)
    name = Pid.parse(pid)
    found = view.find(AnnotationQuery.parse({"pid": [str(name)]}), limit=1).found
    if not found:
        raise NotFound(f"No annotation bears the PID {name}; see `collectome annotations list`.")
    (told,) = entries(repository.settings.base, repository.objects, found)
    if json:
        emit(told)
        return
    rows = [[what, _plain(held)] for what, held in told.items()]
    tell(str(name), ["what", "value"], rows)


def queue(
    filters: FilterOption = None,
    grouped: Annotated[bool, typer.Option("--grouped", help="Equal proposals together.")] = False,
    limit: LimitOption = 50,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """What waits for a decision, the most urgent first."""
    repository, view = _opened(data)
    asked = _asked(filters)
    for name in asked:
        if name not in FILTERS:
            raise Refused(f"The queue has no filter {name!r}; there are {', '.join(FILTERS)}.")
    query, base = AnnotationQuery.parse(asked).queued(), repository.settings.base
    if grouped:
        found = view.groups(query, limit=limit)
        total, told = found.total, groups(base, repository.objects, found.groups)
    else:
        page = view.find(query, limit=limit)
        total, told = page.total, entries(base, repository.objects, page.found)
    if json:
        emit({"total": total, "items": told})
        return
    if not told:
        out.print("Nothing waits for a decision.")
        return
    tell(
        f"{total} wait",
        ["severity", "group" if grouped else "annotation", "number" if grouped else "of", "term",
         "now", "proposed"],
        [
            [one["severity"], one["group"] if grouped else one["pid"],
             one["count"] if grouped else one["target"], one.get("term", ""),
             _plain(one.get("was")), _plain(one.get("proposed"))]
            for one in told
        ],
    )  # fmt: skip


def accept(
    pids: PidsArgument,
    reason: ReasonOption = "",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Approve proposed changes; each is carried out as a new version of its object."""
    _decide(pids, data, json, lambda hands, pid: hands.accept(pid, operator(), reason))


def reject(
    pids: PidsArgument, reason: ReasonOption, data: DataOption = None, json: JsonOption = False
) -> None:
    """Decide against proposed changes, with a reason."""
    _decide(pids, data, json, lambda hands, pid: hands.reject(pid, operator(), reason))


def settle(
    pids: PidsArgument,
    keep: Annotated[
        bool, typer.Option("--keep/--yield", help="Keep the change, or take the source's value.")
    ],
    reason: ReasonOption = "",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """End conflicts of accepted changes with their source."""
    _decide(pids, data, json, lambda hands, pid: hands.settle(pid, keep, operator(), reason))


def withdraw(
    pids: PidsArgument, reason: ReasonOption, data: DataOption = None, json: JsonOption = False
) -> None:
    """Take annotations back; of accepted ones also their change."""
    _decide(pids, data, json, lambda hands, pid: hands.withdraw(pid, reason, operator()))


def _decide(
    pids: Sequence[str],
    data: Path | None,
    json: bool,
    act: Callable[[Hands, Pid], Decision],
) -> None:
    """Do it to each by itself; exit code 1 where one was refused."""
    repository, _ = _opened(data)
    hands = Hands(repository.objects, repository.settings.reject_profiles)
    told: list[dict[str, Any]] = []
    with _followed(repository):
        for pid in dict.fromkeys(pids):
            try:
                decision = act(hands, Pid.parse(pid))
            except CollectomeError as refused:
                told.append({"pid": pid, "what": "refused", "detail": refused.message})
            else:
                changed = decision.target if decision.target_version else None
                told.append({
                    "pid": str(decision.pid), "what": decision.what, "version": decision.version,
                    **({"target": str(changed), "target_version": decision.target_version}
                       if changed else {}),
                })  # fmt: skip
    if json:
        emit(told)
    else:
        for one in told:
            out.print(f"{one['pid']}: {one['what']}{_more(one)}")
    if any(one["what"] == "refused" for one in told):
        raise typer.Exit(1)


def _more(one: dict[str, Any]) -> str:
    """Why it was refused, or which version of the object it made."""
    if "target" in one:
        return f"; {one['target']} is at version {one['target_version']}"
    return f": {one['detail']}" if "detail" in one else ""


@contextmanager
def _followed(repository: Repository) -> Iterator[None]:
    """Wait in the end until the projections know what was recorded."""
    before = repository.log.position()
    yield
    if (position := repository.log.position()) > before:
        with Projection(repository.data) as projection:
            projection.wait(position)


def _opened(data: Path | None) -> tuple[Repository, Annotations]:
    repository = Repository(settings_for(data), must_exist=True)
    return repository, Annotations(repository.data / "projections" / "annotations" / "view.sqlite")


def _asked(filters: Sequence[str] | None) -> dict[str, list[str]]:
    asked: dict[str, list[str]] = {}
    for pair in filters or ():
        name, equals, held = pair.partition("=")
        if not equals:
            raise Refused(f"--filter {pair!r} lacks its value; write it as state=pending.")
        asked.setdefault(name, []).append(held)
    return asked


def _plain(held: Any) -> str:
    text = (
        held if isinstance(held, str) else orjson.dumps(held).decode() if held is not None else ""
    )
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
