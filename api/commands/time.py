"""`collectome time`: questions across time, as /api/time answers them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from api.console import DataOption, JsonOption, emit, out, settings_for, tell
from api.repository import Repository
from api.time import series as time_series
from api.time.questions import PARAMETERS, Answer, Given, Questions
from api.views import Views
from handlers.projections.search import Search
from handlers.projections.terms import TermsReader

_CHANGED, _BUSIEST, _HELD = PARAMETERS["changed"], PARAMETERS["busiest"], PARAMETERS["held"]
_SERIES = time_series.PARAMETERS

SinceOption = Annotated[str | None, typer.Option("--since", help=_CHANGED["since"])]
UntilOption = Annotated[str | None, typer.Option("--until", help=_CHANGED["until"])]
AsOfOption = Annotated[str | None, typer.Option("--as-of", help=_CHANGED["as-of"])]
ObservedOption = Annotated[str | None, typer.Option("--observed-at", help=_CHANGED["observed-at"])]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1000, help=_CHANGED["limit"])]
CursorOption = Annotated[str | None, typer.Option("--cursor", help=_CHANGED["cursor"])]


def changed(
    term: Annotated[str | None, typer.Argument(help=_CHANGED["term"])] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    old: Annotated[str | None, typer.Option("--from", help=_CHANGED["from"])] = None,
    new: Annotated[str | None, typer.Option("--to", help=_CHANGED["to"])] = None,
    type: Annotated[str | None, typer.Option(help=_CHANGED["type"])] = None,
    source_system: Annotated[str | None, typer.Option(help=_CHANGED["source-system"])] = None,
    agent: Annotated[str | None, typer.Option(help=_CHANGED["agent"])] = None,
    as_of: AsOfOption = None,
    observed_at: ObservedOption = None,
    newest: Annotated[bool, typer.Option("--newest", help="The newest first.")] = False,
    limit: LimitOption = 100,
    cursor: CursorOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Which objects changed a term: old and new value, when and by whom."""
    given = {
        "term": term, "since": since, "until": until, "from": old, "to": new, "type": type,
        "source-system": source_system, "agent": agent, "as-of": as_of,
        "observed-at": observed_at, "order": "newest" if newest else None,
        "limit": str(limit), "cursor": cursor,
    }  # fmt: skip
    with _questions(data) as questions:
        _say(questions.changed(_given(given, _CHANGED)), json, leave=("fragment", "diff"))


def busiest(
    by: Annotated[str, typer.Argument(help=_BUSIEST["by"])] = "agent",
    since: SinceOption = None,
    until: UntilOption = None,
    as_of: AsOfOption = None,
    observed_at: ObservedOption = None,
    limit: LimitOption = 20,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Who or what changed most."""
    given = {
        "by": by, "since": since, "until": until, "as-of": as_of, "observed-at": observed_at,
        "limit": str(limit),
    }  # fmt: skip
    with _questions(data) as questions:
        _say(questions.busiest(_given(given, _BUSIEST)), json)


def series(
    of: Annotated[str, typer.Argument(help=_SERIES["of"])] = "specimens",
    by: Annotated[str | None, typer.Option(help=_SERIES["by"])] = None,
    first: Annotated[str | None, typer.Option("--from", help=_SERIES["from"])] = None,
    last: Annotated[str | None, typer.Option("--to", help=_SERIES["to"])] = None,
    step: Annotated[str | None, typer.Option(help=_SERIES["step"])] = None,
    top: Annotated[int, typer.Option(min=1, max=50, help=_SERIES["top"])] = 10,
    observed_at: ObservedOption = None,
    chart: Annotated[Path | None, typer.Option(help="Write the chart (SVG) to this file.")] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Counts over time: how the holdings grew, or how many changes there were."""
    given = {
        "of": of, "by": by, "from": first, "to": last, "step": step, "top": str(top),
        "observed-at": observed_at,
    }  # fmt: skip
    with _questions(data) as questions:
        answer = time_series.series(questions, _given(given, _SERIES))
    if chart is not None and answer.chart is not None:
        from api.time.charts import svg

        chart.write_text(svg(answer.chart), encoding="utf-8")
    if json:
        emit(answer.body)
    elif answer.chart is not None:
        lines = answer.chart.lines
        rows = [
            [place, *(line.values[at] for line in lines)]
            for at, place in enumerate(answer.chart.places)
        ]
        tell(answer.title, ["step", *(line.name for line in lines)], rows)


def held(
    term: Annotated[str, typer.Argument(help=_HELD["term"])],
    value: Annotated[str, typer.Argument(help=_HELD["value"])],
    pid: Annotated[str | None, typer.Option(help=_HELD["pid"])] = None,
    as_of: AsOfOption = None,
    observed_at: ObservedOption = None,
    limit: LimitOption = 100,
    cursor: CursorOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """First and last time that a value was held, and by which objects."""
    given = {
        "term": term, "value": value, "pid": pid, "as-of": as_of, "observed-at": observed_at,
        "limit": str(limit), "cursor": cursor,
    }  # fmt: skip
    with _questions(data) as questions:
        answer = questions.held(_given(given, _HELD))
    _say(answer, json)
    if not json:
        out.print(answer.summary)


def terms(data: DataOption = None, json: JsonOption = False) -> None:
    """Every term that ever changed, the most changed first."""
    with _questions(data) as questions:
        _say(questions.terms(Given((), {})), json)


def _given(pairs: dict[str, str | None], known: dict[str, str]) -> Given:
    return Given(((name, value) for name, value in pairs.items() if value is not None), known)


def _say(answer: Answer, json: bool, leave: tuple[str, ...] = ()) -> None:
    cursor = answer.following and answer.following["cursor"]
    if json:
        emit({**answer.body, "next": cursor} if "next" in answer.body else answer.body)
        return
    shown = [at for at, column in enumerate(answer.columns) if column not in leave]
    tell(
        answer.title,
        [answer.columns[at] for at in shown],
        [[row[at] for at in shown] for row in answer.rows],
    )
    if answer.following:
        again = " ".join(f"--{name} {answer.following[name]}" for name in ("until", "as-of")
                          if name in answer.following)  # fmt: skip
        out.print(f"more: {again} --cursor {cursor}")


@contextmanager
def _questions(data: Path | None) -> Iterator[Questions]:
    repository = Repository(settings_for(data), must_exist=True)
    folder = repository.data / "projections"
    search = Search(folder / "search" / "view.sqlite")
    terms = TermsReader(folder / "terms" / "view.sqlite")
    try:
        yield Questions(
            repository.objects, Views(search=search, terms=terms), repository.settings.base
        )
    finally:
        search.close()
        terms.close()
