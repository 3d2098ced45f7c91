"""What shall go wrong: a plan of rules, drawn request by request, the same for the same seed.

>>> plan = Plan([Rule(Fault("status", status=429, retry_after=2), method="PUT", times=1)])
>>> plan.draw("PUT", "/dois/10.5072/x").status, plan.draw("PUT", "/dois/10.5072/x")
(429, None)
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from fdo.errors import Refused

Kind = Literal[
    "status", "status-after", "reset-before", "reset-after", "slow", "truncated", "late-handle"
]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    `status`: this status, and nothing is done; `status-after`: it is done, and then this status.
    `reset-before`, `reset-after`: the connection is reset before or after it is done. `slow`: the
    body of the answer comes in drops, over `seconds`. `truncated`: the body ends in the middle.
    `late-handle`: the metadata are saved, the handle leads to the new address `seconds` later.
    """

    kind: Kind
    status: int = 500
    retry_after: int | None = None
    seconds: float = 1.0

    @property
    def undone(self) -> bool:
        """Whether the request has no effect."""
        return self.kind in ("status", "reset-before")


@dataclass(frozen=True, slots=True)
class Rule:
    """A fault, and the requests that it meets."""

    fault: Fault
    method: str = ""
    """Empty: any."""
    path: str = ""
    """A regular expression that is searched in the path."""
    nth: int | None = None
    """Only this matching request, counted from 1 … """
    every: int | None = None
    """… or each of this many …"""
    probability: float | None = None
    """… or by chance; none of the three: every one."""
    times: int | None = None
    """How often at most."""


@dataclass(slots=True)
class _Count:
    seen: int = 0
    drawn: int = 0


@dataclass(slots=True)
class Plan:
    """The rules of a run; the first that applies to a request decides."""

    rules: Sequence[Rule] = ()
    seed: int = 0
    _chance: random.Random = field(init=False, repr=False)
    _counts: list[_Count] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - a plan that can be repeated
        self._counts = [_Count() for _ in self.rules]

    def draw(self, method: str, path: str) -> Fault | None:
        """The fault of the next request, or None."""
        for rule, count in zip(self.rules, self._counts, strict=True):
            if (rule.method and rule.method != method) or not re.search(rule.path, path):
                continue
            count.seen += 1
            if rule.times is not None and count.drawn >= rule.times:
                continue
            if self._applies(rule, count.seen):
                count.drawn += 1
                return rule.fault
        return None

    def _applies(self, rule: Rule, seen: int) -> bool:
        if rule.nth is not None:
            return seen == rule.nth
        if rule.every is not None:
            return seen % rule.every == 0
        if rule.probability is not None:
            return self._chance.random() < rule.probability
        return True

    @classmethod
    def parse(cls, told: Any) -> Plan:
        """The plan of a JSON body: `{"seed": 1, "rules": [{"fault": "status", "status": 429,
        "method": "PUT", "times": 2}]}`; Refused says what is wrong."""
        if not isinstance(told, Mapping) or not isinstance(told.get("rules", []), list):
            raise Refused('A plan of faults is {"seed": number, "rules": [rule, …]}.')
        seed = told.get("seed", 0)
        if not isinstance(seed, int):
            raise Refused("seed is a whole number.")
        return cls([_rule(each) for each in told.get("rules", [])], seed)


_OF_FAULT = {each.name for each in fields(Fault)} - {"kind"}
_OF_RULE = {each.name for each in fields(Rule)} - {"fault"}


def _rule(told: Any) -> Rule:
    if not isinstance(told, Mapping) or told.get("fault") not in KINDS:
        raise Refused(f"A rule needs a fault, one of {', '.join(KINDS)}.")
    given = {str(name).replace("-", "_"): value for name, value in told.items() if name != "fault"}
    if unknown := given.keys() - _OF_FAULT - _OF_RULE:
        raise Refused(f"A rule has no {sorted(unknown)[0]!r}.")
    fault = Fault(told["fault"], **{n: v for n, v in given.items() if n in _OF_FAULT})
    rule = Rule(fault, **{n: v for n, v in given.items() if n in _OF_RULE})
    try:
        re.compile(rule.path)
        numbers = (fault.status, fault.retry_after, fault.seconds, rule.nth, rule.every,
                   rule.probability, rule.times)  # fmt: skip
        if any(number is not None and float(number) < 0 for number in numbers) or rule.every == 0:
            raise ValueError("numbers are not negative, and every is at least 1")
    except (re.error, TypeError, ValueError) as wrong:
        raise Refused(f"The rule {dict(told)} cannot be read: {wrong}.") from wrong
    return rule
