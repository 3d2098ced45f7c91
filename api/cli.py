"""The command line, `collectome`: serve, take in, ask, check.

Every command has `--json`; results go to standard output, progress and errors to standard
error. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 paused for a decision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import (
    annotate,
    bridge,
    cite,
    corrections,
    definitions,
    double,
    export,
    feeds,
    follow,
    ingest,
    instants,
    keep,
    mas,
    media,
    models,
    objects,
    pids,
    read,
    services,
    time,
    verify,
    versions,
    work,
)
from api.commands import annotations as annotation_commands
from api.console import DataOption, JsonOption, emit, err, honest, out, settings_for, tell

if TYPE_CHECKING:
    from api.security import Token

app = typer.Typer(
    name="collectome",
    help=__doc__,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
identity_group = typer.Typer(
    help="Decide harvests that paused because identifiers changed.", no_args_is_help=True
)
time_group = typer.Typer(
    help="Questions across time: what changed, who changed most.", no_args_is_help=True
)
config = typer.Typer(help="The settings and where each came from.", no_args_is_help=True)
definitions_group = typer.Typer(
    help="What records are judged by: profiles, types, attributes.", no_args_is_help=True
)
webhooks_group = typer.Typer(help="Who is told of changes.", no_args_is_help=True)
mas_group = typer.Typer(
    help="Machine-annotation services, their jobs and workers.", no_args_is_help=True
)
model_group = typer.Typer(help="Models of services, their training sets.", no_args_is_help=True)
pids_group = typer.Typer(help="DOIs at DataCite: minted, waiting, refused.", no_args_is_help=True)
media_group = typer.Typer(help="The files behind media: fetched, checked.", no_args_is_help=True)
token_group = typer.Typer(help="Tokens for those who write.", no_args_is_help=True)
instants_group = typer.Typer(help="Past states of the graph that are kept.", no_args_is_help=True)
annotations_group = typer.Typer(
    help="Annotations: listed, reviewed, accepted, rejected.", no_args_is_help=True
)
app.add_typer(annotations_group, name="annotations")
app.add_typer(identity_group, name="identity")
app.add_typer(instants_group, name="instants")
app.add_typer(time_group, name="time")
app.add_typer(config, name="config")
app.add_typer(definitions_group, name="definitions")
app.add_typer(media_group, name="media")
app.add_typer(mas_group, name="mas")
mas_group.add_typer(model_group, name="model")
app.add_typer(pids_group, name="pids")
app.add_typer(token_group, name="token")
app.add_typer(webhooks_group, name="webhooks")

HostOption = Annotated[str | None, typer.Option(help="Address to listen on.")]
PortOption = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")]
WorkersOption = Annotated[
    str | None,
    typer.Option(help="Shipped services to work for, with commas; auto: all that are registered."),
]


def _commands(group: typer.Typer, **named: Callable[..., None]) -> None:
    for name, command in named.items():
        group.command(name.rstrip("_").replace("_", "-"))(honest(command))


@app.command()
@honest
def serve(
    data: DataOption = None,
    host: HostOption = None,
    port: PortOption = None,
    workers: WorkersOption = None,
) -> None:
    """Serve the repository: pages, PIDs, SPARQL, search, ingest."""
    from api.bootstrap import free_port
    from api.bootstrap import serve as run
    from api.settings import Settings

    settings = settings_for(data, host=host, port=port, workers=workers)
    if port is None or port == 0:
        free = free_port(settings.host, settings.port)
        settings = settings_for(data, host=host, port=free, workers=workers)

    def ready(settings: Settings, first: str | None) -> None:
        told = [f"Ready at {settings.base}/   data in {settings.data}   stop with Ctrl-C"]
        if settings.doip_port:
            told.append(f"Native DOIP at {settings.doip_host}:{settings.doip_port} over TLS")
        if first:
            told.append(f"Token for writing, shown only now: {first}")
        err.print("\n".join(told))  # at once: who waits for the first line reads them all

    run(settings, ready)


@app.command()
@honest
def demo(
    data: Annotated[Path, typer.Option("--data", help="Folder of the demo.")] = Path("demo-data"),
    host: HostOption = None,
    port: PortOption = None,
    workers: WorkersOption = None,
    reset: Annotated[bool, typer.Option("--reset", help="Begin anew.")] = False,
) -> None:
    """Serve the sample repository: invented collections with eight months of history."""
    from api.demo.show import show

    show(data, host, port, reset, workers)


@config.command("show")
@honest
def config_show(data: DataOption = None, json: JsonOption = False) -> None:
    """Each setting, its value and where it came from."""
    from api.settings import sources

    rows = sources(settings_for(data), {"data": data})
    if json:
        emit(
            [
                {"name": r.name, "value": r.value, "source": r.source, "description": r.description}
                for r in rows
            ]
        )
    else:
        tell(
            "Settings",
            ["name", "value", "source", "what it means"],
            [[r.name, r.value, r.source, r.description] for r in rows],
        )


@token_group.command("create")
@honest
def token_create(
    name: str,
    role: Annotated[list[str], typer.Option("--role", help="admin, curator or agent.")],
    days: Annotated[int, typer.Option(help="Days until it expires.")] = 365,
    organisation: Annotated[
        str | None, typer.Option(help="ROR or Wikidata id to whose objects it is limited.")
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            help="What an agent may write: motivation:commenting, target:media, dataset:PID, "
            "creator:IRI. Several of one kind widen it; without any of a kind there is no limit "
            "of that kind.",
        ),
    ] = None,
    quota: Annotated[
        list[str] | None,
        typer.Option(
            "--quota", help="How much an agent may write: 1000/minute, 50000/day, 200MB/day."
        ),
    ] = None,
    service: Annotated[
        str | None, typer.Option(help="PID of the machine-annotation service that it speaks for.")
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Make a token; it is shown once."""
    from api.security import Tokens
    from fdo.errors import Refused
    from fdo.identifiers import organisation as organisation_of

    if service is not None:
        _must_be_a_service(data, service)
    holder = organisation_of(organisation) if organisation else None
    if organisation and holder is None:
        raise Refused(
            f"{organisation!r} is no ROR or Wikidata id, as in https://ror.org/0566bfb96."
        )
    text = Tokens(settings_for(data).data).create(
        name,
        tuple(role),  # type: ignore[arg-type]  # `create` refuses what is no role
        days=days,
        organisation=holder,
        scopes=scope or (),
        quotas=quota or (),
        service=service,
    )
    if json:
        emit({"name": name, "token": text})
    else:
        out.print(text)


def _must_be_a_service(data: Path | None, pid: str) -> None:
    from api.annotations.speaking import SERVICE
    from api.repository import Repository
    from fdo.errors import Refused
    from fdo.identifiers import Pid

    head = Repository(settings_for(data), must_exist=True).log.head(Pid.parse(pid))
    if head.type != SERVICE:
        raise Refused(f"{head.pid} is a {head.type}, no machine-annotation service.")


@token_group.command("list")
@honest
def token_list(data: DataOption = None, json: JsonOption = False) -> None:
    """The tokens there are, without their text."""
    from api.security import Tokens

    rows = Tokens(settings_for(data).data).all()
    if json:
        emit([{k: v for k, v in asdict(t).items() if k != "digest"} for t in rows])
    else:
        tell(
            "Tokens",
            ["name", "roles", "created", "expires", "limits"],
            [
                [t.name, ", ".join(t.roles), t.created, t.expires or "never", _limits_of(t)]
                for t in rows
            ],
        )


def _limits_of(token: Token) -> str:
    named = (token.organisation, token.service, *token.scopes, *token.quotas)
    return ", ".join(each for each in named if each)


@token_group.command("revoke")
@honest
def token_revoke(name: str, data: DataOption = None, json: JsonOption = False) -> None:
    """Forget a token."""
    from api.security import Tokens
    from fdo.errors import NotFound

    if not Tokens(settings_for(data).data).revoke(name):
        raise NotFound(f"There is no token named {name!r}; see `collectome token list`.")
    if json:
        emit({"revoked": name})
    else:
        out.print(f"{name} is revoked.")


_commands(app, datacite_double=double.datacite_double)
_commands(app, ingest=ingest.ingest, import_=ingest.import_log, follow=follow.follow)
_commands(
    identity_group,
    list=ingest.identity_list,
    show=ingest.identity_show,
    approve=ingest.identity_approve,
    reject=ingest.identity_reject,
)
_commands(
    instants_group,
    list=instants.list_instants,
    make=instants.make,
    thin=instants.thin,
)
_commands(annotations_group, **annotation_commands.COMMANDS)
_commands(time_group, **time.COMMANDS)
_commands(app, **verify.COMMANDS)
_commands(definitions_group, **definitions.COMMANDS)
_commands(media_group, **media.COMMANDS)
_commands(mas_group, **mas.COMMANDS)
_commands(mas_group, **services.COMMANDS)
_commands(mas_group, evaluate=models.evaluate)
_commands(model_group, **models.COMMANDS)
_commands(mas_group, **work.COMMANDS, **bridge.COMMANDS)
_commands(pids_group, **pids.COMMANDS)
_commands(
    app,
    show=versions.show,
    cite=cite.cite,
    history=versions.history,
    diff=versions.diff,
    sparql=read.sparql,
    search=read.search,
    changes=feeds.changes,
    status=keep.status,
    rebuild=keep.rebuild,
    export=export.export,
    tombstone=objects.tombstone,
    merge=objects.merge,
    split=objects.split,
    restore=objects.restore,
    erase=objects.erase,
    annotate=annotate.annotate,
    corrections=corrections.corrections,
)
_commands(
    webhooks_group,
    list=feeds.webhooks_list,
    add=feeds.webhooks_add,
    remove=feeds.webhooks_remove,
    deliveries=feeds.webhooks_deliveries,
    retry=feeds.webhooks_retry,
)


def main() -> None:
    """The entry point of `collectome`."""
    app(prog_name="collectome")


if __name__ == "__main__":
    main()
