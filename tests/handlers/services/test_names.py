"""Names: what the checklist knows otherwise is proposed beside what stands; nothing else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdo.documents import Document
from handlers.mas.filters import Filter
from handlers.queueing.kit import Work
from handlers.services.checklist import (
    Checklist,
    ChecklistRefused,
    distance,
    parted,
    plain,
    same_author,
)
from handlers.services.names import LABEL_NAMES, LabelNames, Names
from tests.fdo.annotation.saying import IMAGE, SPECIMEN, image, named, note, specimen
from tests.handlers.services.drawn import BASE, SHOWN, Held, about, selector, stored, value

COLUMNS = (
    "taxonID", "acceptedNameUsageID", "scientificName", "scientificNameAuthorship", "taxonRank",
    "taxonomicStatus",
)  # fmt: skip
TAXA = """
1,1,Leuctra,"Stephens, 1836",genus,valid
2,2,Leuctra fusca,"(Linnaeus, 1758)",species,valid
3,2,Phryganea fusca,"Linnaeus, 1758",species,synonym
4,4,Isoperla grammatica,"(Poda, 1761)",species,valid
5,5,Nemoura cinerea,"(Retzius, 1783)",species,valid
6,4,Nemoura cinerea,"(Olivier, 1811)",species,synonym
7,7,Perla marginata,"(Panzer, 1799)",species,valid
8,8,Perla marginatum,"Other, 1900",species,valid
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("checklist") / "taxa.csv"
    made.write_text(",".join(COLUMNS) + TAXA, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def checklist(file: Path) -> Checklist:
    return Checklist(file)


def meant(checklist: Checklist, text: str) -> tuple[str, str] | None:
    """(ID of the accepted taxon, kind of match) of a text."""
    name = parted(text)
    found = checklist.match(*name) if name else None
    return (found.accepted.id, found.kind) if found else None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Leuctra fusca (Linnaeus, 1758)", ("2", "exact")),
        ("Leuctra fusca L.", ("2", "exact")),
        ("LEUCTRA FUSCA", ("2", "exact")),
        ("Leuctra fusca Kempny, 1899", ("2", "author differs")),
        ("Leuctra fuscus", ("2", "ending differs")),
        ("Leuctra fusta", ("2", "spelling differs")),
        ("Luectra fusca", ("2", "spelling differs")),
        ("Phryganea fusca Linnaeus, 1758", ("2", "exact")),
        ("Isoperla gramatica (Poda, 1761)", ("4", "spelling differs")),
        ("Nemoura cinerea (Olivier, 1811)", ("4", "exact")),
        ("Nemoura cinerea", ("5", "exact")),
        ("Perla marginatus", None),  # an ending away from two names
        ("Leuctra", ("1", "exact")),
        ("Leuctra cf. fusca", None),
        ("Leuctra sp.", None),
        ("Switzerland, Valais", None),
        ("Zermatt", None),
        ("leg. A. Meier 4711", None),
        ("BOLD:AAA1234", None),
        ("Abies alba Mill.", None),
        ("", None),
    ],
)
def test_what_a_text_is_in_the_checklist(
    checklist: Checklist, text: str, found: tuple[str, str] | None
) -> None:
    assert meant(checklist, text) == found


def test_the_surer_the_match_the_higher_the_score(checklist: Checklist) -> None:
    texts = ("Leuctra fusca L.", "Leuctra fusca", "Leuctra fuscus", "Leuctra fusta")
    scores = [found.score for text in texts if (found := checklist.match(*parted(text) or ("",)))]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) == 4


@given(st.text(max_size=400))
def test_any_text_is_matched_or_not(checklist: Checklist, text: str) -> None:
    found = meant(checklist, text)
    assert found is None or found[0].isdigit()


@given(st.sampled_from(["Leuctra fusca", "Isoperla grammatica", "Perla marginata"]), st.data())
def test_one_exchanged_pair_of_letters_is_one_step(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 2))
    other = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    assert distance(name, other) == (name != other) == distance(other, name)


def test_authors_are_compared_as_they_are_cited() -> None:
    assert same_author("L.", "(Linnaeus, 1758)") and same_author("Mill.", "Miller")
    assert same_author("A. Meier, 1900", "Meier")
    assert not same_author("Linnaeus, 1761", "(Linnaeus, 1758)")
    assert not same_author("", "Linnaeus") and not same_author("Poda", "Panzer")


def test_a_name_is_compared_without_rank_subgenus_and_signs() -> None:
    assert plain("Abies × borisii-regis") == plain("Abies borisii-regis")
    assert plain("Leuctra (Foo) fusca subsp. minor") == "leuctra fusca minor"


def proposed(file: Path, work: Work) -> list[Document]:
    return stored(Names(file).annotate([work])[0], work.object)


def test_the_accepted_name_of_a_synonym_is_one_more_identification(file: Path) -> None:
    work = about(**{"ods:hasIdentifications": [named("Phryganea fusca Linnaeus, 1758")]})
    (found,) = proposed(file, work)
    assert found["oa:motivatedBy"] == ["ods:adding"]
    assert selector(found)["ods:class"] == "$['ods:hasIdentifications'][1]"
    said = value(found)
    assert said["dwc:verbatimIdentification"] == "Phryganea fusca Linnaeus, 1758"
    assert said["ods:isVerifiedIdentification"] is False
    taxon = said["ods:hasTaxonIdentifications"][0]
    assert taxon["dwc:scientificName"] == "Leuctra fusca (Linnaeus, 1758)"
    assert taxon["dwc:taxonID"] == "2"
    assert "synonym of Leuctra fusca" in said["dwc:identificationRemarks"]


def test_a_name_that_is_accepted_already_is_no_news(file: Path) -> None:
    names = [named("Leuctra fusca (Linnaeus, 1758)"), named("Abies alba Mill.")]
    assert proposed(file, about(**{"ods:hasIdentifications": names})) == []


def test_what_was_accepted_once_is_not_proposed_again(file: Path) -> None:
    names = [named("Phryganea fusca"), named("Leuctra fusca (Linnaeus, 1758)")]
    assert proposed(file, about(**{"ods:hasIdentifications": names})) == []


def test_the_label_of_a_specimen_without_identification_is_read(file: Path) -> None:
    work = about(**{"dwc:verbatimLabel": "Isoperla gramatica Poda\nSwitzerland, Valais"})
    del work.object["ods:hasIdentifications"]  # type: ignore[attr-defined]  # a plain dict here
    (found,) = proposed(file, work)
    assert value(found)["ods:hasTaxonIdentifications"][0]["dwc:taxonID"] == "4"


def transcription(text: str, **more: Any) -> Work:
    """The work of an annotation that a program made of an image."""
    said = note("oa:commenting", None, text, of=IMAGE, **more)
    said["oa:hasBody"][0]["dcterms:format"] = ["text/plain"]
    relation = {"dwc:relationshipOfResource": "hasDigitalSpecimen",
                "dwc:relatedResourceID": SPECIMEN.iri}  # fmt: skip
    held = {
        f"/{IMAGE}?format=json": orjson.dumps(image(**{"ods:hasEntityRelationships": [relation]})),
        SHOWN: orjson.dumps(specimen()),
    }
    return Work("job", said, 1, BASE, {}, Held(held))


def test_a_name_on_a_label_is_proposed_for_the_specimen_shown(file: Path) -> None:
    work = transcription("Herbarium Musei\nIsoperla gramatica Poda\nSwitzerland, Valais")
    (found,) = stored(LabelNames(file).annotate([work])[0], specimen())
    assert value(found)["dwc:verbatimIdentification"] == "Isoperla gramatica Poda"
    assert selector(found)["ods:class"] == "$['ods:hasIdentifications'][2]"


def test_a_label_without_names_asks_nobody_for_anything(file: Path) -> None:
    work = transcription("Switzerland, Valais")
    empty = Work("job", work.object, 1, BASE, {}, Held({}))
    answer = LabelNames(file).annotate([empty])[0]
    assert answer.error is None and not answer.annotations


def test_only_texts_that_programs_read_from_media_are_looked_at() -> None:
    wanted = Filter(LABEL_NAMES.filter)
    program = [{"@type": "schema:SoftwareApplication"}]
    media = "https://doi.org/21.T11148/bbad8c4e101e8af01115"
    said = dict(transcription("Leuctra", **{"dcterms:creator": program}).object)
    said["oa:hasTarget"][0]["ods:fdoType"] = media
    assert wanted.passes(said)
    assert not wanted.passes({**said, "dcterms:creator": [{"@type": "schema:Person"}]})
    assert not wanted.passes({**said, "oa:motivatedBy": ["oa:assessing"]})


def test_a_table_in_another_dialect_is_read(tmp_path: Path) -> None:
    other = tmp_path / "names.tsv"
    other.write_text("dwc:taxonID\thttp://rs.tdwg.org/dwc/terms/scientificName\n"
                     "a\tAbies alba Mill.\n")  # fmt: skip
    known = Checklist(other)
    assert meant(known, "Abies alba Miller") == ("a", "exact")


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"name,author\nAbies,L.\n", "scientificName"), (b"scientificName\n", "no names"),
     (b"scientificName\n\xff\xfe\x00", "cannot be read"), (b"", "scientificName")],
)  # fmt: skip
def test_a_file_that_is_no_checklist_is_refused(content: bytes, told: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_bytes(content)
    with pytest.raises(ChecklistRefused, match=told):
        Checklist(broken)


def test_without_a_checklist_the_service_says_what_it_lacks() -> None:
    with pytest.raises(ChecklistRefused, match=r"services\.toml"):
        Names(None).load()


def test_a_real_checklist_finds_its_own_names_and_their_misspellings(shared_data: Path) -> None:
    """Of each twentieth species: itself; with a letter doubled, itself or, where two names are
    as near, nothing; never another."""
    known = Checklist(shared_data / "checklist-plecoptera" / "taxa.csv")
    species = [one for one in known.taxa if one.rank == "species"][::20]
    assert len(species) > 200
    wrong = missed = 0
    for one in species:
        exact = known.match(one.name, one.authorship)
        assert exact is not None and exact.accepted.id == known.accepted(one).id
        near = known.match(one.name[:-3] + one.name[-4] + one.name[-3:], one.authorship)
        missed += near is None
        wrong += near is not None and near.accepted.id != known.accepted(one).id
    print(f"misspelt: {wrong} wrong, {missed} not found, of {len(species)}")
    assert wrong == 0 and missed <= len(species) // 20
