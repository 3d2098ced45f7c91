"""The written forms of RDF values: canonical N-Triples text and XSD lexical forms.

Everything here is a pure function of one value, and the only place that knows how a value is
written: the mapper and the JSON-LD form both ask here, so they cannot disagree.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import orjson

XSD = "http://www.w3.org/2001/XMLSchema#"
RDF_JSON = "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON"
WKT_LITERAL = "http://www.opengis.net/ont/geosparql#wktLiteral"

_UCS = (
    "\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef"
    + "".join(f"{chr(p << 16)}-{chr((p << 16) | 0xFFFD)}" for p in range(1, 14))
    + "\U000e1000-\U000efffd"
)
_CHAR = rf"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@{_UCS}]|%[0-9A-Fa-f]{{2}})"
_HOST = rf"(?:[A-Za-z0-9\-._~!$&'()*+,;={_UCS}]|%[0-9A-Fa-f]{{2}})"
_USER = rf"(?:(?:[A-Za-z0-9\-._~!$&'()*+,;=:{_UCS}]|%[0-9A-Fa-f]{{2}})*@)?"
_ABSOLUTE_IRI = re.compile(
    rf"[A-Za-z][A-Za-z0-9+\-.]*:"
    rf"(?://{_USER}{_HOST}*(?::[0-9]*)?(?=[/?#]|\Z)|(?!//))"
    rf"(?:{_CHAR}|/)*(?:\?(?:{_CHAR}|[/?])*)?(?:\#(?:{_CHAR}|[/?])*)?\Z"
)
"""RFC 3987, without IP literals and private-use characters, which no identifier needs."""

_SIMPLE_IRI = re.compile(r"https?://[A-Za-z0-9.\-]+(?:/[A-Za-z0-9\-._~!$&'()*+,;=:@/]*)?\Z").match

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_DATE_TIME = re.compile(
    r"-?(?:[1-9][0-9]{4,}|[0-9]{4})-"
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-9]))"
    r"T(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?)"
    r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?\Z"
).match
_LEAP_DAY = re.compile(r"-?([0-9]+)-02-29T").match

_RAW = re.compile("[\x7f\ufffe\uffff]|(?<!\\\\)((?:\\\\\\\\)*)(\\\\u00[0-9a-f]{2})")


def is_iri(text: str) -> bool:
    """Whether the text is an absolute IRI (RFC 3987) that every RDF parser takes."""
    return bool(_SIMPLE_IRI(text)) or bool(_ABSOLUTE_IRI.match(text))


def is_date_time(text: str) -> bool:
    """Whether the text is in the lexical space of `xsd:dateTime` (XSD 1.1, 3.3.7)."""
    if not _DATE_TIME(text):
        return False
    if leap := _LEAP_DAY(text):
        year = int(leap[1])
        return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return True


def quoted(text: str) -> str:
    """The text as a quoted string of canonical N-Triples (RDF 1.2 N-Triples, 4)."""
    return canonical_escapes(orjson.dumps(text).decode())


def canonical_escapes(text: str) -> str:
    """The text with JSON's escapes replaced by those of canonical N-Triples.

    They agree but for the upper case of hexadecimal digits, U+007F, U+FFFE and U+FFFF.
    """

    def replace(found: re.Match[str]) -> str:
        if (escape := found[2]) is None:
            return f"\\u{ord(found[0]):04X}"
        return f"{found[1]}\\u{escape[2:].upper()}"

    return _RAW.sub(replace, text)


def json_text(value: Any) -> str:
    """The text of an `rdf:JSON` literal: keys sorted, no white space."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


@lru_cache(maxsize=1 << 16)
def double(value: float) -> str:
    """The canonical form of `xsd:double`, with 16 digits at most (JSON-LD 1.1 API, 8.6).

    A value that needs 17 digits moves by its last binary place; its document keeps it whole.
    Minus zero is written as zero: equal numbers give equal text.

    >>> double(52), double(-0.0), double(1e21), double(0.1 + 0.2)
    ('5.2E1', '0.0E0', '1.0E21', '3.0E-1')
    """
    mantissa, _, exponent = f"{value + 0.0:.15E}".partition("E")
    digits = mantissa.rstrip("0")
    return f"{digits}{'0' if digits[-1] == '.' else ''}E{int(exponent)}"


def xml_text(text: str) -> str:
    """The text without the control characters that XML 1.0 cannot hold, not even escaped; they
    become U+FFFD."""
    return _NOT_XML.sub("\ufffd", text)
