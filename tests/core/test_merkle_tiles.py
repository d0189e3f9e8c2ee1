"""The Merkle tree as it is stored: leaves, tops of 256 leaves and more, and proofs made of nothing else."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.canonical import hash_leaf
from app.core.merkle import (
    TILE_HEIGHT,
    Frontier,
    Range,
    Subtree,
    complete_subtrees,
    consistency_ranges,
    decompose,
    hash_node,
    inclusion_ranges,
    join_subtrees,
    root_of,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [hash_leaf(number.to_bytes(4, "big")) for number in range(1_500)]
STORED = {(0, position): leaf_hash for position, leaf_hash in enumerate(LEAVES)} | {
    (TILE_HEIGHT, position): root_of(LEAVES[256 * position : 256 * (position + 1)]) for position in range(5)
}

sizes = st.integers(0, len(LEAVES))
huge = st.integers(0, 2**48)


def from_storage(leaves: Range) -> bytes:
    """The Merkle hash of a range as the shell makes it: from what is stored, by what `decompose` names."""
    pieces = []
    for level, positions in (subtree.stored for subtree in decompose(*leaves)):
        pieces.append(root_of([STORED[level, position] for position in positions]))
    return join_subtrees(pieces)


@given(sizes, sizes)
def test_the_shell_can_prove_inclusion(index: int, size: int) -> None:
    """Each proof can be put together from stored leaves and tops, and it verifies."""
    index, size = sorted((index, size + 1))
    size = min(size, len(LEAVES))
    index = min(index, size - 1)
    proof = [from_storage(leaves) for leaves in inclusion_ranges(index, size)]
    assert verify_inclusion(LEAVES[index], index, size, proof, root_of(LEAVES[:size]))


@given(sizes, sizes)
def test_the_shell_can_prove_consistency(old: int, new: int) -> None:
    """Each two sizes are joined by a proof from storage, and both roots come from storage too."""
    old, new = sorted((old, new))
    proof = [from_storage(leaves) for leaves in consistency_ranges(old, new)]
    assert verify_consistency(old, new, from_storage((0, old)), from_storage((0, new)), proof)
    assert from_storage((0, new)) == root_of(LEAVES[:new])


@given(st.lists(sizes))
def test_tops_come_once_whatever_the_batches(cuts: list[int]) -> None:
    """However the leaves are cut into batches, each top of 256 comes once, in order, with its hash."""
    tree, tops = Frontier(), list[tuple[int, int, bytes]]()
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(LEAVES)], strict=True):
        tops += complete_subtrees(tree.size, LEAVES[start:end], tree.peak)
        tree = tree.extend(LEAVES[start:end])
    assert tree.root() == root_of(LEAVES)
    assert tops == [(TILE_HEIGHT, position, STORED[TILE_HEIGHT, position]) for position in range(5)]


@given(sizes, sizes)
def test_only_peaks_are_asked_for(size: int, end: int) -> None:
    """What the tops need of the old leaves is in `decompose(0, size)`: the shell can fetch it beforehand."""
    size, end = sorted((size, end))
    tree, asked = Frontier().extend(LEAVES[:size]), list[Subtree]()

    def lookup(level: int, position: int) -> bytes:
        asked.append(Subtree(level, position))
        return tree.peak(level, position)

    assert all(level == TILE_HEIGHT for level, _, _ in complete_subtrees(size, LEAVES[size:end], lookup))
    assert set(asked) <= set(decompose(0, size))
    assert len(asked) == len(set(asked))


def test_one_leaf_can_complete_a_top_at_every_level() -> None:
    """Leaf 16,777,216 completes tops of 256, 65,536 and all leaves; the last one is the root."""
    size = 2**24 - 1
    tree = Frontier(size=size, peaks=tuple(LEAVES[:24]))
    joined, tops = LEAVES[99], []
    for level, peak in enumerate(reversed(tree.peaks), start=1):
        joined = hash_node(peak, joined)
        if level in (8, 16, 24):
            tops.append((level, (1 << 24 - level) - 1, joined))
    assert list(complete_subtrees(size, [LEAVES[99]], tree.peak)) == tops
    assert tree.append(LEAVES[99]) == tree.extend([LEAVES[99]]) == Frontier(size=2**24, peaks=(joined,))
    assert tree.append(LEAVES[99]).root() == joined


@given(huge, st.lists(st.sampled_from(LEAVES), max_size=40))
def test_a_tree_of_any_size_grows_alike(size: int, leaves: list[bytes]) -> None:
    """Appending one by one and all at once agree, also for trees too large to build."""
    tree = Frontier(size=size, peaks=tuple(LEAVES[: size.bit_count()]))
    one_by_one = tree
    for leaf_hash in leaves:
        one_by_one = one_by_one.append(leaf_hash)
    assert tree.extend(leaves) == one_by_one


@given(huge, huge)
def test_a_range_is_cut_into_few_complete_subtrees(start: int, end: int) -> None:
    """The pieces cover the range from left to right without a gap, and no two neighbours are one subtree."""
    start, end = sorted((start, end))
    pieces, at = decompose(start, end), start
    for level, position in pieces:
        assert position << level == at
        at += 1 << level
    assert at == end
    for piece, following in pairwise(pieces):
        assert piece.level != following.level or piece.position % 2 == 1


@given(huge)
def test_the_peaks_are_the_parts_of_a_prefix(size: int) -> None:
    """A prefix has one piece for each set bit of its size, the largest first, and the frontier knows each."""
    tree = Frontier(size=size, peaks=tuple(LEAVES[: size.bit_count()]))
    pieces = decompose(0, size)
    assert [piece.level for piece in pieces] == [bit for bit in range(48, -1, -1) if size >> bit & 1]
    assert [tree.peak(*piece) for piece in pieces] == list(tree.peaks)


@given(huge, huge)
def test_the_ranges_of_a_proof_cover_the_tree(index: int, size: int) -> None:
    """With the leaf itself, the ranges of its proof are the whole tree, each leaf once, in 49 at most."""
    index, size = sorted((index, size))
    ranges = inclusion_ranges(index, size + 1)
    assert len(ranges) <= 49
    at = 0
    for start, end in sorted([*ranges, (index, index + 1)]):
        assert start == at < end
        at = end
    assert at == size + 1


@pytest.mark.parametrize(
    "subtree, level, positions",
    [
        (Subtree(0, 7), 0, range(7, 8)),
        (Subtree(5, 3), 0, range(96, 128)),
        (Subtree(7, 1), 0, range(128, 256)),
        (Subtree(8, 4), 8, range(4, 5)),
        (Subtree(11, 2), 8, range(16, 24)),
        (Subtree(17, 1), 16, range(2, 4)),
    ],
)
def test_a_subtree_is_made_of_stored_ones(subtree: Subtree, level: int, positions: range) -> None:
    """At most 128 stored hashes of one level make any subtree."""
    assert subtree.stored == (level, positions)


@pytest.mark.parametrize(
    "impossible, complaint",
    [
        (lambda: inclusion_ranges(5, 5), "no leaf 5 in a tree of 5"),
        (lambda: inclusion_ranges(-1, 5), "no leaf -1 in a tree of 5"),
        (lambda: inclusion_ranges(0, 0), "no leaf 0 in a tree of 0"),
        (lambda: consistency_ranges(6, 5), "no tree of 6 leaves grows to 5"),
        (lambda: consistency_ranges(-1, 5), "no tree of -1 leaves grows to 5"),
        (lambda: decompose(3, 2), "no range of leaves: 3 to 2"),
        (lambda: decompose(-1, 2), "no range of leaves: -1 to 2"),
        (lambda: Frontier(size=3), "0 peaks for 3 leaves"),
        (lambda: Frontier(size=-1, peaks=(LEAVES[0],)), "1 peaks for -1 leaves"),
        (lambda: Frontier(size=1, peaks=(LEAVES[0], LEAVES[1])), "2 peaks for 1 leaves"),
        (lambda: Frontier().extend(LEAVES[:5]).peak(1, 1), "no peak at level 1, position 1 of 5 leaves"),
        (lambda: Frontier().extend(LEAVES[:5]).peak(2, 1), "no peak at level 2, position 1 of 5 leaves"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_tree_has_is_an_error(impossible: Callable[[], object], complaint: str) -> None:
    """Leaves, ranges and peaks that do not exist raise, rather than give hashes that prove nothing."""
    with pytest.raises(ValueError, match=f"^{complaint}$"):
        impossible()
