"""Commands of the annotation services that ship: mas services, mas enable."""

from __future__ import annotations

from typing import Annotated

import typer

from api.console import DataOption, JsonOption, emit, out, settings_for, tell
from api.repository import Repository
from fdo.agent import Agent

COMMAND_LINE = Agent("urn:collectome:agent:command-line", "Command line")


def services(data: DataOption = None, json: JsonOption = False) -> None:
    """The services that ship and the models that are configured.

    It tells what each does, and whether it is enabled.
    """
    from handlers.mas.services import services as standing
    from handlers.services import described

    settings = settings_for(data)
    repository = Repository(settings, must_exist=True)
    known = {one.name: str(one.pid) for one in standing(repository.log) if one.active}
    repository.close()
    rows = [
        {"name": name, "pid": known.get(name), "lacks": lacks, "description": told}
        for name, told, lacks in described(settings.data)
    ]
    if json:
        emit(rows)
        return
    tell(
        "Services that ship",
        ["name", "enabled as", "what it does"],
        [[row["name"], row["pid"] or "", row["lacks"] or row["description"]] for row in rows],
    )


def enable(
    names: Annotated[list[str], typer.Argument(help="Services, as `mas services` lists them.")],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Register services that ship and their models, so that jobs are made for them."""
    from handlers.services import packages_at_hand
    from handlers.services.enabling import enable as enabled

    settings = settings_for(data)
    embedding = settings.embedding_model, settings.embedding_sha256 or None
    repository = Repository(settings, must_exist=True)
    try:
        with packages_at_hand():
            done = [
                enabled(repository.objects, name, settings.data, COMMAND_LINE, embedding)
                for name in dict.fromkeys(names)
            ]
    finally:
        repository.close()
    if json:
        emit(
            [
                {
                    "name": one.name,
                    "pid": str(one.service.pid),
                    "version": one.service.version,
                    "models": [str(pid) for pid in one.models],
                    "provider": one.provider,
                }
                for one in done
            ]
        )
        return
    for one in done:
        out.print(
            f"{one.name} is {one.service.pid}, version {one.service.version}; here it runs on "
            f"{one.provider}. Next: collectome mas work {one.name}"
        )
