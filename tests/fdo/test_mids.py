"""MIDS: the level by TDWG's tables, the worked cases, and what would lift a record."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdo.mids import DISSCO, STATES_MODIFIED, TDWG, Switches, assess, judged_alike
from fdo.mids_tables import SETS
from tests.darwin_core_sources import SOURCES

Document = dict[str, Any]


def a_plant(**more: Any) -> Document:
    """A herbarium sheet that has everything up to MIDS 3."""
    return {
        "ods:topicDiscipline": "Botany",
        "ods:physicalSpecimenID": "B 10 0001",
        "ods:organisationID": "https://ror.org/00bv4cx53",
        "dcterms:license": "https://creativecommons.org/publicdomain/zero/1.0/",
        "dwc:preparations": "sheet",
        "dcterms:modified": "2026-01-01T00:00:00Z",
        "ods:hasIdentifiers": [{"dcterms:title": "dwc:recordNumber", "dcterms:identifier": "12"}],
        "ods:hasIdentifications": [
            {
                "ods:hasAgents": [an_agent("identifier")],
                "ods:hasTaxonIdentifications": [
                    {"dwc:scientificName": "Abies alba", "dwc:scientificNameID": "wfo:1"}
                ],
            }
        ],
        "ods:hasEvents": [
            {
                "dwc:eventDate": "1959-07-09",
                "ods:hasAgents": [an_agent("collector")],
                "ods:hasLocation": {"dwc:country": "Norway", "dwc:locationID": "geonames:1"},
            }
        ],
        **more,
    }


def an_agent(role: str, iri: str | None = "https://orcid.org/0000-0002-1825-0097") -> Document:
    agent: Document = {"schema:name": "A. Bee", "ods:hasRoles": [{"schema:roleName": role}]}
    return agent | ({"schema:identifier": iri} if iri else {})


def test_a_record_with_everything_is_at_level_3_and_lacks_nothing() -> None:
    mids = assess(a_plant(), media_known=True)
    assert (mids.level, mids.missing, mids.set_id) == (3, (), "mids_dwc-a_biology_1")


def test_a_record_without_id_is_below_zero() -> None:
    mids = assess({"ods:organisationID": "https://ror.org/00bv4cx53"})
    assert mids.level == -1 and mids.missing == ("PhysicalSpecimenID",)


def test_a_level_holds_only_if_all_lower_ones_do() -> None:
    plant = a_plant()
    del plant["dwc:preparations"]
    mids = assess(plant, media_known=True)
    assert mids.level == 0 and mids.missing == ("ObjectType",)
    assert mids.missing_by_level == ((), ("ObjectType",), (), ())


@pytest.mark.parametrize("text", ["", "unknown:undigitized"])
def test_a_text_for_nothing_is_no_value(text: str) -> None:
    assert assess(a_plant(**{"dwc:preparations": text}), media_known=True).level == 0


def test_coordinates_count_in_pairs_and_within_one_place_only() -> None:
    def plant(*georeferences: Document) -> Document:
        return a_plant(
            **{
                "ods:hasEvents": [
                    {
                        "dwc:year": 1959,
                        "ods:hasAgents": [an_agent("collector")],
                        "ods:hasLocation": {
                            "dwc:country": "Norway",
                            "ods:hasGeoreference": georeference,
                        },
                    }
                    for georeference in georeferences
                ]
            }
        )

    here, there = {"dwc:decimalLatitude": 70.7}, {"dwc:decimalLongitude": 29.3}
    assert assess(plant(here | there), media_known=True).level == 2
    assert assess(plant(here, there), media_known=True).missing == ("QuantitativeLocation",)


def test_media_lift_a_record_to_level_2_and_tell_of_themselves_when_linked() -> None:
    linked = {"dwc:relationshipOfResource": "hasDigitalMedia", "dwc:relatedResourceID": "x"}
    assert assess(a_plant(), media_known=False).missing == ("Media",)
    assert assess(a_plant()).level == 1
    assert assess(a_plant(**{"ods:hasEntityRelationships": [linked]})).level == 3


def test_people_without_id_count_for_level_2_not_for_level_3() -> None:
    plant = a_plant()
    plant["ods:hasEvents"][0]["ods:hasAgents"] = [an_agent("collector", None)]
    mids = assess(plant, media_known=True)
    assert mids.level == 2 and mids.missing == ("CollectingAgentID",)


def test_a_document_from_a_source_is_modified_when_the_source_says_so() -> None:
    source = {"dwc:relationshipOfResource": "hasSourceSystemID", "dwc:relatedResourceID": "x"}
    silent = a_plant(**{"ods:hasEntityRelationships": [source]})
    stating = a_plant(
        **{"ods:hasEntityRelationships": [source | {"dwc:relationshipRemarks": STATES_MODIFIED}]}
    )
    assert assess(silent, media_known=True).missing == ("Modified",)
    assert assess(stating, media_known=True).level == 3


def test_a_fossil_needs_its_age_and_strata_a_mineral_its_strata_only() -> None:
    thing = a_plant(**{"ods:topicDiscipline": "Palaeontology"})
    fossil = assess(thing, media_known=True)
    assert fossil.level == 0 and fossil.missing == ("Chronostratigraphy",)
    assert fossil.missing_by_level[2] == ("StratigraphicContext",)
    mineral = assess(thing | {"ods:topicDiscipline": "Geology"}, media_known=True)
    assert mineral.level == 1 and mineral.missing == ("StratigraphicContext",)


@pytest.mark.parametrize(
    ("switches", "missing"),
    [
        (Switches(discipline_required=True), "topicDiscipline"),
        (Switches(record_number_counts=False), "CollectingNumber"),
        (Switches(dataset_licence_counts=False), "License"),
    ],
)
def test_each_switch_takes_the_other_position(switches: Switches, missing: str) -> None:
    inherited = {"dwc:relationshipOfResource": "hasInheritedLicense", "dwc:relatedResourceID": "x"}
    plant = a_plant(
        **{"ods:hasEntityRelationships": [inherited], "ods:topicDiscipline": "Unclassified"}
    )
    assert assess(plant, media_known=True).level == 3
    assert missing in assess(plant, media_known=True, switches=switches).missing


def test_the_other_position_on_palaeontology_moves_the_age_and_wants_the_type_flag() -> None:
    fossil = a_plant(**{"ods:topicDiscipline": "Palaeontology", "ods:isMarkedAsType": False})
    by_level = assess(fossil, media_known=True, switches=DISSCO).missing_by_level
    assert by_level[1] == ()
    assert set(by_level[2]) == {"Chronostratigraphy", "StratigraphicContext", "MarkedAsType"}


# ── the tables and the worked cases ──────────────────────────────────────────────────────


@pytest.mark.parametrize("set_id", SETS)
def test_our_tables_say_what_the_tables_of_tdwg_say(set_id: str, shared_data: Path) -> None:
    theirs: dict[str, set[frozenset[str]]] = {}
    levels: dict[str, int] = {}
    with (shared_data / f"mids/{set_id}.sssom.tsv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            element = row["sssom:subject_id"].removeprefix("mids:")
            levels[element] = int(row["sssom:subject_category"][-1])
            group = row["sssom:object_match_field"] or ""
            is_group = row["sssom:predicate_id"] == "owl:intersectionOf"
            if is_group and not group:
                continue  # one line of each group names all its terms
            terms = group.split("|") if is_group else [row["sssom:object_id"]]
            theirs.setdefault(element, set()).add(frozenset(filter(None, map(_ours, terms))))
    ours = {
        element: {frozenset([one] if isinstance(one, str) else one) for one in alternatives}
        for level in SETS[set_id]
        for element, alternatives in level
    }
    assert {e: n for n, level in enumerate(SETS[set_id]) for e, _ in level} == levels
    for element, alternatives in theirs.items():
        stated = alternatives - {frozenset()}
        assert stated <= ours[element], element
        assert ours[element] - stated <= _IN_OTHER_WORDS, element


_IN_OTHER_WORDS: set[frozenset[str]] = {
    frozenset([one])
    for one in (
        "ods:physicalSpecimenID",
        "ods:organisationID",
        "ods:organisationCode",
        "ods:ownerOrganisationCode",
        "ods:hasDigitalMedia",
    )
}
"""What openDS documents say instead of the Darwin Core terms left out in `_ours`."""


def _ours(term: str) -> str | None:
    said_otherwise = {
        "dwc:institutionID": "ods:organisationID",
        "dwc:institutionCode": "ods:organisationCode",
        "dwc:ownerInstitutionCode": "ods:ownerOrganisationCode",
        "dwc:associatedMedia": "ods:hasDigitalMedia",
        "dcterms:identifier": "ods:hasDigitalMedia",
        "dcterms:references": "ods:hasDigitalMedia",
        "ac:accessURI": "ods:hasDigitalMedia",
        "gbif:mediaType": None,
        "gbif:taxonKey": None,
    }
    return said_otherwise.get(term, term)


@pytest.mark.parametrize(
    ("source", "levels"),
    [
        ("insects", {0: 209, 1: 4791}),
        ("algae", {0: 2921}),
        ("fossils", {0: 20}),
        ("tunicates", {1: 14}),
        ("minerals", {0: 1000}),
    ],
)
def test_the_worked_cases_with_the_licence_of_the_dataset(
    source: str, levels: dict[int, int], shared_data: Path
) -> None:
    found = Counter(
        result.document["ods:midsLevel"] for result in SOURCES[source].mapped(shared_data)
    )
    assert dict(found) == levels


def test_without_the_licence_of_the_dataset_the_insects_stay_at_zero(shared_data: Path) -> None:
    strict = Switches(dataset_licence_counts=False)
    levels = {
        assess(result.document, media_known=False, switches=strict).level
        for result in SOURCES["insects"].mapped(shared_data)
    }
    assert levels == {0}


def test_the_algae_lack_only_their_preparations_for_level_1(shared_data: Path) -> None:
    first = SOURCES["algae"].mapped(shared_data)[0]
    assert assess(first.document).missing == ("ObjectType",)


def test_the_level_in_the_document_is_the_level_of_the_document(shared_data: Path) -> None:
    for source in SOURCES.values():
        for result in source.mapped(shared_data):
            again = assess(result.document, media_known=bool(result.media))
            assert max(again.level, 0) == result.document["ods:midsLevel"]


_EVENT = a_plant()["ods:hasEvents"][0]
_VALUES: dict[str, list[Any]] = {
    "ods:topicDiscipline": ["Botany", "Geology", "Unclassified"],
    "ods:physicalSpecimenID": ["B 10 0001", "B 10 0002", ""],
    "dcterms:license": ["CC0", "CC BY"],
    "dcterms:modified": ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"],
    "dwc:preparations": ["sheet", "unknown:undigitized"],
    "dwc:disposition": ["in collection", "lost"],
    "ods:isMarkedAsType": [True, False],
    "ods:hasIdentifiers": [
        [{"dcterms:title": "dwc:recordNumber", "dcterms:identifier": number}]
        for number in ("12", "13", "")
    ],
    "ods:hasEvents": [
        [],
        [_EVENT],
        [{**_EVENT, "ods:hasAgents": []}],
        [{**_EVENT, "dwc:eventDate": ""}, _EVENT],
    ],
    "ods:hasEntityRelationships": [
        [{"dwc:relationshipOfResource": kind, "dwc:relationshipRemarks": remark}]
        for kind in ("hasSourceSystemID", "hasDigitalMedia", "hasInheritedLicense")
        for remark in (STATES_MODIFIED, "")
    ],
}
_documents = st.fixed_dictionaries(
    {}, optional={term: st.sampled_from(values) for term, values in _VALUES.items()}
)


@given(_documents, _documents, st.sampled_from([TDWG, DISSCO]))
@settings(max_examples=400)
def test_what_is_judged_alike_by_its_changed_terms_is_judged_alike(
    some: Document, others: Document, switches: Switches
) -> None:
    before, after = a_plant(**some), a_plant(**others)
    terms = [t for t in {**before, **after} if before.get(t) != after.get(t)]
    if judged_alike(before, after, terms, switches):
        assert assess(before, switches=switches) == assess(after, switches=switches)


def test_most_changes_need_no_second_look() -> None:
    plant, elsewhere = a_plant(), {**_EVENT, "ods:hasLocation": {"dwc:country": "Estonia"}}
    elsewhere["ods:hasLocation"]["dwc:locationID"] = "geonames:2"
    moved = a_plant(**{"dwc:disposition": "lost", "ods:hasEvents": [elsewhere]})
    assert judged_alike(plant, moved, ["dwc:disposition", "ods:hasEvents"])
    assert not judged_alike(plant, a_plant(**{"ods:hasEvents": []}), ["ods:hasEvents"])
