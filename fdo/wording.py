"""How words stand in sentences: counted, and at their beginning."""

from __future__ import annotations


def many(count: int, noun: str, plural: str = "") -> str:
    """So many of something; the plural ends in s unless it is given.

    >>> many(1, "row"), many(12_000, "row"), many(0, "medium", "media")
    ('1 row', '12,000 rows', '0 media')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def begun(words: str) -> str:
    """The words as a sentence begins with them; letters behind the first stay as they are.

    >>> begun("evaluation of a model"), begun("FDO profile")
    ('Evaluation of a model', 'FDO profile')
    """
    return f"{words[:1].upper()}{words[1:]}"
