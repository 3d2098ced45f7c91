"""The profiles: which attributes a record must and may have. They inherit from one another.

    handle-kernel ── source-system, data-mapping, saved-query, definition, annotation,
         │           machine-annotation-service, machine-learning
         └── doi-kernel ── specimen, media

Names, inheritance and identifiers are those of the FDO profiles of openDS. Those ask more of a
request to mint than of what stands later; here a profile asks for what every record of the type
has at any time of its life, drafts and withheld objects included.
"""

from __future__ import annotations

from dataclasses import dataclass

REGISTRY = "https://doi.org/21.T11148/"


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile; what it inherits is not repeated."""

    key: str
    title: str
    definition: str
    inherits: str | None
    mandatory: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    registered: str | None = None
    """Its identifier in the type registry, where that knows it."""


_KERNEL = """
    fdoProfile fdoRecordLicenseId fdoRecordLicenseName digitalObjectType digitalObjectName pid
    pidIssuer pidIssuerName pidRecordIssueDate pidRecordIssueNumber pidStatus version
    HS_ADMIN 10320/loc URL 0.FDO/Type 0.FDO/Profile 0.FDO/Data
"""
_LIFE = "tombstonedText tombstonedDate hasRelatedPID referentName fdoProfileVersion"
_DOI = "issuedForAgent issuedForAgentName doiState licenseName licenseUrl gateReason"
_SPECIMEN = """
    specimenHostName otherSpecimenIds topicOrigin topicDomain topicDiscipline topicCategory
    livingOrPreserved materialSampleType markedAsType catalogNumber
"""
_MEDIA = """
    mediaHost mediaHostName primaryMediaId primaryMediaIdType primaryMediaIdName mediaType
    mimeType rightsHolder rightsHolderPid
"""

PROFILES: dict[str, Profile] = {
    profile.key: profile
    for profile in (
        Profile(
            "handle-kernel",
            "Handle kernel",
            "What every record has.",
            None,
            tuple(_KERNEL.split()),
            tuple(_LIFE.split()),
            REGISTRY + "532ce6796e2828dd2be6",
        ),
        Profile(
            "doi-kernel",
            "DOI kernel",
            "What the record of every object with a DOI may have beside.",
            "handle-kernel",
            (),
            tuple(_DOI.split()),
            REGISTRY + "527856fd709ec8c5bc8c",
        ),
        Profile(
            "specimen",
            "Digital specimen",
            "The record of a physical specimen's digital stand-in.",
            "doi-kernel",
            ("specimenHost", "normalisedPrimarySpecimenObjectId"),
            tuple(_SPECIMEN.split()),
            REGISTRY + "d8de0819e144e4096645",
        ),
        Profile(
            "media",
            "Digital media object",
            "The record of a file that shows or sounds a specimen.",
            "doi-kernel",
            (),
            tuple(_MEDIA.split()),
            REGISTRY + "306452d0867adb910803",
        ),
        Profile(
            "source-system",
            "Source system",
            "The record of a dataset or endpoint from which objects are harvested.",
            "handle-kernel",
            ("sourceSystemName",),
            (),
            REGISTRY + "417a4f472f60f7974c12",
        ),
        Profile(
            "data-mapping",
            "Data mapping",
            "The record of a mapping from the terms of a source to those of openDS.",
            "handle-kernel",
            ("sourceDataStandard",),
            (),
            REGISTRY + "def2eba59562958fa4a0",
        ),
        Profile(
            "saved-query",
            "Saved query",
            "The record of a query that is kept under a PID of its own.",
            "handle-kernel",
            ("referentName",),
        ),
        Profile(
            "annotation",
            "Annotation",
            "The record of a statement about an object or a part of it.",
            "handle-kernel",
            ("targetPid",),
            ("targetType", "targetTypeName", "annotationHash"),
            REGISTRY + "2e76f544229901c5a942",
        ),
        Profile(
            "machine-annotation-service",
            "Machine annotation service",
            "The record of software that makes annotations.",
            "handle-kernel",
            ("machineAnnotationServiceName",),
            (),
            REGISTRY + "22e71a0015cbcfba8ffa",
        ),
        Profile(
            "machine-learning",
            "Machine learning",
            "The record of a model, of what it was trained on, or of how it was judged.",
            "handle-kernel",
            ("referentName",),
        ),
        Profile(
            "definition",
            "Definition",
            "The record of a definition: of a profile, a type, an attribute or an operation.",
            "handle-kernel",
            ("referentName",),
        ),
    )
}
"""Every profile, each after the one it inherits from."""


def profile_of(kind: str) -> str:
    """The key of the profile that records of an object type follow."""
    if kind.startswith("ml-"):
        return "machine-learning"
    return kind if kind in PROFILES else "definition"


def effective(profile: Profile) -> tuple[list[str], list[str]]:
    """(mandatory, optional) attributes of a profile with all that it inherits."""
    mandatory: list[str] = []
    optional: list[str] = []
    step: Profile | None = profile
    while step is not None:
        mandatory, optional = [*step.mandatory, *mandatory], [*step.optional, *optional]
        step = PROFILES[step.inherits] if step.inherits else None
    return mandatory, optional
