"""Questions across time, as parameters ask them and as rows answer them.

    Questions(objects, views, base).changed(Given({"term": "country"}))

One answer serves JSON, CSV, pages and the command line alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, cast, get_args

from api.moments import SINCE, UNTIL, observed_at, position_as_of, position_before
from api.parameters import whole_number
from api.refusals import UnknownParameter
from api.time.charts import Chart
from api.views import Views
from eventstore.application import DigitalObjects
from eventstore.envelope import iso
from fdo.catalogue import OBJECT_TYPES
from fdo.errors import InvalidIdentifier, Unavailable
from fdo.identifiers import Pid
from fdo.wording import many
from handlers.projections.terms import LIMIT_CAP, By, Changed, Span, TermsReader, Wanted, held_path

LIMIT = 100
"""Rows of a page when nothing is said."""

_PLACE = re.compile(r"(\d{1,18})-(\d{1,18})\Z", re.ASCII)
PAST = {
    "as-of": "As the repository knew it then: an event number, a day or an RFC 3339 instant.",
    "observed-at": "Only what the sources had said by this day or instant.",
}
"""The two clocks, as the parameters of a question describe them."""
_STRETCH = {"since": SINCE, "until": UNTIL}
_PAGES = {
    "cursor": "Where the next page begins, as `next` gives it.",
    "limit": f"Rows of a page, 1 to {LIMIT_CAP}.",
}
PARAMETERS: dict[str, dict[str, str]] = {
    "changed": {
        "term": "The term that changed: a path, a key (dwc:country) or a name (country).",
        **_STRETCH,
        "from": "Only where the value was exactly this.",
        "to": "Only where the value became exactly this.",
        "type": "Only objects of this type.",
        "source-system": "Only what came from this source system (PID).",
        "agent": "Only what this agent did: an IRI or a name.",
        **PAST,
        "order": "oldest (the default) or newest first.",
        **_PAGES,
    },
    "busiest": {
        "by": f"Whom or what to count by: {', '.join(get_args(By))}.",
        **_STRETCH,
        **PAST,
        "limit": f"Rows, 1 to {LIMIT_CAP}; 20 when left out.",
    },
    "held": {
        "term": "A term of which is kept when its values were held, such as country.",
        "value": "The value, exactly.",
        "pid": "Only this object.",
        **PAST,
        **_PAGES,
    },
    "terms": {},
}
"""Question → its parameters and what they mean."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: the members for programs, and the rows for tables."""

    body: dict[str, Any]
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    title: str
    chart: Chart | None = None
    following: dict[str, str] | None = None
    """The parameters of the next page."""
    summary: str | None = None
    """The answer in a sentence, where there is one."""


class Given:
    """The parameters of one question; each is known, and given once."""

    def __init__(self, pairs: Iterable[tuple[str, str]], known: Mapping[str, str]) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            if name not in known:
                raise UnknownParameter(
                    f"There is no parameter {name!r} here; there are {', '.join(known)}.",
                    parameter=name,
                )
            if name in self._values:
                raise UnknownParameter(f"{name} is given twice.", parameter=name)
            if value:
                self._values[name] = value

    def text(self, name: str) -> str | None:
        """The value of a parameter; None where it is not given."""
        return self._values.get(name)

    def needed(self, name: str) -> str:
        """The value of a parameter without which there is no question."""
        if name not in self._values:
            raise UnknownParameter(f"{name} is missing: say it with ?{name}=….", parameter=name)
        return self._values[name]

    def one_of(self, name: str, among: Iterable[str], default: str) -> str:
        """One of a few words."""
        value, known = self._values.get(name, default), tuple(among)
        if value not in known:
            raise UnknownParameter(
                f"{name} is one of {', '.join(known)}, not {value!r}.",
                parameter=name,
                nearest=get_close_matches(value, known, 3),
            )
        return value

    def number(self, name: str, most: int, default: int) -> int:
        """A whole number from 1 to `most`."""
        text = self._values.get(name)
        return default if text is None else whole_number(text, name, most)

    def place(self) -> tuple[int, int] | None:
        """Where the page before ended."""
        text = self._values.get("cursor")
        if text is None:
            return None
        if not (found := _PLACE.match(text)):
            raise UnknownParameter(
                "The cursor is none of ours; begin again without it, and follow `next` as it is "
                "given.",
                parameter="cursor",
            )
        return int(found[1]), int(found[2])

    def pid(self, name: str) -> Pid | None:
        """The PID of an object."""
        text = self._values.get(name)
        if text is None:
            return None
        try:
            return Pid.parse(text)
        except InvalidIdentifier as error:
            raise UnknownParameter(f"{name}: {error.message}", parameter=name) from error

    def all(self) -> dict[str, str]:
        """Everything that was given."""
        return dict(self._values)


class Questions:
    """Answers from the views of one repository."""

    def __init__(self, objects: DigitalObjects, views: Views, base: str) -> None:
        self.objects, self.views, self.base = objects, views, base

    @property
    def terms_view(self) -> TermsReader:
        """The view of changed terms; Unavailable where the server keeps none."""
        if self.views.terms is None:
            raise Unavailable("This server keeps no view of changed terms; start a projector.")
        return self.views.terms

    def terms(self, _: Given) -> Answer:
        """Every term that ever changed, how often, and when last."""
        view = self.terms_view
        found = view.terms()
        times = self._times(one.last for one in found)
        rows = [(one.term, one.name, one.changes, one.last, times[one.last]) for one in found]
        names = ("term", "name", "changes", "last", "lastAt")
        items = [dict(zip(names, row, strict=True)) for row in rows]
        return Answer({"asOf": view.position(), "items": items}, names, rows, "Terms that changed")

    def changed(self, given: Given) -> Answer:
        """Which objects changed a term: old and new value, when and by whom."""
        since, until = self.stretch(given)
        wanted = Wanted(
            given.text("term"), given.text("from"), given.text("to"), self._type(given),
            _text(given.pid("source-system")), given.text("agent"), self.observed(given),
        )  # fmt: skip
        limit = given.number("limit", LIMIT_CAP, LIMIT)
        newest = given.one_of("order", ("oldest", "newest"), "oldest") == "newest"
        found = self.terms_view.changed(
            wanted, since, until, after=given.place(), newest=newest, limit=limit
        )
        following = None
        if len(found) == limit:
            cursor = f"{found[-1].position}-{found[-1].ordinal}"
            kept = {name: value for name, value in given.all().items() if name != "as-of"}
            following = {**kept, "until": str(until), "cursor": cursor}
        items = [self._change(row) for row in found]
        body = {"since": since, "until": until, "next": None, "items": items}
        rows = [
            (i["pid"], i["term"], i["old"], i["new"], i["recordedAt"], i["agent"]["name"],
             i["version"], i["event"], i["fragment"], i["observedAt"], i["source"], i["diff"])
            for i in items
        ]  # fmt: skip
        columns = ("pid", "term", "old", "new", "recordedAt", "agent", "version", "event",
                   "fragment", "observedAt", "source", "diff")  # fmt: skip
        title = f"What changed{_of(given.text('term'))}"
        return Answer(body, columns, rows, title, following=following)

    def _change(self, row: Changed) -> dict[str, Any]:
        return {
            "pid": row.pid,
            "url": f"{self.base}/{row.pid}",
            "type": row.type,
            "term": row.term,
            "fragment": row.fragment,
            "kind": "added" if row.old is None else "removed" if row.new is None else "changed",
            "old": row.old,
            "new": row.new,
            "shortened": bool(row.cut),
            "version": row.version,
            "event": row.position,
            "recordedAt": iso(row.recorded_at),
            "observedAt": iso(row.observed_at),
            "agent": {"id": row.agent, "name": row.agent_name},
            "source": row.source,
            "diff": f"{self.base}/{row.pid}/diff?from={row.version - 1}&to={row.version}",
        }

    def busiest(self, given: Given) -> Answer:
        """Who or what changed most."""
        since, until = self.stretch(given)
        by = given.one_of("by", get_args(By), "agent")
        limit = given.number("limit", LIMIT_CAP, 20)
        found = self.terms_view.busiest(
            cast(By, by), since, until, observed=self.observed(given), limit=limit
        )
        times = self._times(one.last for one in found)
        rows = [
            (one.value, one.label, one.changes, one.objects, one.last, times[one.last])
            for one in found
        ]
        columns = ("value", "label", "changes", "objects", "last", "lastAt")
        items = [dict(zip(columns, row, strict=True)) for row in rows]
        body = {"by": by, "since": since, "until": until, "items": items}
        return Answer(body, columns, rows, f"Most changes by {by}")

    def held(self, given: Given) -> Answer:
        """When a value was held: first and last, by how many objects, and by each of them."""
        path, value, view = held_path(given.needed("term")), given.needed("value"), self.terms_view
        at = min(self.as_of(given), view.position())
        observed, limit = self.observed(given), given.number("limit", LIMIT_CAP, LIMIT)
        pid = given.pid("pid")
        object = None if pid is None else self.objects.log.version(pid, 1).position
        spans = view.spans(
            path, value, at, observed=observed, object=object,
            after=given.place() or (0, 0), limit=limit,
        )  # fmt: skip
        whole = view.held(path, value, at, observed=observed, object=object)
        ends = {event for span in spans for event in (span.begin, span.upto) if event}
        when = self._moments({*ends, *(e for e in (whole.first, whole.last) if e)})
        following = None
        if len(spans) == limit:
            cursor = f"{spans[-1].object}-{spans[-1].begin}"
            following = {**given.all(), "as-of": str(at), "cursor": cursor}
        body: dict[str, Any] = {
            "term": path, "value": value, "asOf": at,
            "observedAt": None if observed is None else iso(observed),
            "objects": whole.objects, "now": whole.now,
            "first": when.get(whole.first or 0), "last": when.get(whole.last or 0),
            "next": None, "items": [self._span(span, when) for span in spans],
        }  # fmt: skip
        if not whole.objects:
            body["nearest"] = get_close_matches(value, view.values(path), 5)
        columns = ("pid", "type", "from", "fromEvent", "to", "toEvent")
        rows = [
            (span.pid, span.type, when[span.begin]["recordedAt"], span.begin,
             when[span.upto]["recordedAt"] if span.upto else "still", span.upto)
            for span in spans
        ]  # fmt: skip
        title = f"When {given.needed('term')} was {value}"
        return Answer(body, columns, rows, title, None, following, _told(body))

    def _span(self, span: Span, when: Mapping[int, Any]) -> dict[str, Any]:
        return {
            "pid": span.pid,
            "url": f"{self.base}/{span.pid}",
            "type": span.type,
            "from": when[span.begin],
            "to": when[span.upto] if span.upto else None,
        }

    # ── times ────────────────────────────────────────────────────────────────────────────

    def as_of(self, given: Given) -> int:
        """The last event that counts."""
        text = given.text("as-of")
        return self.objects.log.position() if text is None else position_as_of(text, self.objects)

    def observed(self, given: Given) -> int | None:
        """The bound on what the sources had said."""
        text = given.text("observed-at")
        return None if text is None else observed_at(text, self.objects)

    def stretch(self, given: Given) -> tuple[int, int]:
        """(behind which event, up to which one), as far as the view has come."""
        since, until = given.text("since"), given.text("until")
        begin = 0 if since is None else position_before(since, self.objects)
        end = min(self.as_of(given), self.terms_view.position())
        if until is not None:
            end = min(end, position_as_of(until, self.objects, "until"))
        return begin, end

    def _moments(self, positions: Iterable[int]) -> dict[int, dict[str, Any]]:
        events = self.objects.log.events_at(positions)
        return {
            at: {
                "event": at,
                "recordedAt": iso(event.recorded_at),
                "observedAt": iso(event.observed_at),
            }
            for at, event in events.items()
        }

    def _times(self, positions: Iterable[int]) -> dict[int, str]:
        return {at: one["recordedAt"] for at, one in self._moments(set(positions)).items()}

    def _type(self, given: Given) -> str | None:
        kind = given.text("type")
        return None if kind is None else given.one_of("type", OBJECT_TYPES, kind)


def _text(pid: Pid | None) -> str | None:
    return None if pid is None else str(pid)


def _of(term: str | None) -> str:
    return f": {term}" if term else ""


def _told(held: Mapping[str, Any]) -> str:
    """When a value was held, in a sentence."""
    if not held["objects"]:
        near = ", ".join(held["nearest"])
        return "No public object ever held it." + (f" Held were: {near}." if near else "")
    last = held["last"]["recordedAt"] if held["last"] else "now"
    bound = f", of what was observed by {held['observedAt']}" if held["observedAt"] else ""
    return (
        f"{many(held['objects'], 'object')} held it, {held['now']:,} as of event "
        f"{held['asOf']:,}{bound}; from {held['first']['recordedAt']} to {last}."
    )
