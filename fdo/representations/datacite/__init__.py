"""What DataCite is told of an object: metadata in the words of schema 4.7, JSON form.

`metadata` is of a document, and so of one version; `metadata_of_record` is of an object that is
public by its FDO record only; `shown_hash` tells whether a DOI shows anything new.
"""

from __future__ import annotations

from fdo.representations.datacite.metadata import (
    SCHEMA,
    metadata,
    metadata_of_record,
    shown_hash,
)

__all__ = ["SCHEMA", "metadata", "metadata_of_record", "shown_hash"]
