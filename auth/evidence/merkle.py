"""The Merkle tree of RFC 9162 (2.1) over SM3: pure, on the hashes of whole subtrees that are kept as the log grows.

A node is named by its level (0 for leaves) and its position in it. `nodes` gives the hashes of whole subtrees; the
ragged right edge of a tree is worked out from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from domain.kernel.digest import sm3

Place = tuple[int, int]
Nodes = Callable[[Place], bytes]

EMPTY_ROOT = sm3(b"")


def leaf_hash(content: bytes) -> bytes:
    return sm3(b"\x00" + content)


def node_hash(left: bytes, right: bytes) -> bytes:
    return sm3(b"\x01" + left + right)


def frontier(size: int) -> list[Place]:
    """The whole subtrees that a tree of this size consists of, the smallest first."""
    return [(level, (size >> level) - 1) for level in range(size.bit_length()) if size >> level & 1]


def grown(size: int, leaves: Iterable[bytes], nodes: Nodes) -> Iterator[tuple[Place, bytes]]:
    """The nodes that come to a tree of `size` with these leaf hashes. Asks `nodes` for the frontier only."""
    kept = {place: nodes(place) for place in frontier(size)}
    for position, digest in enumerate(leaves, start=size):
        place = (0, position)
        kept[place] = digest
        yield place, digest
        while place[1] & 1:
            level, right = place
            digest = node_hash(kept.pop((level, right - 1)), kept.pop(place))
            place = (level + 1, right >> 1)
            kept[place] = digest
            yield place, digest


def root(size: int, nodes: Nodes) -> bytes:
    """MTH of the first `size` leaves."""
    return _range(0, size, nodes) if size else EMPTY_ROOT


def inclusion(position: int, size: int, nodes: Nodes) -> list[bytes]:
    """PATH(position, D_size)."""
    assert 0 <= position < size, "a leaf of the tree"
    return _path(position, 0, size, nodes)


def consistency(older: int, size: int, nodes: Nodes) -> list[bytes]:
    """PROOF(older, D_size)."""
    assert 0 < older <= size, "an earlier state of the tree"
    return _subproof(older, 0, size, True, nodes)


def needed(work: Callable[[Nodes], object]) -> list[Place]:
    """The places whose hashes a calculation asks for, so that they can be fetched at once."""
    asked: dict[Place, None] = {}

    def note(place: Place) -> bytes:
        asked[place] = None
        return bytes(32)

    work(note)
    return list(asked)


def _split(length: int) -> int:
    """The largest power of two below the length."""
    half: int = 1 << ((length - 1).bit_length() - 1)
    return half


def _range(first: int, last: int, nodes: Nodes) -> bytes:
    length = last - first
    if length & (length - 1) == 0:
        level = length.bit_length() - 1
        return nodes((level, first >> level))
    middle = first + _split(length)
    return node_hash(_range(first, middle, nodes), _range(middle, last, nodes))


def _path(position: int, first: int, last: int, nodes: Nodes) -> list[bytes]:
    if last - first == 1:
        return []
    middle = first + _split(last - first)
    if position < middle:
        return [*_path(position, first, middle, nodes), _range(middle, last, nodes)]
    return [*_path(position, middle, last, nodes), _range(first, middle, nodes)]


def _subproof(older: int, first: int, last: int, whole: bool, nodes: Nodes) -> list[bytes]:
    """`older` counts from `first`; `whole` while the older tree's root is known to who checks."""
    if older == last - first:
        return [] if whole else [_range(first, last, nodes)]
    half = _split(last - first)
    middle = first + half
    if older <= half:
        return [*_subproof(older, first, middle, whole, nodes), _range(middle, last, nodes)]
    return [*_subproof(older - half, middle, last, False, nodes), _range(first, middle, nodes)]
