"""A version as a member of an event stream: an envelope about it, and a payload.

The envelope's subject is the version (`{PID IRI}/{n}`): what it is a version of, when and by
whom it was recorded, whether it creates, updates or deletes. The payload is what the version
says, with the object as subject. A syntax with graphs keeps it in a graph named by the member
(Linked Data Event Streams, May 2026, §2), so that versions do not run into one another. A syntax
without graphs bears it on the version and on fragments of the version; who puts the object's IRI
in the version's place has the payload again.

>>> moved(["<https://doi.org/10.5072/A#event-1> <urn:p> <https://doi.org/10.5072/A#event-2> .\\n"],
...       "https://doi.org/10.5072/A", "https://doi.org/10.5072/A/2")
['<https://doi.org/10.5072/A/2#event-1> <urn:p> <https://doi.org/10.5072/A/2#event-2> .\\n']
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fdo.representations.lexical import XSD, quoted
from ontologies.prefixes import PREFIXES
from ontologies.terms import TERMS

Activity = Literal["Create", "Update", "Delete"]
"""What a member does to the copy of a reader (Activity Streams 2.0)."""

TIMESTAMP = f"{PREFIXES['prov']}generatedAtTime"
SEQUENCE = TERMS["col:position"].iri
VERSION_OF = f"{PREFIXES['dcterms']}isVersionOf"
TRANSACTION = TERMS["col:transaction"].iri
FINALIZED = TERMS["col:transactionFinalized"].iri
_TYPE = f"{PREFIXES['rdf']}type"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a stream says about one member."""

    member: str
    """IRI of the member; no other member ever bears it."""
    version_of: str
    version: int
    activity: Activity
    recorded_at: str
    """RFC 3339 with zone."""
    observed_at: str
    position: int
    topic: str
    pid_status: str
    agent: str
    generated_by: str
    """The `prov:Activity`."""
    transaction: str
    """The activity of the first event of the command that recorded it."""
    final: bool
    """Whether the transaction is whole with this member."""


def envelope_lines(envelope: Envelope) -> list[str]:
    """N-Triples about the member, in the words that the stream declares."""
    at, integer = f"^^<{XSD}dateTime>", f"^^<{XSD}integer>"
    pairs = (
        (_TYPE, f"<{PREFIXES['as']}{envelope.activity}>"),
        (VERSION_OF, f"<{envelope.version_of}>"),
        (TERMS["ods:version"].iri, f'"{envelope.version}"{integer}'),
        (TIMESTAMP, f'"{envelope.recorded_at}"{at}'),
        (TERMS["col:observedAt"].iri, f'"{envelope.observed_at}"{at}'),
        (SEQUENCE, f'"{envelope.position}"{integer}'),
        (TERMS["col:topic"].iri, quoted(envelope.topic)),
        (TERMS["col:pidStatus"].iri, quoted(envelope.pid_status)),
        (f"{PREFIXES['prov']}wasAttributedTo", f"<{envelope.agent}>"),
        (f"{PREFIXES['prov']}wasGeneratedBy", f"<{envelope.generated_by}>"),
        (TRANSACTION, f"<{envelope.transaction}>"),
        (FINALIZED, f'"{str(envelope.final).lower()}"^^<{XSD}boolean>'),
    )
    subject = f"<{envelope.member}>"
    return [f"{subject} <{predicate}> {value} .\n" for predicate, value in pairs]


def moved(lines: Iterable[str], name: str, to: str) -> list[str]:
    """N-Triples lines with a node and its fragments renamed where they are subjects, and the
    fragments also where they are objects. A literal that looks like a name stays."""
    whole, parts = f"<{name}>", f"<{name}#"
    new_whole, new_parts = f"<{to}>", f"<{to}#"
    found = []
    for line in lines:
        subject, predicate, rest = line.split(" ", 2)
        if subject == whole:
            subject = new_whole
        elif subject.startswith(parts):
            subject = new_parts + subject[len(parts) :]
        if rest.startswith(parts):
            rest = new_parts + rest[len(parts) :]
        found.append(f"{subject} {predicate} {rest}")
    return found
