"""Commands of machine annotation: mas register, list, show, retire, jobs, dead, retry, request,
backfill, run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from api.commands.pids import COMMAND_LINE
from api.console import (
    DataOption,
    JsonOption,
    PidArgument,
    emit,
    out,
    settings_for,
    tell,
    told_to_stop,
)
from api.mas.shown import JobShown, found, job_detail, job_shown, service_shown
from api.repository import Repository
from fdo.errors import InvalidDocument, InvalidIdentifier, NotFound, Refused
from fdo.identifiers import Pid
from fdo.wording import many
from handlers.mas.jobs import retry as take_up
from handlers.mas.registration import Registration
from handlers.mas.requests import Requests, everything
from handlers.mas.services import KIND, Service, service_at, services
from handlers.mas.store import IN_FLIGHT, PENDING, STATES, State, Store

LARGEST = 1 << 20
ServiceArgument = Annotated[str, typer.Argument(help="Name, topic or PID of a service.")]
LimitOption = Annotated[int, typer.Option(min=1, max=10_000, help="Jobs to show.")]


def register(
    file: Annotated[Path, typer.Argument(help="JSON document of the service.", dir_okay=False)],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Register a service, or revise the one of its name."""
    repository = Repository(settings_for(data), must_exist=True)
    event = Registration(repository.objects, COMMAND_LINE).put(form_of(file))
    told = {"pid": str(event.pid), "version": event.version, "event": event.position}
    if json:
        emit(told)
    else:
        out.print(f"{event.document['schema:name']} is {event.pid}, version {event.version}.")


def list_(data: DataOption = None, json: JsonOption = False) -> None:
    """The services there are and how their jobs stand."""
    repository, store = opened(data)
    rows = [as_shown(repository, store, one) for one in services(repository.log)]
    if json:
        emit(rows)
        return
    tell(
        "Services",
        ["pid", "name", "queue", "works on", "waiting", "under way", "done", "dead"],
        [
            [
                row["pid"],
                row["name"] if row["active"] else f"{row['name']} (withdrawn)",
                row["queue"],
                ", ".join(row["worksOn"]),
                *sums(row),
            ]
            for row in rows
        ],
    )


def show(service: ServiceArgument, data: DataOption = None, json: JsonOption = False) -> None:
    """One service, its document included."""
    repository, store = opened(data)
    one = named(repository, service)
    row = as_shown(repository, store, one)
    row["document"] = repository.log.latest(one.pid).document
    if json:
        emit(row)
    else:
        out.print(orjson.dumps(row, option=orjson.OPT_INDENT_2).decode())


def retire(
    service: ServiceArgument,
    reason: Annotated[str, typer.Option(help="Why, for everybody to read.")],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Withdraw a service; what it made stays, its jobs end."""
    repository, _ = opened(data)
    one = named(repository, service)
    event = Registration(repository.objects, COMMAND_LINE).retire(one.pid, reason)
    if json:
        emit({"pid": str(event.pid), "version": event.version, "event": event.position})
    else:
        out.print(f"{one.name} is withdrawn.")


def jobs(
    job: Annotated[str, typer.Argument(help="Handle of a job, to see it in full.")] = "",
    service: Annotated[str, typer.Option(help="Only jobs of this service.")] = "",
    target: Annotated[str, typer.Option(help="Only jobs on this object.")] = "",
    state: Annotated[str, typer.Option(help="Only jobs in this state.")] = "",
    limit: LimitOption = 50,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Jobs, newest first; or one job with its log."""
    if state and state not in STATES:
        raise typer.BadParameter(f"{state!r} is none of {', '.join(STATES)}", param_hint="--state")
    repository, store = opened(data)
    base = repository.settings.base
    if job:
        detail = job_detail(found(store, str(Pid.parse(job))), base, store, repository.log)
        _tell_one(detail.model_dump(by_alias=True), json)
        return
    rows = store.page(
        service=str(named(repository, service).pid) if service else None,
        target=str(Pid.parse(target)) if target else None,
        state=state or None,
        limit=limit,
    )
    _tell_jobs("Jobs", [job_shown(row, base) for row in rows], json)


def dead(limit: LimitOption = 50, data: DataOption = None, json: JsonOption = False) -> None:
    """Dead letters: jobs that are not tried again of themselves, and why."""
    repository, store = opened(data)
    base, state = repository.settings.base, "dead"
    rows = [job_shown(row, base) for row in store.page(state=state, limit=limit)]
    _tell_jobs("Dead letters", rows, json)


def retry(
    job: Annotated[list[str] | None, typer.Argument(help="Jobs; all dead ones if none.")] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Take up dead letters again; their attempts count anew."""
    repository, store = opened(data)
    wanted = [str(Pid.parse(one)) for one in job or ()]
    for one in wanted:
        if found(store, one).state != "dead":
            raise NotFound(f"{one} is no dead letter; `collectome mas dead` lists them.")
    taken = []
    while letters := wanted or [row.id for row in store.page(state="dead", limit=500)]:
        taken += take_up(repository.objects, store, letters, COMMAND_LINE)
        if wanted:
            break
    if json:
        emit({"jobs": taken})
    else:
        out.print(f"{len(taken)} dead letter{'' if len(taken) == 1 else 's'} to be tried again.")


def request(
    service: ServiceArgument,
    pid: PidArgument,
    again: Annotated[bool, typer.Option(help="Also where the work was done before.")] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Ask a service to work on an object."""
    repository, store = opened(data)
    asked = Requests(repository.objects, store, COMMAND_LINE)
    made = asked.ask(named(repository, service), Pid.parse(pid), again=again)
    detail = job_detail(found(store, made.id), repository.settings.base, store, repository.log)
    _tell_one(detail.model_dump(by_alias=True), json)


def backfill(
    service: ServiceArgument,
    query: Annotated[
        str, typer.Option(help="SPARQL query, or a file of one; its first column names objects.")
    ] = "",
    source: Annotated[str, typer.Option(help="PID of a source system.")] = "",
    everything_: Annotated[
        bool, typer.Option("--all", help="All objects that the service works on.")
    ] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only count.")] = False,
    again: Annotated[bool, typer.Option(help="Also where the work was done before.")] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Jobs for all objects that a query gives, of a source system, or all."""
    if sum(map(bool, (query, source, everything_))) != 1:
        raise Refused("Choose objects by one of --query, --source and --all.")
    repository, store = opened(data)
    one = named(repository, service)
    chosen: Iterable[str]
    if query:
        chosen = _selected(repository, query)
    else:
        chosen = everything(repository.log, one, Pid.parse(source) if source else None)
    asked = Requests(repository.objects, store, COMMAND_LINE)
    filled = asked.fill(one, chosen, preview=preview, again=again)
    if json:
        emit(
            {
                "preview": preview, "seen": filled.seen, "scheduled": filled.scheduled,
                "there": filled.there, "refused": dict(filled.refused), "sample": filled.sample,
            }
        )  # fmt: skip
        return
    done = "to be made" if preview else "made"
    out.print(
        f"{many(filled.seen, 'object')}: {many(filled.scheduled, 'job')} {done}, "
        f"{filled.there} there already."
    )
    for why, number in filled.refused.items():
        out.print(f"none for {many(number, 'object')}: {why}")


def run(
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End when no job waits or is under way.")
    ] = False,
    patience: Annotated[
        float,
        typer.Option(min=0, help="Until idle: seconds for which jobs may wait without a worker."),
    ] = 30.0,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Dispatch jobs without a server: make them, hand them over, take the answers."""
    from api.mas.running import must_dispatch, plan_of  # packages of brokers are dear to load
    from handlers.mas.carriers import opened as carrier
    from handlers.mas.dispatch import Dispatcher

    repository = Repository(settings_for(data), must_exist=True)
    must_dispatch(repository.settings, repository.objects)
    dispatcher = Dispatcher(plan_of(repository.settings), repository.objects, carrier)
    stop = told_to_stop()
    if until_idle:
        dispatcher.run_until_idle(stop, patience)
    else:
        dispatcher.run(stop)
    counts = Store(repository.data).counts().values()
    total = {state: sum(one[state] for one in counts) for state in ("completed", "dead")}
    waiting = sum(one["scheduled"] + one["failed"] for one in counts)
    if json:
        emit({**total, "waiting": waiting})
    else:
        out.print(
            f"{many(total['completed'], 'job')} done, {waiting} waiting, "
            f"{many(total['dead'], 'dead letter')}."
        )


# ── what they share ─────────────────────────────────────────────────────────────────────────


def named(repository: Repository, text: str) -> Service:
    """The service of a name, a topic or a PID."""
    keys = [f"{KIND}:{text}", f"machine-annotation-topic:{text}"]
    heads = repository.log.claimed(keys)
    for key in keys:
        if key in heads:
            return service_at(repository.log, heads[key].pid)
    try:
        return service_at(repository.log, Pid.parse(text))
    except InvalidIdentifier:
        raise NotFound(f"There is no service {text!r}; see `collectome mas list`.") from None


def opened(data: Path | None) -> tuple[Repository, Store]:
    """The repository and its jobs, up to date."""
    repository = Repository(settings_for(data), must_exist=True)
    store = Store(repository.data)
    store.follow(repository.log)
    return repository, store


def form_of(file: Path) -> dict[str, Any]:
    """A description in a JSON file."""
    if file.stat().st_size > LARGEST:
        raise InvalidDocument(f"{file} is larger than the {LARGEST:,} bytes that are read.")
    try:
        form = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as wrong:
        raise InvalidDocument(f"{file} is not JSON: {wrong}.") from wrong
    if not isinstance(form, dict):
        raise InvalidDocument(
            f"{file} holds no JSON object; what is registered is described by one."
        )
    return form


def _selected(repository: Repository, query: str) -> Iterator[str]:
    """The objects in the first column of a query's answer."""
    from pyoxigraph import QuerySolutions
    from pyoxigraph import Store as Graph

    from handlers.queries.checkpoint import visible
    from handlers.queries.evaluation import evaluate
    from handlers.queries.gate import admit

    text = Path(query).read_text("utf-8") if "{" not in query and Path(query).is_file() else query
    admit(text)
    path, _ = repository.checkpoint()
    graph = Graph.read_only(str(path))
    try:
        answer = evaluate(graph, visible(graph), text)
    except SyntaxError as wrong:
        raise Refused(f"The query is not SPARQL 1.1: {wrong}.") from wrong
    if not isinstance(answer, QuerySolutions):
        raise Refused("A SELECT query chooses objects; its first column names them.")
    yield from dict.fromkeys(str(getattr(row[0], "value", "")) for row in answer)


def as_shown(repository: Repository, store: Store, service: Service) -> dict[str, Any]:
    """A service and how its jobs stand, as the web shows it."""
    document = repository.log.latest(service.pid).document
    base, counts = repository.settings.base, store.counts()
    shown = service_shown(service, document, base, store, counts, told=True)
    return shown.model_dump(by_alias=True)


def sums(row: dict[str, Any]) -> list[int]:
    """Jobs of a service that is shown: waiting, under way, done, dead."""
    together: tuple[tuple[State, ...], ...] = (PENDING, IN_FLIGHT, ("completed",), ("dead",))
    return [sum(row["jobs"].get(state, 0) for state in states) for states in together]


def _tell_one(row: dict[str, Any], json: bool) -> None:
    if json:
        emit(row)
    else:
        out.print(orjson.dumps(row, option=orjson.OPT_INDENT_2).decode())


def _tell_jobs(title: str, rows: list[JobShown], json: bool) -> None:
    if json:
        emit([row.model_dump(by_alias=True) for row in rows])
        return
    tell(
        title,
        ["job", "service", "object", "made by", "state", "tried", "annotations", "error"],
        [
            [r.id, r.service, r.target, r.kind, r.state, r.attempts, r.annotations, r.error]
            for r in rows
        ],
    )
