"""The Merkle tree of RFC 9162 (2.1): roots, and proofs that anybody can check.

Pure: a tree is whatever can say the hash over some of its leaves, `over(start, end)`. Leaf
hashes are made elsewhere (`envelope.leaf_hash`); here they are only put together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from fdo.errors import CollectomeError

EMPTY = hashlib.sha256().digest()
"""The root of a tree without leaves."""

Over = Callable[[int, int], bytes]
"""The hash of the tree over the leaves from `start` up to, not with, `end`."""


class BrokenProof(CollectomeError):
    """A proof, note or file that does not show what it should; the message says where."""


def joined(left: bytes, right: bytes) -> bytes:
    """The hash of a node over its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over a few leaf hashes."""
    if len(hashes) < 2:
        return hashes[0] if hashes else EMPTY
    middle = _middle(len(hashes))
    return joined(root_of(hashes[:middle]), root_of(hashes[middle:]))


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes, level by level."""
    level = list(hashes)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [hashlib.sha256(b"\x01" + one + other).digest() for one, other in pairs]
    return level[0]


def inclusion(over: Over, index: int, size: int) -> list[bytes]:
    """What proves that a leaf is in the tree of this size (RFC 9162, 2.1.3.1), lowest first."""
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _middle(end - start)
        if index < middle:
            path.append(over(middle, end))
            end = middle
        else:
            path.append(over(start, middle))
            start = middle
    return path[::-1]


def consistency(over: Over, first: int, second: int) -> list[bytes]:
    """What proves that the tree of `second` leaves continues that of `first` (2.1.4.1)."""
    if first in (0, second):
        return []
    proof: list[bytes] = []
    start, end, whole = 0, second, True
    while first != end:
        middle = start + _middle(end - start)
        if first <= middle:
            proof.append(over(middle, end))
            end = middle
        else:
            proof.append(over(start, middle))
            start, whole = middle, False
    if not whole:
        proof.append(over(start, end))
    return proof[::-1]


def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that a leaf and its path lead to (RFC 9162, 2.1.3.2); BrokenProof where the
    path has not the length that a tree of this size asks for."""
    if not 0 <= index < size:
        raise BrokenProof(f"A tree of {size} leaves has no leaf {index}.")
    node, last, found = index, size - 1, leaf
    for other in path:
        if last == 0:
            raise BrokenProof("The path is longer than the tree is high.")
        if node & 1 or node == last:
            found = joined(other, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = joined(found, other)
        node, last = node >> 1, last >> 1
    if last:
        raise BrokenProof("The path is shorter than the tree is high.")
    return found


def continues(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the second tree begins with all of the first one (RFC 9162, 2.1.4.2)."""
    if not 0 <= first <= second:
        return False
    if first in (0, second):
        roots_agree = first_root == (EMPTY if first == 0 else second_root)
        return not proof and roots_agree
    rest = list(proof)
    if first & (first - 1) == 0:
        rest.insert(0, first_root)
    if not rest:
        return False
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = rest[0]
    for other in rest[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = joined(other, old), joined(other, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = joined(new, other)
        node, last = node >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _middle(count: int) -> int:
    """The largest power of two below a count of leaves, where a tree divides."""
    return 1 << (count - 1).bit_length() - 1
