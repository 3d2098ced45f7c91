"""Commands that take data in: ingest, import, and the decisions about paused harvests."""

from __future__ import annotations

import gzip
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from api.console import (
    DataOption,
    JsonOption,
    emit,
    ending_in_order,
    err,
    out,
    progress,
    settings_for,
    tell,
)
from api.repository import Projection, Repository
from api.settings import Settings
from eventstore.transfer import read_log
from fdo.agent import Agent
from fdo.errors import CollectomeError, Refused
from fdo.wording import many
from handlers.definitions import ensure
from handlers.harvest import reports
from handlers.harvest.harvest import Harvest, Summary
from handlers.harvest.identity import Verdict, let_go, pause_named, pauses, settle
from handlers.harvest.mapping.curated import load_mapping
from handlers.harvest.options import Options
from handlers.harvest.reading.limits import MEBIBYTE, PATIENCE_S, Limits
from handlers.harvest.records import Diagnostic


def ingest(
    sources: Annotated[list[str], typer.Argument(help="Archives, folders, tables or URLs.")],
    data: DataOption = None,
    source_system: Annotated[
        str | None, typer.Option(help="Name of the dataset; default: its title.")
    ] = None,
    organisation: Annotated[
        str | None, typer.Option(help="ROR or Wikidata id of the holder.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="Data mapping: openDS JSON, or simple JSON or TOML.")
    ] = None,
    observed_at: Annotated[
        str | None, typer.Option(help="When the source said so (RFC 3339); default: now.")
    ] = None,
    backfill: Annotated[
        bool, typer.Option(help="Record an older harvest as history; it never becomes current.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would happen; record nothing.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write every diagnostic to this file (JSON Lines).")
    ] = None,
    wait: Annotated[
        bool, typer.Option(help="Wait until graph, search and conformance show it.")
    ] = True,
    holder: Annotated[
        str | None, typer.Option(hidden=True, help="IRI of the only institution it may speak for.")
    ] = None,
    progress_file: Annotated[
        Path | None, typer.Option("--progress", hidden=True, help="Keep the row count here.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Take in Darwin Core archives or tables: every specimen and medium becomes an object."""
    settings = settings_for(data)
    if source_system and len(sources) > 1:
        raise Refused(
            "--source-system names one dataset, and each further source would be taken for its "
            "next harvest, in which what the one before showed has vanished. Take them in one by "
            "one, each under a name of its own."
        )
    options = Options(
        source_system=source_system,
        organisation=organisation,
        holder=holder,
        mapping=load_mapping(mapping) if mapping else None,
        observed_at=moment(observed_at) if observed_at else None,
        dry_run=dry_run,
        backfill=backfill,
    )
    options = under(settings, options)
    take_in(settings, sources, options, report, wait=wait, json=json, count=progress_file)


def under(settings: Settings, asked: Options) -> Options:
    """What a harvest is asked to do, with what the settings say of all harvests."""
    rejecting = frozenset[str](settings.reject_profiles)
    return replace(asked, reject_shapes=rejecting, limits=limits_of(settings))


def options_of(settings: Settings, paused: Mapping[str, Any]) -> Options:
    """What a harvest that paused was asked to do, now that it goes on."""
    at = paused["observed_at"]
    asked = Options(
        source_system=paused["source_system"],
        organisation=paused["organisation"],
        holder=paused.get("holder"),
        mapping=paused.get("mapping"),
        observed_at=moment(at) if at else None,
    )
    return under(settings, asked)


def limits_of(settings: Settings) -> Limits:
    """What the settings allow a source to use."""
    return Limits(
        max_download=settings.ingest_upload_mb * MEBIBYTE,
        max_inflated=settings.ingest_expanded_mb * MEBIBYTE,
        max_ratio=settings.ingest_ratio,
        max_files=settings.ingest_files,
        patience_seconds=PATIENCE_S,
        allow_private_hosts=settings.allow_private_hosts,
    )


def take_in(
    settings: Settings,
    sources: list[str],
    options: Options,
    report: Path | None,
    *,
    wait: bool,
    json: bool,
    count: Path | None = None,
) -> None:
    """Harvest each source up to the first that fails, project, and tell what was taken in."""
    repository = Repository(settings)
    summaries: list[Summary] = []
    with ExitStack() as stack:
        stack.enter_context(ending_in_order())
        stack.callback(repository.close)
        projection = (
            stack.enter_context(Projection(settings.data))
            if (wait and not options.dry_run)
            else None
        )
        if not options.dry_run:
            ensure(repository.objects)
        bars = stack.enter_context(progress(json))
        reports.sweep(settings.data, days=settings.reports_days, most=settings.reports_kept)
        path = report or settings.data / reports.FOLDER / f"{time.time_ns()}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = stack.enter_context(path.open("wb", buffering=0))  # an erasure reads all there is
        failure: CollectomeError | None = None
        for source in sources:
            try:
                summaries.append(_one(repository, source, options, lines, bars, count))
            except CollectomeError as error:
                failure = error
                break
        if projection is not None and summaries:
            _project(repository, projection, bars)
    for summary in summaries:
        _tell(summary, path, json, many=len(sources) > 1)
    if failure is not None:
        if left := sources[len(summaries) + 1 :]:
            err.print(f"Not read, because of the error before: {', '.join(left)}")
        raise failure
    if json and len(sources) > 1:
        emit(_total(summaries))
    empty = [s.source for s in summaries if s.records and s.rejected == s.records]
    if empty:
        err.print(f"Every record was rejected: {', '.join(empty)}; the reasons are in {path}.")
        raise typer.Exit(1)


def _one(
    repository: Repository,
    source: str,
    options: Options,
    lines: Any,
    bars: Progress,
    count: Path | None,
) -> Summary:
    bar = bars.add_task(f"Reading {Path(source).name or source}", total=None)

    def note(finding: Diagnostic) -> None:
        dataset = None if options.dry_run else harvest.summary.source_system
        lines.write(reports.line(source, finding, dataset or None))

    def moved(summary: Summary) -> None:
        bars.update(bar, completed=summary.records)
        if count is not None:
            count.write_text(str(summary.records))

    workspace = repository.data / "workspace"
    harvest = Harvest(repository.objects, workspace, options, note, moved, err.print)
    summary = harvest.run(source)
    bars.update(bar, completed=summary.records, total=summary.records)
    return summary


def _project(repository: Repository, projection: Projection, bars: Progress) -> None:
    head = repository.log.position()
    bar = bars.add_task("Projecting", total=head)
    projection.wait(head, lambda position, _: bars.update(bar, completed=position))


def _total(summaries: list[Summary]) -> dict[str, Any]:
    names = (
        "records",
        "new",
        "changed",
        "unchanged",
        "pid_only",
        "vanished",
        "rejected",
        "duplicates",
    )
    whole: dict[str, Any] = {name: sum(getattr(s, name) for s in summaries) for name in names}
    whole["diagnostics"] = sum(sum(s.diagnostics.values()) for s in summaries)
    whole["seconds"] = round(sum(s.seconds for s in summaries), 3)
    whole["sources"] = len(summaries)
    return whole


def _tell(summary: Summary, report: Path, json: bool, *, many: bool) -> None:
    if json:
        emit(
            {**summary.as_json(), "report": str(report)}
            if not many
            else {"harvest": summary.as_json(), "report": str(report)}
        )
        return
    what = "Would record" if summary.dry_run else "Recorded"
    out.print(
        f"{summary.source}: {summary.records} records = {summary.new} new + {summary.changed} "
        f"changed + {summary.unchanged} unchanged + {summary.pid_only} PID only + "
        f"{summary.rejected} rejected + {summary.duplicates} duplicates   "
        f"({'balanced' if summary.balanced else 'NOT BALANCED'}, {summary.seconds:.1f} s)"
    )
    out.print(
        f"  {what} as harvest {summary.harvest} of {summary.source_system}; "
        f"{summary.vanished} no longer seen, {summary.seen_again} seen again; media: "
        + (", ".join(f"{n} {name}" for name, n in summary.media.items()) or "none")
    )
    for name, row in sorted(summary.rows.items()):
        out.print(
            f"  {name}: {row['in']} rows in = {row['kept']} kept + {row['reported']} reported"
        )
    if summary.changed_terms:
        terms = sorted(summary.changed_terms.items(), key=lambda pair: -pair[1])[:8]
        out.print("  changed terms: " + ", ".join(f"{term} ({n})" for term, n in terms))
    if summary.diagnostics:
        told = ", ".join(f"{code} ({n})" for code, n in sorted(summary.diagnostics.items()))
        out.print(f"  diagnostics: {told}\n  each with file, line and next step in {report}")


def moment(text: str) -> datetime:
    """An RFC 3339 time; a date is its first moment, UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(
            f"{text!r} is not an RFC 3339 time; write it as 2026-03-01T12:00:00Z."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def import_log(
    file: Annotated[
        Path, typer.Argument(help="A log as written by `export --format jsonl`; .gz too.")
    ],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Read a log with its own recorded times into an empty repository, hashes checked."""
    settings = settings_for(data)
    repository = Repository(settings)
    with Projection(settings.data) as projection, progress(json) as bars:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as lines:
            number = read_log(repository.objects, lines)
        _project(repository, projection, bars)
    if json:
        emit({"events": number})
    else:
        out.print(f"{many(number, 'event')} read; every hash holds.")
    repository.close()


# ── paused harvests ──────────────────────────────────────────────────────────────────────


def identity_list(data: DataOption = None, json: JsonOption = False) -> None:
    """Harvests that paused, and what was decided."""
    repository = Repository(settings_for(data), must_exist=True)
    found = pauses(repository.data / "workspace", repository.objects)
    if json:
        emit([{k: v for k, v in pause.items() if k != "proposals"} for pause in found])
    elif not found:
        out.print("No harvest is paused.")
    else:
        tell(
            "Paused harvests",
            ["harvest", "dataset", "missing", "unknown", "proposed", "state"],
            [
                [
                    p["harvest"],
                    p["name"],
                    p["counts"]["missing"],
                    p["counts"]["unknown"],
                    p["counts"]["proposed"],
                    p["state"],
                ]
                for p in found
            ],
        )


def identity_show(harvest: str, data: DataOption = None, json: JsonOption = False) -> None:
    """The pairs proposed for a paused harvest."""
    repository = Repository(settings_for(data), must_exist=True)
    pause = pause_named(repository.data / "workspace", repository.objects, harvest)
    if json:
        emit(pause)
        return
    tell(
        f"{harvest} of {pause['name']} ({pause['state']}): {pause['counts']}",
        ["new id", "is", "old id", "score", "because"],
        [
            [p["new_id"], p["pid"], p["old_id"], p["score"], ", ".join(p["evidence"])]
            for p in pause["proposals"]
        ],
    )


def identity_approve(harvest: str, data: DataOption = None, json: JsonOption = False) -> None:
    """Keep the PIDs of the proposed pairs, and take the harvest in."""
    _settle(harvest, "approve", data, json)


def identity_reject(
    harvest: str,
    as_new: Annotated[
        bool, typer.Option(help="Take the harvest in with new PIDs for all unknown records.")
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Leave the harvest out, or take its unknown records in as new specimens."""
    _settle(harvest, "as-new" if as_new else "reject", data, json)


def _settle(harvest: str, verdict: Verdict, data: Path | None, json: bool) -> None:
    settings = settings_for(data)
    repository = Repository(settings, must_exist=True)
    by = Agent("urn:collectome:agent:operator", "Operator", "schema:Person", "Approver")
    pause = settle(repository.data / "workspace", repository.objects, harvest, verdict, by)
    repository.close()
    if verdict == "reject":
        if json:
            emit({"harvest": harvest, "state": verdict})
        else:
            out.print(f"{harvest} is rejected; nothing of it was recorded.")
        return
    options = options_of(settings, pause["options"])
    try:
        take_in(settings, [pause["archive"]], options, None, wait=True, json=json)
    except CollectomeError:
        err.print(f"The decision stands; ingest {pause['archive']} again when the cause is gone.")
        raise
    except typer.Exit:  # each of its records was rejected
        let_go(pause)
        raise
    let_go(pause)
