"""Of whose datasets, specimens and media a harvest may speak: of all, or of one institution's
(`Options.holder`).

What another institution holds is neither registered nor revised nor missed; that is reported, and
counts as rejected.
"""

from __future__ import annotations

from eventstore.application import DigitalObjects
from fdo import dataset
from fdo.documents import Document
from fdo.identifiers import Pid
from handlers.harvest.records import Diagnostic, Record, Severity


def holder_of(objects: DigitalObjects, pid: Pid) -> str | None:
    """IRI of the institution that holds the dataset of a source system, as far as it is known."""
    told = objects.log.latest(pid).document.get("schema:description", "")
    held = dataset.holder(told)
    return held and held[1]


def holder_in(document: Document) -> str | None:
    """IRI of the institution that holds a specimen or medium, as its document says."""
    held: str | None = document.get("ods:organisationID")
    return held


def held_by_another(
    record: Record, what: str, other: str | None, allowed: str, severity: Severity
) -> Diagnostic:
    """The finding about a specimen or medium that is not the institution's."""
    return Diagnostic(
        "held-by-another-institution",
        severity,
        f"{what} is held by {other or 'nobody known'}, and this harvest may speak for {allowed} "
        "only.",
        "Let somebody who is not limited to one institution take it in.",
        record.file,
        record.line,
        None,
        record.id,
    )
