"""What commands tell people: words of others stand as they are, faults of the machine are one
sentence, and those of the program keep their traceback."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import orjson
import pytest
import typer

from api.console import complain, ending_in_order, err, honest, out, tell
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


def in_a_database(*statements: str) -> None:
    """Carry these out in a small database; what SQLite refuses comes as it came."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE held (words)")
        for statement in statements:
            database.execute(statement)


MUCH = "INSERT INTO held VALUES (zeroblob(100000))"


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (("PRAGMA max_page_count=2", MUCH), "full"),
        (("PRAGMA query_only=1", MUCH), "readonly"),
        (("ATTACH '/nowhere/at/all.sqlite' AS other",), "unable to open"),
    ],
)
@pytest.mark.parametrize("passed_on", [False, True])
def test_what_the_machine_refuses_a_database_is_one_sentence(
    capsys: pytest.CaptureFixture[str], statements: tuple[str, ...], told: str, passed_on: bool
) -> None:
    @honest
    def command(*, json: bool) -> None:
        try:
            in_a_database(*statements)
        except sqlite3.Error as error:
            if passed_on:
                raise RuntimeError("The log could not be written.") from error
            raise

    for json in (False, True):
        with pytest.raises(typer.Exit) as ended:
            command(json=json)
        assert ended.value.exit_code == 1
    said = capsys.readouterr()
    assert said.err.startswith("Unavailable: A database") and told in said.err
    assert orjson.loads(said.out)["error"] == "Unavailable"


def test_a_fault_of_the_program_is_not_blamed_on_the_machine() -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        honest(in_a_database)("SELECT * FROM nowhere")


def test_who_asks_a_command_to_end_ends_it_as_an_error_does() -> None:
    before = signal.getsignal(signal.SIGTERM)
    done = list[str]()
    with pytest.raises(SystemExit) as ended, ending_in_order():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1000):
                time.sleep(0.01)
        finally:
            done.append("tidied up")
    assert (ended.value.code, done) == (143, ["tidied up"])
    assert signal.getsignal(signal.SIGTERM) is before


def test_beside_the_main_thread_signals_mean_what_they_meant() -> None:
    def within() -> object:
        with ending_in_order():
            return signal.getsignal(signal.SIGTERM)

    with ThreadPoolExecutor(1) as beside:
        assert beside.submit(within).result() is signal.getsignal(signal.SIGTERM)
