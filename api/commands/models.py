"""Commands of models: mas model register, mas model list, mas evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.mas import form_of
from api.commands.pids import COMMAND_LINE
from api.console import DataOption, JsonOption, emit, out, settings_for, tell
from api.repository import Projection, Repository
from eventstore.envelope import Recorded
from fdo.catalogue import OBJECT_TYPES
from fdo.identifiers import Pid
from handlers.learning import KINDS, Learning
from handlers.projections.annotations import Annotations


def register(
    file: Annotated[
        Path,
        typer.Argument(
            help="JSON document of a model, training set or evaluation.", dir_okay=False
        ),
    ],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Register a model, a training set or an evaluation, or revise the one that it describes."""
    repository = Repository(settings_for(data), must_exist=True)
    _tell(Learning(repository.objects, COMMAND_LINE).put(form_of(file)), json)


def list_(data: DataOption = None, json: JsonOption = False) -> None:
    """Models, training sets and evaluations."""
    log = Repository(settings_for(data), must_exist=True).log
    pids = {pid for kind in KINDS for pid in log.of_no_source(kind)}
    events = [log.latest(Pid.parse(pid)) for pid in sorted(pids)]
    rows = [
        [str(event.pid), OBJECT_TYPES[event.type].label, str(event.document.get("schema:name", "")),
         event.status.value]
        for event in sorted(events, key=lambda event: KINDS.index(event.type))
    ]  # fmt: skip
    if json:
        emit([dict(zip(("pid", "kind", "name", "status"), row, strict=True)) for row in rows])
    else:
        tell("Models", ["pid", "kind", "name", "status"], rows)


def evaluate(
    model: Annotated[str, typer.Argument(help="PID of a model.")],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Record how many of a model's suggestions curators accepted, as an evaluation of it."""
    repository = Repository(settings_for(data), must_exist=True)
    with Projection(repository.data) as projection:
        projection.wait(repository.log.position())
    view = Annotations(repository.data / "projections" / "annotations" / "view.sqlite")
    try:
        event = Learning(repository.objects, COMMAND_LINE).evaluate(Pid.parse(model), view)
    finally:
        view.close()
    _tell(event, json)


def _tell(event: Recorded, json: bool) -> None:
    if json:
        emit({"pid": str(event.pid), "version": event.version, "event": event.position,
              "document": event.document})  # fmt: skip
        return
    name = event.document["schema:name"]
    out.print(f"{name} is {event.pid}, version {event.version}.")
    if "schema:description" in event.document:
        out.print(event.document["schema:description"])
