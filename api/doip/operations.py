"""The operations of this repository, and one way to perform them, for every transport.

OPERATIONS["0.DOIP/Op.Retrieve"]        what it is done with, and on what
Operations(site).perform(request)       a response, refusals included
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from api.doip.messages import DECLINED, Request, Response, refused
from api.doip.objects import DigitalObjects
from api.doip.reading import hello, only, retrieve, versions
from api.doip.searching import search
from api.doip.writing import create, delete, update
from api.problems import UnknownParameter
from api.site import Site
from fdo.errors import CollectomeError

_OP = "0.DOIP/Op."
LIST = f"{_OP}ListOperations"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, and whether its target is the service or an object."""

    perform: Callable[[DigitalObjects, Request], Response]
    on_service: bool = False


OPERATIONS: dict[str, Operation] = {
    f"{_OP}Hello": Operation(hello, on_service=True),
    f"{_OP}Create": Operation(create, on_service=True),
    f"{_OP}Search": Operation(search, on_service=True),
    f"{_OP}Retrieve": Operation(retrieve),
    f"{_OP}Update": Operation(update),
    f"{_OP}Delete": Operation(delete),
    "20.DOIP/Op.Versions.Get": Operation(versions),
}
"""Operation id → what performs it; ListOperations itself is possible on both."""


class Operations:
    """What this repository does for DOIP clients; safe to share between threads."""

    def __init__(self, site: Site) -> None:
        self._problems = site.problems
        self._objects = DigitalObjects(site)

    def perform(self, request: Request) -> Response:
        """The response to a request; nothing is raised."""
        try:
            return self._performed(request)
        except CollectomeError as refusal:
            return self.refuse(refusal, request.target)
        except Exception as fault:
            return refused(self._problems.crash(fault))

    def refuse(self, refusal: CollectomeError, target: str = "") -> Response:
        """The response that says why not; of what is gone, what may be told."""
        response = refused(self._problems.of(refusal))
        if response.attributes.get("gone") and target:
            told = self._objects.tombstone(target)
            response = replace(response, attributes={**response.attributes, "tombstone": told})
        return response

    def _performed(self, request: Request) -> Response:
        on_service = self._objects.is_service(request.target)
        if request.operation == LIST:
            return self._list(request, on_service)
        operation = OPERATIONS.get(request.operation)
        if operation is None or operation.on_service != on_service:
            self._known(request, on_service)
            return self._declined(request, on_service)
        return operation.perform(self._objects, request)

    def _list(self, request: Request, on_service: bool) -> Response:
        only(request.attributes)
        self._known(request, on_service)
        return Response((_possible(on_service),))

    def _known(self, request: Request, on_service: bool) -> None:
        """Refuse a target that is neither the service nor an object that is public."""
        if not on_service:
            self._objects.public(request.target)

    def _declined(self, request: Request, on_service: bool) -> Response:
        target = "the service" if on_service else request.target[:100]
        names = ", ".join(_possible(on_service))
        message = f"{request.operation[:100]!r} is no operation of {target}; there are {names}."
        response = self.refuse(UnknownParameter(message, parameter="operationId"))
        return replace(response, status=DECLINED)


def _possible(on_service: bool) -> list[str]:
    names = [name for name, one in OPERATIONS.items() if one.on_service == on_service]
    return [LIST, *names]


def required(name: str, value: Any) -> str:
    """A member that every request has; refused where it is missing or no text."""
    if not isinstance(value, str) or not value:
        raise UnknownParameter(
            f"A DOIP request names {name}, as in operationId=0.DOIP/Op.Hello&targetId=service.",
            parameter=name,
        )
    return value
