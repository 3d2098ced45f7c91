"""What commands tell people: words of others stand as they are."""

from __future__ import annotations

import pytest

from api.console import complain, err, out, tell
from fdo.errors import Refused

THEIRS = "plants[final] [/] [bold]x[/bold] :bug: \\[a]"
"""Would be styles, a fault of markup and an emoji to a console that looks for them."""


def test_words_of_others_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    out.print(THEIRS)
    err.print(THEIRS)
    complain(Refused(THEIRS), json=False)
    told = capsys.readouterr()
    assert told.out == f"{THEIRS}\n"
    assert told.err == f"{THEIRS}\nRefused: {THEIRS}\n"


def test_a_table_too_in_its_title_its_heads_and_its_cells(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell(THEIRS, [THEIRS, "number"], [[THEIRS, 1], [None, 2]])
    assert capsys.readouterr().out.count(THEIRS) == 3
