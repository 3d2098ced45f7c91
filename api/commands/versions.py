"""Commands about one object: show, history, diff."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, Any

import orjson
import typer

from api.console import HIGHEST, DataOption, JsonOption, PidArgument, emit, out, settings_for, tell
from api.moments import event_as_of
from api.repository import Repository
from eventstore.envelope import Recorded, iso
from eventstore.lineage import lineage, rdf_patch
from eventstore.naming import named
from fdo.difference import json_patch
from fdo.errors import PidOnly, Refused
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations.provenance import provenance_jsonld
from fdo.representations.rdf import SYNTAXES, ntriples, turtle
from fdo.wording import many


class HistoryFormat(StrEnum):
    """Forms of a history: a table, or PROV-O."""

    TABLE = "table"
    TURTLE = "turtle"
    JSONLD = "jsonld"
    NTRIPLES = "ntriples"


class DiffFormat(StrEnum):
    """Forms of a difference: a table, or patches for programs."""

    TABLE = "table"
    JSON_PATCH = "json-patch"
    RDF_PATCH = "rdf-patch"


def show(
    pid: PidArgument,
    version: Annotated[int | None, typer.Option(max=HIGHEST, help="Number of a version.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="As recorded then: event, version (v2), day or instant.")
    ] = None,
    observed_at: Annotated[
        str | None, typer.Option(help="Of what its source said by then: day or instant.")
    ] = None,
    format: Annotated[str, typer.Option(help="json, " + ", ".join(SYNTAXES))] = "json",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """The document of an object: now, at a version, or at a moment."""
    if version is not None and (as_of or observed_at):
        raise Refused("Name a version or a moment, not both.")
    repository = Repository(settings_for(data), must_exist=True)
    name = named(repository.objects, Pid.parse(pid))
    if version is not None:
        event = repository.log.version(name, version)
    elif as_of or observed_at:
        event = event_as_of(as_of, observed_at, name, repository.objects)
    else:
        event = repository.log.latest(name)
    _public(event)
    if json or format == "json":
        emit(event.document)
    elif format not in SYNTAXES:
        raise Refused(f"{format!r} is no format we write; known are json, {', '.join(SYNTAXES)}.")
    else:
        address = f"{repository.settings.base}/contexts/opends.jsonld"
        sys.stdout.buffer.write(SYNTAXES[format].write(event.document, address))


def history(
    pid: PidArgument,
    format: Annotated[HistoryFormat, typer.Option(help="Form of the answer.")] = (
        HistoryFormat.TABLE
    ),
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Everything that happened to an object, oldest first."""
    repository = Repository(settings_for(data), must_exist=True)
    events = repository.log.history(named(repository.objects, Pid.parse(pid)))
    if json:
        emit([event_row(event) for event in events])
    elif format is HistoryFormat.TABLE:
        _tell_history(events)
    else:
        lines = lineage(events, repository.log.head(events[0].pid))
        typer.echo(_provenance(lines, events[0].pid, format), nl=False)


def diff(
    pid: PidArgument,
    start: Annotated[
        str | None,
        typer.Option("--from", help="A version, a day or an instant; else the one before --to."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="A version, a day or an instant; else the newest.")
    ] = None,
    format: Annotated[DiffFormat, typer.Option(help="Form of the answer.")] = DiffFormat.TABLE,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """What changed between two versions of an object."""
    from api.objects.diff import ends, table  # brings in the web

    repository = Repository(settings_for(data), must_exist=True)
    name = named(repository.objects, Pid.parse(pid))
    old, new = ends(repository.objects, name, start, end)
    for event in (old, new):
        _public(event)
    if format is DiffFormat.RDF_PATCH:
        typer.echo(rdf_patch(old, new), nl=False)
    elif format is DiffFormat.JSON_PATCH:
        emit(json_patch(old.document, new.document))
    elif json:
        emit(table(old, new, repository.settings.base))
    else:
        _tell_diff(old, new, table(old, new, repository.settings.base)["changes"])


def event_row(event: Recorded) -> dict[str, Any]:
    """One event of a history, JSON-ready."""
    return {
        "position": event.position,
        "version": event.version,
        "what": event.topic,
        "status": event.status.value,
        "recorded_at": iso(event.recorded_at),
        "observed_at": iso(event.observed_at),
        "agent": event.agent.id,
        "agent_name": event.agent.name,
        "role": event.agent.role,
        "activity": event.activity,
        "cause": event.cause,
        "detail": dict(event.detail),
    }


def _provenance(lines: list[str], pid: Pid, format: HistoryFormat) -> str:
    if format is HistoryFormat.TURTLE:
        return turtle(lines, pid.iri)
    if format is HistoryFormat.JSONLD:
        return orjson.dumps(provenance_jsonld(lines)).decode() + "\n"
    return ntriples(lines)


def _public(event: Recorded) -> None:
    if event.status is Status.PID_ONLY:
        raise PidOnly(f"{event.pid} has a PID and a record only: {event.document['reason']}")


def _tell_history(events: list[Recorded]) -> None:
    tell(
        f"{events[0].pid.iri} ({events[0].type})",
        ["event", "version", "what", "recorded", "observed", "by", "role"],
        [
            [
                e.position,
                e.version,
                e.topic,
                iso(e.recorded_at),
                iso(e.observed_at),
                e.agent.name,
                e.agent.role,
            ]
            for e in events
        ],
    )


def _tell_diff(old: Recorded, new: Recorded, rows: list[dict[str, Any]]) -> None:
    """The terms that say something new; what the repository computes is only counted."""
    told = [row for row in rows if "stamp" not in row]
    tell(
        f"{new.pid.iri}, version {old.version} ({iso(old.recorded_at)}) to "
        f"{new.version} ({iso(new.recorded_at)})",
        ["what", "term", f"version {old.version}", f"version {new.version}"],
        [[row["kind"], row["path"], _text(row, "old"), _text(row, "new")] for row in told],
    )
    if len(rows) > len(told):
        out.print(
            f"and {many(len(rows) - len(told), 'value')} that the repository computes (--json)"
        )


def _text(row: dict[str, Any], side: str) -> str:
    if side not in row:
        return ""
    value = row[side]
    return value if isinstance(value, str) else orjson.dumps(value).decode()
