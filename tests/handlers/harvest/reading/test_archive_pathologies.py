"""Every file of the pathology collection comes out as this table says."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from dwca.read import DwCAReader

from handlers.harvest.reading.diagnostics import Findings
from handlers.harvest.reading.limits import Limits
from handlers.harvest.reading.metafile import read_metafile
from tests.handlers.harvest.reading.archive_building import read, refused


class Reads(NamedTuple):
    """So many records with so many extension rows, and exactly these findings."""

    records: int
    attached: int = 0
    codes: str = ""


class Refuses(NamedTuple):
    """Refused under this code."""

    code: str


LONE = "metadata-missing core-id-guessed"
EMPTY = "metadata-missing no-rows"
TABLE: dict[str, Reads | Refuses] = {
    "csv_always_quoted.csv": Reads(2, 0, f"{LONE} term-renamed"),
    "csv_incl_single_quotes.csv": Reads(3, 0, LONE),
    "csv_optional_quotes_excel2008CSV.csv": Reads(4, 0, LONE),
    "csv_quoted-unquoted_headers.csv": Reads(3, 0, LONE),
    "csv_unquoted.txt": Reads(3, 0, LONE),
    "csv_unquoted_coordinates.txt": Reads(1, 0, f"{LONE} core-id-repeated"),
    "defaults/extension-encoding-missing": Reads(0, 0, f"{EMPTY} encoding-missing"),
    "defaults/meta-file-encoding-missing": Reads(0, 0, f"{EMPTY} encoding-missing"),
    "empty_line.tab": Reads(6, 0, f"{LONE} term-renamed blank-lines"),
    "invalid/empty": Refuses("nothing-to-read"),
    "invalid/extension-core-id-missing": Refuses("core-file-missing"),
    "invalid/extension-id-missing": Refuses("core-id-undeclared"),
    "invalid/extension-location-missing": Refuses("location-missing"),
    "invalid/extension-missing": Refuses("extension-file-missing"),
    "invalid/meta-file-location-missing": Refuses("location-missing"),
    "invalid/meta-only": Refuses("core-file-missing"),
    "issues/Borza.txt": Reads(435, 0, f"{LONE} term-renamed encoding-false row-too-short"),
    "issues/csv-json-escaped-quotes": Reads(1, 4, "metadata-missing"),
    "issues/ebird.tab.txt": Reads(7, 0, f"{LONE} core-id-repeated"),
    "issues/eol": Refuses("metafile-missing"),
    "issues/eol/my_darwincore.txt": Reads(3, 0, LONE),
    "issues/eol/my_dataobject.txt": Reads(3, 0, f"{LONE} core-id-repeated blank-lines"),
    "meta-utf16le.xml": Refuses("not-a-table"),
    "meta-xml-variants/dwca-id-with-term": Reads(
        2, 0, "metadata-missing field-without-value column-unmapped"
    ),
    "metadata/clb_eml.xml": Refuses("not-a-table"),
    "metadata/eml-utf16LE.xml": Refuses("not-a-table"),
    "metadata/eml-utf16_declared_as_utf8.xml": Refuses("not-a-table"),
    "metadata/eml-utf16_no_LE_declared.xml": Refuses("not-a-table"),
    "metadata/eml.xml": Refuses("not-a-table"),
    "metadata/eml_utf8_bom.xml": Refuses("not-a-table"),
    "metadata/ipt_eml.xml": Refuses("not-a-table"),
    "metadata/noa_fgdc.txt": Refuses("header-unknown"),
    "metadata/worms_dc.xml": Refuses("not-a-table"),
    "metadata/worms_dc2.xml": Refuses("not-a-table"),
    "metadata/worms_eml2.1.xml": Refuses("not-a-table"),
    "multifile-multiline-header": Reads(6, 0, "metadata-missing"),
    "multifile-psv": Reads(6, 6, "metadata-missing encoding-missing"),
    "multiline-header": Reads(2, 0, "metadata-missing"),
    "nullCoreID.zip": Reads(3248, 1057, "coreid-guessed"),
    "null_data.txt": Reads(5, 0, f"{LONE} blank-lines"),
    "quoted_headers_MOBOTDarwinCore.csv": Reads(2, 0, LONE),
    "simplest-archive": Reads(2, 0, "metadata-missing"),
    "xml-entity-meta": Reads(0, 0, EMPTY),
}


@pytest.fixture(scope="module")
def pathologies(shared_data: Path) -> Path:
    return shared_data / "dwca-pathology"


@pytest.mark.parametrize("name", TABLE)
def test_each_pathology_has_the_outcome_of_the_table(
    name: str, pathologies: Path, tmp_path: Path
) -> None:
    expected = TABLE[name]
    if isinstance(expected, Refuses):
        assert refused(pathologies / name, tmp_path) == expected.code
        return
    reading = read(pathologies / name, tmp_path)
    attached = sum(len(rows) for r in reading.records for rows in r.extensions.values())
    assert (len(reading.records), attached) == (expected.records, expected.attached)
    assert reading.codes == set(expected.codes.split())


def test_the_table_leaves_no_file_out(pathologies: Path) -> None:
    named = [pathologies / name for name in TABLE]
    for file in pathologies.rglob("*"):
        if file.is_file():
            assert any(file == each or each in file.parents for each in named), file


SECOND_OPINION = (
    "issues/csv-json-escaped-quotes",
    "meta-xml-variants/dwca-id-with-term",
    "multiline-header",
    "simplest-archive",
)


@pytest.mark.parametrize("name", SECOND_OPINION)
def test_another_reader_sees_the_same_values_where_it_can_read(
    name: str, pathologies: Path, tmp_path: Path
) -> None:
    ours = read(pathologies / name, tmp_path).records
    source = tmp_path / "theirs"  # that reader wants a metadata file to be there
    source.mkdir()
    for file in (pathologies / name).iterdir():
        (source / file.name).write_bytes(file.read_bytes())
    (source / "eml.xml").write_text("<eml/>")
    with DwCAReader(str(source)) as reader:
        theirs = list(reader)
        assert [row.id for row in theirs] == [record.id for record in ours]
        for row, record in zip(theirs, ours, strict=True):
            named = {term: value for term, value in row.data.items() if value}
            mapped = {k: v for k, v in record.core.items() if ":" in k}
            assert sorted(named.values()) == sorted(mapped.values())
            assert len(row.extensions) == sum(map(len, record.extensions.values()))


def test_a_metafile_in_utf16_is_read(pathologies: Path) -> None:
    findings = Findings()
    file = pathologies / "meta-utf16le.xml"
    metafile = read_metafile(file.read_bytes(), file.name, findings, Limits())
    assert metafile.core.row_type == "dwc:Occurrence"
    assert len(metafile.core.columns) == 43
    assert metafile.metadata == "eml.xml"
    assert findings.all() == []


def test_constants_defaults_and_an_id_that_is_also_a_term(
    pathologies: Path, tmp_path: Path
) -> None:
    first = read(pathologies / "meta-xml-variants" / "dwca-id-with-term", tmp_path).records[0]
    assert first.core["dwc:occurrenceID"] == first.id == "10d1bde8870c424ba9065de6964a269d"
    assert first.core["dwc:kingdom"] == "Plantae"
    assert first.core["dwc:NomenclaturalCode"] == "-9999"
    assert first.core["column-4"] == "Austria"
    assert "dcterms:rights" not in first.core


def test_json_with_escaped_quotes_stays_json(pathologies: Path, tmp_path: Path) -> None:
    record = read(pathologies / "issues" / "csv-json-escaped-quotes", tmp_path).records[0]
    properties = record.core["dwc:dynamicProperties"]
    assert properties.startswith('{"chronostratigraphy": "Cretaceous, Early')
    assert r"says \"fragments of bone\"" in properties
    assert record.core["dwc:order"] == "Pterosauria"
