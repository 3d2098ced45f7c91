"""The port of native DOIP that the operator asks for: opened and told of, or refused at once."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.scenarios.program import apart


def test_a_port_that_is_taken_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = apart("serve", "--port=0", data=tmp_path / "data", doip_port=port)
    assert ended.code == 1
    assert f"Port {port} on 127.0.0.1 is taken" in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "data").exists()


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    given = {"doip_port": 65_000, "doip_certificate": tmp_path / "none.crt"}
    ended = apart("serve", "--port=0", data=tmp_path / "data", **given)
    assert ended.code != 0
    assert "doip_certificate and doip_key go together" in ended.err
