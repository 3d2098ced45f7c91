"""The services that ship on their pages: each says there what it cannot do."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest

from handlers.mas.registration import Registration
from handlers.services import SERVICES, make
from tests.api.conftest import CURATOR, Browser, Repository

pytest.importorskip("onnxruntime", reason="the packages of requirements-mas.lock are absent")


def test_each_service_that_ships_says_on_its_page_what_it_cannot_do(
    repository: Repository, tmp_path: Path
) -> None:
    registration = Registration(repository.objects, CURATOR)
    told = {name: make(name, tmp_path).describe() for name in SERVICES}
    pids = {name: registration.put(document).pid for name, document in told.items()}
    browser = Browser(repository.app())
    for name, document in told.items():
        _, limits = document["schema:description"].split("What it cannot do: ")
        page = unescape(browser.get(f"/{pids[name]}", "text/html").text)
        assert limits.endswith(".") and limits in page, name
