"""The links between specimens and media, read from documents."""

from __future__ import annotations

from fdo.identifiers import Pid
from handlers.harvest.links import HAS_MEDIA, RELATIONS, linked, relation


def test_a_relation_to_what_is_no_pid_is_passed_over() -> None:
    image = Pid.parse("10.5072/ABC-DEF-123")
    page = {
        "dwc:relationshipOfResource": HAS_MEDIA,
        "dwc:relatedResourceID": "https://x.org/img/1",
    }
    assert linked({RELATIONS: [page, relation(HAS_MEDIA, image)]}, HAS_MEDIA) == [image]
