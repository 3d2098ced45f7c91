"""BibTeX: read back by a reader of its own, and by another's."""

from __future__ import annotations

import re
from pathlib import Path

from citeproc.source.bibtex import BibTeX
from hypothesis import given

from fdo.representations.citation.bibtex import PRINTED, bibtex
from tests.fdo.representations.citation.cases import ADDRESS, OAK, PID, TEXTS, cited, labelled

_COMMANDS = re.compile("|".join(re.escape(one) for one in sorted(PRINTED.values(), key=len)[::-1]))
_SIGNS = {command: sign for sign, command in PRINTED.items()}


def fields(entry: str) -> dict[str, str]:
    """Name → value of the one entry, by counting braces as BibTeX does."""
    kind, opened, rest = entry.partition("{")
    assert (kind, opened) == ("@misc", "{")
    _, _, rest = rest.partition(",")
    found: dict[str, str] = {}
    while match := re.match(r"\s*,?\s*(\w+) = \{", rest):
        depth, at = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(rest[at], 0)
            at += 1
        found[match[1]], rest = rest[match.end() : at - 1], rest[at:]
    assert rest == "\n}\n", "nothing follows the last field"
    return found


def printed(text: str) -> str:
    """What TeX prints of a text that holds none but the commands we write."""
    bare = _COMMANDS.sub("", text)
    assert not set(bare) & set(PRINTED), f"a sign that TeX reads was left: {text!r}"
    return _COMMANDS.sub(lambda command: _SIGNS[command[0]], text)


@given(TEXTS, TEXTS)
def test_whatever_a_label_says_is_printed_and_never_executed(name, collector):
    what = cited(labelled(name, collector))
    read = fields(bibtex(what))
    assert printed(read["title"][1:-1]) == what.title
    (author,) = what.creators
    assert printed(read["author"][1:-1]) == author.name
    assert printed(read["note"]).endswith(what.url)


def test_names_are_braced_one_by_one():
    agents = [
        {"schema:name": name, "ods:hasRoles": [{"schema:roleName": "collector"}]}
        for name in ("Smith and Jones", "Kupffer, K. R.")
    ]
    what = cited(OAK | {"ods:hasEvents": [{"ods:hasAgents": agents}]})
    assert fields(bibtex(what))["author"] == "{Smith and Jones} and {Kupffer, K. R.}"


def test_the_version_is_named_where_every_style_prints_it():
    read = fields(bibtex(cited(OAK)))
    assert read["version"] == "3"
    assert read["howpublished"].endswith("version 3")
    assert read["note"].startswith("Version 3, recorded 2026-03-01T12:00:00.000000Z.")
    assert (read["doi"], read["url"], read["year"]) == (str(PID), ADDRESS, "2026")


def test_a_version_with_a_doi_of_its_own_is_named_by_that():
    read = fields(bibtex(cited(OAK, minted=True)))
    assert read["doi"] == f"{PID}/3"
    assert read["url"] == f"https://doi.org/{PID}/3"
    assert read["note"].count(read["url"]) == 1


def test_an_address_cannot_end_its_field():
    read = fields(bibtex(cited(OAK, address="https://r.example/a}b{c d\\/x/3")))
    assert read["url"] == "https://r.example/a%7Db%7Bc%20d%5C/x/3"


def test_another_reader_reads_it(tmp_path: Path):
    file = tmp_path / "one.bib"
    file.write_text(bibtex(cited(OAK)), encoding="utf-8")
    read = BibTeX(str(file), encoding="utf-8")
    (entry,) = read.values()
    assert str(entry.title) == "Quercus robur L. · DH-1"
    assert str(entry.DOI) == str(PID)
