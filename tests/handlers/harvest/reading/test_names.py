"""What a header cell is called."""

from __future__ import annotations

import pytest

from handlers.harvest.reading.names import header_key


@pytest.mark.parametrize("name", ["species", "Species", "http://rs.gbif.org/terms/1.0/species"])
def test_a_column_of_species_is_the_term_of_gbif_since_it_may_hold_a_whole_name(name: str) -> None:
    assert header_key(name) == "gbif:species"
