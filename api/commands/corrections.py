"""The command by which corrections go back to where the data came from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.console import DataOption, JsonOption, PidArgument, emit, out, settings_for


def corrections(
    source: PidArgument,
    folder: Annotated[Path, typer.Option("--out", help="Folder for the package.")] = Path(),
    since: Annotated[
        str | None,
        typer.Option(help="Accepted from this day (its start, UTC) or instant on, inclusive."),
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Write the accepted changes of a source system's objects as a package for its keepers."""
    from api.annotations.corrections import moment
    from api.repository import Projection, Repository
    from fdo.identifiers import Pid
    from handlers.batches.corrections import Corrections
    from handlers.batches.packaging import write
    from handlers.projections.annotations import Annotations

    repository = Repository(settings_for(data), must_exist=True)
    with Projection(repository.data) as projection:
        projection.wait(repository.log.position())
    view = Annotations(repository.data / "projections" / "annotations" / "view.sqlite")
    found = Corrections(repository.log, view, Pid.parse(source))
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"corrections-{found.source.suffix}.zip"
    draft = place.with_suffix(".part")
    with draft.open("wb") as target:
        rows = found.read(moment(since, repository.objects))
        counts = write(target, rows, found.source.iri, found.name)
    draft.replace(place)
    repository.close()
    if json:
        emit({"package": str(place), **counts})
    else:
        told = ", ".join(f"{number} {table}" for table, number in counts.items())
        out.print(f"{place}: {told}")
