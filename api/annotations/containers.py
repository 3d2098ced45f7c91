"""Containers of annotations: all of them, or those on one object, in pages that stay.

    /annotations/                          all
    /10.5072/ABC-DEF-123/annotations/      those on one object

A container is an AnnotationCollection and an LDP Basic Container (Web Annotation Protocol, 4). Its
links name the event up to which it was read, so that pages neither repeat nor miss a member,
whatever is recorded meanwhile. Withdrawn annotations are no members.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from api.annotations.asking import view_of
from api.moments import position_as_of
from api.refusals import UnknownParameter
from api.site import Site
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations.annotation.w3c import to_w3c
from fdo.representations.annotation.words import CONTEXT, OWN_CONTEXT
from fdo.representations.lexical import XSD, quoted
from handlers.projections.annotations import AnnotationQuery, Found
from ontologies.prefixes import PREFIXES

PAGE = 100
"""Annotations on a page."""
LDP_CONTEXT = "http://www.w3.org/ns/ldp.jsonld"
LDP = "http://www.w3.org/ns/ldp#"
PARAMETERS = {
    "page": "Number of a page, from 0; without it the container itself.",
    "after": "The event behind which the page begins, as links give it.",
    "iris": "1: members by their IRI only.",
    "as-of": "As it was: an event number, a day or an RFC 3339 instant.",
}

_MEMBERS = AnnotationQuery.parse({"state": ["standing", "pending", "accepted", "rejected"]})
_WHOLE = re.compile(r"0|[1-9]\d{0,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of a container is asked for, and how its members are to be named."""

    target: Pid | None = None
    """The object; None: all annotations."""
    page: int | None = None
    """Number of the page; None: the container itself."""
    after: int = 0
    """The event behind which the page begins."""
    iris: bool = False
    """Members by their IRI only."""
    minimal: bool = False
    """No members: the first page is linked, not shown."""
    at: int | None = None
    """The event up to which the log counts; None: now."""


class Containers:
    """The containers of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._log = site.objects.log

    def asked(self, query: Sequence[tuple[str, str]], target: Pid | None) -> Asked:
        """What a query string asks for; UnknownParameter."""
        given: dict[str, str] = {}
        for name, value in query:
            if name not in PARAMETERS or name in given:
                raise UnknownParameter(
                    f"{name!r} is unknown here or given twice; there are {', '.join(PARAMETERS)}. "
                    "/api/annotations finds annotations by much more.",
                    parameter=name,
                    known=list(PARAMETERS),
                )
            given[name] = value
        for name in ("page", "after", "iris"):
            if not _WHOLE.fullmatch(given.get(name, "0")):
                raise UnknownParameter(f"{name} is a whole number.", parameter=name)
        when = given.get("as-of")
        return Asked(
            target,
            int(given["page"]) if "page" in given else None,
            int(given.get("after", "0")),
            given.get("iris") == "1",
            at=position_as_of(when, self._site.objects) if when else None,
        )

    def part(self, asked: Asked) -> Part:
        """What is asked for, read from the view at one moment."""
        view = view_of(self._site)
        newest = view.find(_about(asked, _ALL), None, 1, asked.at)
        # the state is the same since the last event of an annotation here, so links stay
        last = newest.found[0].row.position if newest.found else 0
        at = min(newest.as_of, asked.at) if asked.at is not None else last
        page = view.find(_about(asked, _behind(asked.after)), None, PAGE, at)
        counted = view.find(_about(asked, _NEWEST), None, 1, at) if asked.after else page
        on_last = (counted.total - 1) % PAGE + 1
        return Part(
            self._site, replace(asked, at=at), page.found, page.next_cursor is not None,
            counted.total, counted.exact,
            self._start(asked, at, on_last) if counted.exact else None,
            self._before(asked, at) if asked.page else None,
            self._log.recorded_at(last) if last else None,
        )  # fmt: skip

    def _start(self, asked: Asked, at: int, number: int) -> int:
        """The event behind which the last `number` members begin."""
        rows = view_of(self._site).find(_about(asked, _NEWEST), None, number + 1, at).found
        return rows[number].row.position if len(rows) > number else 0

    def _before(self, asked: Asked, at: int) -> int:
        """The event behind which the page before this one begins."""
        upto = ("a.position<=?", (asked.after,))
        query = _about(asked, replace(_NEWEST, conditions=(upto,)))
        rows = view_of(self._site).find(query, None, PAGE + 1, at).found
        return rows[PAGE].row.position if len(rows) > PAGE else 0


_NEWEST = AnnotationQuery(sort="newest")
_ALL = replace(_NEWEST, given={"of": ("every state",)})


def _behind(position: int) -> AnnotationQuery:
    return AnnotationQuery((("a.position>?", (position,)),), "oldest")


def _about(asked: Asked, more: AnnotationQuery) -> AnnotationQuery:
    """The members of a container, with further conditions; of every state for `_ALL`."""
    target = {"target": [str(asked.target)]} if asked.target else {}
    members = () if more is _ALL else _MEMBERS.conditions
    about = AnnotationQuery.parse(target).conditions
    return replace(more, conditions=(*about, *members, *more.conditions))


@dataclass(frozen=True, slots=True)
class Part:
    """A container or one of its pages, as it is written."""

    site: Site
    asked: Asked
    found: Sequence[Found]
    more: bool
    total: int
    exact: bool
    last: int | None
    before: int | None
    modified: str | None

    @property
    def address(self) -> str:
        """Of the container."""
        path = f"/{self.asked.target}" if self.asked.target else ""
        return f"{self.site.base}{path}/annotations/"

    @property
    def shown(self) -> str:
        """Of what is shown: the container with its preference, or the page."""
        if self.asked.page is not None:
            return self.page(self.asked.page, self.asked.after)
        if self.asked.minimal and not self.asked.iris:
            return self.address
        return f"{self.address}?{self._how}"

    @property
    def _how(self) -> str:
        return f"iris={int(self.asked.iris)}"

    def page(self, number: int, after: int) -> str:
        """The address of a page."""
        query = {"page": number, "as-of": self.asked.at, "after": after}
        return f"{self.address}?{self._how}&{urlencode(query)}"

    @property
    def following(self) -> str | None:
        """The address of the next page."""
        if not self.more:
            return None
        return self.page((self.asked.page or 0) + 1, self.found[-1].row.position)

    @property
    def preceding(self) -> str | None:
        """The address of the page before."""
        if not self.asked.page or self.before is None:
            return None
        return self.page(self.asked.page - 1, self.before)

    def json(self) -> dict[str, Any]:
        """As JSON-LD of the Web Annotation model (5)."""
        if self.asked.page is not None:
            return {"@context": [CONTEXT, OWN_CONTEXT], **self._page(), "partOf": self._collection}
        face: dict[str, Any] = {
            "@context": [CONTEXT, LDP_CONTEXT, OWN_CONTEXT],
            "type": ["BasicContainer", "AnnotationCollection"],
            **self._collection,
            "label": self.label,
        }
        if self.total:
            start = replace(self, asked=replace(self.asked, page=0, after=0))
            face["first"] = start.shown if self.asked.minimal else start._page()
            if self.last is not None:
                face["last"] = self.page((self.total - 1) // PAGE, self.last)
        return face

    @property
    def label(self) -> str:
        """For people."""
        return f"Annotations {f'on {self.asked.target}' if self.asked.target else 'of all objects'}"

    @property
    def _collection(self) -> dict[str, Any]:
        paged = replace(self, asked=replace(self.asked, page=None))
        known = {"id": paged.shown, "total": self.total if self.exact else None}
        known["modified"] = self.modified
        return {key: value for key, value in known.items() if value is not None}

    def _page(self) -> dict[str, Any]:
        page: dict[str, Any] = {"id": self.shown, "type": "AnnotationPage"}
        page["startIndex"] = (self.asked.page or 0) * PAGE
        page["items"] = self.names() if self.asked.iris else self._items()
        links = {"next": self.following, "prev": self.preceding}
        return page | {name: link for name, link in links.items() if link}

    def names(self) -> list[str]:
        """The IRIs of the members shown."""
        return [Pid.parse(one.row.pid).iri for one in self.found]

    def _items(self) -> list[Any]:
        events = self.site.objects.log.events_at([one.row.position for one in self.found])
        items: list[Any] = []
        for one, name in zip(self.found, self.names(), strict=True):
            event = events.get(one.row.position)
            if event is None or event.status is not Status.ACTIVE or "@id" not in event.document:
                items.append(name)
                continue
            face = to_w3c(event.document)
            del face["@context"]
            items.append(face)
        return items

    def lines(self) -> list[str]:
        """As N-Triples: an LDP container and what it holds on this page."""
        subject = f"<{self.address}>"
        pairs = [
            (f"{PREFIXES['rdf']}type", f"<{LDP}BasicContainer>"),
            (f"{PREFIXES['rdf']}type", f"<{PREFIXES['as']}OrderedCollection>"),
            (f"{PREFIXES['rdfs']}label", quoted(self.label)),
        ]
        if self.exact:
            pairs.append((f"{PREFIXES['as']}totalItems", f'"{self.total}"^^<{XSD}integer>'))
        if self.modified:
            pairs.append((f"{PREFIXES['dcterms']}modified",
                          f'"{self.modified}"^^<{XSD}dateTime>'))  # fmt: skip
        if not self.asked.minimal:
            pairs += [(f"{LDP}contains", f"<{name}>") for name in self.names()]
        return [f"{subject} <{predicate}> {value} .\n" for predicate, value in pairs]
