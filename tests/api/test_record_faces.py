"""One FDO record, the same in every face: JSON, HTML, RDF, Handle values, DOIP, DataCite."""

from __future__ import annotations

import json

import pytest
from lxml import html
from pyoxigraph import NamedNode, RdfFormat, parse

from fdo.definitions.attributes import ATTRIBUTES
from fdo.identifiers import Pid
from fdo.lifecycle import Note
from handlers.annotations import Annotations
from handlers.definitions import ensure
from tests.api.conftest import CURATOR
from tests.api.documents import a_medium, a_source, a_specimen

VOCABULARY = "urn:collectome:vocab:"
IN_RDF = {"0.FDO/Type": "fdoTypeDefinition", "0.FDO/Profile": "fdoProfileDefinition"}
"""Names that are no local names of a vocabulary → theirs there."""
IN_HANDLE_ONLY = {"HS_ADMIN", "10320/loc", "URL", "0.FDO/Data"}
"""What is said of the Handle and not of the object: who may change it, and where it leads."""
NOT_IN_DATACITE = {
    # how the record is made, and of what kind by our own definitions
    "fdoProfile", "fdoProfileVersion", "0.FDO/Type", "0.FDO/Profile", "digitalObjectType",
    "fdoRecordLicenseId", "fdoRecordLicenseName", "pidRecordIssueDate", "pidRecordIssueNumber",
    # the registration agency knows itself, and in which state it has the DOI
    "pidIssuer", "pidIssuerName", "pidStatus", "doiState",
    # no property of DataCite has these
    "topicOrigin", "livingOrPreserved", "materialSampleType", "markedAsType",
    "annotationHash", "targetType", "targetTypeName", "sourceDataStandard",
    "primaryMediaId", "primaryMediaIdType", "primaryMediaIdName", "rightsHolderPid",
    # in a word of another list: resourceTypeGeneral (tests/fdo/representations)
    "mediaType",
}  # fmt: skip
OF_DOCUMENTS = {"digitalObjectName", "version"}
"""What DataCite is not told of an object that is public by its record only."""
OF_RECORDS = {"normalisedPrimarySpecimenObjectId"}
"""What DataCite is told only of those: of others it has the names that the holder gave."""
IDENTIFIERS = [
    {"@type": "ods:Identifier", "dcterms:title": title, "dcterms:identifier": value}
    for title, value in (
        ("dwc:catalogNumber", "TU-77"), ("dwc:occurrenceID", "https://e.org/occurrence/77")
    )
]  # fmt: skip


@pytest.fixture
def objects(repository):
    """PIDs of objects of several types and in every state that has a record."""
    ensure(repository.objects)
    specimen = repository.register("specimen", a_specimen("DH-1", **{"ods:isMarkedAsType": True}))
    more = {"ods:specimenName": "Quercus petraea L.", "ods:hasIdentifiers": IDENTIFIERS,
            "ods:isMarkedAsType": False}  # fmt: skip
    repository.revise(specimen, a_specimen("DH-1", **more))
    confirmed = {"doi": str(specimen), "state": "findable", "hash": "0" * 64, "position": 1}
    repository.do(Note("PidConfirmed", confirmed), specimen)
    gone = repository.register("specimen", a_specimen("DH-2"))
    repository.tombstone(gone, "The same tree.", into=specimen)
    held = repository.register("specimen", a_specimen("DH-3"))
    repository.withhold(held, "Its licence is CC BY-NC.")
    medium = repository.register("media", a_medium(specimen))
    source = repository.register("source-system", a_source())
    (profile, *_) = [head.pid for head in repository.objects.log.heads() if "profile" in head.type]
    said = {"oa:motivatedBy": ["oa:linking"], "oa:hasTarget": [specimen.iri, "https://e.org/a"]}
    annotation = Annotations(repository.objects).propose(said, CURATOR).required().pid
    return [specimen, gone, held, medium, source, profile, annotation]


def _as_text(value, **how):
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), **how)


def _alternates(told):
    return [one["alternateIdentifier"] for one in told.get("alternateIdentifiers", ())]


def _in_datacite(told):
    """Attribute → the texts in one of which DataCite's metadata say it."""
    holder, kind = told["publisher"], told["types"]["resourceType"]
    named = {*_alternates(told)}
    related = {one["relatedIdentifier"] for one in told.get("relatedIdentifiers", ())}
    rights = {one[key] for one in told.get("rightsList", ()) for key in ("rights", "rightsUri")}
    titles = {one["title"] for one in told["titles"]}
    reasons = {one["description"] for one in told.get("descriptions", ())}
    subjects = {one["subject"] for one in told.get("subjects", ())}
    identifier = holder.get("publisherIdentifier", "")
    hosts = {name: {identifier} for name in ("specimenHost", "mediaHost", "issuedForAgent")}
    return {
        "pid": {told.get("doi", ""), *named},
        "version": {told.get("version", "")},
        "digitalObjectName": {kind, kind[:1].lower() + kind[1:]},
        **dict.fromkeys(
            ("referentName", "sourceSystemName", "machineAnnotationServiceName"), titles
        ),
        **hosts,
        **{f"{name}Name": {holder["name"]} for name in hosts},
        **dict.fromkeys(
            ("catalogNumber", "otherSpecimenIds", "normalisedPrimarySpecimenObjectId"), named
        ),
        **dict.fromkeys(("topicDiscipline", "topicDomain", "topicCategory"), subjects),
        **dict.fromkeys(("licenseName", "licenseUrl"), rights),
        **dict.fromkeys(("gateReason", "tombstonedText"), reasons),
        "tombstonedDate": {
            one["date"] for one in told.get("dates", ()) if one["dateType"] == "Withdrawn"
        },
        **dict.fromkeys(("hasRelatedPID", "targetPid"), related),
        "mimeType": {*told.get("formats", ())},
        "rightsHolder": {
            one["name"]
            for one in told.get("contributors", ())
            if one["contributorType"] == "RightsHolder"
        },
    }


def _for_datacite(name, value):
    """The values of an attribute as DataCite would have them."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            yield one["identifierValue"]
        elif name in ("pid", "hasRelatedPID", "targetPid"):
            yield str(Pid.parse(one))
        else:
            yield str(one)


def _unsaid(record, told):
    """The attributes of a record of which DataCite's metadata should tell and do not."""
    said = _in_datacite(told)
    of_record = "gateReason" in record
    wanted = record.keys() - NOT_IN_DATACITE - (OF_DOCUMENTS if of_record else OF_RECORDS)
    if "primaryMediaId" in record and record["primaryMediaId"].endswith(record["referentName"]):
        wanted -= {"referentName"}  # made of the address, where a medium has no title
    return [
        (name, value)
        for name in wanted
        for value in _for_datacite(name, record[name])
        if not any(value in text for text in said[name])
    ]


def _as_shown(value):
    """The values of an attribute as a page shows them."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, bool):
            yield "yes" if one else "no"
        elif isinstance(one, dict):
            yield " · ".join(str(part) for part in one.values() if not isinstance(part, bool))
        else:
            yield str(one)


def _table(page):
    """Name → values in the list of a record's page; times as programs read them."""
    found = {}
    (table,) = [one for one in html.fromstring(page).iter("dl") if "pid" in one.xpath("dt/text()")]
    for row in table:
        if row.tag == "dt":
            shown = found.setdefault(row.text_content(), [])
        else:
            time = row.find("time")
            shown.append(row.text_content() if time is None else time.get("datetime"))
    return found


def _rdf(browser, pid, query):
    """Attribute → its values as written."""
    data = browser.get(f"/{pid}/record{query}", "text/turtle").content
    found: dict[str, list[str]] = {}
    for triple in parse(data, format=RdfFormat.TURTLE):
        if triple.subject == NamedNode(pid.iri):
            name = triple.predicate.value.removeprefix(VOCABULARY)
            found.setdefault(name, []).append(triple.object.value)
    return found


def test_each_attribute_is_one_that_datacite_can_say_or_one_that_it_cannot():
    told = {"publisher": {"name": ""}, "types": {"resourceType": ""}, "titles": []}
    assert _in_datacite(told).keys().isdisjoint(NOT_IN_DATACITE)
    assert {*_in_datacite(told)} | NOT_IN_DATACITE == ATTRIBUTES.keys() - IN_HANDLE_ONLY


@pytest.mark.parametrize("past", [False, True])
def test_every_face_says_the_same_of_every_object(objects, browse, repository, past):
    browser = browse()
    query = f"?as-of={repository.objects.log.position()}" if past else ""
    for pid in objects:
        record = browser.get(f"/{pid}/record{query}", "application/json").json()
        rows = browser.get(f"/api/handles/{pid}{query}").json()["values"]
        handle = {one["type"]: one["data"]["value"] for one in rows}
        # a record that is older than its definitions bears the names of the type registry there
        registered = {"0.FDO/Type", "0.FDO/Profile"} - record.keys()
        assert handle.keys() - record.keys() == IN_HANDLE_ONLY | registered, pid
        assert {name: handle[name] for name in record} == {
            name: _as_text(value) for name, value in record.items()
        }
        said = {
            IN_RDF.get(name, name): sorted(
                _as_text(one, sort_keys=True)
                for one in (value if isinstance(value, list) else [value])
            )
            for name, value in record.items()
        }
        rdf = {name: sorted(values) for name, values in _rdf(browser, pid, query).items()}
        assert rdf == said
        page = browser.get(f"/{pid}/record{query}", "text/html").text
        assert _table(page) == {name: [*_as_shown(value)] for name, value in record.items()}
        told = browser.get(f"/{pid}/datacite{query}")
        assert told.status_code == (410 if record["pidStatus"] == "TOMBSTONED" else 200)
        assert _unsaid(record, told.json()) == [], pid
        asked = f"/doip/0.DOIP/Op.Retrieve?targetId={pid}&{query[1:].replace('as-of', 'asOf')}"
        doip = browser.get(asked)
        if doip.status_code == 200:
            assert doip.json()["attributes"]["record"] == record
        else:
            assert doip.status_code in (403, 410)


def test_a_confirmed_doi_is_told_since_it_was_confirmed(objects, browse, repository):
    pid = objects[0]
    confirmed = repository.objects.log.history(pid)[-1].position
    for query, state in (("", "findable"), (f"?as-of={confirmed - 1}", None)):
        record = browse().get(f"/{pid}/record{query}", "application/json").json()
        assert record.get("doiState") == state
        asked = f"/doip/0.DOIP/Op.Retrieve?targetId={pid}&{query[1:].replace('as-of', 'asOf')}"
        assert browse().get(asked).json()["attributes"]["record"] == record
