"""Annotations, machine annotation services and change events: words that act on objects.

Annotations are kept in the words of the Web Annotation vocabulary (`oa:motivatedBy`,
`rdf:value`); `oa:motivation` and `oa:value` are openDS spellings of the same, and stand only in
the openDS face. `prov:Activity` and `prov:Entity` stand as keys in the change
event of openDS although PROV-O knows them as classes.
"""

from __future__ import annotations

from dataclasses import replace

from ontologies.term import Kind, Term
from ontologies.words.tables import own_terms, standard_terms

_PATHS = {
    "class": "JSONPath, in block notation, of the class of an object that an annotation is about.",
    "term": "JSONPath, in block notation, of the property that an annotation is about.",
}
_ANNOTATION_TEXT = {
    **_PATHS,
    "batchID": "Identifier shared by the annotations that one run made together.",
    "mergingDecisionStatus": "Whether a proposed change is pending, approved or rejected.",
}
_SERVICE_TEXT = {
    "containerImage": "Name of the container image that holds a machine annotation service.",
    "containerTag": "Exact release of the container image of a machine annotation service.",
    "predicateKey": "Path of the property that a filter looks at.",
    "predicateType": "How a filter decides: equals, in, and, or, not.",
    "predicateValue": "The value a property must have to pass a filter.",
    "predicateValues": "The values of which a property must have one to pass a filter.",
    "secretKeyRef": "Name under which a secret store keeps a value; never the value.",
    "serviceAvailability": "Share of the time for which a service promises to be up.",
    "topicName": "Name of the queue from which a service takes its work.",
}
_NODES = {
    "hasAggregateRating": "The summary of the ratings an annotation received.",
    "hasEnvironmentalVariables": "Settings handed to a machine annotation service.",
    "hasMergingStateChangedBy": "The agent who approved or rejected a proposed change.",
    "hasPredicates": "The filters out of which a filter is composed.",
    "hasSecretVariables": "Settings of a service whose values are kept in a secret store.",
}
_OA_TEXT = """
    bodyValue end exact prefix processingLanguage start styleClass suffix textDirection
"""
_OA_IRI = "cachedSource canonical hasPurpose hasScope hasSource motivatedBy via"
_OA_NODE = """
    hasBody hasEndSelector hasSelector hasStartSelector hasState hasTarget refinedBy renderedVia
    styledBy
"""
_OURS_TEXT = {
    "contentKey": "Hash of what an annotation says of what, by whom and why: equal keys, equal "
    "annotations.",
    "decisionReason": "Why a proposed change was approved or rejected.",
    "executionProvider": "What a model ran on, as its runtime names it: CPU, CUDA.",
    "modelSha256": "SHA-256 of the weights of the model that made an annotation.",
    "overlayState": "What became of an approved change at later harvests: applied, in conflict "
    "with a new value of the source, adopted by the source, or dropped.",
    "repaired": "What was put right when an annotation was read, in words.",
    "severity": "How urgent a review is: high, medium or low.",
    "softwareVersion": "Release of the software that made an annotation.",
    "sourceValue": "The value that the source gave where an approved change holds another, as "
    "JSON.",
}
_OF_SERVICE_TEXT = {
    "gpu": "Whether a service needs a GPU: none, optional, required.",
    "queue": "How a service gets its work: nats, rabbitmq, http.",
    "trigger": "What makes a job for a service: registered, changed, annotated, request.",
    "worksOn": "Type of the objects that a service works on: specimen, media, annotation.",
    "webhookSecretKeyRef": "Name under which a secret store keeps the key that signs requests.",
}
_MODEL_TEXT = {
    "metric": "Name of what was measured of a model.",
    "sha256": "SHA-256 of a file, in hex.",
    "selection": "The SPARQL query whose answer a training set is.",
}
_OA = {
    "motivation": "Why an annotation was made: commenting, assessing, adding, editing, deleting. "
    "The Web Annotation vocabulary calls this oa:motivatedBy.",
    "value": "What an annotation says, as text. The Web Annotation model calls this rdf:value.",
}
_FAIR4ML_IRI = "evaluatedOn fineTunedFrom testedOn trainedOn validatedOn"
_FAIR4ML_TEXT = """
    hasCO2eEmissions intendedUse mlTask modelCategory modelRisksBiasLimitations usageInstructions
"""


def _apart(term: Term) -> Term:
    """`schema:creator` holds the fragment name `creator`; this one bears its prefix."""
    return replace(term, fragment=term.key.replace(":", "-"))


TERMS = (
    *own_terms("oa", Kind.IRI, {"motivation": _OA["motivation"]}),
    *own_terms("oa", Kind.LITERAL, {"value": _OA["value"]}),
    *own_terms("col", Kind.BOOLEAN, {
        "autoAccept": "Whether proposals of a service that are sure enough are approved at once.",
    }),
    *own_terms("col", Kind.DOUBLE, {
        "autoAcceptScore": "How sure a proposal has to be to be approved at once, from 0 to 1.",
        "measured": "What a measurement of a model gave.",
    }),
    *own_terms("col", Kind.INTEGER, {
        "leaseSeconds": "Seconds after which a job without an answer is sent again.",
        "logPosition": "Event of the log up to which a training set was drawn.",
        "maxAttempts": "How often a job is tried before it is a dead letter.",
        "maxDepth": "How many services may act on one another's answers, in a row.",
        "microBatch": "Most jobs that a worker of a service takes at once.",
        "microBatchWaitMs": "Milliseconds for which a worker waits to fill a micro-batch.",
        "objectCount": "How many objects a training set holds.",
    }),
    *own_terms("col", Kind.IRI, {
        "endpoint": "Address to which jobs of a service are sent.",
        "model": "The model that made an annotation, or with which a service works.",
        "supersedes": "The annotation whose place an annotation takes.",
    }),
    *own_terms("col", Kind.LITERAL, _OURS_TEXT),
    *own_terms("col", Kind.LITERAL, _OF_SERVICE_TEXT),
    *own_terms("col", Kind.LITERAL, _MODEL_TEXT),
    *own_terms("ods", Kind.BOOLEAN, {
        "batchingPermitted": "Whether a service may make annotations in batches.",
        "isIngestionCompatible": "Whether a service may run on objects while they are taken in.",
    }),
    *own_terms("ods", Kind.DATETIME, {
        "mergingStateChangeDate": "When a proposed change was approved or rejected.",
    }),
    *own_terms("ods", Kind.DOUBLE, {
        "score": "How sure the maker is of an annotation, from 0 to 1.",
    }),
    *own_terms("ods", Kind.INTEGER, {
        "maxReplicas": "How many copies of a service may run at the same time.",
        "placeInBatch": "Number that ties an annotation to its entry in a batch.",
        "timeToLive": "Seconds for which a job may wait before it counts as timed out.",
    }),
    *own_terms("ods", Kind.IRI, {
        "jobID": "The job that made an annotation.",
        "slaDocumentation": "Page that states the service level of a service.",
    }),
    *own_terms("ods", Kind.JSON, {
        "changeValue": "The change from one version to the next as JSON Patch (RFC 6902).",
        "hasTargetDigitalObjectFilter": "Which objects a service works on or a collection holds.",
    }),
    *own_terms("ods", Kind.LITERAL, _ANNOTATION_TEXT),
    *own_terms("ods", Kind.LITERAL, _SERVICE_TEXT),
    *own_terms("ods", Kind.NODE, _NODES),
    *standard_terms("as", Kind.NODE, "generator items"),
    *map(_apart, standard_terms("dcterms", Kind.NODE, "creator")),
    *standard_terms("fair4ml", Kind.IRI, _FAIR4ML_IRI),
    *standard_terms("fair4ml", Kind.LITERAL, _FAIR4ML_TEXT),
    *standard_terms("foaf", Kind.IRI, "homepage"),
    *standard_terms("foaf", Kind.LITERAL, "mbox_sha1sum nick"),
    *standard_terms("oa", Kind.DATETIME, "sourceDate sourceDateEnd sourceDateStart"),
    *standard_terms("oa", Kind.IRI, _OA_IRI),
    *standard_terms("oa", Kind.LITERAL, _OA_TEXT),
    *standard_terms("oa", Kind.NODE, _OA_NODE),
    *standard_terms("prov", Kind.DATETIME, "endedAtTime"),
    *standard_terms("prov", Kind.IRI, "hadRole used wasGeneratedBy wasRevisionOf"),
    *standard_terms("prov", Kind.JSON, "value"),
    *standard_terms("prov", Kind.NODE, "Activity Entity wasAssociatedWith"),
    *standard_terms("rdf", Kind.LITERAL, "value"),
    *standard_terms("schema", Kind.LITERAL, "accessibilityFeature softwareVersion"),
    *standard_terms("schema", Kind.NODE, "audience"),
)  # fmt: skip
