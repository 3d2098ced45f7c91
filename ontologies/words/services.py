"""Annotations, machine annotation services and change events: words that act on objects.

`oa:motivation` and `oa:value` are openDS spellings; the Web Annotation vocabulary itself says
`oa:motivatedBy` and `rdf:value`. `prov:Activity` and `prov:Entity` stand as keys in the change
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
    "hasTargetDigitalObjectFilter": "Which objects a service works on or a collection holds.",
}
_OA = {
    "motivation": "Why an annotation was made: commenting, assessing, adding, editing, deleting. "
    "The Web Annotation vocabulary calls this oa:motivatedBy.",
    "value": "What an annotation says, as text. The Web Annotation model calls this rdf:value.",
}


def _apart(term: Term) -> Term:
    """`schema:creator` holds the fragment name `creator`; this one bears its prefix."""
    return replace(term, fragment=term.key.replace(":", "-"))


TERMS = (
    *own_terms("oa", Kind.IRI, {"motivation": _OA["motivation"]}),
    *own_terms("oa", Kind.LITERAL, {"value": _OA["value"]}),
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
        "timeToLive": "Milliseconds for which a job may wait before it counts as timed out.",
    }),
    *own_terms("ods", Kind.IRI, {
        "jobID": "The job that made an annotation.",
        "slaDocumentation": "Page that states the service level of a service.",
    }),
    *own_terms("ods", Kind.JSON, {
        "changeValue": "The change from one version to the next as JSON Patch (RFC 6902).",
    }),
    *own_terms("ods", Kind.LITERAL, _ANNOTATION_TEXT),
    *own_terms("ods", Kind.LITERAL, _SERVICE_TEXT),
    *own_terms("ods", Kind.NODE, _NODES),
    *standard_terms("as", Kind.NODE, "generator"),
    *map(_apart, standard_terms("dcterms", Kind.NODE, "creator")),
    *standard_terms("oa", Kind.LITERAL, "motivatedBy"),
    *standard_terms("oa", Kind.NODE, "hasBody hasSelector hasTarget"),
    *standard_terms("prov", Kind.DATETIME, "endedAtTime"),
    *standard_terms("prov", Kind.IRI, "hadRole used wasGeneratedBy wasRevisionOf"),
    *standard_terms("prov", Kind.JSON, "value"),
    *standard_terms("prov", Kind.NODE, "Activity Entity wasAssociatedWith"),
)  # fmt: skip
