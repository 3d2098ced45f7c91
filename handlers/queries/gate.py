"""What may be asked at all, decided on the text before any engine sees it.

The engine has no limits of its own: `SERVICE` calls out by default, and deep nesting overflows
its stack. The gate reads the text the way a SPARQL tokenizer does (strings, IRIs and comments
are not code), never builds a tree, and takes microseconds for an honest query.

Two traps decide the design, and both come from an engine that parses by context:

- `<` opens an IRI or compares two values. In `FILTER(?a <'>') SERVICE …` a tokenizer that sees
  the IRI `<'>` takes `') SERVICE …'` for a string and misses the call. Wherever a candidate IRI
  could hide a quote or a comment, the gate judges the raw text instead.
- Words need no space around them: `?o.SERVICE<x>{}`, `1SERVICE<x>{}` and `SERVICEex:y{}` are
  calls. So what surely is a name (variable, local part, language) is taken out, and `SERVICE`
  anywhere in the rest is a call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from handlers.queries.errors import ForbiddenQuery, QueryTooLarge

OPAQUE: Final = re.compile(
    r"""(?P<iri><[^<>"{}|^`\x00-\x20]*>)"""
    r"""|(?P<escape>\\.)"""  # PN_LOCAL_ESC: a quote or # that is part of a name
    r"""|'''(?:[^'\\]++|\\.|'(?!''))*+'''"""
    r'''|"""(?:[^"\\]++|\\.|"(?!""))*+"""'''
    r"""|'(?:[^'\\\n\r]++|\\.)*+'"""
    r'''|"(?:[^"\\\n\r]++|\\.)*+"'''
    r"""|(?P<comment>\#[^\n\r]*)""",
    re.DOTALL,
)
_PLAIN_IRI: Final = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*://")
"""`scheme://` cannot be read as an expression, so such an IRI is one in every context."""

_NAMES: Final = re.compile(r"[?$]\w+|:[\w%][\w.%-]*|@[A-Za-z][A-Za-z0-9-]*")
_SERVICE: Final = re.compile("SERVICE", re.IGNORECASE)
_FROM: Final = re.compile(r"(?<![\w?$:@])FROM(?![\w:])", re.IGNORECASE)
_VERB: Final = re.compile(
    r"\s*(?:(?:PREFIX\s+[^\s:]*:\s*<>|BASE\s*<>|VERSION\s*'')\s*)*(?P<verb>[A-Za-z]+)",
    re.IGNORECASE,
)
_UPDATES: Final = frozenset(
    ("ADD", "CLEAR", "COPY", "CREATE", "DELETE", "DROP", "INSERT", "LOAD", "MOVE", "WITH")
)
_BRACKETS: Final = re.compile(r"[{}()\[\]]")
_PREFIX: Final = re.compile(r"PREFIX\s+([^\s:<]*):\s*<([^<>\s]*)>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one query may be."""

    characters: int = 64 * 1024
    depth: int = 128
    graphs: int = 64
    """Graph lists are costly: a thousand graphs take minutes (performance.md, E)."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A query that may be asked; `own_dataset` when it names its graphs by FROM."""

    text: str
    own_dataset: bool


DEFAULT_LIMITS: Final = Limits()


def admit(text: str, limits: Limits = DEFAULT_LIMITS) -> Admitted:
    """Let the query pass, or say which rule it breaks and what to do instead."""
    if len(text) > limits.characters:
        raise QueryTooLarge(
            f"The query has {len(text):,} characters; at most {limits.characters:,} are taken. "
            "Ask in several queries."
        )
    code, doubtful = _code(text)
    _refuse_depth(text if doubtful else code, limits)
    _refuse_update(code)
    if "service" in text.lower():
        _refuse_calls(code, doubtful)
    graphs = len(_FROM.findall(code))
    if graphs > limits.graphs:
        raise QueryTooLarge(
            f"The query names {graphs} graphs by FROM; at most {limits.graphs} are taken."
        )
    return Admitted(text, own_dataset=graphs > 0)


def prefixes_of(text: str) -> dict[str, str]:
    """The prefixes that a query declares, for showing its answer with the same names."""
    return {name: iri for name, iri in _PREFIX.findall(text) if ":" in iri}


def _code(text: str) -> tuple[str, bool]:
    """The text without what is inside IRIs, strings and comments; and whether that is in doubt."""
    doubtful = False

    def blank(found: re.Match[str]) -> str:
        nonlocal doubtful
        iri = found["iri"]
        if iri is None:
            return "''" if found.lastgroup is None else " "
        if ("'" in iri or "#" in iri) and not _PLAIN_IRI.match(iri):
            doubtful = True
        return "<>"

    return OPAQUE.sub(blank, text), doubtful


def _refuse_depth(code: str, limits: Limits) -> None:
    if code.count("{") + code.count("(") + code.count("[") <= limits.depth:
        return
    depth = 0
    for sign in _BRACKETS.findall(code):
        depth += 1 if sign in "{([" else -1
        if depth > limits.depth:
            raise QueryTooLarge(
                f"The query nests brackets deeper than {limits.depth}. "
                "Flatten the groups, or ask in several queries."
            )


def _refuse_update(code: str) -> None:
    found = _VERB.match(code)
    if found and found["verb"].upper() in _UPDATES:
        raise ForbiddenQuery(
            f"{found['verb'].upper()} is an update; this endpoint answers queries only. "
            "Objects change through ingest, and the graph follows."
        )


def _refuse_calls(code: str, doubtful: bool) -> None:
    if _SERVICE.search(_NAMES.sub(" ", code)):
        raise ForbiddenQuery(
            "SERVICE is refused: this endpoint does not call other servers on your behalf. "
            "Ask the other endpoint yourself and bring its answer as VALUES. "
            "(A prefix that holds the word needs another name.)"
        )
    if doubtful:
        raise ForbiddenQuery(
            "The query holds the word SERVICE beside a relative IRI with a quote or #, "
            "which could hide a call to another server; write that IRI in full, as scheme://…"
        )
