"""Texts that strangers wrote, as they may stand on a page.

They are shown as text, whatever media type they claim: of HTML the text alone, without its markup;
without signs that turn the direction of a line around; cut where they are long. The templates
escape what is left.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

LONG = 2_000
"""Characters of a text on a page; the document has it all."""
READ = 2 * LONG
"""Characters of HTML that are read for its text; the parser takes much longer for twice as many."""

_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Signs that change the direction of text (UAX 9, 2); what they turn around deceives readers."""
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u200b\u2060\ufeff]")
_SILENT = frozenset({"script", "style", "template", "iframe", "object", "noscript"})
_APART = frozenset({"br", "div", "h1", "h2", "h3", "li", "p", "td", "th", "tr"})
"""Tags that part words."""


def plain(text: str, most: int = LONG) -> str:
    """A stranger's text as it may stand on a page: without signs that hide or turn it, and not
    longer than `most`."""
    clean = _UNSEEN.sub("", _TURNING.sub("", str(text[: most * 2])))
    return clean if len(clean) <= most else f"{clean[: most - 1]}…"


def without_markup(text: str) -> str:
    """The text of HTML: no tags, and nothing of scripts and styles."""
    reader = _Text()
    reader.feed(text[:READ].replace("<![", "<! ["))  # the parser asserts what it should read over
    reader.close()
    return reader.text


class _Text(HTMLParser):
    """Collects text; a parser, since what strips tags by pattern can be led astray."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._silent: list[str] = []

    @property
    def text(self) -> str:
        """What was read, blanks joined."""
        return re.sub(r"\s+", " ", "".join(self._parts)).strip()

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        """Begin to leave out what is no text; attributes are never text."""
        if tag in _SILENT:
            self._silent.append(tag)
        elif tag in _APART:
            self._parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """Come back to text."""
        if tag in self._silent:
            self._silent.remove(tag)

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        if not self._silent:
            self._parts.append(data)
