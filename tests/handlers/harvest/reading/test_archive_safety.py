"""What an archive may not do to us, and under which name it is refused."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from handlers.harvest import reports
from handlers.harvest.reading.diagnostics import Findings
from handlers.harvest.reading.limits import Limits
from handlers.harvest.reading.metadata import read_metadata
from handlers.harvest.reading.xml_text import beginning_of
from tests.handlers.harvest.reading.archive_building import (
    folder,
    metafile,
    occurrences,
    read,
    refused,
    table,
)

META = metafile(table("occurrence.txt", ("occurrenceID", "locality")))
ROWS = "id,l\n1,a\n2,b\n"


def zipped(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, files: dict[str, str], *more: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content.encode())
            archive.addfile(member, io.BytesIO(content.encode()))
        for member in more:
            archive.addfile(member)
    return path


SOUND = {"meta.xml": META, "occurrence.txt": ROWS}


@pytest.mark.parametrize("inside", ["", "deep/down/"])
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_sound_archive_is_read_beside_what_macos_adds(
    pack: object, inside: str, tmp_path: Path
) -> None:
    files = {f"{inside}{name}": text for name, text in SOUND.items()}
    files |= {f"__MACOSX/{inside}._meta.xml": "\0\5", f"{inside}._occurrence.txt": "\0\5"}
    source = pack(tmp_path / "archive.packed", files)  # type: ignore[operator]
    assert len(read(source, tmp_path / "w").records) == 2


def test_nothing_unpacked_is_left_behind(tmp_path: Path) -> None:
    read(zipped(tmp_path / "a.zip", SOUND), tmp_path / "w")
    refused(zipped(tmp_path / "b.zip", {"meta.xml": META}), tmp_path / "w")
    assert list((tmp_path / "w").iterdir()) == []


NOT_UTF8 = os.fsdecode(b"caf\xe9.csv")


def test_a_name_that_is_not_utf8_is_told_with_question_marks(tmp_path: Path) -> None:
    source = folder(tmp_path / "a", meta=META, occurrence=ROWS)
    (source / NOT_UTF8).write_text("beside")
    (tmp_path / NOT_UTF8).write_text("occurrenceID,country\nx:1,BE\n")
    packed = tarred(tmp_path / "a.tgz", {**SOUND, NOT_UTF8: "beside"})
    for place in (source, packed):
        reading = read(place, tmp_path / "w")
        assert len(reading.records) == 2
        assert reports.line(str(place), reading.one("file-unused")).isascii()
        assert reading.one("file-unused").file == "caf?.csv"
    reading = read(tmp_path / NOT_UTF8, tmp_path / "w")
    assert (list(reading.counts), reading.records[0].file) == (["caf?.csv"], "caf?.csv")
    assert b"caf?.csv" in reports.line(str(tmp_path / NOT_UTF8), reading.diagnostics[0])


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/etc/e.txt", "a/../../e.txt", "C:\\e.txt", "./C:e.txt"]
)
def test_paths_out_of_the_archive_are_refused(name: str, tmp_path: Path) -> None:
    assert refused(zipped(tmp_path / "a.zip", {name: "x"}), tmp_path / "w") == "unsafe-path"
    assert refused(tarred(tmp_path / "a.tgz", {name: "x"}), tmp_path / "w") == "unsafe-path"


@pytest.mark.parametrize("location", ["../secret.txt", "/etc/passwd", "https://example.org/x.txt"])
def test_a_metafile_names_files_of_its_own_folder_only(location: str, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(ROWS)
    meta = metafile(table(location, ("occurrenceID",)))
    assert refused(folder(tmp_path / "a", meta=meta), tmp_path / "w") == "unsafe-path"


def test_the_folder_itself_may_be_the_first_member(tmp_path: Path) -> None:
    source = tmp_path / "a.tgz"
    place = tmp_path / "packed"
    for name, text in SOUND.items():
        place.mkdir(exist_ok=True)
        (place / name).write_text(text)
    with tarfile.open(source, "w:gz") as archive:  # as `tar czf a.tgz -C packed .` does
        archive.add(place, arcname=".")
        assert archive.getnames()[0] == "."
    assert len(read(source, tmp_path / "w").records) == 2
    zipped(tmp_path / "a.zip", {"./": "", **{f"./{name}": text for name, text in SOUND.items()}})
    assert len(read(tmp_path / "a.zip", tmp_path / "w").records) == 2


def test_links_are_refused(tmp_path: Path) -> None:
    link = tarfile.TarInfo("occurrence.txt")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    source = tarred(tmp_path / "a.tgz", {"meta.xml": META}, link)
    assert refused(source, tmp_path / "w") == "link-in-archive"
    info = zipfile.ZipInfo("occurrence.txt")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert refused(tmp_path / "a.zip", tmp_path / "w") == "link-in-archive"


def test_a_link_out_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(ROWS)
    source = folder(tmp_path / "a", meta=META)
    (source / "occurrence.txt").symlink_to(tmp_path / "secret.txt")
    assert refused(source, tmp_path / "w") == "unsafe-path"


def test_devices_are_refused(tmp_path: Path) -> None:
    device = tarfile.TarInfo("occurrence.txt")
    device.type = tarfile.CHRTYPE
    source = tarred(tmp_path / "a.tgz", {"meta.xml": META}, device)
    assert refused(source, tmp_path / "w") == "not-a-plain-file"


BOMB = "id,l\n" + "1," + "a" * 3_000_000
TIGHT = Limits(ratio_free=1 << 16, max_ratio=50)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_bomb_is_stopped_while_it_inflates(pack: object, tmp_path: Path) -> None:
    source = pack(tmp_path / "a.packed", {"meta.xml": META, "occurrence.txt": BOMB})  # type: ignore[operator]
    assert refused(source, tmp_path / "w", TIGHT) == "archive-bomb"
    assert refused(source, tmp_path / "w", Limits(max_inflated=10_000)) == "archive-bomb"


def test_a_lone_packed_table_is_counted_too(tmp_path: Path) -> None:
    sound, bomb = tmp_path / "sound.csv.gz", tmp_path / "bomb.csv.gz"
    sound.write_bytes(gzip.compress(b"occurrenceID,locality\n1,a\n"))
    bomb.write_bytes(gzip.compress(BOMB.encode()))
    assert len(read(sound, tmp_path / "w").records) == 1
    assert refused(bomb, tmp_path / "w", TIGHT) == "archive-bomb"


def test_a_zip_that_lies_about_its_sizes_is_counted_by_what_comes_out(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"meta.xml": META, "occurrence.txt": BOMB})
    raw = path.read_bytes().replace(len(BOMB).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(raw)
    assert refused(path, tmp_path / "w", TIGHT) in ("archive-bomb", "archive-broken")


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    many = {f"{i}.txt": "x" for i in range(30)}
    limits = Limits(max_files=20)
    assert refused(zipped(tmp_path / "a.zip", many), tmp_path / "w", limits) == "too-many-files"
    source = folder(tmp_path / "f", **many)
    assert refused(source, tmp_path / "w", limits) == "too-many-files"


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("occurrence.txt", ROWS)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("occurrence.txt", ROWS)
    assert refused(tmp_path / "a.zip", tmp_path / "w") == "name-twice"


@pytest.mark.parametrize("cut", [20, 200, -30])
def test_a_cut_archive_is_named_broken(cut: int, tmp_path: Path) -> None:
    for path in (zipped(tmp_path / "a.zip", SOUND), tarred(tmp_path / "a.tgz", SOUND)):
        path.write_bytes(path.read_bytes()[:cut])
        assert refused(path, tmp_path / "w") in ("archive-broken", "nothing-to-read")


ENTITIES = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("doctype", [ENTITIES, LAUGHS])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_entities_are_refused_in_metafile_and_metadata(
    doctype: str, encoding: str, tmp_path: Path
) -> None:
    meta = folder(tmp_path / "a", meta=(doctype + META).encode(encoding), occurrence=ROWS)
    assert refused(meta, tmp_path / "w") == "xml-entities"
    eml = f"{doctype}<eml><dataset><title>&x;&b;</title></dataset></eml>".encode(encoding)
    source = folder(tmp_path / "b", meta=META, occurrence=ROWS, eml=eml)
    assert refused(source, tmp_path / "w") == "xml-entities"


def test_comments_that_nobody_ends_take_no_time(tmp_path: Path) -> None:
    source = folder(tmp_path / "a", meta="<!--" * 1_000_000 + "<!ENTITY", occurrence=ROWS)
    assert refused(source, tmp_path / "w") == "xml-entities"


def test_an_entity_in_a_comment_is_none(tmp_path: Path) -> None:
    source = folder(tmp_path / "a", meta=f"<!-- <!ENTITY --> {META}<!-- > -->", occurrence=ROWS)
    assert len(read(source, tmp_path / "w").records) == 2


def test_a_doctype_without_entities_harms_nobody(tmp_path: Path) -> None:
    eml = b'<!DOCTYPE eml SYSTEM "http://localhost:1/x.dtd"><eml><dataset><title>T</title></dataset></eml>'
    assert read_metadata(eml, "eml.xml", Findings(), Limits()).title == "T"


def test_an_enormous_metadata_document_is_refused(tmp_path: Path) -> None:
    source = folder(tmp_path / "a", meta=META, occurrence=ROWS, eml="<a>" + "x" * 9000 + "</a>")
    assert refused(source, tmp_path / "w", Limits(max_xml=5000)) == "xml-too-large"
    source = folder(tmp_path / "b", meta=META + " " * 9000, occurrence=ROWS)
    assert refused(source, tmp_path / "w", Limits(max_xml=5000)) == "xml-too-large"


def test_no_more_of_a_document_is_read_than_says_that_it_is_too_large(tmp_path: Path) -> None:
    with (tmp_path / "eml.xml").open("wb") as file:
        file.truncate(1 << 40)  # zeros that take no room
    assert len(beginning_of(tmp_path / "eml.xml", 100)) == 101


def test_deeply_nested_xml_is_no_danger(tmp_path: Path) -> None:
    deep = "<a>" * 5000 + "</a>" * 5000
    source = folder(tmp_path / "a", meta=META, occurrence=ROWS, eml=deep)
    assert "metadata-broken" in read(source, tmp_path / "w").codes
    assert refused(folder(tmp_path / "b", meta=deep), tmp_path / "w") == "metafile-broken"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("x.csv", b"%PDF-1.7 ...", "not-a-table"),
        ("x.csv", bytes(range(256)) * 20, "not-a-table"),
        ("x.csv", b"", "nothing-to-read"),
        ("x.csv", b"colour,size\nred,4\n", "header-unknown"),
        ("x.xml", b"<DataSets/>", "not-a-table"),
    ],
)
def test_what_is_no_table_is_named(name: str, content: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert refused(tmp_path / name, tmp_path / "w") == code


def test_a_spreadsheet_is_named(tmp_path: Path) -> None:
    source = zipped(tmp_path / "a.xlsx", {"[Content_Types].xml": "<Types/>"})
    assert refused(source, tmp_path / "w") == "spreadsheet"


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere.zip", tmp_path / "w") == "source-missing"


def test_several_archives_in_one_are_refused(tmp_path: Path) -> None:
    source = zipped(tmp_path / "a.zip", {"a/meta.xml": META, "b/meta.xml": META})
    assert refused(source, tmp_path / "w") == "several-archives"


@pytest.mark.parametrize("row_type", ["dwc:Taxon", "dwc:Event"])
def test_only_specimen_rows_pass_as_specimens(row_type: str, tmp_path: Path) -> None:
    iri = row_type.replace("dwc:", "http://rs.tdwg.org/dwc/terms/")
    source = occurrences(tmp_path / "a", ROWS, ("occurrenceID",), row_type=iri)
    with pytest.raises(Exception, match="not specimens"):
        read(source, tmp_path / "w", specimens=True)
    assert read(source, tmp_path / "w").row_type == row_type
