"""The elements of a digital object: its bit sequences, each with type, length and checksum.

Elements are the formats of a version's document, byte for byte as HTTP gives them, and the file of
a medium where it is stored here.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from api.doip.messages import Blob
from api.negotiation import ANNOTATION_FORMATS, DATACITE_FORMATS, DOCUMENT_FORMATS
from api.objects.exchange import Asked, Sent
from eventstore.envelope import Recorded
from fdo.errors import CollectomeError, NotFound
from fdo.identifiers import Pid
from handlers.media import MediaFiles
from handlers.media.types import type_of_file

MOST_STORED = 64 * 1024 * 1024
"""Bytes of a stored file that are given as an element; larger ones are had over HTTP."""

FILE = "file"
"""The element of a medium that is its file."""
SEALED = "sealed"
"""The element from which the hash of a citation is made: the first that an erasure takes."""
_OF_ALL = ("json", "jsonld", "turtle")
"""Formats of documents that are elements of every object."""
Answer = Callable[[Asked], Sent]
"""What HTTP sends for a request about an object."""


@dataclass(frozen=True, slots=True)
class Element:
    """One bit sequence of a version."""

    id: str
    media_type: str
    filename: str
    read: Callable[[], bytes]
    measured: tuple[int, str] | None = None
    """Length and SHA-256, where they are known without reading."""

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
        return described(self, None if self.measured else self.read())


def described(element: Element, data: bytes | None) -> dict[str, Any]:
    """An element's description: from its bytes, or from what is known of them."""
    if data is not None:
        length, digest = len(data), hashlib.sha256(data).hexdigest()
    else:
        assert element.measured is not None
        length, digest = element.measured
    brief = element.brief()
    checksum = {"algorithm": "SHA-256", "value": digest}
    return {
        **brief,
        "length": length,
        "attributes": {**brief["attributes"], "checksum": checksum},
    }


def _documents(event: Recorded, answer: Answer) -> Iterator[Element]:
    """The document of a version in the formats of its address."""
    named = [(one, one.extension) for one in DOCUMENT_FORMATS if one.name in _OF_ALL]
    if event.type == "annotation":
        named += [(one, f"{one.name}.{one.extension}") for one in ANNOTATION_FORMATS]
    for one, extension in named:
        asked = Asked(event.pid, str(event.version), "", {"format": one.name})
        yield _element(event, one.name, one.media_type, extension, asked, answer)


def _datacite(event: Recorded, answer: Answer) -> Iterator[Element]:
    """DataCite metadata."""
    xml = DATACITE_FORMATS[1]
    query = {"format": xml.name, "as-of": f"v{event.version}"}
    asked = Asked(event.pid, "datacite", "", query)
    yield _element(event, "datacite", xml.media_type, "datacite.xml", asked, answer)


def _sealed(event: Recorded, answer: Answer) -> Iterator[Element]:
    """Salt and document: the file whose SHA-256 is the hash of the version's citation."""
    if event.salt:
        asked = Asked(event.pid, str(event.version), "", part=SEALED)
        yield _element(event, SEALED, "application/octet-stream", SEALED, asked, answer)


SOURCES: tuple[Callable[[Recorded, Answer], Iterable[Element]], ...] = (
    _documents,
    _datacite,
    _sealed,
)
"""Each gives elements of a version that is public."""


def elements_of(event: Recorded, answer: Answer) -> list[Element]:
    """All elements of a version that is public."""
    return [element for source in SOURCES for element in source(event, answer)]


def stored(event: Recorded, files: MediaFiles) -> Iterator[Element]:
    """The file of a medium, where its bytes are here, are those of this version's address and
    fit into a message. Nothing is fetched for it."""
    if event.type != "media":
        return
    try:
        row, file = files.known(event.pid)
    except (OSError, sqlite3.Error):  # a cache that cannot be opened holds nothing
        return
    if row is None or file is None or row.uri != event.document.get("ac:accessURI"):
        return
    if file.length <= MOST_STORED:
        _, ending = type_of_file(file.path)
        filename = f"{event.pid.suffix}.{ending}"
        measured = file.length, file.sha256
        yield Element(FILE, file.media_type, filename, file.path.read_bytes, measured)


def element_of(there: Sequence[Element], name: str, pid: Pid) -> Element:
    """One element by its id; NotFound names those there are."""
    for element in there:
        if element.id == name:
            return element
    names = ", ".join(element.id for element in there)
    raise NotFound(f"{pid} has no element {name!r}; it has {names}.")


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
