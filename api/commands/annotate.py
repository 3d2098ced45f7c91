"""The command that annotates many objects: from a table or a search, with the way back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from api.console import DataOption, JsonOption, emit, out, settings_for, tell
from fdo.errors import InvalidDocument, Refused

if TYPE_CHECKING:
    from api.repository import Repository
    from handlers.batches.choosing import Chosen
    from handlers.batches.desk import Desk
    from handlers.batches.recording import Speaker
    from handlers.batches.store import Batch

_LISTED = 20


def annotate(
    csv: Annotated[
        Path | None,
        typer.Option("--csv", help="Table with pid or catalogNumber, term, value, motivation …"),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Source system whose numbers the table names.")
    ] = None,
    query: Annotated[
        list[str] | None,
        typer.Option("--query", help="Search parameter, as country=Norway; may be repeated."),
    ] = None,
    sparql: Annotated[
        str | None, typer.Option(help="SELECT with the objects in the first column.")
    ] = None,
    pid: Annotated[
        list[str] | None, typer.Option("--pid", help="An object; may be repeated.")
    ] = None,
    template: Annotated[
        Path | None, typer.Option(help="JSON file: the annotation, without its object.")
    ] = None,
    run: Annotated[
        bool, typer.Option("--run/--preview", help="Record it; else it is only shown.")
    ] = False,
    batch: Annotated[
        str | None, typer.Option(help="A batch that was previewed before, to run it.")
    ] = None,
    undo: Annotated[str | None, typer.Option(help="A batch to take back.")] = None,
    reason: Annotated[str, typer.Option(help="Why it is taken back.")] = "",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Say the same of many objects, or what a table says of each: preview, run, undo."""
    from api.annotations.speaking import desk_of
    from api.repository import Repository
    from handlers.batches.previewing import Previews

    settings = settings_for(data)
    repository = Repository(settings, must_exist=True)
    desk = desk_of(repository.objects, settings)
    by = _operator()
    if undo is not None:
        found = _undone(desk, by, undo, reason)
    elif batch is not None:
        found = desk.batches.get(batch)
        _tell_preview(found, json=json or run)
    else:
        given = {"search": query, "sparql": sparql, "pids": pid, "csv": csv}
        chosen = _chosen(repository, {k: v for k, v in given.items() if v}, source, template)
        asked = {"query": {k: str(v) for k, v in given.items() if v}}
        found = Previews(desk, by).make(chosen, asked)
        _tell_preview(found, json=json or run)
    if run and undo is None:
        found = _run(desk, by, found)
    _tell(repository, desk, found, json=json)


def _operator() -> Speaker:
    from api.commands.objects import operator
    from handlers.batches.recording import Speaker
    from handlers.batches.runner import LOCAL
    from handlers.batches.scopes import ANYBODY, Scopes

    agent = operator()
    anybody = Scopes(creators=frozenset({ANYBODY}))
    return Speaker(f"{LOCAL}{agent.name}", agent, anybody, decides=True)


def _chosen(
    repository: Repository, given: dict[str, Any], source: str | None, template: Path | None
) -> Iterator[Chosen]:
    """What is to be said of what."""
    from fdo.identifiers import Pid
    from handlers.batches.choosing import of_objects, of_table
    from handlers.batches.naming import Numbers
    from handlers.batches.selecting import look_in
    from handlers.projections.search import Search

    if len(given) != 1:
        raise Refused("Give one of --csv, --query, --sparql and --pid; or --batch or --undo.")
    search = Search(repository.data / "projections" / "search" / "view.sqlite")
    if "csv" in given:
        try:
            table = given["csv"].read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as wrong:
            raise InvalidDocument(f"{given['csv']} is no UTF-8: {wrong}.") from wrong
        system = Pid.parse(source) if source else None
        numbers = Numbers(repository.log, system, look_in(search, repository.log))
        return of_table(table, numbers, repository.log)
    if template is None:
        raise Refused("Name a --template: a JSON file with the annotation, without its object.")
    return of_objects(_pids(repository, given, search), _read(template))


def _pids(repository: Repository, given: dict[str, Any], search: Any) -> Iterator[str]:
    from handlers.batches.selecting import answered, searched

    if "pids" in given:
        return iter(given["pids"])
    if "sparql" in given:
        return answered(_asked(repository, given["sparql"]))
    parameters: dict[str, list[str]] = {}
    for pair in given["search"]:
        name, equals, value = pair.partition("=")
        if not equals:
            raise Refused(f"--query {pair!r} lacks its value; write it as country=Norway.")
        parameters.setdefault(name, []).append(value)
    return searched(search, parameters)


def _asked(repository: Repository, query: str) -> bytes:
    from pyoxigraph import QueryResultsFormat, QuerySolutions, Store

    from handlers.queries.checkpoint import visible
    from handlers.queries.evaluation import evaluate
    from handlers.queries.gate import admit

    own_dataset = admit(query).own_dataset
    store = Store.read_only(str(repository.checkpoint()[0]))
    try:
        answer = evaluate(store, visible(store), query, own_dataset=own_dataset)
    except SyntaxError as wrong:
        raise Refused(f"The query is not SPARQL 1.1: {wrong}.") from wrong
    if not isinstance(answer, QuerySolutions):
        raise Refused("The query gives no table; write SELECT, with the objects first.")
    return answer.serialize(format=QueryResultsFormat.JSON) or b"{}"


def _read(template: Path) -> dict[str, Any]:
    try:
        found = orjson.loads(template.read_bytes())
    except orjson.JSONDecodeError as wrong:
        raise InvalidDocument(f"{template} is no JSON: {wrong}.") from wrong
    if not isinstance(found, dict):
        raise InvalidDocument(f"{template} holds no annotation, which is a JSON object.")
    return found


# ── running and taking back ──────────────────────────────────────────────────────────────


def _run(desk: Desk, by: Speaker, batch: Batch) -> Batch:
    """Carry the batch out here; where it was begun, go on."""
    if batch.state in ("done", "undone"):
        return batch
    if batch.kind != "chosen" or batch.state not in ("previewed", "running", "waiting", "failed"):
        raise Refused(f"The batch {batch.id} is {batch.state}; it cannot be run from here.")
    return desk.carry_on(batch, by)


def _undone(desk: Desk, by: Speaker, name: str, reason: str) -> Batch:
    if not reason.strip():
        raise Refused("Say --reason: it is shown on the tombstone of each annotation.")
    batch = desk.ask_undo(desk.batches.get(name), by.name, reason)
    return desk.undo(batch, by, reason)


# ── telling ──────────────────────────────────────────────────────────────────────────────


def _then(values: Sequence[object]) -> str:
    """The values that a change leaves, as the page of the batch shows them."""
    return "; ".join(one if isinstance(one, str) else orjson.dumps(one).decode() for one in values)


def _tell_preview(batch: Batch, *, json: bool) -> None:
    preview = batch.about.get("preview")
    if json or preview is None:
        return
    rows = [
        [one["line"], one.get("pid"), one.get("term"), one.get("old"), _then(one["new"])]
        for one in preview["sample"]
    ]
    tell("What would be proposed", ["line", "pid", "term", "now", "then"], rows)
    if preview["errors"]:
        wrong = [
            [one["line"], one["name"], one["errors"][0]["detail"]]
            for one in preview["errors"][:_LISTED]
        ]
        tell("What would be refused", ["line", "object", "why"], wrong)


def _tell(repository: Repository, desk: Desk, batch: Batch, *, json: bool) -> None:
    from api.annotations.batches import PREFIX
    from api.annotations.reports import report
    from api.repository import Projection

    with Projection(repository.data) as projection:
        projection.wait(repository.log.position())
    told = report(desk.batches, batch, f"{repository.settings.base}{PREFIX}/{batch.id}")
    repository.close()
    if json:
        emit(told.model_dump(by_alias=True))
        return
    counts = batch.about.get("preview", {}).get("counts", {}) if not batch.counts else batch.counts
    said = ", ".join(f"{number} {became}" for became, number in sorted(counts.items()))
    undone = ", ".join(f"{number} {became}" for became, number in sorted(told.undone.items()))
    out.print(f"{batch.id}: {batch.state}; {said}{f'; undone: {undone}' if undone else ''}")
    for one in told.errors[:_LISTED] if batch.counts else ():
        out.print(f"  line {one['line']}: {one['errors'][0]['detail']}")
    if batch.state == "previewed":
        out.print(f"Record it with: collectome annotate --batch {batch.id} --run")
    elif batch.state == "done":
        out.print(f"Take it back with: collectome annotate --undo {batch.id} --reason …")
