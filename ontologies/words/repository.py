"""`col:`, this repository's own words, for what no standard names.

They stand in the graphs of records, provenance and meta only, never in a document (those of
definitions, in `definitions.py`, do). The
attributes of FDO records have the names of the FDO profiles of openDS (Handle values).
"""

from __future__ import annotations

from ontologies.term import Kind
from ontologies.words.tables import derived, own_terms

_RECORD_TEXT = {
    "annotationHash": "FDO record, value 505: hash of what an annotation says.",
    "machineAnnotationServiceName": "FDO record, value 604: name of a machine annotation service.",
    "targetTypeName": "FDO record, value 502: name of the type of an annotation's target.",
    "catalogNumber": "FDO record, value 211: the specimen's catalogue number.",
    "doiState": "FDO record, value 1000: state of the DOI at its registration agency.",
    "digitalObjectName": "FDO record, value 5: name of the type of the object.",
    "fdoRecordLicenseId": "FDO record, value 2: SPDX id of the record's own licence.",
    "fdoRecordLicenseName": "FDO record, value 3: name of the record's own licence.",
    "issuedForAgentName": "FDO record, value 41: name of the agent the DOI was issued for.",
    "licenseName": "FDO record, value 410: name of the medium's licence.",
    "livingOrPreserved": "FDO record, value 208: whether the specimen is living or preserved.",
    "markedAsType": "FDO record, value 210: whether the specimen is marked as a type.",
    "materialSampleType": "FDO record, value 209: kind of material sample.",
    "mediaHostName": "FDO record, value 401: name of the organisation that holds the medium.",
    "mediaType": "FDO record, value 408: kind of medium, as in dcterms:type.",
    "mimeType": "FDO record, value 409: media type of the file.",
    "normalisedPrimarySpecimenObjectId": "FDO record, value 202: the specimen's normalised id.",
    "otherSpecimenIds": "FDO record, value 203: further ids of the specimen.",
    "pid": "FDO record, value 6: the PID itself.",
    "pidIssuerName": "FDO record, value 8: name of the agency that issued the PID.",
    "pidStatus": "FDO record, value 11: DRAFT, ACTIVE or TOMBSTONED.",
    "primaryMediaId": "FDO record, value 405: the id by which its holder knows the medium.",
    "primaryMediaIdName": "FDO record, value 407: name of the kind of the medium's id.",
    "primaryMediaIdType": "FDO record, value 406: kind of the medium's id.",
    "referentName": "FDO record, value 42: name of what the DOI refers to.",
    "rightsHolder": "FDO record, value 412: who holds the rights of the medium.",
    "sourceDataStandard": "FDO record, value 700: data standard of a mapping.",
    "sourceSystemName": "FDO record, value 600: name of a source system.",
    "specimenHostName": "FDO record, value 201: name of the organisation that holds the specimen.",
    "tombstonedText": "FDO record, value 30: why the object was withdrawn.",
    "topicCategory": "FDO record, value 207: kind of thing, within the discipline.",
    "topicDiscipline": "FDO record, value 206: branch of science.",
    "topicDomain": "FDO record, value 205: wide field.",
    "topicOrigin": "FDO record, value 204: natural, made by people, or both.",
}
_RECORD_LINKS = {
    "targetPid": "FDO record, value 500: what an annotation is about.",
    "targetType": "FDO record, value 501: type of what an annotation is about.",
    "digitalObjectType": "FDO record, value 4: type of the object, as a PID.",
    "fdoProfile": "FDO record, value 1: profile that the record follows.",
    "fdoProfileDefinition": "FDO record, value 112: definition of the profile, on this server.",
    "fdoProfileVersion": "FDO record, value 1002: version of the profile that was in force.",
    "fdoTypeDefinition": "FDO record, value 111: definition of the type, on this server.",
    "hasRelatedPID": "FDO record, value 31: object that succeeds or relates to this one.",
    "issuedForAgent": "FDO record, value 40: agent the DOI was issued for.",
    "licenseUrl": "FDO record, value 411: address of the medium's licence.",
    "mediaHost": "FDO record, value 400: organisation that holds the medium.",
    "pidIssuer": "FDO record, value 7: agency that issued the PID.",
    "rightsHolderPid": "FDO record, value 413: PID of the holder of the rights.",
    "specimenHost": "FDO record, value 200: organisation that holds the specimen.",
}
_TEXT = {
    "annotationState": "Where an annotation is in its life: standing, pending, accepted, rejected, "
    "withdrawn or superseded.",
    "gateReason": "Why the licence gate kept an object's document back.",
    "midsSet": "The set of MIDS rules by which a level was found.",
    "missing": "An information element whose absence holds the level back.",
    "topic": "Registered name of the kind of an event.",
}
_LINKS = {
    "conformsToShapes": "A set of shapes that the object's current document passes.",
    "failsShape": "A shape that the object's current document breaks.",
    "harvest": "The harvest to which an activity belongs.",
    "record": "The FDO record that describes an object.",
    "transaction": "The activity of the command with which a member of an event stream came.",
}
_TRUTHS = {
    "conforms": "Whether the document breaks no shape.",
    "transactionFinalized": "Whether a transaction is whole with this member of an event stream.",
}
_NUMBERS = {
    "gap": "Place in the log of a member that was taken off a page of an event stream.",
    "notSeenIn": "Number of the harvest of its source that first missed an object.",
    "midsLevel": "MIDS level by the rules of TDWG; -1 where even level 0 is not reached.",
    "version": "FDO record, value 1003: version of the object.",
    "pidRecordIssueNumber": "FDO record, value 10: version of the record, not of the object.",
    "position": "Place of an event in the log; of a projection: up to where it has read.",
    "sequence": "Place of an event in the stream of its object.",
    "violations": "How many results with severity violation a conformance check gave.",
    "warnings": "How many results with severity warning a conformance check gave.",
}
_INSTANTS = {
    "observedAt": "When the source said so.",
    "pidRecordIssueDate": "FDO record, value 9: when the PID was issued.",
    "recordedAt": "When this repository knew.",
    "tombstonedDate": "FDO record, value 32: when the object was withdrawn.",
}

TERMS = derived(
    (
        *own_terms("col", Kind.BOOLEAN, _TRUTHS),
        *own_terms("col", Kind.DATETIME, _INSTANTS),
        *own_terms("col", Kind.INTEGER, _NUMBERS),
        *own_terms("col", Kind.IRI, _RECORD_LINKS | _LINKS),
        *own_terms("col", Kind.LITERAL, _RECORD_TEXT | _TEXT),
    )
)
