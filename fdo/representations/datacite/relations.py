"""Other names of an object, and what it has to do with others (DataCite `relationType`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fdo.annotation.life import name_of
from fdo.documents import Document
from fdo.errors import InvalidIdentifier
from fdo.identifiers import Pid
from fdo.representations import credit
from fdo.representations.citation.cited import one_line
from fdo.representations.datacite.once import once

Related = dict[str, str]

_RELATIONS = {
    "hasDigitalMedia": "IsDocumentedBy",
    "hasDigitalSpecimen": "Documents",
    "hasSourceSystemID": "IsPartOf",
}
"""Relationship of a document → DataCite's word. A dataset does not name its parts: there may be
millions, and each of them says it."""
_OPENDS = {
    "relatedMetadataScheme": "openDS",
    "schemeUri": "https://schemas.dissco.tech/schemas/",
    "schemeType": "JSON Schema",
}
_ENDED = ("IsObsoletedBy", "IsSourceOf")
"""Relations of tombstones that DataCite knows by the same word."""


def alternates(document: Document, pid: Pid) -> list[dict[str, str]]:
    """The names that the holder gave the thing, each once; first the Handle of what has no DOI."""
    told = [("Handle", str(pid))] if pid.scheme == "handle" else []
    told += credit.identifiers(document)
    known = {value for _, value in told}
    physical = document.get("ods:physicalSpecimenID")
    if physical and physical not in known:
        told.append(("Physical specimen ID", str(physical)))
    clean = credit.once((one_line(kind), one_line(value)) for kind, value in told)
    return [
        {"alternateIdentifier": value, "alternateIdentifierType": kind or "Other"}
        for kind, value in clean
        if value
    ]


def of_document(document: Document) -> list[Related]:
    """The objects that the document names, that which an annotation is about, and what took the
    place of a withdrawn one."""
    found = [
        _related(iri, kind)
        for relation, kind in _RELATIONS.items()
        for iri in credit.related(document, relation)
    ]
    for target in document.get("oa:hasTarget", ()):  # any of them may be no object of ours
        found.append(_related(name_of(target), "References"))
    ended = document.get("ods:hasTombstoneMetadata", {})
    for other in ended.get("ods:hasRelatedPIDs", ()):
        stated = other.get("ods:relationshipType")
        kind = stated if stated in _ENDED else "IsObsoletedBy"
        found.append(_related(str(other.get("dcterms:identifier", "")), kind))
    return once(found)


def of_metadata(pid: Pid, number: int) -> list[Related]:
    """Where the document itself is had: by the DOI, whose proxy appends what it is told to the
    address (Handle proxy, `urlappend`), so that no server is named here. Nothing of a Handle."""
    if pid.scheme != "doi":
        return []
    name = pid.version_iri(number) if number else pid.iri
    found = _named(f"{name}?urlappend=%3Fformat%3Djson", "URL", "HasMetadata")
    return [found | _OPENDS]


def of_versions(
    pid: Pid, number: int | None, *, versions: Sequence[int], previous: int | None
) -> list[Related]:
    """Of an object (`number` None): the versions that have DOIs. Of a version: the object and the
    neighbours that have DOIs."""
    return list(_of_object(pid, versions) if number is None else
                _of_version(pid, number, versions, previous))  # fmt: skip


def _of_object(pid: Pid, versions: Sequence[int]) -> Iterator[Related]:
    for each in sorted(set(versions)):
        yield _version(pid, each, "HasVersion")


def _of_version(
    pid: Pid, number: int, versions: Sequence[int], previous: int | None
) -> Iterator[Related]:
    yield _related(pid.iri, "IsVersionOf")
    if previous is not None:
        yield _version(pid, previous, "IsNewVersionOf")
    if later := min((each for each in versions if each > number), default=0):
        yield _version(pid, later, "IsPreviousVersionOf")


def _version(pid: Pid, number: int, kind: str) -> Related:
    return _named(f"{pid}/{number}", "DOI" if pid.scheme == "doi" else "Handle", kind)


def _related(iri: str, kind: str) -> Related:
    """A relation to a DOI or Handle, or to any other address; empty to what has neither."""
    try:
        pid = Pid.parse(iri)
    except InvalidIdentifier:
        address = one_line(iri)
        return _named(address, "URL", kind) if address.startswith(("http://", "https://")) else {}
    return _named(str(pid), "DOI" if pid.scheme == "doi" else "Handle", kind)


def _named(name: str, scheme: str, kind: str) -> Related:
    return {"relatedIdentifier": name, "relatedIdentifierType": scheme, "relationType": kind}
