"""Past states from the command line: the graph then, what is kept, and a moment kept for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.program import collectome, specimens


@pytest.fixture(scope="module")
def herbarium(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three specimens, and then one of them from another country."""
    place = tmp_path_factory.mktemp("herbarium")
    data = place / "data"
    for number, same in ((1, {}), (2, {"country": "Sweden"})):
        table = specimens(place / "plants.csv", 1, 2, 3, **same)
        ended = collectome(
            "ingest", table, "--organisation", "https://ror.org/0566bfb96", data=data
        )
        assert ended.code == 0, (number, ended.err)
    return data


def exported(data: Path, *options: str) -> list[str]:
    ended = collectome("export", *options, data=data)
    assert ended.code == 0, ended.err
    return sorted(ended.out.splitlines())


def position(data: Path) -> int:
    return int(collectome("status", "--json", data=data).said["log"]["position"])


def test_the_graph_as_of_an_event_is_what_was_exported_then(herbarium: Path) -> None:
    head = position(herbarium)
    assert exported(herbarium, "--as-of", str(head)) == exported(herbarium)
    then = exported(herbarium, "--as-of", str(head - 4))
    assert any('"Norway"' in line for line in then)
    assert not any('"Sweden"' in line for line in then)
    assert exported(herbarium, "--as-of", "0") == []
    assert exported(herbarium, "--observed-at", "2001-01-01") == []


def test_documents_as_of_an_event_are_those_exported_then(herbarium: Path) -> None:
    documents, head = ("--format=documents",), position(herbarium)
    assert exported(herbarium, *documents, "--as-of", str(head)) == exported(herbarium, *documents)
    then = exported(herbarium, *documents, "--as-of", str(head - 4))
    assert any('"Norway"' in line for line in then)
    assert not any('"Sweden"' in line for line in then)
    assert exported(herbarium, *documents, "--as-of", "0") == []
    assert exported(herbarium, *documents, "--observed-at", "2001-01-01") == []
    assert len(exported(herbarium, *documents, "--as-of", "3")) < len(then)


def test_a_moment_can_be_kept_and_is_listed(herbarium: Path) -> None:
    made = collectome("instants", "make", "3", "--json", data=herbarium)
    assert (made.code, made.said["position"]) == (0, 3)
    listed = collectome("instants", "list", "--json", data=herbarium).said["kept"]
    assert [k["position"] for k in listed if k["kind"] == "rung" and k["position"] == 3] == [3]
    thinned = collectome("instants", "thin", "--json", data=herbarium)
    assert thinned.code == 0 and isinstance(thinned.said["removed"], list)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--as-of", "99999"), "lies in the future"),
        (("--as-of", "yesterday"), "is no moment"),
        (("--as-of", "3", "--format", "jsonl"), "has no past"),
    ],
)
def test_what_cannot_be_exported_is_refused_and_empties_no_file(
    herbarium: Path, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    earlier = tmp_path / "earlier"
    earlier.write_text("kept")
    ended = collectome("export", *options, "--output", earlier, data=herbarium)
    assert ended.code == 1 and said in ended.err
    assert earlier.read_text() == "kept"
