"""Disciplines: every kingdom has a home, and minerals are never read as taxa."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fdo.disciplines import Taxonomy, basis_of_record, classify
from fdo.disciplines_tables import BASES, CATEGORY_BY_TAXON, KINGDOMS


@pytest.mark.parametrize(
    ("kingdom", "discipline"),
    [
        ("Animalia", "Zoology"),
        ("Plantae", "Botany"),
        ("Fungi", "Botany"),
        ("Chromista", "Botany"),
        ("Bacteria", "Microbiology"),
        ("Archaea", "Microbiology"),
        ("Protozoa", "Microbiology"),
        ("Viruses", "Microbiology"),
        ("METAZOA", "Zoology"),
    ],
)
def test_every_kingdom_has_a_discipline(kingdom: str, discipline: str) -> None:
    assert classify("PreservedSpecimen", Taxonomy(kingdom)).discipline == discipline


@pytest.mark.parametrize(
    ("taxonomy", "discipline"),
    [
        (Taxonomy(None, "Arthropoda"), "Zoology"),
        (Taxonomy("incertae sedis", None, "Insecta"), "Zoology"),
        (Taxonomy(None, "Basidiomycota"), "Botany"),
        (Taxonomy(None, None, "Phaeophyceae"), "Botany"),
        (Taxonomy("unknown", "Cyanobacteria"), "Microbiology"),
    ],
)
def test_phylum_and_class_tell_the_kingdom_where_it_is_missing(
    taxonomy: Taxonomy, discipline: str
) -> None:
    assert classify("PreservedSpecimen", taxonomy).discipline == discipline


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Preservedspecimen", "PreservedSpecimen"),
        ("Preserved Specimen", "PreservedSpecimen"),
        ("preserved_specimen", "PreservedSpecimen"),
        ("http://rs.tdwg.org/dwc/terms/PreservedSpecimen", "PreservedSpecimen"),
        ("HERBARIUM SHEET", "PreservedSpecimen"),
        ("fossil specimen", "FossilSpecimen"),
        ("LivingSpecimen", "LivingSpecimen"),
        ("OtherSpecimen", "OtherSpecimen"),
    ],
)
def test_a_basis_of_record_is_known_in_every_spelling(text: str, name: str) -> None:
    basis = basis_of_record(text)
    assert basis is not None and basis.name == name


@pytest.mark.parametrize(
    "text",
    ["HumanObservation", "MachineObservation", "MaterialCitation", "Taxon", "", "literature"],
)
def test_what_is_no_object_is_no_specimen(text: str) -> None:
    assert basis_of_record(text) is None


def test_an_other_specimen_of_a_mineralogy_collection_is_geology() -> None:
    topics = classify("OtherSpecimen", collection="Mineralogy")
    assert topics.discipline == "Geology" and topics.domain == "Earth System"


def test_a_fossil_is_palaeontology_whatever_its_kingdom() -> None:
    topics = classify("FossilSpecimen", Taxonomy("Plantae"))
    assert (topics.discipline, topics.category) == ("Palaeontology", "Botany Fossils")


def test_a_preserved_specimen_of_a_fossil_collection_is_palaeontology() -> None:
    assert (
        classify("PreservedSpecimen", collection="MnhnL-Palaeo-Jura").discipline == "Palaeontology"
    )


def test_a_herbarium_sheet_without_kingdom_is_botany() -> None:
    assert classify("HERBARIUM SHEET").discipline == "Botany"


def test_the_name_of_the_collection_decides_only_where_the_taxon_is_silent() -> None:
    assert classify("PreservedSpecimen", collection="Algae herbarium TROM").discipline == "Botany"
    assert classify("PreservedSpecimen", Taxonomy("Animalia"), "Herbarium").discipline == "Zoology"


def test_nothing_known_is_unclassified() -> None:
    topics = classify("PreservedSpecimen")
    assert topics[:4] == ("Unclassified",) * 4 and topics.living == "Preserved"


def test_only_living_specimens_live() -> None:
    assert classify("LivingSpecimen", Taxonomy("Plantae")).living == "Living"


def test_every_category_stands_in_the_list_of_the_profile(shared_data: Path) -> None:
    profile = json.loads(
        (
            shared_data / "openDS/fdo-profile/digital-specimen/1.0.0/schema/digital-specimen.json"
        ).read_text()
    )
    allowed = set(profile["properties"]["topicCategory"]["enum"])
    made = {
        classify(name, Taxonomy(kingdom, phylum)).category
        for name, *_ in BASES.values()
        for kingdom in [None, *KINGDOMS]
        for phylum in (None, "Chordata", "Mollusca")
    }
    assert made | set(CATEGORY_BY_TAXON.values()) <= allowed
