"""What a request for changes asks: from where to where, how many, of which, in what form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from api.feeds.filters import FILTERS, Filter
from api.moments import SINCE, UNTIL, position_as_of, position_before
from api.parameters import whole_number
from api.refusals import UnknownParameter
from eventstore.application import DigitalObjects

LIMIT, MOST = 1_000, 10_000
"""Events on a page: when nothing is said, and at most."""

CONTROL: dict[str, str] = {
    "since": f"{SINCE} Nothing or 0: from the first event on.",
    "until": f"{UNTIL} Nothing is ever added to such a page.",
    "limit": f"Events on a page, 1 to {MOST}.",
    "documents": "yes: with each version its document, salt and commitment, where public.",
    "format": "jsonl, json, csv, rdf-patch or html, when Accept does not say it.",
}
"""Parameters that steer the answer → what they mean."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for changes, understood."""

    wanted: Filter
    since: int
    until: int | None
    limit: int
    documents: bool
    format: str | None

    def address(self, since: int, path: str = "/changes") -> str:
        """Where the same request goes on behind another event."""
        pairs = [("since", str(since)), *self.wanted.pairs]
        if self.until is not None:
            pairs.append(("until", str(self.until)))
        if self.limit != LIMIT:
            pairs.append(("limit", str(self.limit)))
        if self.documents:
            pairs.append(("documents", "yes"))
        if self.format is not None:
            pairs.append(("format", self.format))
        return f"{path}?{urlencode(pairs)}"


def asked(given: Iterable[tuple[str, str]], objects: DigitalObjects) -> Asked:
    """The request that these parameters make; UnknownParameter names the one that is wrong."""
    control: dict[str, str] = {}
    filters: list[tuple[str, str]] = []
    for name, value in given:
        if name in FILTERS:
            filters.append((name, value))
        elif name not in CONTROL:
            known = ", ".join((*CONTROL, *FILTERS))
            raise UnknownParameter(
                f"There is no parameter {name!r} here; there are {known}.", parameter=name
            )
        elif name in control:
            raise UnknownParameter(f"{name} is given twice.", parameter=name)
        elif value:
            control[name] = value
    since = position_before(control["since"], objects) if "since" in control else 0
    until = position_as_of(control["until"], objects, "until") if "until" in control else None
    if until is not None and until < since:
        raise UnknownParameter(
            f"until lies before since: event {until} before event {since}.", parameter="until"
        )
    return Asked(
        Filter.parse(filters), since, until,
        whole_number(control.get("limit", str(LIMIT)), "limit", MOST),
        _yes(control.get("documents", "no")), control.get("format"),
    )  # fmt: skip


def _yes(text: str) -> bool:
    if text not in ("yes", "no"):
        raise UnknownParameter(f"documents is yes or no, not {text!r}.", parameter="documents")
    return text == "yes"
