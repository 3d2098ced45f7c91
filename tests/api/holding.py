"""A repository whose holdings and statistics follow its log, asked like a server."""

from __future__ import annotations

from api.views import Views
from eventstore.follower import follow_once
from handlers.projections.holdings import Holdings, HoldingsReader
from handlers.projections.search import Search, SearchIndex
from tests.api.conftest import Browser, Repository


class Holding:
    """A repository with the views that harvesters ask; each question sees all that was told."""

    def __init__(self, told: Repository) -> None:
        self.told = told
        self._places = (told.folder / "holdings.sqlite", told.folder / "search.sqlite")
        self._readers = (HoldingsReader(self._places[0]), Search(self._places[1]))
        self.start()

    def start(self, **settings: str) -> None:
        """A new application on the same log."""
        holdings, search = self._readers
        views = Views(holdings=holdings, search=search)
        self._browser = Browser(self.told.app(views=views, **settings))

    def close(self) -> None:
        """Let go of the views."""
        for reader in self._readers:
            reader.close()

    @property
    def browser(self) -> Browser:
        """The application, with all that was told so far."""
        projections = (Holdings(self._places[0]), SearchIndex(self._places[1]))
        while follow_once(self.told.objects.log, projections):
            pass
        for projection in projections:
            projection.close()
        return self._browser
