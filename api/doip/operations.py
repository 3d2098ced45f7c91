"""The operations of this repository, and one way to perform them, for every transport.

OPERATIONS["0.DOIP/Op.Retrieve"]        what it is done with, and on what
Operations(site).perform(request)       a response, refusals included
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from api.doip.messages import DECLINED, Request, Response, refused
from api.doip.objects import DigitalObjects
from api.doip.reading import hello, retrieve, versions
from api.doip.searching import search
from api.doip.segments import FILE_MB
from api.doip.writing import create, delete, update, writer
from api.refusals import UnknownParameter
from api.site import Site
from fdo.definitions.names import claim
from fdo.definitions.operations import OPERATIONS as DEFINITIONS
from fdo.errors import CollectomeError, InvalidIdentifier
from fdo.identifiers import Pid

Performer = Callable[[DigitalObjects, Request], Response]

_OP = "0.DOIP/Op."
LIST = f"{_OP}ListOperations"
"""Possible on every target."""

PERFORMERS: dict[str, Performer] = {
    f"{_OP}Hello": hello,
    f"{_OP}Create": create,
    f"{_OP}Search": search,
    f"{_OP}Retrieve": retrieve,
    f"{_OP}Update": update,
    f"{_OP}Delete": delete,
    "20.DOIP/Op.Versions.Get": versions,
}
"""Operation → what performs it, beside ListOperations, which stands here."""


CHANGING = (f"{_OP}Create", f"{_OP}Update", f"{_OP}Delete")


class Operations:
    """What this repository does for DOIP clients; safe to share between threads."""

    def __init__(self, site: Site) -> None:
        self._problems = site.problems
        self._objects = DigitalObjects(site)

    def perform(self, request: Request) -> Response:
        """The response to a request; nothing is raised."""
        try:
            request = replace(request, target=self._objects.borne(request.target))
            return self._performed(request)
        except CollectomeError as refusal:
            return self.refuse(refusal, request.target)
        except Exception as fault:
            return refused(self._problems.crash(fault))

    def beside(self, authentication: Any) -> int:
        """Bytes of a file that a message of this sender may hold, beside the text that everybody's
        may: none of who may not write."""
        try:
            writer(self._objects, authentication)
        except CollectomeError:
            return 0
        return min(FILE_MB * 1024 * 1024, self._objects.files.largest)

    def refuse(self, refusal: CollectomeError, target: str = "") -> Response:
        """The response that says why not; of what is gone, what may be told."""
        response = refused(self._problems.of(refusal))
        if response.attributes.get("gone") and target:
            told = self._objects.tombstone(target)
            response = replace(response, attributes={**response.attributes, "tombstone": told})
        return response

    def _performed(self, request: Request) -> Response:
        on_service = self._objects.is_service(request.target)
        if not on_service:
            self._objects.public(request.target)
        name = self._name(request.operation)
        if name not in possible(on_service):
            return self._declined(request, on_service)
        if request.reading and name in CHANGING:
            return refused(
                self._problems.answer(
                    "method-not-allowed",
                    f"{name} changes something: send it by POST.",
                    headers={"Allow": "POST"},
                )
            )
        _only(request.attributes, DEFINITIONS[name].attributes)
        if name == LIST:
            return self._list(on_service)
        return PERFORMERS[name](self._objects, request)

    def _list(self, on_service: bool) -> Response:
        """The operations of a target, and which objects define them."""
        names = possible(on_service)
        pids = {name: pid for name, pid in self._defined().items() if name in names}
        return Response((names,), {"definitions": pids} if pids else {})

    def _name(self, operation: str) -> str:
        """The id of an operation that is named by it or by the PID of its definition."""
        if operation in DEFINITIONS:
            return operation
        try:
            pid = str(Pid.parse(operation))
        except InvalidIdentifier:
            return operation
        return next((name for name, one in self._defined().items() if one == pid), operation)

    def _defined(self) -> dict[str, str]:
        """Operation → PID of its definition, of those that stand in the log."""
        claims = {claim("fdo-operation", name): name for name in DEFINITIONS}
        heads = self._objects.log.claimed(claims)
        return {claims[key]: str(head.pid) for key, head in heads.items()}

    def _declined(self, request: Request, on_service: bool) -> Response:
        target = "the service" if on_service else request.target[:100]
        names = ", ".join(possible(on_service))
        message = f"{request.operation[:100]!r} is no operation of {target}; there are {names}."
        response = self.refuse(UnknownParameter(message, parameter="operationId"))
        return replace(response, status=DECLINED)


def possible(on_service: bool) -> list[str]:
    """The operations that a target understands."""
    return [LIST, *(name for name in PERFORMERS if DEFINITIONS[name].of_service == on_service)]


def _only(attributes: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse attributes that the operation does not know; null means not given."""
    for name, value in attributes.items():
        if name not in known and value is not None:
            raise UnknownParameter(
                f"There is no attribute {name[:100]!r} of this operation; "
                + (f"there are {', '.join(known)}." if known else "it has none."),
                parameter=name[:100],
            )


def required(name: str, value: Any) -> str:
    """A member that every request has; refused where it is missing or no text."""
    if not isinstance(value, str) or not value:
        raise UnknownParameter(
            f"A DOIP request names {name}, as in operationId=0.DOIP/Op.Hello&targetId=service.",
            parameter=name,
        )
    return value
