"""Commands on past states: which are kept, make one, thin them, read one, and say which it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from api.console import DataOption, JsonOption, emit, err, out, progress, settings_for, tell
from api.moments import instant_of
from api.repository import Repository
from eventstore.envelope import iso
from eventstore.instant import Instant
from handlers.instants import Instants, NamedState
from handlers.instants.rungs import Policy, Rungs
from handlers.stores import all_kept, own_bytes, read_kept

AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="As known at an event (42), a day or an instant.")
]
ObservedOption = Annotated[
    str | None, typer.Option("--observed-at", help="Of that, what sources had said by then.")
]


def list_instants(data: DataOption = None, json: JsonOption = False) -> None:
    """The states that are kept: rungs for good, instants as long as there is room."""
    repository = Repository(settings_for(data), must_exist=True)
    rows = [
        {
            "kind": kind,
            "position": kept.instant.position,
            "observedAt": None if kept.instant.observed is None else iso(kept.instant.observed),
            "recordedAt": kept.recorded_at or None,
            "bytes": kept.size,
            "ownBytes": own_bytes(kept.path),
        }
        for kind, folder in (("rung", "rungs"), ("instant", "instants"))
        for kept in all_kept(repository.graph_folder / folder)
    ]
    if json:
        emit({"kept": rows})
        return
    columns = ["kind", "position", "observed at", "recorded at", "bytes", "of its own"]
    tell("States kept", columns, [list(row.values()) for row in rows])


def thin(data: DataOption = None, json: JsonOption = False) -> None:
    """Remove rungs that the policy does not keep (see the settings `instants_…`)."""
    repository = Repository(settings_for(data), must_exist=True)
    removed = _rungs(repository).thin()
    if json:
        emit({"removed": [kept.instant.position for kept in removed]})
    else:
        out.print(f"{len(removed)} states were removed.")


def make(
    moment: Annotated[str, typer.Argument(help="An event (42), a day or an instant.")],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Keep the state at a moment as a rung, so that questions near it are answered soon."""
    repository = Repository(settings_for(data), must_exist=True)
    instant = instant_of(moment, None, repository.objects)
    with instant_store(repository, moment, None, json) as store:
        source = read_kept(store)
        erasures = source.erasures if source else instant.position
        recorded_at = repository.log.recorded_at(instant.position) or ""
        made = _rungs(repository).make(store, instant.position, recorded_at, erasures)
    assert made is not None
    if json:
        emit({"position": made.instant.position, "recordedAt": made.recorded_at})
    else:
        out.print(f"The state after event {made.instant.position} is kept.")


@contextmanager
def instant_store(
    repository: Repository, as_of: str | None, observed_at: str | None, json: bool
) -> Iterator[Path]:
    """The folder of the store at a moment, held until the end; progress is shown."""
    instant = instant_of(as_of, observed_at, repository.objects)
    with state_store(repository, instant, (), json) as path:
        yield path


@contextmanager
def state_store(
    repository: Repository, instant: Instant, graphs: Sequence[NamedState], json: bool
) -> Iterator[Path]:
    """The folder of the store at an instant with further graphs, held until the end."""
    settings = repository.settings
    instants = Instants(settings.data, repository.log, budget_mb=settings.instants_budget_mb)
    with progress(json) as bars:
        bar = bars.add_task("Making the state ready", total=100)

        def watch(share: float) -> None:
            bars.update(bar, completed=round(share * 100))

        with instants.hold_now(instants.plain(instant), graphs, watch) as held:
            watch(1.0)
            yield held.path


def told_of(repository: Repository, instant: Instant) -> dict[str, Any]:
    """What an answer says of its state, so that it can be asked again: `--as-of` the position,
    and `--observed-at` where that was bounded."""
    return {
        "position": instant.position,
        "recordedAt": repository.log.recorded_at(instant.position),
        "observedAt": None if instant.observed is None else iso(instant.observed),
    }


def tell_state(repository: Repository, instant: Instant, json: bool, *, again: bool = True) -> None:
    """Say on standard error, beside an answer that is a document of its own, which state it is
    of and how to have it `again`; with --json as JSON."""
    said = told_of(repository, instant)
    if json:
        typer.echo(orjson.dumps(said).decode(), err=True)
        return
    recorded = f", recorded {said['recordedAt']}" if said["recordedAt"] else ""
    observed = f" --observed-at {said['observedAt']}" if said["observedAt"] else ""
    repeat = f"; the same again: --as-of {said['position']}{observed}" if again else ""
    state = f"The state after event {said['position']}{recorded}{repeat}"
    err.print(state, markup=False, emoji=False)


def _rungs(repository: Repository) -> Rungs:
    settings = repository.settings
    policy = Policy(settings.instants_every, settings.instants_hours, settings.instants_days)
    return Rungs(repository.graph_folder, policy)
