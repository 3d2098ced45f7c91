"""The shapes that pass between reading, mapping and recording.

`Record` comes out of an archive, `Mapped` out of the mapping; a `Diagnostic` accompanies or
replaces either, so that every row of the source is in an event or in a report.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from fdo.documents import Document
from fdo.identifiers import PhysicalIdType

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One named finding about the source: what, where, which rule, and the next step."""

    code: str
    severity: Severity
    message: str
    next_step: str
    file: str = ""
    line: int | None = None
    offset: int | None = None
    record: str | None = None
    rows: int = 1
    """How many source rows this finding keeps out (error) or concerns."""


@dataclass(slots=True)
class Record:
    """One core row with all its extension rows, verbatim.

    Keys of `core` and of extension rows are CURIEs where the namespace is known
    (`dwc:catalogNumber`, `dcterms:license`, `ac:accessURI`), else the full IRI, else the bare
    column name. Empty cells are left out, as are blank ones and those in which a database wrote
    `NULL` or `\\N`; defaults of the metafile are in.
    `extensions` maps the row type (CURIE, e.g. `gbif:Multimedia`) to its rows.
    `fingerprint` is equal for two readings of the same values, whatever the column order.
    """

    id: str
    core: dict[str, str]
    extensions: dict[str, list[dict[str, str]]]
    fingerprint: bytes
    file: str
    line: int
    attached: tuple[tuple[str, int], ...] = ()
    """File and line of each of its extension rows."""
    size: int = 0
    """Bytes of its values as JSON."""


@dataclass(frozen=True, slots=True)
class DatasetMetadata:
    """What the metadata document (EML or another dialect) says of the dataset."""

    title: str | None = None
    identifier: str | None = None
    licence: str | None = None
    """The licence as stated: a URL where there is one, else the text."""
    organisation_name: str | None = None
    organisation_id: str | None = None
    """ROR or Wikidata IRI where the metadata hold one."""
    language: str | None = None
    published: str | None = None
    contact: str | None = None
    abstract: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the licence gate says of one record or medium."""

    passes: bool
    licence: str | None
    """Canonical licence IRI, or the text as found when it is not known."""
    reason: str
    """For people; says which licence was found where and why it does not pass."""
    inherited: bool = False


@dataclass(slots=True)
class MappedMedia:
    """One medium of a specimen, as a draft document without PID, version and dates."""

    access_uri: str
    document: Document
    gate: Verdict


@dataclass(slots=True)
class Mapped:
    """One specimen as a draft document without PID, version, dates and media links."""

    physical_id: str
    physical_id_type: PhysicalIdType
    normalised_id: str
    document: Document
    gate: Verdict
    media: list[MappedMedia] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
