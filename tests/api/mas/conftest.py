"""A repository with services behind the web application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import create_app
from api.security import Tokens
from api.settings import Settings
from tests.api.conftest import BASE, Browser
from tests.handlers.mas.story import Repository


class Behind:
    """The repository of `tests.handlers.mas.story` and a browser for it."""

    def __init__(self, folder: Path) -> None:
        self.repository = Repository(folder)
        self.tokens = Tokens(folder)
        settings = Settings(data=folder, public_base=BASE)
        self.web = Browser(create_app(settings, self.repository.objects, tokens=self.tokens))

    def job(self, target: object) -> str:
        """The newest job on an object."""
        return self.repository.store.page(target=str(target))[0].id


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Behind]:
    made = Behind(tmp_path)
    yield made
    made.repository.close()
