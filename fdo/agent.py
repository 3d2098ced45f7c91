"""Who acts, and in which role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["Requestor", "Approver", "Generator", "Annotator"]
Kind = Literal["schema:Person", "schema:Organization", "schema:SoftwareApplication"]


@dataclass(frozen=True, slots=True)
class Agent:
    """A person, organisation or program named by an IRI (ORCID, ROR, PID, `urn:`), with its
    `prov:hadRole` in the activity. No personal data beyond id and public name is stored."""

    id: str
    name: str
    kind: Kind = "schema:SoftwareApplication"
    role: Role = "Requestor"
