"""What annotations, the services that make them, and models may hold (read by `tables`).

The words of annotations are those of the Web Annotation Data Model; a service is that of openDS 0.4
with words of ours; models, training sets and evaluations follow FAIR4ML 0.1.
"""

from __future__ import annotations

from typing import Any

from ontologies.schemas.shape import Shape, joined

KINDS: dict[str, dict[str, Any]] = {
    "fraction": {"type": "number", "minimum": 0, "maximum": 1},
    "integer 0+": {"type": "integer", "minimum": 0},
    "seconds of life": {"type": "integer", "minimum": 3600},
    "iris": {"type": "array", "items": {"type": "string", "format": "iri"}},
    "some iris": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "iri"}},
    "iri or iris": {
        "anyOf": [
            {"type": "string", "format": "iri"},
            {"type": "array", "minItems": 1, "items": {"type": "string", "format": "iri"}},
        ]
    },
    "uuid": {"type": "string", "pattern": r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$"},
    "hash": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "decision": {"enum": ["Pending", "Approved", "Rejected"]},
    "overlay": {"enum": ["applied", "conflict", "adopted", "dropped"]},
    "severity": {"enum": ["high", "medium", "low"]},
    "queue": {"enum": ["nats", "rabbitmq", "http"]},
    "gpu": {"enum": ["none", "optional", "required"]},
    "target types": {
        "type": "array",
        "minItems": 1,
        "items": {"enum": ["specimen", "media", "annotation"]},
    },
    "triggers": {
        "type": "array",
        "items": {"enum": ["registered", "changed", "annotated", "request"]},
    },
}

_MADE = {
    "instant": "dcterms:created dcterms:modified dcterms:issued",
    "nodes:Agent": "as:generator dcterms:creator",
    "nodes:Audience": "schema:audience",
    "iri": "oa:canonical",
    "iri or iris": "dcterms:rights oa:via",
}
"""What an annotation and each of its bodies may say of how it came about (Web Annotation Data
Model, 3.3)."""

CLASSES: dict[str, Shape] = {
    "AggregateRating": Shape(
        ("schema:AggregateRating",),
        "@type schema:ratingCount schema:ratingValue",
        {"integer 0+": "schema:ratingCount", "number": "schema:ratingValue"},
    ),
    "AnnotationResource": Shape(
        (),
        "",
        {
            **_MADE,
            "classes": "@type",
            "iri": "@id oa:hasSource oa:canonical dcterms:references",
            "iri or iris": "dcterms:rights oa:hasScope oa:via",
            "iris": "oa:hasPurpose",
            "fdo type": "ods:fdoType",
            "text": "rdf:value dcterms:conformsTo oa:processingLanguage oa:textDirection",
            "texts": "dcterms:format dcterms:language schema:accessibilityFeature oa:styleClass",
            "fraction": "ods:score",
            "iris or nodes:AnnotationResource": "as:items oa:renderedVia",
            "iris or nodes:AnnotationSelector": "oa:hasSelector",
            "iris or nodes:AnnotationState": "oa:hasState",
        },
    ),
    "AnnotationSelector": Shape(
        (),
        "@type",
        {
            "classes": "@type",
            "iri": "@id",
            "text": "rdf:value dcterms:conformsTo oa:exact oa:prefix oa:suffix ods:term ods:class",
            "integer 0+": "oa:start oa:end",
            "node:AnnotationSelector": "oa:hasStartSelector oa:hasEndSelector",
            "iris or nodes:AnnotationSelector": "oa:refinedBy",
        },
    ),
    "AnnotationState": Shape(
        (),
        "@type",
        {
            "classes": "@type",
            "text": "rdf:value",
            "instant": "oa:sourceDate oa:sourceDateStart oa:sourceDateEnd",
            "iris": "oa:cachedSource",
            "iris or nodes:AnnotationSelector": "oa:refinedBy",
        },
    ),
    "AnnotationStyle": Shape((), "", {"classes": "@type", "iri": "@id", "text": "rdf:value"}),
    "Audience": Shape(
        (), "", {"classes": "@type", "iri": "@id", "text": "schema:name schema:description"}
    ),
    "ContactPoint": Shape(
        (),
        "",
        {
            "text": "schema:description schema:telephone",
            "email": "schema:email",
            "uri": "schema:url",
        },
    ),
    "SecretVariable": Shape(
        (),
        "schema:name ods:secretKeyRef",
        {"text": "schema:name ods:secretKeyRef"},
    ),
    "Variable": Shape(
        (),
        "schema:name schema:value",
        {"text": "schema:name", "text or number": "schema:value"},
    ),
}


def _of_learning(kind: str, required: str, keys: dict[str, str]) -> Shape:
    """The shape of a model, a training set or an evaluation."""
    common = {
        "handle": "@id dcterms:identifier",
        "status": "ods:status",
        "integer 1+": "ods:version",
        "instant": "dcterms:created dcterms:modified",
        "text": "schema:name schema:description",
        "node:Agent": "dcterms:creator",
        "node:Tombstone": "ods:hasTombstoneMetadata",
    }
    return Shape(
        (kind,),
        "@id @type dcterms:identifier ods:version dcterms:created dcterms:modified "
        f"dcterms:creator schema:name {required}",
        joined(common, keys),
    )


OBJECTS: dict[str, Shape] = {
    "annotation": Shape(
        ("oa:Annotation",),
        "@id @type dcterms:identifier ods:fdoType ods:version dcterms:created dcterms:modified "
        "oa:motivatedBy oa:hasTarget dcterms:creator col:contentKey",
        {
            **_MADE,
            "handle": "@id dcterms:identifier",
            "fdo type": "ods:fdoType",
            "status": "ods:status",
            "integer 1+": "ods:version",
            "integer": "ods:placeInBatch",
            "some iris": "oa:motivatedBy",
            "some iris or nodes:AnnotationResource": "oa:hasTarget",
            "iris or nodes:AnnotationResource": "oa:hasBody",
            "iris or nodes:AnnotationStyle": "oa:styledBy",
            "decision": "ods:mergingDecisionStatus",
            "instant": "dcterms:created dcterms:modified dcterms:issued ods:mergingStateChangeDate",
            "iri": "ods:jobID col:model col:supersedes oa:canonical",
            "uuid": "ods:batchID",
            "hash": "col:contentKey col:modelSha256",
            "overlay": "col:overlayState",
            "severity": "col:severity",
            "text": "oa:bodyValue col:decisionReason col:executionProvider col:softwareVersion "
            "col:sourceValue",
            "texts": "col:repaired schema:accessibilityFeature",
            "node:Agent": "ods:hasMergingStateChangedBy",
            "node:AggregateRating": "ods:hasAggregateRating",
            "node:Tombstone": "ods:hasTombstoneMetadata",
        },
    ),
    "machine-annotation-service": Shape(
        ("ods:MachineAnnotationService",),
        "@type schema:identifier ods:fdoType schema:version schema:dateCreated "
        "schema:dateModified schema:creator schema:name ods:topicName ods:containerImage "
        "ods:containerTag ods:batchingPermitted ods:timeToLive",
        {
            "handle": "@id schema:identifier",
            "fdo type": "ods:fdoType",
            "status": "ods:status",
            "integer 1+": "schema:version ods:maxReplicas col:leaseSeconds col:maxAttempts "
            "col:maxDepth col:microBatch",
            "integer 0+": "col:microBatchWaitMs",
            "seconds of life": "ods:timeToLive",
            "instant": "schema:dateCreated schema:dateModified",
            "uri": "schema:codeRepository schema:license ods:slaDocumentation col:endpoint",
            "iri": "col:model",
            "iris": "oa:motivatedBy",
            "json": "ods:hasTargetDigitalObjectFilter",
            "boolean": "ods:batchingPermitted ods:isIngestionCompatible col:autoAccept",
            "fraction": "col:autoAcceptScore",
            "queue": "col:queue",
            "gpu": "col:gpu",
            "target types": "col:worksOn",
            "triggers": "col:trigger",
            "text": "schema:name schema:description ods:topicName ods:containerImage "
            "ods:containerTag schema:creativeWorkStatus schema:programmingLanguage "
            "schema:softwareVersion ods:serviceAvailability col:webhookSecretKeyRef",
            "node:Agent": "schema:creator schema:maintainer",
            "node:ContactPoint": "schema:ContactPoint",
            "nodes:Variable": "ods:hasEnvironmentalVariables",
            "nodes:SecretVariable": "ods:hasSecretVariables",
            "node:Tombstone": "ods:hasTombstoneMetadata",
        },
    ),
    "ml-model": _of_learning(
        "fair4ml:MLModel",
        "",
        {
            "hash": "col:sha256",
            "uri": "schema:license schema:codeRepository schema:contentURL",
            "iris": "fair4ml:trainedOn fair4ml:testedOn fair4ml:validatedOn fair4ml:evaluatedOn",
            "iri": "fair4ml:fineTunedFrom",
            "texts": "fair4ml:mlTask fair4ml:modelCategory",
            "text": "schema:softwareVersion dcterms:format fair4ml:intendedUse "
            "fair4ml:modelRisksBiasLimitations fair4ml:usageInstructions "
            "fair4ml:hasCO2eEmissions",
        },
    ),
    "ml-dataset": _of_learning(
        "schema:Dataset",
        "",
        {
            "hash": "col:sha256",
            "uri": "schema:license schema:contentURL",
            "integer 0+": "col:logPosition col:objectCount",
            "text": "col:selection",
        },
    ),
    "ml-evaluation": _of_learning(
        "fair4ml:MLModelEvaluation",
        "col:model col:metric col:measured",
        {
            "iri": "col:model",
            "iris": "fair4ml:evaluatedOn",
            "text": "col:metric",
            "number": "col:measured",
            "integer 0+": "col:logPosition col:objectCount",
        },
    ),
}
