"""The tree by the letter of RFC 9162, and its tiles against it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore import merkle
from eventstore.merkle import BrokenProof, continues, root_by_inclusion
from eventstore.tiles import Tree, split
from fdo.errors import NotFound
from tests.eventstore.story import Objects


def leaves(size: int) -> list[bytes]:
    """So many different leaf hashes."""
    return [hashlib.sha256(b"\x00%d" % number).digest() for number in range(size)]


def over(hashes: list[bytes]) -> Callable[[int, int], bytes]:
    """The tree over some leaves, computed from the definition (RFC 9162, 2.1.1)."""

    def hash_of(start: int, end: int) -> bytes:
        if end - start == 1:
            return hashes[start]
        if start == end:
            return hashlib.sha256().digest()
        split_at = 1
        while split_at * 2 < end - start:
            split_at *= 2
        left, right = hash_of(start, start + split_at), hash_of(start + split_at, end)
        return hashlib.sha256(b"\x01" + left + right).digest()

    return hash_of


SIZES = st.integers(1, 70)


@given(st.data(), SIZES)
def test_an_inclusion_proof_leads_to_the_root_and_only_from_its_own_leaf(
    data: st.DataObject, size: int
) -> None:
    tree = over(leaves(size))
    index = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion(tree, index, size)
    assert root_by_inclusion(leaves(size)[index], index, size, path) == tree(0, size)
    assert root_by_inclusion(b"x" * 32, index, size, path) != tree(0, size)
    for broken in (path[:-1], [*path, b"x" * 32]):
        if broken != path:
            with pytest.raises(BrokenProof):
                root_by_inclusion(leaves(size)[index], index, size, broken)


@given(st.data(), SIZES)
def test_a_consistency_proof_shows_that_a_tree_continues_another(
    data: st.DataObject, second: int
) -> None:
    tree = over(leaves(second))
    first = data.draw(st.integers(0, second))
    proof = merkle.consistency(tree, first, second)
    roots = tree(0, first), tree(0, second)
    assert continues(first, second, *roots, proof)
    if 0 < first < second:
        assert not continues(first, second, b"x" * 32, roots[1], proof)
        assert not continues(first, second, roots[0], b"x" * 32, proof)
        assert not continues(first, second, *roots, proof[:-1])
        assert not continues(first, second, *roots, [*proof, b"x" * 32])


def test_another_past_has_no_proof() -> None:
    now = leaves(9)
    then = [b"x" * 32, *now[1:5]]
    proof = merkle.consistency(over(now), 5, 9)
    assert not continues(5, 9, over(then)(0, 5), over(now)(0, 9), proof)
    assert not continues(9, 5, over(now)(0, 9), over(now)(0, 5), [])


def test_the_root_of_known_leaves_is_the_one_of_the_standard() -> None:
    # Root of the first three leaves of the test vectors of RFC 6962's reference implementation:
    # "", 0x00, 0x10.
    hashes = [hashlib.sha256(b"\x00" + data).digest() for data in (b"", b"\x00", b"\x10")]
    wanted = "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
    assert merkle.root_of(hashes).hex() == wanted
    assert merkle.root_of([]).hex() == hashlib.sha256(b"").hexdigest()


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    """An empty log."""
    return Objects(tmp_path)


def put(objects: Objects, hashes: list[bytes], position: int = 1) -> None:
    """Events with these leaf hashes, as rows."""
    with objects.objects.recorder.datastore.transaction(commit=True) as c:
        c.executemany(
            "INSERT INTO events VALUES (?,?,1,1,?,0,'x',NULL,?,x'7b7d',NULL,NULL)",
            [
                (position + at, f"o{position + at}", position + at, leaf)
                for at, leaf in enumerate(hashes)
            ],
        )


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.sampled_from([1, 3, 200, 255, 256, 257, 700]), min_size=1, max_size=5), st.data()
)
def test_tiles_give_the_same_hashes_however_the_tree_grew(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], data: st.DataObject
) -> None:
    objects = Objects(tmp_path_factory.mktemp("tree"))
    tree, hashes = Tree(objects.objects.recorder), leaves(sum(steps))
    done = 0
    for step in steps:
        put(objects, hashes[done : done + step], done + 1)
        done += step
        assert tree.grow() == done
    by_the_book = over(hashes)
    for size in {1, done, data.draw(st.integers(1, done))}:
        assert tree.root(size) == by_the_book(0, size)
        index = data.draw(st.integers(0, size - 1))
        path = merkle.inclusion(tree.over, index, size)
        assert root_by_inclusion(hashes[index], index, size, path) == by_the_book(0, size)
    objects.objects.close()


def test_the_tree_of_many_leaves_has_tiles_of_three_levels(objects: Objects) -> None:
    hashes = leaves(66_000)
    put(objects, hashes)
    tree = Tree(objects.objects.recorder)
    assert tree.grow() == 66_000
    assert split(tree.tile(0, 257, 208)) == hashes[257 * 256 : 66_000]
    assert len(tree.tile(2, 0, 1)) == 32
    assert tree.tile(2, 0, 1) == tree.over(0, 65_536) == over(hashes)(0, 65_536)
    assert tree.root(66_000) == over(hashes)(0, 66_000)


def test_gaps_between_positions_leave_no_gap_between_leaves(objects: Objects) -> None:
    tree = Tree(objects.objects.recorder)
    hashes = leaves(10)
    put(objects, hashes[:3], 5)
    tree.grow()
    put(objects, hashes[3:6], 8)
    put(objects, hashes[6:], 100)
    assert tree.grow() == 10
    assert [tree.index(at) for at in (5, 8, 10, 100, 103)] == [0, 3, 5, 6, 9]
    assert [tree.position(at) for at in (0, 3, 6, 9)] == [5, 8, 100, 103]
    for nowhere in (4, 11, 99, 104):
        with pytest.raises(NotFound):
            tree.index(nowhere)
    with pytest.raises(NotFound):
        tree.position(10)
    runs = hashlib.sha256(b"5-10,100-102").hexdigest()
    assert tree.positions_digest(9) == (102, runs)
    assert tree.positions_digest(5) == (9, hashlib.sha256(b"5-9").hexdigest())


def test_an_empty_tree_has_the_empty_root_and_no_tiles(objects: Objects) -> None:
    tree = Tree(objects.objects.recorder)
    assert (tree.grow(), tree.root(0)) == (0, merkle.EMPTY)
    with pytest.raises(NotFound):
        tree.tile(0, 0, 1)
