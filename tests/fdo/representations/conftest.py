"""What tests of DataCite metadata share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from api.datacite_schema import to_xml
from tests.fdo.representations.sampled import Document

Judge = Callable[[Document], bool]


@pytest.fixture(scope="module")
def valid(shared_data: Path) -> Judge:
    """Whether metadata as XML are valid by DataCite's schema 4.7."""
    xsd = etree.XMLSchema(etree.parse(shared_data / "datacite-4.7" / "metadata.xsd"))

    def judge(told: Document) -> bool:
        assert xsd.validate(etree.fromstring(to_xml(told))), (xsd.error_log, told)
        return True

    return judge
