"""What machines find in the head of an object's page, before any style or text.

The citation of the version shown, in the three vocabularies that pages are read for: Highwire
tags (`citation_title` …, which reference managers and Google Scholar read), Dublin Core
(RFC 2731 names, `DC.title` …) and OpenGraph (`og:title` …, for those who preview links); the
description by schema.org; and the id under which unAPI has the record. Signposts stand beside
them as `<link>` elements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fdo.representations.citation.cited import Cited
from fdo.representations.citation.dublin_core import elements
from fdo.representations.citation.schema_org import schema_org


@dataclass(frozen=True, slots=True)
class Machine:
    """The head of one page."""

    metas: tuple[tuple[str, str], ...]
    """Name and content, in order; a name with a colon is a property of OpenGraph (RDFa)."""
    schema_org: dict[str, Any]
    id: str
    """What the page is of, as one would cite it: the object or the version."""


def machine(what: Cited, address: str, title: str, *, numbered: bool, name: str) -> Machine:
    """What the page at `address` says of what is cited; `title` is the repository's name, `name`
    that of the object or version shown."""
    metas = (*highwire(what, address), *open_graph(what, address, title), *dublin_core(what))
    return Machine(metas, schema_org(what, numbered=numbered), name)


def highwire(what: Cited, address: str) -> list[tuple[str, str]]:
    """Tags as Google Scholar's guidelines name them, authors repeated."""
    found = [("citation_title", what.title)]
    found += [("citation_author", creator.name) for creator in what.creators]
    found += [
        ("citation_date", "{:04}/{:02}/{:02}".format(*what.date)),
        ("citation_publisher", what.publisher.name),
    ]
    if what.doi:
        found.append(("citation_doi", what.doi))
    return [
        *found,
        ("citation_abstract_html_url", address),
        ("citation_version", str(what.version)),
    ]


def dublin_core(what: Cited) -> list[tuple[str, str]]:
    """The fifteen elements, as they are harvested."""
    return [(f"DC.{element}", value) for element, value in elements(what)]


def open_graph(what: Cited, address: str, title: str) -> list[tuple[str, str]]:
    """The least that a preview of a link needs (ogp.me)."""
    return [
        ("og:title", what.title),
        ("og:type", "website"),
        ("og:url", address),
        ("og:site_name", title),
        ("og:description", f"{what.genre.name}, {what.publisher.name}. {what.note}"),
    ]
