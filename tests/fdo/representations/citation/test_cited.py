"""What is cited: titles and people in one line, whoever wrote them."""

from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from fdo.representations.citation.bibtex import bibtex
from fdo.representations.citation.cited import one_line
from fdo.representations.citation.csl import csl
from fdo.representations.citation.dublin_core import oai_dc
from fdo.representations.citation.ris import ris
from fdo.representations.citation.schema_org import schema_org
from tests.fdo.representations.citation.cases import OAK, PID, TEXTS, cited
from tests.fdo.representations.documents import documents


@given(TEXTS)
def test_one_line_shows_what_it_says(text):
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert not {unicodedata.category(sign) for sign in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert "\u202e" not in line


@settings(max_examples=40)
@given(documents(), st.sampled_from(["specimen", "media", "source-system"]), st.booleans())
def test_any_document_at_all_can_be_cited(document, kind, pid_only):
    what = cited(document, kind, pid_only=pid_only)
    for form in (bibtex, ris, oai_dc):
        assert f"{PID}/3" in form(what)
    assert csl(what)["version"] == schema_org(what)["version"] == "3"


def test_the_repository_is_credited_where_a_document_names_nobody():
    what = cited({"schema:name": "Mapping"}, "data-mapping")
    assert [one.name for one in what.creators] == ["Repository"]


def test_a_program_is_not_credited():
    agent = {"@type": "schema:SoftwareApplication", "schema:name": "Harvester"}
    what = cited({"schema:name": "Herbarium", "schema:creator": agent}, "source-system")
    assert [one.name for one in what.creators] == ["Repository"]


def test_who_entered_a_query_is_credited_with_it():
    agent = {"@type": "schema:Person", "schema:name": "J. Carberry"}
    what = cited({"schema:name": "Query", "dcterms:creator": agent}, "saved-query")
    assert [one.name for one in what.creators] == ["J. Carberry"]


def test_csl_names_the_version_and_the_object():
    item = csl(cited(OAK))
    assert (item["version"], item["DOI"], item["number"]) == ("3", str(PID), PID.iri)
    assert item["note"].startswith(f"{PID.iri}/3 (2026-03-01T12:00:00.000000Z) hash://sha256/")
    assert csl(cited(OAK, proof=None))["note"] == f"{PID.iri}/3 (2026-03-01T12:00:00.000000Z)"
    assert "number" not in csl(cited(OAK, minted=True))


def test_a_dataset_is_cited_as_its_holders_and_published_here() -> None:
    source = {
        "@type": "ods:SourceSystem",
        "schema:name": "Oaks",
        "schema:description": "Organisation: University of Tartu",
    }
    what = cited(source, "source-system")
    assert [one.name for one in what.creators] == ["University of Tartu"]
    assert what.publisher.name == "Repository"
    unknown = cited({"@type": "ods:SourceSystem", "schema:name": "Oaks"}, "source-system")
    assert [one.name for one in unknown.creators] == ["Repository"]
