"""What may be asked of the annotations view, and how it becomes SQL.

A question is made from parameters as they come in a URL; an unknown one, or one that cannot be
read, is refused by name. Words never reach the full-text engine as syntax: each is quoted, and `*`
at its end means "begins with".

>>> AnnotationQuery.parse({"state": ["pending"], "term": ["dwc:country"]}).sort
'newest'
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eventstore.moments import first_and_last
from fdo.annotation.life import STATES
from fdo.annotation.paths import parse, text
from fdo.errors import CollectomeError, InvalidDocument, InvalidIdentifier
from fdo.identifiers import Pid
from handlers.projections.annotations.rows import SEVERITIES

OVERLAYS = ("applied", "conflict", "adopted", "dropped")
SORTS = ("newest", "oldest", "urgent")
MOTIVATIONS = "assessing commenting editing adding deleting bookmarking classifying describing " \
    "highlighting identifying linking moderating questioning replying tagging"  # fmt: skip
VALUES = 100
"""Values of one question."""
_LONGEST = 2_000


class InvalidFilter(CollectomeError):
    """A parameter that is unknown or cannot be read; `details["parameter"]` names it."""


def unfit(parameter: str, message: str) -> InvalidFilter:
    """The error that names a parameter."""
    return InvalidFilter(message, parameter=parameter)


Reader = Callable[[str, str], Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: what it selects, how its value is read, and the SQL that selects by it."""

    name: str
    description: str
    read: Reader
    where: str
    """With `?` for each value, of which one must hold."""


def _any(_: str, value: str) -> str:
    return value


def _pid(name: str, value: str) -> str:
    try:
        return str(Pid.parse(value))
    except InvalidIdentifier as wrong:
        raise unfit(name, f"{name}: {wrong.message}") from wrong


def _one_of(*known: str) -> Reader:
    def read(name: str, value: str) -> str:
        if value not in known:
            raise unfit(name, f"{name} is one of {', '.join(known)}, not {value!r}.")
        return value

    return read


def _severity(name: str, value: str) -> int:
    return SEVERITIES.index(_one_of(*SEVERITIES)(name, value))


def _creator(_: str, value: str) -> str:
    """An IRI as it stands, or the PID of a service without its proxy."""
    try:
        return Pid.parse(value).iri
    except InvalidIdentifier:
        return value


def _motivation(name: str, value: str) -> str:
    if ":" in value:
        return value
    prefix = "ods" if value in ("adding", "deleting") else "oa"
    return f"{prefix}:{_one_of(*MOTIVATIONS.split())(name, value)}"


def _term(name: str, value: str) -> str:
    """A name as `dwc:country`, wherever it stands, or a whole path."""
    if re.fullmatch(r"[A-Za-z0-9]+:[A-Za-z0-9_-]+", value):
        return value
    try:
        return text(parse(value))
    except InvalidDocument as wrong:
        raise unfit(name, f"{name}: {wrong.message}") from wrong


def _uuid(_: str, value: str) -> str:
    return value.removeprefix("urn:uuid:").lower()


def _since(name: str, value: str) -> int:
    return _moment(name, value, 0)


def _until(name: str, value: str) -> int:
    return _moment(name, value, 1)


def _moment(name: str, value: str, end: int) -> int:
    """The first (0) or the last (1) microsecond of a day or an instant; not of the future."""
    try:
        moment = first_and_last(value)[end]
    except ValueError:
        raise unfit(
            name,
            f"{name} is a day (2026-03-01) or an instant with its zone (2026-03-01T12:00:00Z), not "
            f"{value!r}.",
        ) from None
    if moment > time.time_ns() // 1_000:
        raise unfit(
            name,
            f"{name}={value} lies in the future (a day counts from its start for since, to its end "
            f"for until; UTC). Leave {name} out.",
        )
    return moment


_PARTS = re.compile(r"\w+\*?")


def _match(name: str, value: str) -> str:
    """Words as FTS5 takes them, every one quoted; all must be there."""
    words = _PARTS.findall(value)
    if not words:
        raise unfit(name, f"{name} holds no word that could be looked for: {value!r}.")
    return " ".join(f'"{one[:-1]}"*' if one.endswith("*") else f'"{one}"' for one in words)


def _named(kind: str) -> str:
    return f"a.position IN (SELECT position FROM names WHERE kind='{kind}' AND value=?)"


PARAMETERS: dict[str, Parameter] = {
    each.name: each
    for each in (
        Parameter("pid", "PID of the annotation itself.", _pid, "a.pid=?"),
        Parameter("target", "PID of an object that the annotation is about.", _pid,
                  _named("target")),
        Parameter("creator", "IRI of who made it: ORCID, PID of a service, urn:.", _creator,
                  _named("creator")),
        Parameter("service", "PID of the machine annotation service that made it.", _pid,
                  "a.service=?"),
        Parameter("model", "PID of the model that made it.", _pid, "a.model=?"),
        Parameter("motivation", "Why: oa:editing, ods:adding, commenting and so on.", _motivation,
                  _named("motivation")),
        Parameter("state", f"{', '.join(STATES)}.", _one_of(*STATES), "a.state=?"),
        Parameter("term", "Term (dwc:country) or whole path of what it is about.", _term,
                  "a.position IN (SELECT position FROM names WHERE kind IN ('path','term') "
                  "AND value=?)"),
        Parameter("dataset", "PID of the source system of what it is about.", _pid, "a.dataset=?"),
        Parameter("organisation", "ROR or Wikidata IRI of the holder of what it is about.", _any,
                  "a.organisation=?"),
        Parameter("job", "PID of the job that made it.", _pid, "a.job=?"),
        Parameter("batch", "UUID of the batch in which it came.", _uuid, "a.batch=?"),
        Parameter("since", "Proposed from this day (from its start, UTC) or RFC 3339 instant on, "
                  "inclusive.", _since, "a.created>=?"),
        Parameter("until", "Proposed up to this day (to its end, UTC) or RFC 3339 instant, "
                  "inclusive.", _until, "a.created<=?"),
        Parameter("body", "Words in its bodies; * ends a word.", _match,
                  "a.position IN (SELECT rowid FROM bodies WHERE bodies MATCH ?)"),
        Parameter("severity", "high, medium or low.", _severity, "a.severity=?"),
        Parameter("overlay", f"Of an accepted change: {', '.join(OVERLAYS)}.", _one_of(*OVERLAYS),
                  "a.overlay=?"),
        Parameter("group", "Key of equal proposals, as the review queue gives it.", _any,
                  "a.grouped=?"),
        Parameter("sort", "newest (last recorded first; when left out), oldest or urgent.",
                  _one_of(*SORTS), ""),
    )
}  # fmt: skip
"""Every parameter; of several values of one, any may hold."""


_WAITING = (
    "a.motivation<>'' AND (a.state='pending' OR (a.state='accepted' AND a.overlay='conflict'))"
)
"""What was erased has no motivation left, and nobody could decide it."""


@dataclass(frozen=True, slots=True)
class AnnotationQuery:
    """One question: conditions that all must hold, and the order of the answer."""

    conditions: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    sort: str = "newest"
    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """As it was asked."""

    @classmethod
    def parse(cls, parameters: Mapping[str, Sequence[str]]) -> AnnotationQuery:
        """Read URL parameters, each with all its values; InvalidFilter names what is wrong."""
        conditions = []
        sort, left = "newest", VALUES
        for name, values in parameters.items():
            known = PARAMETERS.get(name)
            if known is None:
                raise unfit(
                    name, f"There is no parameter {name!r} here; there are {', '.join(PARAMETERS)}."
                )
            left -= len(values)
            if left < 0 or any(len(value) > _LONGEST for value in values):
                raise unfit(
                    name, f"A question has {VALUES} values at most, of {_LONGEST} characters each."
                )
            read = [known.read(name, value.strip()) for value in dict.fromkeys(values)]
            if name == "sort":
                sort = read[-1]
            else:
                conditions.append((" OR ".join([known.where] * len(read)), tuple(read)))
        given = {name: tuple(values) for name, values in parameters.items()}
        return cls(tuple(conditions), sort, given)

    def queued(self, upto: int | None = None) -> AnnotationQuery:
        """The same of what waits for a decision, the most urgent first: pending proposals, and
        accepted ones that are in conflict with their source; known by an event."""
        conditions = [*self.conditions, (_WAITING, ())]
        if upto is not None:
            conditions.append(("a.position<=?", (upto,)))
        return AnnotationQuery(tuple(conditions), "urgent", self.given)

    def held_by(self, organisation: str) -> AnnotationQuery:
        """The same of the objects of one institution."""
        held = ("a.organisation=?", (organisation,))
        return AnnotationQuery((*self.conditions, held), self.sort, self.given)

    def where(self) -> tuple[str, list[Any]]:
        """The conditions as SQL over `annotations a`, and their values."""
        sql = "".join(f" AND ({condition})" for condition, _ in self.conditions)
        return sql, [value for _, values in self.conditions for value in values]
