"""What a harvester asks: the arguments of a request, judged by the rules of OAI-PMH 2.0.

>>> asked([("verb", "GetRecord"), ("identifier", "x")])
Traceback (most recent call last):
api.harvesting.oai.asking.OaiError: GetRecord needs metadataPrefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from eventstore.envelope import to_micros

Code = Literal[
    "badArgument",
    "badResumptionToken",
    "badVerb",
    "cannotDisseminateFormat",
    "idDoesNotExist",
    "noMetadataFormats",
    "noRecordsMatch",
    "noSetHierarchy",
]

LONGEST = 2000
"""Characters of an argument; a resumption token has about 200."""


class OaiError(Exception):
    """A condition that OAI-PMH names (3.6); the answer has status 200 and says it."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code


@dataclass(frozen=True, slots=True)
class _Rule:
    """Arguments of a verb; `alone` is the one that excludes all others."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    alone: str | None = None


_LIST = _Rule(("metadataPrefix",), ("from", "until", "set"), "resumptionToken")
VERBS: Mapping[str, _Rule] = {
    "GetRecord": _Rule(("identifier", "metadataPrefix")),
    "Identify": _Rule(),
    "ListIdentifiers": _LIST,
    "ListMetadataFormats": _Rule(optional=("identifier",)),
    "ListRecords": _LIST,
    "ListSets": _Rule(alone="resumptionToken"),
}
"""Verb → its arguments (OAI-PMH 4)."""

_PREFIX = re.compile(r"[A-Za-z0-9\-_.!~*'()]+\Z")
_SET = re.compile(r"[A-Za-z0-9\-_.!~*'()]+(:[A-Za-z0-9\-_.!~*'()]+)*\Z")
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that keeps the rules."""

    verb: str
    arguments: Mapping[str, str]

    @property
    def since(self) -> int | None:
        """The first microsecond of `from`."""
        return _bounds(self.arguments["from"])[0] if "from" in self.arguments else None

    @property
    def until(self) -> int | None:
        """The last microsecond of `until`."""
        return _bounds(self.arguments["until"])[1] if "until" in self.arguments else None


def asked(pairs: Iterable[tuple[str, str]]) -> Asked:
    """The request of these arguments; OaiError says which rule they break."""
    pairs = list(pairs)
    verbs = [value for name, value in pairs if name == "verb"]
    if len(verbs) != 1 or verbs[0] not in VERBS:
        raise OaiError("badVerb", f"Name one verb of {', '.join(VERBS)}.")
    (verb,) = verbs
    arguments: dict[str, str] = {}
    for name, value in pairs:
        if name in arguments:
            raise OaiError("badArgument", f"The argument {name} is given twice.")
        if name != "verb":
            arguments[name] = value
    _check(verb, VERBS[verb], arguments)
    found = Asked(verb, arguments)
    if found.since is not None and found.until is not None:
        if len(arguments["from"]) != len(arguments["until"]):
            raise OaiError("badArgument", "from and until have different granularities.")
        if found.since > found.until:
            raise OaiError("badArgument", "from is later than until.")
    return found


def _check(verb: str, rule: _Rule, arguments: Mapping[str, str]) -> None:
    """Refuse unknown and missing arguments, and values that can be none."""
    known = {*rule.required, *rule.optional} | ({rule.alone} if rule.alone else set())
    if unknown := sorted(arguments.keys() - known):
        names = ", ".join(sorted(known)) or "no arguments"
        raise OaiError("badArgument", f"{verb} takes {names}, and not {unknown[0][:50]!r}.")
    if rule.alone in arguments:
        if len(arguments) > 1:
            raise OaiError("badArgument", f"{rule.alone} stands alone beside the verb.")
    elif missing := [name for name in rule.required if name not in arguments]:
        raise OaiError("badArgument", f"{verb} needs {' and '.join(missing)}.")
    for name, value in arguments.items():
        _check_value(name, value)


def _check_value(name: str, value: str) -> None:
    if not value or len(value) > LONGEST:
        raise OaiError("badArgument", f"{name} is empty or longer than {LONGEST} characters.")
    if name == "metadataPrefix" and not _PREFIX.match(value):
        raise OaiError("badArgument", "metadataPrefix has characters that no prefix may have.")
    if name == "set" and not _SET.match(value):
        raise OaiError("badArgument", "set has characters that no name of a set may have.")
    if name in ("from", "until"):
        _bounds(value)


def _bounds(text: str) -> tuple[int, int]:
    """First and last microsecond of a day or second, UTC."""
    try:
        if _DAY.match(text):
            start = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            return to_micros(start), to_micros(start) + 86_400_000_000 - 1
        if _SECOND.match(text):
            start = datetime.fromisoformat(text.replace("Z", "+00:00"))
            return to_micros(start), to_micros(start + timedelta(seconds=1)) - 1
    except (ValueError, OverflowError):
        pass
    raise OaiError(
        "badArgument", "Times are days or seconds in UTC: 2026-03-01 or 2026-03-01T12:00:00Z."
    )
