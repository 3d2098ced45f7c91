"""How complete a specimen's record is: the MIDS level by the mappings of TDWG.

A level holds if each of its elements and all lower levels have a value; below level 0 the
result is -1, which exists here only: `ods:midsLevel` is never below 0. The tables are data
(`fdo.mids_tables`); each result names its mapping set and what would lift the record.

**Modified.** TDWG maps this element to the record's `dcterms:modified`, while in openDS that
is the digital object's own time stamp, which every object has. We count the record's: of
5,000 insects with the licence of their dataset, 4,791 reach level 1 so, and 4,870 if every
object passed for its own stamp. The date itself is volatile and not in the document; that the
source states one is, as a remark on `hasSourceSystemID` (`STATES_MODIFIED`). A document
without that relationship comes from elsewhere and is judged by its own stamp.

**Licence.** The dataset's licence counts as the record's (it is in the document, marked as
inherited). **Media** count as identified, for each known medium has a PID.

>>> assess({"ods:organisationCode": "B", "ods:physicalSpecimenID": "B 10"}).missing
('Name', 'ObjectType', 'License', 'Modified')
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fdo.mids_tables import SET_OF_DISCIPLINE, SETS, Alternative, Element

STATES_MODIFIED = "The source states when it modified its record (dcterms:modified)."
"""The remark by which a document tells that its source has a modification date."""

_EMPTY = frozenset({"", "unknown:undigitized"})
_EMPTY_FOR_OTHERS = frozenset({"", "null", "unknown", "unknown:undigitized"})
_ROLES = {
    "collector": ("dwc:recordedBy", "dwc:recordedByID"),
    "identifier": ("dwc:identifiedBy", "dwc:identifiedByID"),
}

_COUNTED = frozenset(
    term
    for levels in SETS.values()
    for level in levels
    for _, alternatives in level
    for one in alternatives
    for term in ([one] if isinstance(one, str) else one)
) | {"ods:topicDiscipline", "ods:isMarkedAsType"}
"""The terms that any rule asks for."""

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mids:
    """The level (-1 to 3), what is missing for the next one, and what for each level."""

    level: int
    missing: tuple[str, ...]
    missing_by_level: tuple[tuple[str, ...], ...]
    set_id: str


@dataclass(frozen=True, slots=True)
class Switches:
    """The points on which TDWG and DiSSCo differ; the defaults are TDWG's position."""

    below_zero: bool = True
    """A record without id or organisation is -1, not 0."""
    discipline_required: bool = False
    """Level 1 wants a discipline other than Unclassified."""
    chronostratigraphy_at: int = 1
    """The level of that element for palaeontology."""
    record_number_counts: bool = True
    """The collecting number may be `dwc:recordNumber`, not only `dwc:fieldNumber`."""
    type_flag_required: bool = False
    """Geology and palaeontology want `ods:isMarkedAsType` at level 2."""
    media_id_at_3: bool = True
    first_event_only: bool = False
    dataset_licence_counts: bool = True
    empty: frozenset[str] = _EMPTY
    """Texts that count as no value."""


TDWG = Switches()
DISSCO = Switches(
    below_zero=False,
    discipline_required=True,
    chronostratigraphy_at=2,
    record_number_counts=False,
    type_flag_required=True,
    media_id_at_3=False,
    first_event_only=True,
    empty=_EMPTY_FOR_OTHERS,
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """One element, ready to be asked: any single term, or all terms of any group."""

    element: str
    single: frozenset[str]
    groups: tuple[frozenset[str], ...]

    def holds(self, stated: frozenset[str]) -> bool:
        return not self.single.isdisjoint(stated) or any(group <= stated for group in self.groups)


def assess(document: Node, media_known: bool | None = None, switches: Switches = TDWG) -> Mids:
    """The MIDS level of a specimen document.

    `media_known`: it has at least one medium; left out, its `hasDigitalMedia` tell.
    """
    set_id = SET_OF_DISCIPLINE.get(document.get("ods:topicDiscipline", ""), "mids_dwc-a_biology_1")
    return _judged(set_id, switches, _views(document, media_known, switches))


def judged_alike(one: Node, other: Node, terms: Collection[str], switches: Switches = TDWG) -> bool:
    """Whether two documents that differ in these terms alone must be on the same level, for the
    same reasons. What the other terms state is stated by both, so these alone are compared."""
    if not _OF_OTHERS.isdisjoint(terms):
        return False
    first, second = (
        _views({term: document[term] for term in terms if term in document}, None, switches)
        for document in (one, other)
    )
    return first == second


_OF_OTHERS = frozenset({"ods:topicDiscipline", "ods:hasEntityRelationships"})
"""The terms that decide what other terms count for."""


@lru_cache(maxsize=65536)
def _judged(set_id: str, switches: Switches, views: tuple[frozenset[str], ...]) -> Mids:
    """The verdict on what is filled. Remembered: a dataset fills few sets of terms."""
    missing = tuple(
        tuple(rule.element for rule in rules if not any(rule.holds(view) for view in views))
        for rules in _rules(set_id, switches)
    )
    level = next((at - 1 for at, lacking in enumerate(missing) if lacking), 3)
    lacking = missing[level + 1] if level < 3 else ()
    return Mids(level if switches.below_zero else max(level, 0), lacking, missing, set_id)


@lru_cache(maxsize=64)
def _rules(set_id: str, switches: Switches) -> tuple[tuple[_Rule, ...], ...]:
    """The levels of a mapping set under the switches, compiled."""
    levels = [list(level) for level in SETS[set_id]]
    if switches.chronostratigraphy_at == 2:
        moved = [element for element in levels[1] if element[0] == "Chronostratigraphy"]
        levels[1] = [element for element in levels[1] if element not in moved]
        levels[2] += moved
    if switches.discipline_required:
        levels[1].append(("topicDiscipline", ("ods:topicDiscipline",)))
    if switches.type_flag_required and set_id != "mids_dwc-a_biology_1":
        levels[2].append(("MarkedAsType", ("ods:isMarkedAsType",)))
    if not switches.media_id_at_3:
        levels[3] = [element for element in levels[3] if element[0] != "MediaID"]
    return tuple(tuple(_compiled(element, switches) for element in level) for level in levels)


def _compiled(element: Element, switches: Switches) -> _Rule:
    name, alternatives = element
    left_out = set() if switches.record_number_counts else {"dwc:recordNumber"}
    counted: list[Alternative] = [one for one in alternatives if one not in left_out]
    return _Rule(
        name,
        frozenset(one for one in counted if isinstance(one, str)),
        tuple(frozenset(one) for one in counted if not isinstance(one, str)),
    )


def _views(
    document: Node, media_known: bool | None, switches: Switches
) -> tuple[frozenset[str], ...]:
    """The terms that have a value: one view for each event, since groups go by place."""
    empty = switches.empty
    stated = _filled(document, empty)
    for node in document.get("ods:hasIdentifications", ()):
        stated |= _filled(node, empty)
        if "ods:hasAgents" in node:
            _add_agents(stated, node["ods:hasAgents"])
        for taxon in node.get("ods:hasTaxonIdentifications", ()):
            stated |= _filled(taxon, empty)
    for node in document.get("ods:hasIdentifiers", ()):
        if node.get("dcterms:identifier") not in empty:
            stated.add(node.get("dcterms:title", ""))
    for node in document.get("ods:hasAssertions", ()):
        if node.get("dwc:measurementType") == "dwc:materialEntityType":
            stated.add("dwc:materialEntityType")
    _correct(stated, document, media_known, switches)
    events = document.get("ods:hasEvents", ())
    counted = events[:1] if switches.first_event_only else events
    views = tuple(frozenset((stated | _of_event(event, empty)) & _COUNTED) for event in counted)
    return views or (frozenset(stated & _COUNTED),)


def _correct(
    stated: set[str], document: Node, media_known: bool | None, switches: Switches
) -> None:
    """Terms that hold or do not hold for other reasons than a filled key."""
    if document.get("ods:isMarkedAsType") is not True:
        stated.discard("ods:isMarkedAsType")
    if document.get("ods:topicDiscipline") == "Unclassified":
        stated.discard("ods:topicDiscipline")
    relations = {
        node.get("dwc:relationshipOfResource"): node
        for node in document.get("ods:hasEntityRelationships", ())
    }
    if media_known or (media_known is None and "hasDigitalMedia" in relations):
        stated.add("ods:hasDigitalMedia")
    if not switches.dataset_licence_counts and "hasInheritedLicense" in relations:
        stated.discard("dcterms:license")
    source = relations.get("hasSourceSystemID")
    if source is not None:
        stated.discard("dcterms:modified")
        if source.get("dwc:relationshipRemarks") == STATES_MODIFIED:
            stated.add("dcterms:modified")


def _of_event(event: Node, empty: frozenset[str]) -> set[str]:
    stated = _filled(event, empty)
    if location := event.get("ods:hasLocation"):
        stated |= _filled(location, empty)
        for part in ("ods:hasGeoreference", "ods:hasGeologicalContext"):
            if part in location:
                stated |= _filled(location[part], empty)
    if "ods:hasAgents" in event:
        _add_agents(stated, event["ods:hasAgents"])
    return stated


def _filled(node: Node, empty: frozenset[str]) -> set[str]:
    """The keys of a node that have a value; text that stands for none counts as none."""
    filled = set(node)
    values = node.values()
    for text in empty:
        if text in values:
            filled.difference_update([key for key in node if node[key] == text])
    return filled


def _add_agents(stated: set[str], people: Iterable[Node]) -> None:
    """Add the Darwin Core terms that agents stand for, by their roles."""
    for agent in people:
        for role in agent.get("ods:hasRoles", ()):
            named, numbered = _ROLES.get(role.get("schema:roleName", ""), ("", ""))
            if named and agent.get("schema:name"):
                stated.add(named)
            if numbered and agent.get("schema:identifier"):
                stated.add(numbered)
