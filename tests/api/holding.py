"""A repository whose holdings and statistics follow its log, asked like a server."""

from __future__ import annotations

from api.views import Views
from eventstore.follower import follow_once
from handlers.projections.annotations import Annotations, AnnotationsIndex
from handlers.projections.holdings import Holdings, HoldingsReader
from handlers.projections.search import Search, SearchIndex
from tests.api.conftest import Browser, Repository


class Holding:
    """A repository with the views that harvesters ask; each question sees all that was told."""

    def __init__(self, told: Repository) -> None:
        self.told = told
        names = ("holdings", "search", "annotations")
        self._places = tuple(told.folder / f"{name}.sqlite" for name in names)
        holdings, search, annotations = self._places
        self._readers = (HoldingsReader(holdings), Search(search), Annotations(annotations))
        self.start()

    def start(self, **settings: str) -> None:
        """A new application on the same log."""
        holdings, search, annotations = self._readers
        views = Views(holdings=holdings, search=search, annotations=annotations)
        self._browser = Browser(self.told.app(views=views, **settings))

    def close(self) -> None:
        """Let go of the views."""
        for reader in self._readers:
            reader.close()

    @property
    def browser(self) -> Browser:
        """The application, with all that was told so far."""
        holdings, search, annotations = self._places
        projections = (Holdings(holdings), SearchIndex(search), AnnotationsIndex(annotations))
        while follow_once(self.told.objects.log, projections):
            pass
        for projection in projections:
            projection.close()
        return self._browser
