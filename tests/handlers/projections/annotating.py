"""Annotations in the words of tests of views: proposed, decided, withdrawn, without the rules."""

from __future__ import annotations

import hashlib
from typing import Any

from fdo.annotation.identity import content_key
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import Merge, Register, Revise, Tombstone
from tests.handlers.projections.story import MOMENT, Repository

SPECIMEN = "https://doi.org/21.T11148/894b1e6cad57e921764e"
ANNA = "https://orcid.org/0000-0002-1825-0097"
ROBOT = Pid("20.5000.5072", "MAS-MAS-MAS")
MODEL = Pid("20.5000.5072", "MDL-MDL-MDL")
COUNTRY = "$['ods:hasEvents'][0]['ods:hasLocation']['dwc:countryCode']"


def anna() -> Document:
    """A person who annotates."""
    return {"@type": "schema:Person", "schema:identifier": ANNA, "schema:name": "Anna"}


def robot() -> Document:
    """A machine annotation service."""
    return {
        "@type": "schema:SoftwareApplication",
        "schema:identifier": ROBOT.iri,
        "schema:name": "label-ocr",
    }


def an_annotation(
    target: Pid,
    value: str = "FR",
    path: str | None = COUNTRY,
    motivation: str = "oa:editing",
    creator: Document | None = None,
    **more: Any,
) -> Document:
    """The draft of an annotation; `more` by key with `_` for the first `:`."""
    selectors = [{"@type": "ods:TermSelector", "ods:term": path}] if path else []
    source = {"@type": "oa:SpecificResource", "oa:hasSource": target.iri, "ods:fdoType": SPECIMEN}
    document: Document = {
        "@type": "oa:Annotation",
        "ods:fdoType": "https://doi.org/21.T11148/cf458ca9ee1d44a5608f",
        "ods:status": "Active",
        "oa:motivatedBy": [motivation],
        "oa:hasTarget": [source | ({"oa:hasSelector": selectors} if selectors else {})],
        "oa:hasBody": [{"@type": "oa:TextualBody", "rdf:value": value}],
        "dcterms:creator": [creator or anna()],
    }
    if motivation in ("oa:editing", "ods:adding", "ods:deleting"):
        document["ods:mergingDecisionStatus"] = "Pending"
    document |= {key.replace("_", ":", 1): value for key, value in more.items()}
    return document | {"col:contentKey": content_key(document)}


def a_rating(of: Pid, stars: int, by: Document | None = None) -> Document:
    """What somebody thinks of an annotation."""
    draft = an_annotation(of, "", None, "oa:assessing", by)
    draft["oa:hasBody"] = [
        {
            "@type": "oa:TextualBody",
            "rdf:value": str(stars),
            "dcterms:format": ["application/json"],
        }
    ]
    return draft | {"col:contentKey": hashlib.sha256(repr(draft).encode()).hexdigest()}


def pid_of(number: int) -> Pid:
    """The PID that the story gives to an annotation."""
    return Pid("20.5000.5072", f"ANN-ANN-{number:03d}")


class Annotating:
    """What happens to annotations, told in few words; each returns the position."""

    def __init__(self, told: Repository) -> None:
        self.told = told

    def propose(self, number: int, draft: Document) -> int:
        """Somebody proposes or remarks."""
        pid = pid_of(number)
        return self.told._do(Register(self.told._stamped(draft, pid)), pid, "annotation")

    def decide(self, number: int, decision: str, reason: str = "", **more: Any) -> int:
        """A curator approves or rejects; `more` by key with `_` for the first `:`."""
        pid = pid_of(number)
        known, _ = self.told.objects.state(pid)
        assert known is not None
        document = dict(known.document) | {
            "ods:mergingDecisionStatus": decision,
            "ods:mergingStateChangeDate": MOMENT,
            "ods:hasMergingStateChangedBy": {
                "@type": "schema:Person",
                "schema:identifier": "urn:example:curator",
                "schema:name": "Curator",
            },
            **({"col:decisionReason": reason} if reason else {}),
            **{key.replace("_", ":", 1): value for key, value in more.items()},
        }
        return self.told._do(Revise(self.told._stamped(document, pid)), pid, "annotation")

    def withdraw(self, number: int, reason: str = "a mistake") -> int:
        """Its maker takes it back."""
        command = Tombstone(reason, anna(), MOMENT)
        return self.told._do(command, pid_of(number), "annotation")

    def supersede(self, number: int, by: int) -> int:
        """Another takes its place."""
        command = Merge(pid_of(by), "a better one", anna(), MOMENT)
        return self.told._do(command, pid_of(number), "annotation")
