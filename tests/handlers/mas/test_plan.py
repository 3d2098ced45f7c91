"""What the dispatcher is told, and secrets that are named and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.mas.running import plan_of
from api.settings import Settings, secret_values
from handlers.mas.plan import Plan
from handlers.mas.secrets import Secrets


def test_a_plan_is_heard_as_it_was_told(tmp_path: Path) -> None:
    plan = Plan(
        tmp_path, "https://repository.example", {"doi": "10.5072", "handle": "20.5000.5072"},
        in_flight=7, rejecting=("specimen",), carriers={"nats": {"url": "nats://a:4222"}},
        secrets=Secrets({"OCR_KEY": "s3"}),
    )  # fmt: skip
    line = plan.told()
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    heard = Plan.heard(line)
    assert heard.told() == line
    assert heard.folder == tmp_path and heard.secrets("ocr-key") == "s3"


def test_secrets_are_shown_by_name_only() -> None:
    secrets = Secrets({"OCR_KEY": "s3cret"})
    assert "s3cret" not in repr(secrets) and "OCR_KEY" in repr(secrets)
    assert secrets("other") is None


def test_a_file_goes_before_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FDO_SECRET_OCR_KEY", "of the environment")
    monkeypatch.setenv("FDO_SECRET_OTHER", "other")
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "ocr-key").write_text("of the file\n", encoding="utf-8")
    settings = Settings(data=tmp_path)
    assert set(secret_values(settings).values()) == {"of the environment", "of the file", "other"}
    secrets = plan_of(settings).secrets
    assert (secrets("OCR_KEY"), secrets("other")) == ("of the file", "other")
