"""Commands of tokens: token create, list, revoke."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.console import DataOption, JsonOption, emit, out, settings_for, tell
from api.security import Token, Tokens
from fdo.errors import NotFound, Refused
from fdo.identifiers import Pid
from fdo.identifiers import organisation as organisation_of


def create(
    name: str,
    role: Annotated[list[str], typer.Option("--role", help="admin, curator or agent.")],
    days: Annotated[int, typer.Option(min=1, max=36_500, help="Days until it expires.")] = 365,
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

    head = Repository(settings_for(data), must_exist=True).log.head(Pid.parse(pid))
    if head.type != SERVICE:
        raise Refused(f"{head.pid} is a {head.type}, no machine-annotation service.")


def list_(data: DataOption = None, json: JsonOption = False) -> None:
    """The tokens there are, without their text."""
    rows = _tokens(data).all()
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


def _tokens(data: Path | None) -> Tokens:
    """The tokens of a folder that is there; a mistyped one would seem to have none."""
    folder = settings_for(data).data
    if not folder.is_dir():
        raise NotFound(f"There is no repository in {folder}; name another folder with --data.")
    return Tokens(folder)


def _limits_of(token: Token) -> str:
    named = (token.organisation, token.service, *token.scopes, *token.quotas)
    return ", ".join(each for each in named if each)


def revoke(name: str, data: DataOption = None, json: JsonOption = False) -> None:
    """Forget a token."""
    if not _tokens(data).revoke(name):
        raise NotFound(f"There is no token named {name!r}; see `collectome token list`.")
    if json:
        emit({"revoked": name})
    else:
        out.print(f"{name} is revoked.")
