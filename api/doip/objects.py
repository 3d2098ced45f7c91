"""Digital objects as DOIP serialises them, and which version of which object a request means.

{"id": "10.5072/ABC-DEF-123", "type": "https://doi.org/21.T11148/…",
 "attributes": {"content": {openDS}, "record": {FDO record}, "version": 3, …},
 "elements": [{"id": "json", "type": "application/json", "length": 2048, "attributes": {…}}]}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from api.doip.elements import Element, elements_of, stored
from api.doip.messages import TEXT
from api.moments import history_as_of
from api.objects import dossier
from api.objects.exchange import Asked
from api.objects.resolver import Resolver
from api.objects.shown import Shown
from api.refusals import UnknownParameter
from api.site import Site
from eventstore.envelope import Recorded, iso
from eventstore.log import Head
from eventstore.naming import named
from fdo.errors import CollectomeError, InvalidIdentifier, Tombstoned
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.record import attributes as record_attributes

SERVICE = "service"
"""How clients that do not know the id of a service call it."""
RELATED = 20
"""Successors among the attributes of an answer; all are in the record."""


class DigitalObjects:
    """The objects of one site as DOIP sees them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.log = site.objects.log
        self.shown = Shown(site)
        self._answer = Resolver(site).answer
        self.files = site.files
        self.service_id = f"{site.settings.handle_prefix}/{SERVICE}"

    # ── which one ────────────────────────────────────────────────────────────────────────

    def is_service(self, target: str) -> bool:
        """Whether the service itself is meant."""
        return target in (SERVICE, self.service_id)

    def borne(self, target: str) -> str:
        """The target by the PID of its object, where it is the DOI that a dataset has beside it;
        any other as it is."""
        try:
            name, version = _parsed(target)
        except InvalidIdentifier:
            return target
        pid = named(self.site.objects, name)
        if pid == name:
            return target
        return str(pid) if version is None else f"{pid}/{version}"

    def asked(self, target: str, attributes: Mapping[str, Any]) -> Asked:
        """The object, and the version or moment, that target and attributes name."""
        pid, version = _parsed(target)
        if (given := attributes.get("version")) is not None:
            number = whole_number(given, "version")
            if version not in (None, number):
                raise UnknownParameter(
                    f"The target names version {version}, the attribute {number}; leave one out.",
                    parameter="version",
                )
            version = number
        query = {
            parameter: str(attributes[name])
            for name, parameter in (("asOf", "as-of"), ("observedAt", "observed-at"))
            if attributes.get(name) is not None
        }
        return Asked(pid, None if version is None else str(version), "", query)

    def event(self, asked: Asked) -> tuple[Recorded, Head]:
        """The public event that is asked for; refused, with what may be told, otherwise."""
        head = self.log.known(asked.pid)
        event = self.shown.select(asked, head)
        self.shown.guard(event, head)
        if event.status is Status.TOMBSTONE:
            raise Tombstoned(f"{event.pid} was withdrawn; its record and earlier versions remain.")
        return event, head

    def public(self, target: str) -> Head:
        """The head of an object that everybody may know of; a draft is as unknown as none."""
        return self.log.known(_parsed(target)[0])

    def tombstone(self, target: str) -> dict[str, Any]:
        """What may be told of an object that was withdrawn."""
        event = self.log.latest(_parsed(target)[0])
        told = record_attributes(event.type, event.status, event.document)
        return {
            "id": str(event.pid),
            "text": str(told.get("tombstonedText", ""))[:TEXT],
            "date": told.get("tombstonedDate"),
            "successors": list(told.get("hasRelatedPID", ()))[:RELATED],
            "version": event.version,
        }

    # ── as JSON ──────────────────────────────────────────────────────────────────────────

    def serialised(
        self,
        event: Recorded,
        head: Head,
        elements: Sequence[Mapping[str, Any]],
        as_of: str | None = None,
    ) -> dict[str, Any]:
        """The default serialisation (DOIP 2.0, 7), without bytes; its record as of a moment."""
        known = history_as_of(as_of, event.pid, self.site.objects)
        found: dict[str, Any] = {
            "content": event.document,
            "record": dossier.record(event, known),
            "version": event.version,
            "latestVersion": head.version,
            "status": event.status.value,
            "recordedAt": iso(event.recorded_at),
            "observedAt": iso(event.observed_at),
            "position": event.position,
        }
        if event.salt:
            found["salt"] = event.salt.hex()
            found["commitment"] = event.meta["commitment"]
        return {
            "id": str(event.pid),
            "type": str(found["record"]["digitalObjectType"]),
            "attributes": found,
            "elements": list(elements),
        }

    def whole(self, event: Recorded, head: Head, as_of: str | None = None) -> dict[str, Any]:
        """An object with all that is known of its elements."""
        told = []
        for element in self.elements(event):
            with suppress(CollectomeError):  # it cannot be made of this version
                told.append(element.described())
        return self.serialised(event, head, told, as_of)

    def listed(self, event: Recorded, head: Head) -> dict[str, Any]:
        """An object among many: its elements are named and not measured."""
        return self.serialised(event, head, [one.brief() for one in self.elements(event)])

    def elements(self, event: Recorded) -> list[Element]:
        """The bit sequences of a version that is public."""
        return [*elements_of(event, self._answer), *stored(event, self.files)]


def whole_number(value: Any, name: str, *, least: int = 1) -> int:
    """A whole number, also as text; UnknownParameter names the attribute otherwise."""
    text = str(value)
    if (
        isinstance(value, bool)
        or not (text.isascii() and text.isdigit() and len(text) <= 9)
        or int(text) < least
    ):
        raise UnknownParameter(
            f"{name} is a whole number, {least} or more, not {str(value)[:50]!r}.", parameter=name
        )
    return int(text)


def _parsed(target: str) -> tuple[Pid, int | None]:
    """The PID of a target, and its version where the target is one of a version."""
    start, _, end = target.rpartition("/")
    if end.isascii() and end.isdigit() and 0 < len(end) <= 9 and "/" in start:
        try:
            return Pid.parse(start), int(end)
        except InvalidIdentifier:
            pass  # a suffix of digits only, or no PID at all
    return Pid.parse(target), None
