"""The answers of OAI-PMH 2.0 to what was asked.

    provider.answer([("verb", "ListRecords"), ("metadataPrefix", "oai_dc")], provider.now())

A list is that of one position of the log, kept in its resumption token: complete and without
doubles however much is recorded while it is read, and the next harvest, from the date of this
one, brings what came meanwhile. What left the public since is told as deleted all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from api.feeds.disclosed import disclosure
from api.harvesting.datasets import holdings, names
from api.harvesting.oai.asking import Asked, OaiError, asked
from api.harvesting.oai.formats import FORMATS, MetadataFormat
from api.harvesting.oai.sets import SetSpec, sets_of, sets_with
from api.harvesting.oai.tokens import Token
from api.site import Site
from eventstore.envelope import Recorded, iso
from eventstore.log import Head
from eventstore.naming import named
from fdo.errors import InvalidIdentifier, NotFound, Unavailable
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations.lexical import xml_text
from handlers.projections.holdings import Entry, HoldingsReader, Selection, is_change

RECORDS, HEADERS, SETS = 100, 1000, 500
"""Items of one part of a list."""

_NAMESPACE: Final = "http://www.openarchives.org/OAI/2.0/"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_URI: Final = re.compile(r"(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+\Z")


@dataclass(frozen=True, slots=True)
class Moment:
    """When a request came, taken before the head of the log as it was then: a harvester that goes
    on from `at` passes over no event that was recorded before."""

    at: datetime
    head: int


@dataclass(frozen=True, slots=True)
class _Item:
    """One object in an answer; `content` is None where it is deleted."""

    pid: Pid
    at: int
    kind: str
    source: str | None
    content: Recorded | None


class Provider:
    """Answers harvesters from one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._log = site.objects.log
        self.address = f"{site.base}/oai"

    def now(self) -> Moment:
        """The moment of a request that comes now."""
        at = datetime.now(UTC)
        return Moment(at, self._log.position())

    def reached(self, moment: Moment) -> bool:
        """Whether a list that begins at this moment can be given: its view has read so far."""
        return holdings(self._site).position() >= moment.head

    def answer(self, pairs: Iterable[tuple[str, str]], moment: Moment) -> bytes:
        """The XML document that answers these arguments; conditions of the protocol are answers
        too (OAI-PMH 3.6). Unavailable: a list was to begin that cannot be given yet."""
        request: Asked | None = None
        try:
            request = asked(pairs)
            said = "".join(self._said(request, moment))
            said = f"<{request.verb}>{said}</{request.verb}>"
        except OaiError as refusal:
            said = f'<error code="{refusal.code}">{_escaped(str(refusal))}</error>'
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<OAI-PMH xmlns="{_NAMESPACE}" xmlns:xsi="{_XSI}" '
            f'xsi:schemaLocation="{_NAMESPACE} {_NAMESPACE}OAI-PMH.xsd">\n'
            f"<responseDate>{moment.at:%Y-%m-%dT%H:%M:%SZ}</responseDate>\n"
            f"{self._request(request)}\n{said}\n</OAI-PMH>\n"
        ).encode()

    def _request(self, request: Asked | None) -> str:
        """The request as it was understood; without arguments where it was not (3.2.1)."""
        told = {} if request is None else {"verb": request.verb, **request.arguments}
        if not _URI.match(told.get("identifier", "-")):
            told.pop("identifier")  # the schema knows URIs only
        attributes = "".join(f" {name}={quoteattr(xml_text(v))}" for name, v in told.items())
        return f"<request{attributes}>{escape(self.address)}</request>"

    def _said(self, request: Asked, moment: Moment) -> Iterator[str]:
        match request.verb:
            case "Identify":
                return self._identify()
            case "ListMetadataFormats":
                return self._formats(request.arguments.get("identifier"))
            case "ListSets":
                return self._sets(request.arguments.get("resumptionToken"))
            case "GetRecord":
                return self._record(request.arguments)
            case _:
                return self._list(request, moment)

    # ── about the repository ─────────────────────────────────────────────────────────────

    def _identify(self) -> Iterator[str]:
        settings = self._site.settings
        first = self._log.read(0, 1)
        yield _element("repositoryName", settings.title)
        yield _element("baseURL", self.address)
        yield _element("protocolVersion", "2.0")
        yield _element("adminEmail", settings.contact_email)
        yield _element("earliestDatestamp", _datestamp(first[0].recorded_at if first else 0))
        yield _element("deletedRecord", "persistent")
        yield _element("granularity", "YYYY-MM-DDThh:mm:ssZ")

    def _formats(self, identifier: str | None) -> Iterator[str]:
        formats = list(FORMATS.values())
        if identifier is not None:
            head = self._head(identifier)
            if self._log.withheld(head):
                raise OaiError("noMetadataFormats", "Of this object only the PID is public.")
            formats = [one for one in formats if one.describes(head.type)]
        for one in formats:
            parts = (
                _element("metadataPrefix", one.prefix),
                _element("schema", one.schema),
                _element("metadataNamespace", one.namespace),
            )
            yield f"<metadataFormat>{''.join(parts)}</metadataFormat>"

    def _sets(self, resumption: str | None) -> Iterator[str]:
        view = holdings(self._site)
        every = sets_with((tally.kind, tally.source) for tally in view.tallies())
        if not every:
            raise OaiError("noSetHierarchy", "Nothing is here yet, and so there are no sets.")
        token = Token("ListSets", self._log.id, "", "", 0, 0, 0, 0, len(every))
        if resumption is not None:
            token = Token.read(resumption, "ListSets", self._log.id)
        part = [spec for spec in every if str(spec) > token.set][: SETS + 1]
        if not part:
            raise OaiError("badResumptionToken", "No sets follow; begin the list again.")
        known = names(self._site, {spec.source for spec in part if spec.source})
        for spec in part[:SETS]:
            named = _element("setName", _set_name(spec, known))
            yield f"<set>{_element('setSpec', str(spec))}{named}</set>"
        more = replace(token, set=str(part[SETS - 1])) if len(part) > SETS else None
        yield _continued(token, more, SETS)

    # ── about objects ────────────────────────────────────────────────────────────────────

    def _record(self, arguments: Mapping[str, str]) -> Iterator[str]:
        chosen = _format(arguments["metadataPrefix"])
        head = self._head(arguments["identifier"])
        if not chosen.describes(head.type):
            raise OaiError("cannotDisseminateFormat", f"A {head.type} has no {chosen.prefix}.")
        history = [event for event in self._log.history(head.pid) if is_change(event)]
        last = history[-1]
        sources = [event.source for event in history if event.source]
        source = str(head.pid) if head.type == "source-system" else sources[-1] if sources else None
        entry = Entry(last.position, last.recorded_at, str(head.pid), head.type, source)
        yield from (self._written(item, chosen) for item in self._items([entry]))

    def _head(self, identifier: str) -> Head:
        """Where an object stands; OaiError for one that nobody may know of."""
        try:
            head = self._log.head(named(self._site.objects, Pid.parse(identifier)))
        except (InvalidIdentifier, NotFound):
            raise OaiError("idDoesNotExist", "No object here has this identifier.") from None
        if head.status is Status.DRAFT:
            raise OaiError("idDoesNotExist", "No object here has this identifier.")
        return head

    def _list(self, request: Asked, moment: Moment) -> Iterator[str]:
        view = holdings(self._site)
        resumption = request.arguments.get("resumptionToken")
        if resumption is None:
            token = self._begun(view, request, moment)
        else:
            token = self._resumed(view, Token.read(resumption, request.verb, self._log.id))
        chosen, limit = _format(token.prefix), HEADERS if _headers_only(request) else RECORDS
        entries = view.page(_selection(token, chosen), limit + 1)
        if not entries:
            raise OaiError("badResumptionToken", "Nothing follows; begin the list again.")
        for item in self._items(entries[:limit]):
            yield _header(item) if _headers_only(request) else self._written(item, chosen)
        more = None
        if len(entries) > limit:
            behind = entries[limit - 1].position
            more = replace(token, after=behind, cursor=token.cursor + limit)
        yield _continued(token, more, limit)

    def _begun(self, view: HoldingsReader, request: Asked, moment: Moment) -> Token:
        """A new list as of the moment: without the newest changes, dated later, it would let a
        harvester pass over them."""
        if not self.reached(moment):
            raise Unavailable(
                "The list of objects is behind the log, as after a large harvest; ask again in a "
                "minute."
            )
        arguments, head = request.arguments, moment.head
        token = Token(
            request.verb, self._log.id, _format(arguments["metadataPrefix"]).prefix,
            arguments.get("set", ""), as_of=head,
            after=0 if request.since is None else self._log.position_at(request.since - 1),
            until=head if request.until is None else self._log.position_at(request.until),
            cursor=0, size=0,
        )  # fmt: skip
        if token.set and SetSpec.parse(token.set) is None:
            raise OaiError("noRecordsMatch", "There is no such set; see ListSets.")
        size = view.count(_selection(token, FORMATS[token.prefix]))
        if not size:
            raise OaiError("noRecordsMatch", "No record is in this set and between these dates.")
        return replace(token, size=size)

    def _resumed(self, view: HoldingsReader, token: Token) -> Token:
        """A token that names what there is; OaiError for a forged one."""
        known = token.prefix in FORMATS and (not token.set or SetSpec.parse(token.set) is not None)
        if not known or token.as_of > view.position() or not token.size > token.cursor:
            raise OaiError("badResumptionToken", "The token is none of ours; begin again.")
        return token

    def _items(self, entries: Sequence[Entry]) -> Iterator[_Item]:
        """What of these entries is public now; all else is deleted."""
        events = self._log.events_at(entry.position for entry in entries)
        heads = {str(head.pid): head for head in self._log.heads_of({e.pid for e in entries})}
        for entry in entries:
            event, head = events[entry.position], heads[entry.pid]
            if event.operational:  # an erasure: what stands is the version that it redacted
                event = self._log.at(event.pid, entry.position)
            shown = (
                head.status is Status.ACTIVE
                and event.status is Status.ACTIVE
                and disclosure(event, head, self._log) == "full"
            )
            kept = event if shown else None
            yield _Item(event.pid, entry.at, entry.kind, entry.source, kept)

    def _written(self, item: _Item, chosen: MetadataFormat) -> str:
        if item.content is None:
            return f"<record>{_header(item)}</record>"
        metadata = chosen.write(self._site, item.content)
        return f"<record>{_header(item)}<metadata>{metadata}</metadata></record>"


def _format(prefix: str) -> MetadataFormat:
    if prefix not in FORMATS:
        raise OaiError("cannotDisseminateFormat", f"The formats are {', '.join(FORMATS)}.")
    return FORMATS[prefix]


def _selection(token: Token, chosen: MetadataFormat) -> Selection:
    """The part of the holdings that a list goes through."""
    spec = SetSpec.parse(token.set) or SetSpec()
    kinds = chosen.kinds
    if spec.kind is not None:
        kinds = frozenset({spec.kind} if chosen.describes(spec.kind) else ())
    return Selection(token.as_of, token.after, token.until, kinds, spec.source)


def _set_name(spec: SetSpec, known: Mapping[str, str]) -> str:
    kind = spec.kind.replace("-", " ") if spec.kind else ""
    if spec.source is None:
        return f"All objects of type {kind}"
    name = known.get(spec.source, spec.source)
    return f"{name}: {kind}" if kind else name


def _headers_only(request: Asked) -> bool:
    return request.verb == "ListIdentifiers"


def _header(item: _Item) -> str:
    parts = [_element("identifier", item.pid.iri), _element("datestamp", _datestamp(item.at))]
    parts += [_element("setSpec", str(spec)) for spec in sets_of(item.kind, item.source)]
    status = ' status="deleted"' if item.content is None else ""
    return f"<header{status}>{''.join(parts)}</header>"


def _continued(token: Token, more: Token | None, limit: int) -> str:
    """The token of the next part; an empty one ends a list of several parts (3.5)."""
    if more is None and token.cursor == 0 and token.size <= limit:
        return ""
    text = more.text() if more else ""
    size = f'completeListSize="{token.size}" cursor="{token.cursor}"'
    return f"<resumptionToken {size}>{text}</resumptionToken>"


def _datestamp(at: int) -> str:
    return f"{iso(at)[:19]}Z"


def _element(name: str, text: str) -> str:
    return f"<{name}>{_escaped(text)}</{name}>"


def _escaped(text: str) -> str:
    return escape(xml_text(text))
