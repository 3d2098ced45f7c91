"""XML from strangers, read without harm: no DTD, no entities, no network, any encoding.

The first bytes tell the encoding better than the declaration does (BOM, zero bytes), so the
text is decoded here and parsed as UTF-8; a declaration that lies is named, not believed.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from handlers.harvest.reading.diagnostics import refusal

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*?\?>")
_ENCODING = re.compile(r"""encoding\s*=\s*["']([^"']+)["']""")
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BROKEN = (etree.XMLSyntaxError, ValueError)


class Parsed(NamedTuple):
    """The root of a document, and what was odd about its text."""

    root: etree._Element
    declared: str
    found: str
    broken: str | None
    """Why the document is not well-formed, when it was read in spite of that."""

    @property
    def encoding_lies(self) -> bool:
        """Whether the declared encoding is not the true one."""
        if not self.declared:
            return False
        try:
            declared = codecs.lookup(self.declared).name
        except (LookupError, ValueError):
            return True
        return declared != self.found and not (
            declared == "utf-16" and self.found.startswith("utf-16")
        )


def beginning_of(path: Path, limit: int) -> bytes:
    """The bytes of a document; of one that is too large, one more than `parse_xml` takes."""
    with path.open("rb") as file:
        return file.read(limit + 1)


def parse_xml(raw: bytes, file: str, *, limit: int, lenient: bool = False) -> Parsed:
    """The document; refuses entities and excess, and raises ValueError when it is broken."""
    if len(raw) > limit:
        raise refusal("xml-too-large", file=file, limit=limit)
    text, declared, found = _decode(raw)
    text = _DECLARATION.sub("", text, count=1)
    if "<!ENTITY" in _without_comments(text).upper():
        raise refusal("xml-entities", file=file)
    body = text.strip().encode("utf-8", "replace")
    try:
        return Parsed(_parse(body, recover=False), declared, found, None)
    except _BROKEN as error:
        if not lenient:
            raise ValueError(str(error)) from error
        return Parsed(_parse_what_can_be(body, error), declared, found, str(error))


def _without_comments(text: str) -> str:
    """In one pass: a search for each end would begin anew at each of a million beginnings."""
    first, *rest = text.split("<!--")
    return first + "".join(part.partition("-->")[2] if "-->" in part else part for part in rest)


def _parse(body: bytes, *, recover: bool) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
        recover=recover,
    )
    return etree.fromstring(body, parser)


def _parse_what_can_be(body: bytes, error: Exception) -> etree._Element:
    root: etree._Element | None = None
    with contextlib.suppress(*_BROKEN):
        root = _parse(body, recover=True)
    if root is None:
        raise ValueError(str(error)) from error
    return root


def _decode(raw: bytes) -> tuple[str, str, str]:
    for bom, codec in _BOMS:
        if raw.startswith(bom):
            text = raw[len(bom) :].decode(codec, "replace")
            return text, _declared(text), codec
    wide = "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be" if raw[:1] == b"\0" else None
    if wide:
        text = raw.decode(wide, "replace")
        return text, _declared(text), wide
    declared = _DECLARED.search(raw[:200])
    name = declared[1].decode("ascii") if declared else ""
    if raw.isascii():
        return raw.decode("ascii"), "", "utf-8"  # every declaration that occurs is true
    for codec in ("utf-8", name or "cp1252", "cp1252"):
        try:
            return raw.decode(codec), name, codecs.lookup(codec).name
        except (UnicodeError, LookupError):
            continue
    return raw.decode("latin-1"), name, "latin-1"


def _declared(text: str) -> str:
    declaration = _DECLARATION.match(text)
    found = _ENCODING.search(declaration[0]) if declaration else None
    return found[1] if found else ""


def local(element: etree._Element) -> str:
    """The name of an element without its namespace."""
    return etree.QName(element).localname


def text_of(element: etree._Element | None) -> str | None:
    """All text inside an element with white space collapsed, or None when there is none."""
    if element is None:
        return None
    return " ".join("".join(str(part) for part in element.itertext()).split()) or None
