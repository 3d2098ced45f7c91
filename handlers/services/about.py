"""What a shipped service tells of itself: the document with which it is registered.

Every description says what a service cannot do, beside what it does; no shipped service has its
proposals approved unseen (`col:autoAccept` is false, whatever the score).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fdo.documents import Document
from handlers.services.runtime import release

LICENSE = "https://www.apache.org/licenses/LICENSE-2.0"
IMAGES: Mapping[str, Sequence[str]] = {"$['dcterms:type']": ["StillImage", "Image"]}
"""Filter of the services that look at images."""
LIFE_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class About:
    """One shipped service, in the words of its registration."""

    name: str
    does: str
    """A sentence."""
    cannot: str
    """A sentence or two, for whoever has to judge its annotations."""
    works_on: Sequence[str]
    motivations: Sequence[str]
    packages: Sequence[str]
    """Distributions whose releases its annotations name."""
    filter: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    triggers: Sequence[str] = ("registered", "changed", "request")
    micro_batch: int = 8
    wait_ms: int = 200
    lease_s: int = 300
    gpu: str = "none"

    @property
    def release(self) -> str:
        """The releases of the packages that do the work, as annotations name them."""
        return release(*self.packages)

    def document(self) -> Document:
        """The registration: a machine-annotation-service document, defaults left out."""
        told: Document = {
            "schema:name": self.name,
            "schema:description": f"{self.does} What it cannot do: {self.cannot}",
            "schema:license": LICENSE,
            "schema:softwareVersion": self.release,
            "schema:programmingLanguage": "Python",
            "ods:topicName": self.name,
            "ods:containerImage": "n/a",
            "ods:containerTag": "n/a",
            "ods:batchingPermitted": False,
            "ods:timeToLive": LIFE_S,
            "oa:motivatedBy": list(self.motivations),
            "col:queue": "nats",
            "col:worksOn": list(self.works_on),
            "col:trigger": list(self.triggers),
            "col:microBatch": self.micro_batch,
            "col:microBatchWaitMs": self.wait_ms,
            "col:leaseSeconds": self.lease_s,
            "col:gpu": self.gpu,
            "col:autoAccept": False,
        }
        if self.filter:
            told["ods:hasTargetDigitalObjectFilter"] = {
                path: list(allowed) for path, allowed in self.filter.items()
            }
        return told
