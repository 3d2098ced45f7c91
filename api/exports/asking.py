"""What an export is asked for, as parameters of an address and as options of the command.

>>> asked(Given([("format", "documents"), ("type", "media")], PARAMETERS), objects, newest).kind
'media'
"""

from __future__ import annotations

from collections.abc import Callable

from api.moments import instant_of
from api.refusals import UnknownParameter
from api.time.questions import Given
from eventstore.application import DigitalObjects
from eventstore.instant import Instant
from fdo.catalogue import OBJECT_TYPES
from handlers.exports import PAST, SELECTED, Export, Form

SOURCE = "source-system"
PARAMETERS: dict[str, str] = {
    "format": "nquads (the graph; when left out, and nothing else is preferred), documents (openDS "
    "JSON, one object a line), ntriples (the same documents as triples), or jsonl (the log, with "
    "all that is not public).",
    "as-of": "As the repository knew it at an event number, a day or an RFC 3339 instant.",
    "observed-at": "Of that, what the sources had said by this day or instant.",
    "type": "Only objects of this type; documents and ntriples.",
    SOURCE: "Only this source system (PID) and what came from it; documents and ntriples.",
}
"""What can be asked, and what it means."""


def asked(given: Given, objects: DigitalObjects, newest: Callable[[], int]) -> Export:
    """The export that is asked for; a refusal names the parameter. `newest` is the position that
    the graph shows, which is meant where nothing is said."""
    form = Form(given.one_of("format", Form, Form.NQUADS))
    _refuse(given, form, ("as-of", "observed-at"), PAST, "has no past: it holds every version")
    _refuse(given, form, ("type", SOURCE), SELECTED, "is exported whole")
    instant = instant_of(given.text("as-of"), given.text("observed-at"), objects)
    if form is Form.NQUADS and given.text("as-of") is None:
        instant = Instant(newest(), instant.observed)
    kind = given.text("type")
    if kind is not None:
        given.one_of("type", OBJECT_TYPES, kind)
    return Export(form, instant, kind, _source(given, objects))


def _refuse(
    given: Given, form: Form, names: tuple[str, ...], among: tuple[Form, ...], why: str
) -> None:
    said = [name for name in names if given.text(name)]
    if said and form not in among:
        raise UnknownParameter(
            f"{form} {why}. Leave {' and '.join(said)} out, or export {' or '.join(among)}.",
            parameter=said[0],
        )


def _source(given: Given, objects: DigitalObjects) -> str | None:
    pid = given.pid(SOURCE)
    if pid is None:
        return None
    head = objects.log.known(pid)
    if head.type != SOURCE:
        raise UnknownParameter(
            f"{SOURCE}={pid} is a {head.type}; name the source system of a dataset (see "
            "/catalogue).",
            parameter=SOURCE,
        )
    return str(pid)
