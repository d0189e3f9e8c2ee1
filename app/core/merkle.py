"""The Merkle tree over the journal's leaf hashes: roots, what to store, what proves, how a proof is checked.

Hashing and the order of proofs are RFC 6962 section 2.1; checks are RFC 9162 sections 2.1.3.2 and 2.1.4.2.
Pure: it names the subtrees that it needs, and the shell fetches them. A subtree is complete when it has
2^level leaves; its position counts the subtrees of its level from the left. Ranges of leaves are half open.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256
from typing import NamedTuple

TILE_HEIGHT = 8
"""Hashes are stored at every eighth level: the leaves, and the tops of subtrees of 256, 65,536 and so on."""

EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""

_NODE_PREFIX = b"\x01"
_HASH_BYTES = 32

Range = tuple[int, int]


class Subtree(NamedTuple):
    """The place of a complete subtree."""

    level: int
    position: int

    @property
    def stored(self) -> tuple[int, range]:
        """The stored level, and the positions there whose hashes `root_of` makes into this subtree's hash."""
        below = self.level % TILE_HEIGHT
        return self.level - below, range(self.position << below, (self.position + 1) << below)


Lookup = Callable[[int, int], bytes]
"""The hash of a complete subtree that is there already, by level and position."""


def hash_node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256 over a one byte and both children."""
    return sha256(_NODE_PREFIX + left + right).digest()


def join_subtrees(hashes: Sequence[bytes]) -> bytes:
    """The Merkle hash of a range, from the hashes of what `decompose` makes of it.

    The range must be one that the tree itself knows: a prefix of the leaves, or a range of a proof.
    """
    return reduce(lambda right, left: hash_node(left, right), reversed(hashes)) if hashes else EMPTY_ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """All that a tree must remember to grow: its size, and the hashes of `decompose(0, size)`, its peaks."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise ValueError(f"{len(self.peaks)} peaks for {self.size} leaves")

    def append(self, leaf_hash: bytes) -> "Frontier":
        """The tree with one leaf more."""
        peaks, node, carry = [*self.peaks], leaf_hash, self.size
        while carry & 1:
            node = hash_node(peaks.pop(), node)
            carry >>= 1
        return Frontier(size=self.size + 1, peaks=(*peaks, node))

    def extend(self, leaves: Sequence[bytes]) -> "Frontier":
        """The tree with these leaves appended; quicker than one by one."""
        size, grown = self.size + len(leaves), list(_grow(self.size, leaves, self.peak))
        fresh = [hashes[-1] for level, (_, hashes) in enumerate(grown) if size >> level & 1]
        kept = self.peaks[: (self.size >> len(grown)).bit_count()]
        return Frontier(size=size, peaks=(*kept, *reversed(fresh)))

    def graft(self, right: "Frontier") -> "Frontier":
        """The tree with the leaves of another appended, of which only the frontier is known.

        Raises ValueError unless the other's leaves fill, or begin, one subtree that lies beside the leaves here.
        """
        height = (right.size - 1).bit_length() if right.size else 0
        if self.size & ((1 << height) - 1):
            raise ValueError(f"{right.size} leaves do not fit beside {self.size}")
        if right.size.bit_count() != 1:
            return Frontier(size=self.size + right.size, peaks=(*self.peaks, *right.peaks))
        beside = Frontier(size=self.size >> height, peaks=self.peaks).append(right.peaks[0])
        return Frontier(size=self.size + right.size, peaks=beside.peaks)

    def peak(self, level: int, position: int) -> bytes:
        """The hash of one of the peaks: a `Lookup` for `complete_subtrees`."""
        if not self.size >> level & 1 or position != (self.size >> level) - 1:
            raise ValueError(f"no peak at level {level}, position {position} of {self.size} leaves")
        return self.peaks[(self.size >> level).bit_count() - 1]

    def root(self) -> bytes:
        """The Merkle hash of all leaves."""
        return join_subtrees(self.peaks)


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The Merkle hash of leaves, or of equally large complete subtrees that lie side by side."""
    return Frontier().extend(leaves).root()


def complete_subtrees(
    first_new_index: int, leaves: Sequence[bytes], lookup: Lookup
) -> Iterator[tuple[int, int, bytes]]:
    """The tops that become complete when leaves are appended: level (8, 16, …), position, hash; lowest first.

    `lookup` is asked for members of `decompose(0, first_new_index)` only: `Frontier.peak` knows them all.
    """
    for level, (first, hashes) in enumerate(_grow(first_new_index, leaves, lookup)):
        if level and level % TILE_HEIGHT == 0:
            yield from ((level, position, top) for position, top in enumerate(hashes, start=first))


def decompose(start: int, end: int) -> list[Subtree]:
    """Cut a range of leaves into the fewest complete subtrees, from left to right."""
    if not 0 <= start <= end:
        raise ValueError(f"no range of leaves: {start} to {end}")
    pieces = []
    while start < end:
        fits = (end - start).bit_length() - 1
        level = min(fits, (start & -start).bit_length() - 1) if start else fits
        pieces.append(Subtree(level, start >> level))
        start += 1 << level
    return pieces


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose Merkle hashes prove a leaf's place in a tree, in the order of the proof."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    start, end, ranges = 0, size, list[Range]()
    while end - start > 1:
        middle = start + _left_size(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """The ranges whose Merkle hashes prove that a tree has only grown, in the order of the proof.

    Nothing is needed from the empty tree (every tree begins with it), nor for a tree that did not grow.
    """
    if not 0 <= old <= new:
        raise ValueError(f"no tree of {old} leaves grows to {new}")
    start, end, ranges = 0, new if old else 0, list[Range]()
    while end != old:
        middle = start + _left_size(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    # Who knows the old root knows the left edge; only what lies beside it has to be shown.
    if start:
        ranges.append((start, end))
    return ranges[::-1]


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that the leaf stands at this index of the tree with this size and root."""
    if not 0 <= index < size or not _are_hashes((leaf_hash, root, *proof)):
        return False
    node, here, last = leaf_hash, index, size - 1
    for sibling in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            node = hash_node(sibling, node)
            here, last = _skip_missing_siblings(here, last)
        else:
            node = hash_node(node, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree with the new root begins with the very leaves of the old one."""
    if not 0 <= old <= new or not _are_hashes((old_root, new_root, *proof)):
        return False
    if old == 0 and old_root != EMPTY_ROOT:
        return False
    if old in (0, new):
        return not proof and (old < new or old_root == new_root)
    # A complete old tree is itself a node of the new one, so the proof leaves it out.
    path = [old_root, *proof] if old.bit_count() == 1 else list(proof)
    if not path:
        return False
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old_node = new_node = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            old_node, new_node = hash_node(sibling, old_node), hash_node(sibling, new_node)
            here, last = _skip_missing_siblings(here, last)
        else:
            new_node = hash_node(new_node, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and old_node == old_root and new_node == new_root


def _grow(size: int, leaves: Sequence[bytes], left: Lookup) -> Iterator[tuple[int, list[bytes]]]:
    """Level by level, leaves first, the subtrees that become complete: position of the first, and hashes."""
    level, first, hashes = 0, size, list(leaves)
    while hashes:
        yield first, hashes
        row = [left(level, first - 1), *hashes] if first & 1 else hashes
        # Not strict: an odd last one waits for its sibling. Written out: it is done for every leaf of an audit.
        pairs = zip(row[::2], row[1::2], strict=False)
        hashes = [sha256(b"\x01" + one + other).digest() for one, other in pairs]
        level, first = level + 1, first >> 1


def _left_size(size: int) -> int:
    """How many of at least two leaves go to the left: the largest power of two below their number."""
    return 1 << (size - 1).bit_length() - 1


def _skip_missing_siblings(here: int, last: int) -> tuple[int, int]:
    """Climb past the levels at which the right edge of the tree has no sibling."""
    while here and not here & 1:
        here, last = here >> 1, last >> 1
    return here, last


def _are_hashes(values: Iterable[bytes]) -> bool:
    """Whether each has the length of a hash: bytes moved from one child to its sibling would hash alike."""
    return all(len(value) == _HASH_BYTES for value in values)
