"""Where a server listens, and what it says of itself to a program that started it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.bootstrap import announcement, chosen_port
from api.demo.show import show
from api.settings import Settings
from fdo.errors import Unavailable


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_a_port_that_was_named_is_that_or_none(taken: int) -> None:
    with pytest.raises(Unavailable, match=f"Port {taken} on 127.0.0.1 is taken"):
        chosen_port(Settings(port=taken), taken)
    free = chosen_port(Settings(), 0)
    assert chosen_port(Settings(), free) == free


def test_without_a_name_another_port_will_do(taken: int) -> None:
    assert chosen_port(Settings(port=taken), None) not in (0, taken)


def test_the_demo_refuses_a_port_that_is_taken_and_makes_nothing(
    taken: int, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable, match=str(taken)):
        show(tmp_path / "demo", "127.0.0.1", taken, reset=False)
    assert not list(tmp_path.iterdir())


def test_a_server_says_where_it_is(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, port=8001, doip_port=9001)
    assert announcement(settings, "fdo_x") == {
        "url": "http://127.0.0.1:8001/",
        "data": str(tmp_path),
        "token": "fdo_x",
        "doip": "127.0.0.1:9001",
    }
    assert announcement(Settings(doip_port=0), None)["doip"] is None
