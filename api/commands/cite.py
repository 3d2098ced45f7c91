"""The command that cites: a version in a style, or as a file for a reference manager."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from api.citing.answers import told
from api.citing.forms import cited, written
from api.citing.styles import STYLES, manner
from api.console import DataOption, JsonOption, PidArgument, emit, settings_for
from api.moments import event_as_of
from api.negotiation import BIBLIOGRAPHY, REFERENCE_FORMATS, choose
from api.repository import Repository
from eventstore.envelope import Recorded
from fdo.errors import NotFound, Refused
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations.citation.cited import Cited

_FORMATS = ", ".join(one.name for one in REFERENCE_FORMATS)


def cite(
    pid: PidArgument,
    version: Annotated[int | None, typer.Option(min=1, help="Number of a version.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="As recorded then: event, version (v2), day or instant.")
    ] = None,
    style: Annotated[str | None, typer.Option(help=f"One of {', '.join(STYLES)}.")] = None,
    locale: Annotated[str | None, typer.Option(help="Language of the citation: de, en-GB, …")] = (
        None
    ),
    format: Annotated[str, typer.Option(help=f"One of {_FORMATS}.")] = BIBLIOGRAPHY.name,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Cite an object: the version in force, or the one that is named."""
    if version is not None and as_of is not None:
        raise Refused("Name a version or a moment, not both.")
    how = manner("", style, locale)
    form = choose("", format, REFERENCE_FORMATS)
    repository = Repository(settings_for(data), must_exist=True)
    name = Pid.parse(pid)
    if version is not None:
        event = repository.log.version(name, version)
    elif as_of is not None:
        event = event_as_of(as_of, None, name, repository.objects)
    else:
        event = repository.log.latest(name)
    what = _public(repository, event)
    if json:
        emit(told(what, [how]))
    else:
        sys.stdout.buffer.write(written(what, form, how, numbered=version is not None))
    repository.close()


def _public(repository: Repository, event: Recorded) -> Cited:
    """What of the object is public, as it is cited: the FDO record, where that is all."""
    log, settings = repository.log, repository.settings
    head = log.head(event.pid)
    if event.status is Status.DRAFT:
        raise NotFound(f"{event.pid} is a draft; only what is public can be cited.")
    hidden = event.status is Status.PID_ONLY or log.withheld(head)
    shown = log.event(head.position) if hidden else event
    return cited(
        shown,
        log.history(event.pid),
        base=settings.base,
        repository=settings.title,
        hidden=hidden,
    )
