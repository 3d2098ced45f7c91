"""Pages from templates: Jinja2, escaped by default, rendered on the server.

Pages hold no script and ask no other host for anything; styles come from /static.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.annotations.strangers import plain
from api.problems import Kind
from api.settings import Settings
from fdo.annotation.paths import parse
from fdo.errors import InvalidDocument
from ontologies.terms import CLASSES, TERMS

FOLDER = Path(__file__).parent / "templates"
_SAID = re.compile(r'"(?!@)([^"]+)":\s*("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false)')
"""A key of JSON and its value, where that is no node."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""The words of a name written together."""


class Renderer:
    """Renders the pages of one server."""

    def __init__(self, settings: Settings, named: Callable[[str], str] = lambda _: "") -> None:
        """`named` says what the object of a PID is called, nothing where that may not be said."""
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(title=settings.title, base=settings.base, named=named)
        self._environment.filters.update(
            label=label, day=day, moment=moment, embedded=embedded, number=number, told=told,
            happened=happened, place=place, plain=plain, readable=readable,
        )  # fmt: skip

    def page(self, template: str, **values: Any) -> str:
        """The page of a template with these values."""
        return self._environment.get_template(template).render(**values)

    def problem(self, kind: Kind, body: Mapping[str, Any]) -> str:
        """A problem as a page for people."""
        return self.page("problem.html", kind=kind, body=body)


def label(key: str) -> str:
    """The readable name of a term or class: `dwc:recordedBy` → `recorded by`."""
    known = TERMS.get(key) or CLASSES.get(key)
    return known.label if known else key


def told(value: Any) -> str:
    """A value for people: of a node, also as JSON that may be cut off, its terms and what they
    say."""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    said = _SAID.findall(text) if text.startswith("{") else []
    return "; ".join(f"{label(key)}: {_text(each)}" for key, each in said) or text


def _text(written: str) -> str:
    try:
        value = orjson.loads(written)
    except orjson.JSONDecodeError:  # half of a surrogate pair
        return written
    return value if isinstance(value, str) else written


def day(text: str) -> str:
    """The date of an RFC 3339 time."""
    return text[:10]


def moment(text: str) -> Markup:
    """An RFC 3339 time for people: to the second, UTC; as it was given, for programs."""
    shown = datetime.fromisoformat(text.replace("Z", "+00:00")).strftime("%Y-%m-%d %H:%M:%S UTC")
    return Markup('<time datetime="{}">{}</time>').format(text, shown)


def readable(text: str) -> str | Markup:
    """A value as it is, but an instant as `moment` shows it."""
    try:
        return moment(text) if _INSTANT.fullmatch(text) else text
    except ValueError:  # the 31st of February
        return text


def happened(what: str) -> str:
    """What happened, in words: `VersionDoiRequested` → `version DOI requested`."""
    words = (word if word.isupper() else word.lower() for word in _WORDS.findall(what))
    return " ".join("DOI" if word == "doi" else "PID" if word == "pid" else word for word in words)


def place(path: str) -> str:
    """A term path for people: `$['ods:hasEvents'][0]['dwc:country']` → `events 1 › country`."""
    try:
        steps = parse(path)
    except InvalidDocument:
        return path
    words: list[str] = []
    for step in steps:
        if isinstance(step, int) and words:
            words[-1] += f" {step + 1}"
        else:
            words.append(label(str(step)).removeprefix("has "))
    return " › ".join(words)


def number(value: int) -> str:
    """A whole number in groups of three."""
    return f"{value:,}"


def embedded(value: Any) -> Markup:
    """JSON for a `<script>` block: nothing in it can end the block."""
    text = orjson.dumps(value).decode()
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - every sign that HTML reads is escaped above
