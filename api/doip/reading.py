"""DOIP operations that only read: Hello, Retrieve, Versions.Get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from api.doip.elements import SEALED, described, element_of, with_bytes
from api.doip.messages import Blob, Request, Response
from api.doip.objects import DigitalObjects, whole_number
from api.objects.reports import ROWS
from api.objects.sealed import require_kept
from api.refusals import UnknownParameter
from eventstore.envelope import Recorded, iso

INFO_TYPE = "0.TYPE/DOIPServiceInfo"
PROTOCOL_VERSION = "2.0"
EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
_FALSE = (None, False, "false", "0", 0)


def hello(objects: DigitalObjects, _: Request) -> Response:
    """What this service is, and where it listens."""
    settings = objects.site.settings
    interfaces: list[dict[str, Any]] = [
        {
            "protocol": "HTTP",
            "protocolVersion": PROTOCOL_VERSION,
            "baseUri": f"{objects.site.base}/doip",
        }
    ]
    attributes: dict[str, Any] = {
        "serviceName": settings.title,
        "protocol": "HTTP",
        "protocolVersion": PROTOCOL_VERSION,
        "baseUri": f"{objects.site.base}/doip",
    }
    if settings.doip_port:
        native = {
            "protocol": "TCP",
            "protocolVersion": PROTOCOL_VERSION,
            "ipAddress": _address(settings.doip_host, objects.site.base),
            "port": settings.doip_port,
        }
        attributes |= native
        interfaces.append(native)
    attributes["interfaces"] = interfaces
    info = {"id": objects.service_id, "type": INFO_TYPE, "attributes": attributes}
    return Response((info,))


def retrieve(objects: DigitalObjects, request: Request) -> Response:
    """An object, now or as it was; one of its elements, or a range of that; or all of them."""
    asked_for = request.attributes
    asked = objects.asked(request.target, asked_for)
    event, head = objects.event(asked)
    if (name := asked_for.get("element")) is not None:
        return _element(objects, event, str(name), asked_for.get("range"))
    if asked_for.get("range") is not None:
        raise UnknownParameter("range goes with element.", parameter="range")
    if asked_for.get("includeElementData") in _FALSE:
        return Response((objects.whole(event, head, asked.query.get("as-of")),))
    there = list(with_bytes(objects.elements(event)))
    told = [described(one, data) for one, data in there]
    output: list[Any] = [objects.serialised(event, head, told, asked.query.get("as-of"))]
    for one, data in there:
        output += [{"id": one.id}, Blob(data, one.media_type)]
    return Response(output)


def versions(objects: DigitalObjects, request: Request) -> Response:
    """The versions of an object, newest first, at most 1,000; `before` begins below one."""
    head = objects.public(request.target)
    before = request.attributes.get("before")
    end = head.version + 1 if before is None else whole_number(before, "before")
    positions = objects.shown.timeline.contents(head.pid, end, ROWS)
    events = sorted(
        objects.log.events_at(positions).values(), key=lambda e: e.version, reverse=True
    )
    return Response(([_version(event, head.version) for event in events],))


def _address(host: str, base: str) -> str:
    """Where clients reach a port: the public host where it listens on every address."""
    return (urlsplit(base).hostname or host) if host in EVERYWHERE else host


def _version(event: Recorded, latest: int) -> dict[str, Any]:
    """One version, in the words that clients of other repositories know, and the moment."""
    return {
        "id": f"{event.pid}/{event.version}",
        "type": event.type,
        "versionOf": str(event.pid),
        "version": event.version,
        "isTip": event.version == latest,
        "status": event.status.value,
        "publishedBy": event.agent.id,
        "publishedOn": event.recorded_at // 1_000,
        "recordedAt": iso(event.recorded_at),
        "position": event.position,
    }


def _element(objects: DigitalObjects, event: Recorded, name: str, span: Any) -> Response:
    if name == SEALED:  # what was erased is gone, and not unknown
        require_kept(objects.shown, event)
    element = element_of(objects.elements(event), name, event.pid)
    data = element.read()
    told = described(element, data)
    attributes = {
        "type": told["type"],
        "length": told["length"],
        "filename": element.filename,
        "checksum": told["attributes"]["checksum"],
    }
    if span is not None:
        start, end = _span(span, len(data))
        data = data[start : end + 1]
        attributes["range"] = {"start": start, "end": end}
    return Response((Blob(data, element.media_type),), attributes)


def _span(span: Any, length: int) -> tuple[int, int]:
    """First and last byte, both included; `4-8` says the same as {"start": 4, "end": 8}."""
    if isinstance(span, str):
        first, _, last = span.partition("-")
        span = {"start": first or None, "end": last or None}
    if not isinstance(span, Mapping) or not span.keys() <= {"start", "end"}:
        raise UnknownParameter("range is an object with start and end.", parameter="range")
    start = 0 if span.get("start") is None else whole_number(span["start"], "range", least=0)
    end = length - 1 if span.get("end") is None else whole_number(span["end"], "range", least=0)
    end = min(end, length - 1)
    if start > end:
        raise UnknownParameter(
            f"The range {start} to {end} holds no byte of the {length} that there are; both ends "
            "are included.",
            parameter="range",
        )
    return start, end
