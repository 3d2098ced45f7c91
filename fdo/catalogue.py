"""The object types: one line each says how a type is named, identified, stamped and claimed.

To add a type, add a line here; the completeness test names what else it needs (schema,
terms, shape, golden facts).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fdo.definitions.names import claim, registered_claim
from fdo.documents import Document
from fdo.identifiers import Scheme

_REGISTRY = "https://doi.org/21.T11148/"
_OWN = "urn:collectome:vocab:"
"""For types that no registry knows."""

Stamps = Literal["dcterms", "schema"]


def _no_claims(_: Document) -> tuple[str, ...]:
    return ()


def _specimen_claims(document: Document) -> tuple[str, ...]:
    return (f"specimen:{document['ods:normalisedPhysicalSpecimenID']}",)


def _media_claims(document: Document) -> tuple[str, ...]:
    return (f"media:{document['ac:accessURI']}",)


def _source_system_claims(document: Document) -> tuple[str, ...]:
    return (f"source-system:{document['schema:name']}",)


def _annotation_claims(document: Document) -> tuple[str, ...]:
    return (f"annotation:{document['col:contentKey']}",)


def _service_claims(document: Document) -> tuple[str, ...]:
    return (
        f"machine-annotation-service:{document['schema:name']}",
        f"machine-annotation-topic:{document['ods:topicName']}",
    )


def _model_claims(document: Document) -> tuple[str, ...]:
    key = document.get("col:sha256")
    return (f"ml-model:{key or document['schema:name']}",)


def _dataset_claims(document: Document) -> tuple[str, ...]:
    return (f"ml-dataset:{document['schema:name']}",)


def _evaluation_claims(document: Document) -> tuple[str, ...]:
    return (f"ml-evaluation:{document['col:model']} {document['schema:name']}",)


def _definition_claims(kind: str) -> Callable[[Document], tuple[str, ...]]:
    def claims(document: Document) -> tuple[str, ...]:
        made = [claim(kind, document["col:key"])]
        if registered := document.get("col:registeredAs"):
            made.append(registered_claim(registered))
        return tuple(made)

    return claims


@dataclass(frozen=True, slots=True)
class ObjectType:
    """How one type of digital object is named and kept."""

    name: str
    """In paths, columns and file names."""
    noun: str
    """In the names of facts: `SpecimenRegistered`."""
    rdf_type: str
    scheme: Scheme
    fdo_type: str
    fdo_profile: str
    stamps: Stamps
    claims: Callable[[Document], tuple[str, ...]]
    """The keys no two objects may share (settled by a unique table)."""
    label: str
    """For people: `digitalObjectName` of the record."""
    search: bool = False
    identifies: bool = False
    """Whether its claims are identifiers, which outlast an erasure (decision 0069); those of the
    other types are words, which go with the last document that says them."""
    doi_on_request: bool = False
    """Whether an object with a Handle bears a DOI too, once somebody asks for it."""


OBJECT_TYPES: dict[str, ObjectType] = {
    kind.name: kind
    for kind in (
        ObjectType(
            name="specimen",
            noun="Specimen",
            rdf_type="ods:DigitalSpecimen",
            scheme="doi",
            fdo_type=_REGISTRY + "894b1e6cad57e921764e",
            fdo_profile=_REGISTRY + "d8de0819e144e4096645",
            stamps="dcterms",
            claims=_specimen_claims,
            label="digital specimen",
            search=True,
            identifies=True,
        ),
        ObjectType(
            name="media",
            noun="Media",
            rdf_type="ods:DigitalMedia",
            scheme="doi",
            fdo_type=_REGISTRY + "bbad8c4e101e8af01115",
            fdo_profile=_REGISTRY + "306452d0867adb910803",
            stamps="dcterms",
            claims=_media_claims,
            label="digital media object",
        ),
        ObjectType(
            name="source-system",
            noun="SourceSystem",
            rdf_type="ods:SourceSystem",
            scheme="handle",
            fdo_type=_REGISTRY + "23a63913d0c800609a50",
            fdo_profile=_REGISTRY + "417a4f472f60f7974c12",
            stamps="schema",
            claims=_source_system_claims,
            label="source system",
            identifies=True,
            doi_on_request=True,
        ),
        ObjectType(
            name="data-mapping",
            noun="DataMapping",
            rdf_type="ods:DataMapping",
            scheme="handle",
            fdo_type=_REGISTRY + "ce794a6f4df42eb7e77e",
            fdo_profile=_REGISTRY + "def2eba59562958fa4a0",
            stamps="schema",
            claims=_no_claims,
            label="data mapping",
        ),
        ObjectType(
            name="saved-query",
            noun="SavedQuery",
            rdf_type="schema:SoftwareSourceCode",
            scheme="handle",
            fdo_type=_OWN + "SavedQuery",
            fdo_profile=_OWN + "SavedQueryProfile",
            stamps="dcterms",
            claims=_no_claims,
            label="saved query",
        ),
        ObjectType(
            name="annotation",
            noun="Annotation",
            rdf_type="oa:Annotation",
            scheme="handle",
            fdo_type=_REGISTRY + "cf458ca9ee1d44a5608f",
            fdo_profile=_REGISTRY + "2e76f544229901c5a942",
            stamps="dcterms",
            claims=_annotation_claims,
            label="annotation",
        ),
        ObjectType(
            name="machine-annotation-service",
            noun="MachineAnnotationService",
            rdf_type="ods:MachineAnnotationService",
            scheme="handle",
            fdo_type=_REGISTRY + "a369e128df5ef31044d4",
            fdo_profile=_REGISTRY + "22e71a0015cbcfba8ffa",
            stamps="schema",
            claims=_service_claims,
            label="machine annotation service",
        ),
        ObjectType(
            name="ml-dataset",
            noun="MLDataset",
            rdf_type="schema:Dataset",
            scheme="handle",
            fdo_type=_OWN + "MLDataset",
            fdo_profile=_OWN + "MachineLearningProfile",
            stamps="dcterms",
            claims=_dataset_claims,
            label="training set",
        ),
        ObjectType(
            name="ml-evaluation",
            noun="MLEvaluation",
            rdf_type="fair4ml:MLModelEvaluation",
            scheme="handle",
            fdo_type=_OWN + "MLEvaluation",
            fdo_profile=_OWN + "MachineLearningProfile",
            stamps="dcterms",
            claims=_evaluation_claims,
            label="evaluation of a model",
        ),
        ObjectType(
            name="ml-model",
            noun="MLModel",
            rdf_type="fair4ml:MLModel",
            scheme="handle",
            fdo_type=_OWN + "MLModel",
            fdo_profile=_OWN + "MachineLearningProfile",
            stamps="dcterms",
            claims=_model_claims,
            label="machine-learning model",
        ),
        ObjectType(
            name="fdo-attribute",
            noun="FdoAttribute",
            rdf_type="col:FdoAttribute",
            scheme="handle",
            fdo_type=_OWN + "FdoAttribute",
            fdo_profile=_OWN + "FdoDefinitionProfile",
            stamps="dcterms",
            claims=_definition_claims("fdo-attribute"),
            label="FDO attribute",
            identifies=True,
        ),
        ObjectType(
            name="fdo-operation",
            noun="FdoOperation",
            rdf_type="col:FdoOperation",
            scheme="handle",
            fdo_type=_OWN + "FdoOperation",
            fdo_profile=_OWN + "FdoDefinitionProfile",
            stamps="dcterms",
            claims=_definition_claims("fdo-operation"),
            label="FDO operation",
            identifies=True,
        ),
        ObjectType(
            name="fdo-profile",
            noun="FdoProfile",
            rdf_type="col:FdoProfile",
            scheme="handle",
            fdo_type=_OWN + "FdoProfile",
            fdo_profile=_OWN + "FdoDefinitionProfile",
            stamps="dcterms",
            claims=_definition_claims("fdo-profile"),
            label="FDO profile",
            identifies=True,
        ),
        ObjectType(
            name="fdo-type",
            noun="FdoType",
            rdf_type="col:FdoType",
            scheme="handle",
            fdo_type=_OWN + "FdoType",
            fdo_profile=_OWN + "FdoDefinitionProfile",
            stamps="dcterms",
            claims=_definition_claims("fdo-type"),
            label="FDO type",
            identifies=True,
        ),
    )
}


def claimable(kind: str, document: Document) -> frozenset[str] | None:
    """The claims that a stored document makes; None where it was cut down to a stub or
    redacted, so that it no longer says."""
    try:
        return frozenset(OBJECT_TYPES[kind].claims(document))
    except KeyError:
        return None


def unsaid(kind: str, document: Document, claims: Sequence[str]) -> tuple[str, ...]:
    """Those of the claims of an object that its document does not say, as of a stub."""
    said = claimable(kind, document) or frozenset()
    return tuple(key for key in claims if key not in said)


def type_of(document: dict[str, Any]) -> ObjectType | None:
    """The object type of a document by its `@type`, or None."""
    wanted = document.get("@type")
    return next((kind for kind in OBJECT_TYPES.values() if kind.rdf_type == wanted), None)
