"""The table of findings is whole: nothing is reported outside it, nothing in it is dead."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from fdo.errors import SourceRefused
from handlers.harvest.reading import diagnostics
from handlers.harvest.reading.diagnostic_codes import CODES, READINGS, REFUSALS, ROWS
from handlers.harvest.reading.diagnostics import Findings, refusal

ROOM = Path(diagnostics.__file__).parent
READER = """archive columns dialect fetch join layout limits lines metadata metafile plan rows
tables unpack xml_text"""


def test_every_code_is_raised_or_noted_somewhere() -> None:
    source = "".join((ROOM / f"{module}.py").read_text() for module in READER.split())
    for code in CODES:
        assert f'"{code}"' in source, code


def test_every_code_that_is_used_stands_in_the_table() -> None:
    for module in READER.split():
        source = (ROOM / f"{module}.py").read_text()
        for code in re.findall(r"(?:refusal|note)\(\s*\"([a-z0-9-]+)\"", source):
            assert code in CODES, (module, code)


@pytest.mark.parametrize("code", CODES)
def test_every_finding_says_what_and_what_next(code: str) -> None:
    rule = CODES[code]
    words = {name: "x" for text in rule[1:] for _, name, _, _ in Formatter().parse(text) if name}
    assert rule.says.format(**words).endswith(".")
    assert rule.next_step.endswith(".")
    assert len(rule.next_step) > 10


def test_the_parts_of_the_table_do_not_overlap() -> None:
    assert len(REFUSALS) + len(ROWS) + len(READINGS) == len(CODES)
    assert {rule.severity for rule in (*REFUSALS.values(), *ROWS.values())} == {"error"}


def test_a_refusal_names_its_code_and_its_next_step() -> None:
    error = refusal("source-missing", name="x.zip")
    assert isinstance(error, SourceRefused)
    assert error.details == {"code": "source-missing", "name": "x.zip"}
    assert error.message == "There is no file or folder x.zip. Check the path or the address."


def test_findings_keep_their_order_and_their_sums() -> None:
    findings = Findings()
    for line in range(50):
        findings.note("unescaped-quote", file="a.txt", line=line)
    findings.note("unescaped-quote", file="b.txt", line=1)
    told = findings.all()
    assert sum(each.rows for each in told if each.file == "a.txt") == 50
    assert [each.line for each in told[:3]] == [0, 1, 2]
    assert told[-1].line is None
