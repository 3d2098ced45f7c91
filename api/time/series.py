"""Growth and change as series: counts at the ends of days, weeks, months, quarters or years.

Specimens and media are counted as they stood at each end; changes as so many in each step. The
last point is the moment asked for (`to`), or now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast, get_args

from api.moments import beginning, past, position_as_of
from api.refusals import UnknownParameter
from api.time.charts import Chart, Line
from api.time.questions import PAST, Answer, Given, Questions
from eventstore.application import DigitalObjects
from eventstore.envelope import iso, to_micros, to_moment
from fdo.errors import CollectomeError, Unavailable
from fdo.identifiers import Pid
from handlers.projections.search import Search
from handlers.projections.terms import Grouping, held_path

POINTS = 500
"""The most points of a series."""
_TOP = 10
_MOST_LINES = 50
_READABLE = 60
"""A step is chosen so that there are at most so many points."""
NOT_STATED = "not stated"
OTHERS = "others"

STEPS = ("day", "week", "month", "quarter", "year")
SPECIMENS = {
    "none": "discipline", "country": "country", "mids": "mids", "source": "source",
    "dataset": "source", "discipline": "discipline", "organisation": "organisation",
    "collection": "collection", "licence": "licence", "family": "family",
    "type_status": "type_status", "basis": "basis", "media": "has_media",
}  # fmt: skip
"""What specimens can be grouped by → the facet of the search view; all of one value each."""
MEDIA = {
    "none": "status", "source": "source", "dataset": "source", "licence": "rights",
    "organisation": "organisation",
}  # fmt: skip
"""What media can be grouped by → the held term."""
CHANGES = get_args(Grouping)

PARAMETERS: dict[str, str] = {
    "of": "specimens (the default), media or changes.",
    "by": f"Specimens by {', '.join(SPECIMENS)}; media by {', '.join(MEDIA)}; changes by "
    f"{', '.join(CHANGES)}.",
    "from": "The first day (from its start, UTC), instant or event, inclusive; the first event of "
    "the log when left out. Counting begins with the step in which it lies.",
    "to": "The last day (to its end, UTC), instant or event, inclusive; now when left out.",
    "observed-at": PAST["observed-at"],
    "step": f"{', '.join(STEPS)}; chosen by the length of the stretch when left out.",
    "top": f"So many values get a line of their own, 1 to {_MOST_LINES}; 10 when left out.",
}

Counts = dict[tuple[str, str], list[int]]
"""(value, label) → a count for each point."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the axis: the end of a step, and the last event by then."""

    label: str
    moment: int
    position: int


def series(questions: Questions, given: Given) -> Answer:
    """Counts over time, by one thing."""
    of = given.one_of("of", ("specimens", "media", "changes"), "specimens")
    known = {"specimens": SPECIMENS, "media": MEDIA, "changes": CHANGES}[of]
    by = given.one_of("by", known, "none")
    first, step, points = _points(questions, given, _reach(questions, of))
    observed = questions.observed(given)
    counts = _counted(questions, of, by, first, points, observed)
    lines, others = _ranked(counts, given.number("top", _MOST_LINES, _TOP), summed=of == "changes")
    heard = "" if observed is None else f", of what was observed by {iso(observed)}"
    title = f"Number of {of}" + ("" if by == "none" else f" by {by}") + f", by {step}{heard}"
    body: dict[str, Any] = {
        "of": of,
        "by": by,
        "step": step,
        "observedAt": None if observed is None else iso(observed),
        "counts": "in each step" if of == "changes" else "at the end of each step",
        "points": [{"label": p.label, "moment": iso(p.moment), "asOf": p.position} for p in points],
        "series": [
            {"value": value, "label": label, "counts": row} for (value, label), row in lines
        ],
        "others": others and {"values": len(counts) - len(lines), "counts": others},
    }
    drawn = [(label, row) for (_, label), row in lines] + ([(OTHERS, others)] if others else [])
    chart = Chart(title, [p.label for p in points], [Line(name, row) for name, row in drawn])
    told = [(value, label, row) for (value, label), row in lines]
    if others:
        told.append(("", OTHERS, others))
    rows = [
        (point.label, iso(point.moment), point.position, value, label, row[at])
        for value, label, row in told
        for at, point in enumerate(points)
    ]
    columns = ("step", "moment", "asOf", "value", "label", "count")
    return Answer(body, columns, rows, title, chart=chart)


# ── the axis ─────────────────────────────────────────────────────────────────────────────


def _reach(questions: Questions, of: str) -> int:
    """The last event that is in the views which count this."""
    head = questions.terms_view.position()
    return min(head, _search_view(questions).position()) if of == "specimens" else head


def _points(questions: Questions, given: Given, head: int) -> tuple[int, str, list[Point]]:
    """(the position before the first step, the step, its points)."""
    log = questions.objects.log
    begin = _moment(questions, given, "from", beginning)
    if begin is None:
        events = log.read(0, 1)
        begin = events[0].recorded_at if events else questions.objects.clock()
    end = _moment(questions, given, "to", past)
    if end is None:
        end = max(begin, questions.objects.clock())
    if begin > end:
        raise UnknownParameter("from lies after to; exchange them.", parameter="from")
    step = given.one_of("step", STEPS, _step_for(begin, end))
    starts = list(_starts(to_moment(begin).date(), to_moment(end).date(), step))
    points = []
    for start in starts:
        moment = min(_midnight(_next(start, step)) - 1, end)
        points.append(Point(_label(start, step), moment, min(log.position_at(moment), head)))
    return log.position_at(_midnight(starts[0]) - 1), step, points


def _moment(
    questions: Questions, given: Given, name: str, bound: Callable[[str, str, DigitalObjects], int]
) -> int | None:
    """One of the two bounds: an event's own time, or that end of a day which counts."""
    text = given.text(name)
    if text is None:
        return None
    if not text.isdigit():
        return bound(text, name, questions.objects)
    position = position_as_of(text, questions.objects, name)
    events = questions.objects.log.read(max(position - 1, 0), 1)
    return events[0].recorded_at if events else questions.objects.clock()


def _step_for(begin: int, end: int) -> str:
    days = (to_moment(end) - to_moment(begin)).days + 1
    for step, length in zip(STEPS, (1, 7, 30, 91, 365), strict=True):
        if days / length <= _READABLE:
            return step
    return STEPS[-1]


def _starts(first: date, last: date, step: str) -> Iterator[date]:
    start, found = _begin(first, step), 0
    while start <= last:
        found += 1
        if found > POINTS:
            raise UnknownParameter(
                f"From {first} to {last} there are more than {POINTS} steps of a {step}; take a "
                "longer step, or a shorter stretch.",
                parameter="step",
            )
        yield start
        start = _next(start, step)


def _begin(day: date, step: str) -> date:
    """The first day of the step in which a day lies; weeks begin on Monday (ISO 8601)."""
    match step:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case _:
            return day.replace(month=1, day=1)


def _next(start: date, step: str) -> date:
    days = {"day": 1, "week": 7}.get(step)
    if days is not None:
        return start + timedelta(days=days)
    months = start.year * 12 + start.month - 1 + {"month": 1, "quarter": 3, "year": 12}[step]
    return date(months // 12, months % 12 + 1, 1)


def _label(start: date, step: str) -> str:
    match step:
        case "day":
            return start.isoformat()
        case "week":
            year, week, _ = start.isocalendar()
            return f"{year}-W{week:02d}"
        case "month":
            return f"{start:%Y-%m}"
        case "quarter":
            return f"{start.year}-Q{(start.month + 2) // 3}"
        case _:
            return str(start.year)


def _midnight(day: date) -> int:
    return to_micros(datetime(day.year, day.month, day.day, tzinfo=UTC))


# ── the counts ───────────────────────────────────────────────────────────────────────────


def _counted(
    questions: Questions,
    of: str,
    by: str,
    first: int,
    points: Sequence[Point],
    observed: int | None,
) -> Counts:
    ends = [point.position for point in points]
    if of == "changes":
        found = questions.terms_view.tallies(cast(Grouping, by), first, ends, observed)
        return _total(of, found) if by == "none" else found
    if of == "media":
        grown = questions.terms_view.growth(held_path(MEDIA[by]), "media", ends, observed)
        counts = {(value, _name(questions, value)): row for value, row in grown.items()}
        return _total(of, counts) if by == "none" else counts
    search = _search_view(questions)
    facet = SPECIMENS[by]
    plain = search.series(facet, ends, observed=observed)
    if by == "none":
        return _total(of, {(value, value): row for value, row in plain.items()})
    labels = {bucket.value: bucket.label for bucket in search.counts(facet)}
    return {(v, labels.get(v) or v or NOT_STATED): row for v, row in plain.items()}


def _search_view(questions: Questions) -> Search:
    if questions.views.search is None:
        raise Unavailable("This server keeps no search view; start a projector.")
    return questions.views.search


def _total(of: str, counts: Counts) -> Counts:
    summed = [sum(row) for row in zip(*counts.values(), strict=True)]
    return {("all", f"all {of}"): summed} if summed else {}


def _name(questions: Questions, value: str) -> str:
    """The name of a source system or the like, where the value is the PID of one."""
    try:
        document = questions.objects.log.latest(Pid.parse(value)).document
    except CollectomeError:
        return value
    return str(document.get("schema:name") or value)


def _ranked(
    counts: Counts, top: int, *, summed: bool
) -> tuple[list[tuple[tuple[str, str], list[int]]], list[int] | None]:
    """The largest, and the sum of all others; by the last count, or by all together."""
    order = sorted(
        counts.items(), key=lambda one: (-(sum(one[1]) if summed else one[1][-1]), one[0])
    )
    rest = [row for _, row in order[top:]]
    return order[:top], [sum(column) for column in zip(*rest, strict=True)] if rest else None
