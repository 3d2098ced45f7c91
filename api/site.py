"""What every part of the web application works with, made once by `create_app`."""

from __future__ import annotations

from dataclasses import dataclass

from api.ops import Measures
from api.problems import Problems
from api.rendering import Renderer
from api.security import Tokens
from api.sessions import Sessions
from api.settings import Settings
from api.views import Views
from eventstore.application import DigitalObjects
from handlers.media import MediaFiles


@dataclass(frozen=True, slots=True)
class Site:
    """One repository as the web sees it."""

    settings: Settings
    objects: DigitalObjects
    views: Views
    tokens: Tokens
    problems: Problems
    renderer: Renderer
    measures: Measures
    sessions: Sessions
    files: MediaFiles

    @property
    def base(self) -> str:
        """The public address."""
        return self.settings.base
