"""Single values of an annotation that somebody sent: read, put right or refused.

What is wrong is collected with its JSON pointer, so that a sender hears of all of it at once;
what was put right is collected as sentences, which stay with the annotation (`col:repaired`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid5

import orjson

from fdo.annotation.paths import parse, text
from fdo.errors import InvalidDocument, InvalidIdentifier
from fdo.identifiers import Pid
from fdo.representations.annotation.words import (
    ALIASES,
    DIRECTIONS,
    MOTIVATIONS,
    TYPES,
)
from fdo.representations.lexical import is_date_time, is_iri
from ontologies.prefixes import PREFIXES
from ontologies.terms import shrink

SCHEMES = ("http", "https", "urn", "info", "ark", "doi", "hdl", "tag", "did")
"""Of IRIs in annotations. No others: `javascript:` and `data:` are programs and files, and an
address of mail is a person's."""
LONG = 4_096
"""Characters of an IRI, a name or another short text at most."""

_SPOKEN = 60
"""Characters of a sender's value that a sentence repeats."""
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BATCHES = UUID("4c1d8f0e-52a7-5a0c-9a55-6f0f7a2b9d11")
"""Makes UUIDs of other names of batches."""
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_HASH = re.compile(r"[0-9a-f]{64}")
_NUMBERED = re.compile(r"(.+)/([1-9]\d{0,8})", re.ASCII)
_BARE_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?", re.ASCII)


class Values:
    """Reads values; keeps what is wrong and what was put right."""

    def __init__(self, base: str = "") -> None:
        """`base`: public address of the repository, whose pages stand for the objects' names."""
        self.problems: list[tuple[str, str]] = []
        self.repaired: dict[str, None] = {}
        self._base = f"{base.rstrip('/')}/" if base else ""

    def wrong(self, at: str, sentence: str) -> None:
        """Something that cannot be held."""
        self.problems.append((at, sentence))

    def mended(self, sentence: str) -> None:
        """Something that was put right; each sentence once."""
        self.repaired[sentence] = None

    # ── texts ────────────────────────────────────────────────────────────────────────────

    def value(self, found: Any, at: str) -> str | None:
        """The text of a body, of any length that the whole may have."""
        if not isinstance(found, str):
            self.wrong(at, "is text; a value of another type is written as JSON.")
            return None
        clean = _CONTROLS.sub("", found)
        if clean != found:
            self.mended("Control characters were taken out of a text.")
        return clean

    def text(self, found: Any, at: str) -> str | None:
        """A short text."""
        read = self.value(found, at)
        if read is not None and len(read) > LONG:
            self.wrong(at, f"is longer than {LONG:,} characters.")
            return None
        return read

    def one_of(self, found: Any, at: str, words: Sequence[str]) -> str | None:
        """One of some words."""
        if found in words:
            return str(found)
        self.wrong(at, f"is one of {', '.join(words)}, not {_short(found)}.")
        return None

    def path(self, found: Any, at: str) -> str | None:
        """A term path in its one form."""
        if not isinstance(found, str):
            self.wrong(at, "is a term path, as $['ods:hasEvents'][0].")
            return None
        try:
            canonical = text(parse(found))
        except InvalidDocument as refusal:
            self.wrong(at, refusal.message)
            return None
        if not found.strip().startswith("$"):
            self.mended(f"The path {_short(found)} lacked its $; it was read as {canonical}.")
        return canonical

    # ── names ────────────────────────────────────────────────────────────────────────────

    def iri(self, found: Any, at: str) -> str | None:
        """An IRI of a scheme that does no harm; letters beyond ASCII in per cents (RFC 3987,
        3.1), as the schemas of the W3C ask."""
        if not isinstance(found, str) or len(found) > LONG:
            self.wrong(at, f"is an IRI of {LONG:,} characters at most.")
            return None
        name = found.strip()
        scheme, colon, _ = name.partition(":")
        if not colon or not is_iri(name):
            self.wrong(at, f"{_short(found)} is no IRI; write it out, as https://example.org/1.")
            return None
        if scheme.lower() not in SCHEMES:
            self.wrong(
                at, f"IRIs of annotations begin with {', '.join(SCHEMES)}; {scheme!r} may not."
            )
            return None
        try:
            parts = urlsplit(name)
        except ValueError:
            self.wrong(at, f"{_short(found)} is no IRI.")
            return None
        if parts.username is not None:
            self.wrong(at, "An address in an annotation holds no user name or password.")
            return None
        return quote(name, safe="!#$%&'()*+,/:;=?@[]~")

    def name(self, found: Any, at: str) -> str | None:
        """An IRI; a PID in any form, and a page here, become the PID's IRI."""
        if isinstance(found, str) and (known := self.known(found)):
            return known
        return self.iri(found, at)

    def known(self, found: str) -> str | None:
        """The IRI of the object, or of its version, that a text names; None where it names
        none."""
        bare = found.strip()
        if self._base and bare.startswith(self._base):
            bare = bare[len(self._base) :]
        numbered = _NUMBERED.fullmatch(bare)
        for one, tail in ((bare, ""), (numbered[1], f"/{numbered[2]}") if numbered else ("", "")):
            try:
                return Pid.parse(one).iri + tail
            except InvalidIdentifier:
                continue
        return None

    def reference(self, found: Any, at: str) -> str | None:
        """Where a value was found: an IRI, its blanks written out as services send them."""
        if isinstance(found, str) and " " in found.strip() and is_iri(found.replace(" ", "%20")):
            self.mended("Blanks in an address were written as %20.")
            found = found.strip().replace(" ", "%20")
        return self.iri(found, at)

    def motivation(self, found: Any, at: str) -> str | None:
        """Why: a word of the W3C, a CURIE, or an IRI."""
        if isinstance(found, str):
            if found in MOTIVATIONS:
                return f"oa:{found}"
            curie = shrink(found)
            prefix, _, local = curie.partition(":")
            swapped = {"ods:commenting", "ods:editing", "ods:assessing"} | {"oa:deleting"}
            if curie in swapped or curie == "oa:adding":
                right = f"{'ods' if local in ('adding', 'deleting') else 'oa'}:{local}"
                self.mended(f"The motivation {curie} was read as {right}.")
                return right
            if prefix == "oa" and local not in MOTIVATIONS:
                self.wrong(at, f"The W3C knows no motivation {_short(found)}.")
                return None
            if prefix in PREFIXES and is_iri(curie):
                return curie
            if curie.startswith(("https://", "http://", "urn:")):
                return self.iri(curie, at)
        self.wrong(
            at, f"{_short(found)} is no motivation; {', '.join(sorted(MOTIVATIONS))}, ods:adding "
            "and ods:deleting are, and IRIs."
        )  # fmt: skip
        return None

    def type(self, found: Any, at: str) -> str | None:
        """A class: a word of the W3C, a CURIE, or an IRI."""
        if isinstance(found, str):
            known = ALIASES.get(found) or TYPES.get(found) or shrink(found)
            known = ALIASES.get(known, known)
            prefix = known.partition(":")[0]
            if prefix in PREFIXES and is_iri(known):
                return known
            if known.startswith(("https://", "http://", "urn:")):
                return self.iri(known, at)
        self.wrong(at, f"{_short(found)} names no class; write its IRI.")
        return None

    # ── numbers and times ────────────────────────────────────────────────────────────────

    def instant(self, found: Any, at: str) -> str | None:
        """A date and time with its zone (RFC 3339); without one it is taken as UTC."""
        if isinstance(found, str) and is_date_time(found) and "T24" not in found:
            if not _BARE_DATE_TIME.fullmatch(found):
                return found
            self.mended(f"The time {found} had no zone and was taken as UTC.")
            return f"{found}Z"
        self.wrong(at, "is a date and time, as 2026-03-01T12:00:00Z.")
        return None

    def count(self, found: Any, at: str) -> int | None:
        """A whole number from 0."""
        read = self.integer(found, at)
        if read is not None and read < 0:
            self.wrong(at, "is 0 or more.")
            return None
        return read

    def integer(self, found: Any, at: str) -> int | None:
        """A whole number."""
        if type(found) is int and abs(found) < 2**53:
            return found
        self.wrong(at, f"is a whole number, not {_short(found)}.")
        return None

    def fraction(self, found: Any, at: str) -> float | int | None:
        """A number from 0 to 1."""
        if type(found) in (int, float) and 0 <= found <= 1:
            return found  # type: ignore[no-any-return]  # the line above leaves numbers only
        self.wrong(at, f"is a number from 0 to 1, not {_short(found)}.")
        return None

    def uuid(self, found: Any, at: str) -> str | None:
        """A UUID in its written form; another name becomes one, always the same."""
        if not isinstance(found, str) or not found.strip() or len(found) > LONG:
            self.wrong(at, f"is a UUID, not {_short(found)}.")
            return None
        bare = found.strip().lower().removeprefix("urn:uuid:")
        if _UUID.fullmatch(bare):
            return bare
        made = str(uuid5(_BATCHES, found))
        self.mended(f"{_short(found)} is no UUID; {made} stands for it.")
        return made

    def hash(self, found: Any, at: str) -> str | None:
        """A SHA-256 in hex."""
        if isinstance(found, str) and _HASH.fullmatch(found.lower()):
            return found.lower()
        self.wrong(at, f"is a SHA-256 in 64 hexadecimal digits, not {_short(found)}.")
        return None

    def severity(self, found: Any, at: str) -> str | None:
        """How urgent a review is."""
        return self.one_of(found, at, ("high", "medium", "low"))

    def direction(self, found: Any, at: str) -> str | None:
        """In which direction a text runs."""
        return self.one_of(found, at, DIRECTIONS)


def as_json(found: Any) -> str:
    """A value that is no text, as the text of its JSON."""
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()


def _short(found: Any) -> str:
    said = repr(found)
    return said if len(said) <= _SPOKEN else f"{said[:_SPOKEN]}…"
