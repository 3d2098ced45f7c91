"""A citation as text, in the styles that people are asked to use.

The styles are CSL 1.0 files beside this module, written so that none can lose the version: each
names its number, the object's PID and the version's address. citeproc-py sets them, in the
languages that it knows.

A `text/x-bibliography` may name style and language in Accept, as DataCite's content negotiation
has it (`text/x-bibliography; style=apa; locale=de-DE`), or in the query, which goes first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

from citeproc import (
    LANGUAGE_NAMES,
    PRIMARY_DIALECTS,
    Citation,
    CitationItem,
    CitationStylesBibliography,
    CitationStylesStyle,
    formatter,
)
from citeproc.source.json import CiteProcJSON
from werkzeug.http import parse_options_header

from api.negotiation import BIBLIOGRAPHY
from api.refusals import NotAcceptable, UnknownParameter
from fdo.representations.citation.cited import Cited
from fdo.representations.citation.csl import csl

FOLDER = Path(__file__).parent / "styles"

STYLES: dict[str, str] = {
    "collectome": "Collectome, can be checked",
    "apa": "APA",
    "chicago-author-date": "Chicago, author and date",
    "ieee": "IEEE",
    "modern-language-association": "MLA",
    "vancouver": "Vancouver",
}
"""Name (that of the CSL project, where the style is in the manner of one there) → label; the
first is given to those who ask for none."""

LOCALES: dict[str, str] = {tag: names[0] for tag, names in sorted(LANGUAGE_NAMES.items())}
"""Tag of a language (BCP 47) → what it calls itself."""

_DEFAULT_LOCALE = "en-US"
_MARKUP = re.compile(r"</?span", re.IGNORECASE)
_SETTING = Lock()
"""citeproc-py keeps what it is setting in the style itself: one citation at a time."""


@dataclass(frozen=True, slots=True)
class Manner:
    """In which style and language a citation is wanted."""

    style: str = "collectome"
    locale: str = _DEFAULT_LOCALE


def manner(accept: str, style: str | None, locale: str | None) -> Manner:
    """The style and language asked for: by the query, else by Accept, else the first of each."""
    accepted = _accepted(accept)
    for asked in (style, accepted.get("style")):
        if asked is not None and asked not in STYLES:
            _refuse("style", asked, list(STYLES), by_query=asked is style)
    for asked in (locale, accepted.get("locale")):
        if asked is not None and _locale(asked) is None:
            _refuse("locale", asked, list(LOCALES), by_query=asked is locale)
    return Manner(
        style or accepted.get("style") or next(iter(STYLES)),
        _locale(locale or accepted.get("locale") or _DEFAULT_LOCALE) or _DEFAULT_LOCALE,
    )


def text(cited: Cited, how: Manner) -> str:
    """The citation as one line of plain text."""
    with _SETTING:
        bibliography = CitationStylesBibliography(
            _style(how.style, how.locale), CiteProcJSON([_item(cited)]), formatter.plain
        )
        bibliography.register(Citation([CitationItem(cited.iri)]))
        return str(bibliography.bibliography()[0])


def _item(cited: Cited) -> dict[str, object]:
    """What citeproc-py is given: it would take `<span class="nocase">` in a title for markup."""
    found = csl(cited)
    return {
        name: _MARKUP.sub("‹span", value) if isinstance(value, str) else value
        for name, value in found.items()
        if name not in ("license", "keyword", "archive", "archive_location")
    }


@lru_cache(maxsize=64)
def _style(name: str, locale: str) -> CitationStylesStyle:
    return CitationStylesStyle(str(FOLDER / f"{name}.csl"), locale=locale, validate=False)


def _locale(asked: str) -> str | None:
    """The language that a tag means: `de` is `de-DE`."""
    low = asked.lower()
    exact = next((one for one in LOCALES if one.lower() == low), None)
    return exact or PRIMARY_DIALECTS.get(low)


def _accepted(accept: str) -> dict[str, str]:
    """The parameters of `text/x-bibliography` in an Accept header."""
    for one in accept.split(","):
        media_type, parameters = parse_options_header(one)
        if media_type.lower() == BIBLIOGRAPHY.media_type:
            return parameters
    return {}


def _refuse(what: str, asked: str, there: list[str], *, by_query: bool) -> None:
    said = f"There is no {what} {asked!r} here; there are {', '.join(there)}."
    if by_query:
        raise UnknownParameter(said, parameter=what, known=there)
    raise NotAcceptable(said, available=[{what: one} for one in there])
