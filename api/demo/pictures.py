"""The drawn images of the sample, laid into the cache of media files.

The addresses of the sample's media lead nowhere. Of three there is an image here, drawn for the
sample (`api.demo.drawing`), so that pages have something to show and services something to read.
"""

from __future__ import annotations

from pathlib import Path

from api.demo.source import MEDIA_BASE
from eventstore.application import DigitalObjects
from fdo.lifecycle import Status
from handlers.media import MediaFiles

IMAGES = Path(__file__).parent / "images"
"""Each lies where its medium's address has it below `MEDIA_BASE`."""


def lay(objects: DigitalObjects, files: MediaFiles) -> None:
    """Put every image that is not there where the files of media are kept, as if its address had
    given it. It may be done again."""
    there = sorted(IMAGES.rglob("*.jpg"))
    places = {f"media:{MEDIA_BASE}/{one.relative_to(IMAGES).as_posix()}": one for one in there}
    for claim, head in objects.log.claimed(places).items():
        if head.status is Status.ACTIVE and not files.here(head.pid, claim.removeprefix("media:")):
            files.bring(head.pid, places[claim])
