"""Things to cite: written by hand, and with what strangers may write on labels."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from fdo.identifiers import Pid
from fdo.representations.citation.cited import Cited

PID = Pid("10.5072", "AAA-BBB-CCC")
AT = "2026-03-01T12:00:00.000000Z"
ADDRESS = f"https://repository.example/{PID}/3"
PROOF = f"{PID.iri}/3 ({AT}) hash://sha256/{'0' * 64}"

TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "\\input{/etc/passwd}",
            "\\end{document}",
            "}}, note = {",
            "{",
            "}",
            "\\",
            "a and b",
            "Smith, John",
            "50% of #1_x^2~$",
            "line\nTY  - BOOK\r\nER  - ",
            "\u202e3.2 noisreV",
            "\x00\x07\x1b",
            "</dc:title><script>",
            "]]>&amp;",
            '<span class="nocase">x</span>',
            "“quoted” „so“",
            "\u2028TY  - BOOK",
            "\ud800",
        ]
    ),
)


def cited(document: dict[str, Any], kind: str = "specimen", **more: Any) -> Cited:
    """Version 3 of an object with this document."""
    known: dict[str, Any] = {
        "recorded_at": AT, "address": ADDRESS, "repository": "Repository", "proof": PROOF, **more,
    }  # fmt: skip
    return Cited(PID, kind, 3, document, **known)


def labelled(name: str, collector: str, number: str = "DH-1", **more: Any) -> dict[str, Any]:
    """A specimen with this name, collected by somebody of that name."""
    agent = {
        "@type": "schema:Person",
        "schema:name": collector,
        "ods:hasRoles": [{"@type": "schema:Role", "schema:roleName": "collector"}],
    }
    return {
        "@type": "ods:DigitalSpecimen",
        "ods:specimenName": name,
        "ods:physicalSpecimenID": number,
        "ods:organisationName": "University of Tartu",
        "ods:organisationID": "https://ror.org/03z77qz90",
        "ods:topicDiscipline": "Botany",
        "dcterms:license": "https://creativecommons.org/licenses/by/4.0/",
        "ods:hasEvents": [{"@type": "ods:Event", "ods:hasAgents": [agent]}],
        **more,
    }


OAK = labelled("Quercus robur L.", "Liis Tammoja")
WITHDRAWN = OAK | {
    "ods:hasTombstoneMetadata": {
        "ods:tombstoneDate": "2026-10-20T08:31:00.006Z",
        "ods:tombstoneText": "Destroyed in transit.",
    }
}
