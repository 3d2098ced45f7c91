"""The command that cites: a version in a style, or as a file for a reference manager.

What it needs is imported when it is called: the styles and the rules of DataCite take long to
load, and other commands do without.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from api.console import HIGHEST, DataOption, JsonOption, PidArgument, emit, settings_for
from api.moments import event_as_of
from api.repository import Repository
from eventstore.envelope import Recorded
from eventstore.naming import named
from fdo.errors import NotFound, Refused
from fdo.identifiers import Pid
from fdo.lifecycle import Status

if TYPE_CHECKING:
    from fdo.representations.citation.cited import Cited


def cite(
    pid: PidArgument,
    version: Annotated[
        int | None, typer.Option(min=1, max=HIGHEST, help="Number of a version.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="As recorded then: event, version (v2), day or instant.")
    ] = None,
    observed_at: Annotated[
        str | None, typer.Option(help="Of that, what its source had said by a day or an instant.")
    ] = None,
    style: Annotated[
        str | None, typer.Option(help="collectome, apa, ieee, …; an unknown one lists them.")
    ] = None,
    locale: Annotated[str | None, typer.Option(help="Language of the citation: de, en-GB, …")] = (
        None
    ),
    format: Annotated[
        str,
        typer.Option(help="citation, bibtex, ris, csl, schemaorg, dc, datacite or datacite-xml."),
    ] = "citation",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Cite an object: the version in force, or the one that is named."""
    from api.citing.answers import told
    from api.citing.forms import written
    from api.citing.styles import manner
    from api.negotiation import CITATION_FORMATS, choose

    if version is not None and (as_of or observed_at):
        raise Refused("Name a version or a moment, not both.")
    how = manner("", style, locale)
    form = choose("", format, CITATION_FORMATS)
    repository = Repository(settings_for(data), must_exist=True)
    name = named(repository.objects, Pid.parse(pid))
    event, hidden = _public(repository, _chosen(repository, name, version, as_of, observed_at))
    what = _cited(repository, event, hidden)
    if form.name.startswith("datacite"):
        from api.objects.datacite_face import metadata_of

        content = metadata_of(
            repository.log,
            event,
            repository.settings.title,
            xml=form.name == "datacite-xml",
            hidden=hidden,
            number=version or 0,
            past=bool(as_of or observed_at),
        )
    else:
        content = written(what, form, how, numbered=version is not None)
    if json:
        emit({**told(what, [how]), "format": form.name, "content": content.decode()})
    else:
        sys.stdout.buffer.write(content)
    repository.close()


def _chosen(
    repository: Repository,
    pid: Pid,
    version: int | None,
    as_of: str | None,
    observed_at: str | None,
) -> Recorded:
    if version is not None:
        return repository.log.version(pid, version)
    if as_of or observed_at:
        return event_as_of(as_of, observed_at, pid, repository.objects)
    return repository.log.latest(pid)


def _public(repository: Repository, event: Recorded) -> tuple[Recorded, bool]:
    """What of the object is public, and whether that is the FDO record alone."""
    log = repository.log
    if event.status is Status.DRAFT:
        raise NotFound(f"{event.pid} is a draft; only what is public can be cited.")
    head = log.head(event.pid)
    hidden = event.status is Status.PID_ONLY or log.withheld(head)
    return log.event(head.position) if hidden else event, hidden


def _cited(repository: Repository, event: Recorded, hidden: bool) -> Cited:
    from api.citing.forms import cited

    settings = repository.settings
    return cited(
        event,
        repository.log,
        base=settings.base,
        repository=settings.title,
        hidden=hidden,
    )
