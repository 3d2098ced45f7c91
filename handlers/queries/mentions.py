"""Which graphs and which services a query names by constants, read off its text.

    mentions("SELECT * FROM <http://e/at/42> { ?s ?p ?o }").default   # ("http://e/at/42",)

The text is cut into the same tokens as the gate's; no tree is built. Relative IRIs and prefixed
names are written in full (SPARQL 1.1 §4.1). What is read here decides which graphs are made
ready or left out, and which calls are answered here; it lets no call pass: the gate judges what
is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import urljoin

from handlers.queries.gate import OPAQUE

_TOKEN: Final = re.compile(
    OPAQUE.pattern + r"|(?P<variable>[?$]\w+)"
    # A prefix is short, so that no text makes this slow.
    r"|(?P<name>(?:[^\W\d_][\w.-]{0,99})?:(?:(?:[\w:]|%[0-9A-Fa-f]{2}|\\.)(?:[\w.:%-]|\\.)*+)?)"
    r"|(?P<language>@[A-Za-z][A-Za-z0-9-]*)"
    r"|(?P<word>[A-Za-z]\w*)"
    r"|(?P<sign>[{}])",
    re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_CODE_POINT: Final = re.compile(r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}")
"""A character written by its number (SPARQL 1.1 §19.2)."""
_NO_IRI: Final = re.compile(r"""[<>"{}|^`\\\x00-\x20\ud800-\udfff]""")
_STEP: Final = {"{": 1, "}": -1}
MOST_CALLS: Final = 4
"""Calls that are looked at; the gate refuses what is left."""


@dataclass(frozen=True, slots=True)
class Call:
    """One SERVICE of a query: where it stands in the text, and what it asks of whom."""

    begin: int
    end: int
    address: str
    """The service's IRI; "" where it is no constant."""
    pattern: str
    """The group that is asked, with its braces."""
    hindrance: str
    """Why it cannot be answered first and joined; "" where it can."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """The constants of a query, written in full."""

    default: tuple[str, ...] = ()
    """FROM."""
    named: tuple[str, ...] = ()
    """FROM NAMED."""
    graphs: tuple[str, ...] = ()
    """GRAPH with a constant."""
    calls: tuple[Call, ...] = ()
    prologue: str = ""
    """BASE and PREFIX, for a part of the query that is asked by itself."""


@lru_cache(maxsize=512)
def mentions(text: str) -> Mentions:
    """The constants of this text; what is no SPARQL yields whatever looks like them."""
    return _Reader(text).read()


@dataclass(slots=True)
class _Reader:
    """Walks the tokens once."""

    text: str
    base: str = ""
    prefixes: dict[str, str] = field(default_factory=dict)
    prologue: list[str] = field(default_factory=list)
    found: dict[str, list[str]] = field(
        default_factory=lambda: {"FROM": [], "NAMED": [], "GRAPH": []}
    )
    calls: list[Call] = field(default_factory=list)
    depth: int = 0

    def read(self) -> Mentions:
        tokens = list(_tokens(self.text))
        before, declared = "", ""
        for at, found in enumerate(tokens):
            kind, token = found.lastgroup, found[0]
            if kind == "word":
                word = token.upper()
                before = "NAMED" if word == "NAMED" and before == "FROM" else word
                if word == "SERVICE" and len(self.calls) < MOST_CALLS:
                    self.calls.append(self._call(tokens, at))
                continue
            if kind == "name" and before == "PREFIX":
                declared = token.removesuffix(":")
                continue
            if kind in ("iri", "name"):
                self._name(before, declared, token)
            elif kind == "sign":
                self.depth += _STEP[token]
            before = ""
        default, named, graphs = (
            tuple(dict.fromkeys(self.found[word])) for word in ("FROM", "NAMED", "GRAPH")
        )
        return Mentions(default, named, graphs, tuple(self.calls), "".join(self.prologue))

    def _name(self, before: str, declared: str, token: str) -> None:
        iri = self._in_full(token)
        if iri is None:
            return
        if before == "BASE":
            self.base = iri
            self.prologue.append(f"BASE <{iri}>\n")
        elif before == "PREFIX":
            self.prefixes[declared] = iri
            self.prologue.append(f"PREFIX {declared}: <{iri}>\n")
        elif before in self.found:
            self.found[before].append(iri)

    def _in_full(self, token: str) -> str | None:
        """The IRI that a token stands for; None for a prefix that was not declared, for what is no
        IRI, and for what cannot be put together with the base (brackets that hold no address)."""
        if token.startswith("<"):
            with suppress(ValueError, OverflowError):
                iri = _unescaped(token[1:-1])
                return urljoin(self.base, iri) if self.base else iri
            return None
        prefix, _, local = token.partition(":")
        if prefix not in self.prefixes:
            return None
        return self.prefixes[prefix] + _ESCAPED.sub(r"\1", local.rstrip("."))

    def _call(self, tokens: list[re.Match[str]], at: int) -> Call:
        """The call whose SERVICE is this token."""
        here, rest = tokens[at].start(), tokens[at + 1 :]
        silent = bool(rest) and rest[0][0].upper() == "SILENT"
        if silent:
            rest = rest[1:]
        if len(rest) < 2 or rest[1][0] != "{" or rest[0].lastgroup not in ("iri", "name"):
            return Call(here, here, "", "", "its address is not a constant IRI")
        end = _closing(rest[1:])
        address = self._in_full(rest[0][0]) or ""
        hindrance = (
            "SILENT would hide that it failed"
            if silent
            else "it stands inside another group (OPTIONAL, UNION, EXISTS, GRAPH or a sub-query)"
            if self.depth != 1
            else "its group has no end"
            if end is None
            else ""
        )
        end = end or here
        return Call(here, end, address, self.text[rest[1].start() : end], hindrance)


def _unescaped(iri: str) -> str:
    if "\\" not in iri:
        return iri
    iri = _CODE_POINT.sub(lambda found: chr(int(found[0][2:], 16)), iri)
    if _NO_IRI.search(iri):
        raise ValueError("a character that no IRI has")
    return iri


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """What is code: no comments, strings and signs that do not matter here."""
    for found in _TOKEN.finditer(text):
        if found.lastgroup not in ("comment", "escape"):
            yield found


def _closing(tokens: list[re.Match[str]]) -> int | None:
    """Where the group ends that the first of these tokens opens."""
    depth = 0
    for found in tokens:
        if found.lastgroup == "sign":
            depth += _STEP[found[0]]
            if depth == 0:
                return found.end()
    return None
