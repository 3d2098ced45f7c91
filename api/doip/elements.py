"""The elements of a digital object: its bit sequences, each with type, length and checksum.

What is an element today are the formats of a version's document, byte for byte as HTTP gives
them. A source of further elements (stored media) is one more function in `SOURCES`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from api.doip.messages import Blob
from api.negotiation import DATACITE_FORMATS, DOCUMENT_FORMATS
from api.objects.exchange import Asked, Sent
from eventstore.envelope import Recorded
from fdo.errors import CollectomeError, NotFound

Answer = Callable[[Asked], Sent]
"""What HTTP sends for a request about an object."""


@dataclass(frozen=True, slots=True)
class Element:
    """One bit sequence of a version."""

    id: str
    media_type: str
    filename: str
    read: Callable[[], bytes]

    def blob(self) -> Blob:
        """Its bytes."""
        return Blob(self.read(), self.media_type)

    def brief(self) -> dict[str, Any]:
        """What can be said of it without its bytes."""
        return {
            "id": self.id,
            "type": self.media_type,
            "attributes": {"filename": self.filename},
        }

    def described(self) -> dict[str, Any]:
        """What there is to know of it, checksum and length included."""
        return described(self, self.read())


def described(element: Element, data: bytes) -> dict[str, Any]:
    """An element's description once its bytes are at hand."""
    brief = element.brief()
    checksum = {"algorithm": "SHA-256", "value": hashlib.sha256(data).hexdigest()}
    attributes = {**brief["attributes"], "checksum": checksum}
    return {**brief, "length": len(data), "attributes": attributes}


def _documents(event: Recorded, answer: Answer) -> Iterator[Element]:
    """The document of a version in the formats of its address."""
    for one in DOCUMENT_FORMATS:
        if one.name in ("json", "jsonld", "turtle"):
            asked = Asked(event.pid, str(event.version), "", {"format": one.name})
            yield _element(event, one.name, one.media_type, one.extension, asked, answer)


def _datacite(event: Recorded, answer: Answer) -> Iterator[Element]:
    """DataCite metadata."""
    xml = DATACITE_FORMATS[1]
    query = {"format": xml.name, "as-of": f"v{event.version}"}
    asked = Asked(event.pid, "datacite", "", query)
    yield _element(event, "datacite", xml.media_type, "datacite.xml", asked, answer)


def _sealed(event: Recorded, answer: Answer) -> Iterator[Element]:
    """Salt and document: the file whose SHA-256 is the hash of the version's citation."""
    if event.salt:
        asked = Asked(event.pid, str(event.version), "", part="sealed")
        yield _element(event, "sealed", "application/octet-stream", "sealed", asked, answer)


SOURCES: tuple[Callable[[Recorded, Answer], Iterable[Element]], ...] = (
    _documents,
    _datacite,
    _sealed,
)
"""Each gives elements of a version that is public."""


def elements_of(event: Recorded, answer: Answer) -> list[Element]:
    """All elements of a version that is public."""
    return [element for source in SOURCES for element in source(event, answer)]


def element_of(event: Recorded, answer: Answer, name: str) -> Element:
    """One element by its id; NotFound names those there are."""
    there = elements_of(event, answer)
    for element in there:
        if element.id == name:
            return element
    names = ", ".join(element.id for element in there)
    raise NotFound(f"{event.pid} has no element {name!r}; it has {names}.")


def with_bytes(elements: Iterable[Element]) -> Iterator[tuple[Element, bytes]]:
    """Elements with their bytes; one that cannot be made of this version is left out."""
    for element in elements:
        try:
            yield element, element.read()
        except CollectomeError:
            continue


def _element(
    event: Recorded, name: str, media_type: str, extension: str, asked: Asked, answer: Answer
) -> Element:
    filename = f"{event.pid.suffix}_v{event.version}.{extension}"
    return Element(name, media_type, filename, lambda: answer(asked).body)
