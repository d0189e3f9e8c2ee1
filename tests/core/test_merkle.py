"""The Merkle tree: the reference tree of Certificate Transparency, and every small tree by the definition.

The reference leaves, roots and proofs are those of `testonly/` in github.com/transparency-dev/merkle.
"""

from hashlib import sha256

import pytest

from app.core.canonical import hash_leaf
from app.core.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_ranges,
    hash_node,
    inclusion_ranges,
    root_of,
    verify_consistency,
    verify_inclusion,
)

LEAVES_MAX = 65

REFERENCE_INPUTS = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
REFERENCE_LEAVES = [hash_leaf(bytes.fromhex(text)) for text in REFERENCE_INPUTS]
REFERENCE_ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)

A0 = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
A1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
A4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
B0 = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
B1 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
B2 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
B3 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
C0 = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
C1 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"


def leaf(number: int) -> bytes:
    """The hash of a made-up leaf."""
    return hash_leaf(number.to_bytes(4, "big"))


LEAVES = [leaf(number) for number in range(LEAVES_MAX)]


def merkle_hash(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word by word."""
    match leaves:
        case []:
            return sha256(b"").digest()
        case [only]:
            return only
    k = max(1 << power for power in range(len(leaves)) if 1 << power < len(leaves))
    return sha256(b"\x01" + merkle_hash(leaves[:k]) + merkle_hash(leaves[k:])).digest()


def audit_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1, word by word."""
    if len(leaves) == 1:
        return []
    k = max(1 << power for power in range(len(leaves)) if 1 << power < len(leaves))
    if index < k:
        return [*audit_path(index, leaves[:k]), merkle_hash(leaves[k:])]
    return [*audit_path(index - k, leaves[k:]), merkle_hash(leaves[:k])]


def sub_proof(old: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2, word by word."""
    if old == len(leaves):
        return [] if whole else [merkle_hash(leaves)]
    k = max(1 << power for power in range(len(leaves)) if 1 << power < len(leaves))
    if old <= k:
        return [*sub_proof(old, leaves[:k], whole=whole), merkle_hash(leaves[k:])]
    return [*sub_proof(old - k, leaves[k:], whole=False), merkle_hash(leaves[:k])]


def inclusion_proof(index: int, leaves: list[bytes]) -> list[bytes]:
    """The proof that a leaf is in the tree, from the ranges."""
    return [merkle_hash(leaves[start:end]) for start, end in inclusion_ranges(index, len(leaves))]


def consistency_proof(old: int, leaves: list[bytes]) -> list[bytes]:
    """The proof that the tree grew from a size, from the ranges."""
    return [merkle_hash(leaves[start:end]) for start, end in consistency_ranges(old, len(leaves))]


def flips(value: bytes) -> list[bytes]:
    """The value with each of its bits flipped in turn."""
    number = int.from_bytes(value, "big")
    return [(number ^ 1 << bit).to_bytes(len(value), "big") for bit in range(8 * len(value))]


@pytest.mark.parametrize("size", range(9))
def test_reference_roots(size: int) -> None:
    """The roots of the reference tree, at each of its sizes, are the published ones."""
    leaves = REFERENCE_LEAVES[:size]
    assert root_of(leaves).hex() == REFERENCE_ROOTS[size]
    assert Frontier().extend(leaves).root().hex() == REFERENCE_ROOTS[size]


@pytest.mark.parametrize(
    "index, size, proof",
    [
        (0, 1, []),
        (0, 2, [A1]),
        (1, 2, [A0]),
        (2, 3, [B0]),
        (1, 5, [A0, B1, A4]),
        (0, 8, [A1, B1, C1]),
        (5, 8, [A4, B3, C0]),
    ],
)
def test_reference_inclusion_proofs(index: int, size: int, proof: list[str]) -> None:
    """The published inclusion proofs come out, and they verify."""
    leaves = REFERENCE_LEAVES[:size]
    assert [node.hex() for node in inclusion_proof(index, leaves)] == proof
    nodes = [bytes.fromhex(node) for node in proof]
    assert verify_inclusion(leaves[index], index, size, nodes, bytes.fromhex(REFERENCE_ROOTS[size]))


@pytest.mark.parametrize("old, new, proof", [(1, 1, []), (1, 8, [A1, B1, C1]), (2, 5, [B1, A4]), (6, 8, [B2, B3, C0])])
def test_reference_consistency_proofs(old: int, new: int, proof: list[str]) -> None:
    """The published consistency proofs come out, and they verify."""
    assert [node.hex() for node in consistency_proof(old, REFERENCE_LEAVES[:new])] == proof
    nodes = [bytes.fromhex(node) for node in proof]
    old_root, new_root = (bytes.fromhex(REFERENCE_ROOTS[size]) for size in (old, new))
    assert verify_consistency(old, new, old_root, new_root, nodes)


@pytest.mark.parametrize("size", range(LEAVES_MAX + 1))
def test_growing_gives_the_defined_root(size: int) -> None:
    """One by one, all at once, or in any two parts: the root is MTH of the RFC."""
    leaves, one_by_one = LEAVES[:size], Frontier()
    for leaf_hash in leaves:
        one_by_one = one_by_one.append(leaf_hash)
    assert one_by_one.size == size
    assert one_by_one.root() == merkle_hash(leaves)
    for cut in range(size + 1):
        assert Frontier().extend(leaves[:cut]).extend(leaves[cut:]) == one_by_one


@pytest.mark.parametrize("size", range(1, LEAVES_MAX + 1))
def test_every_inclusion_proof(size: int) -> None:
    """For each leaf of each small tree the ranges are PATH of the RFC, and they prove that place only."""
    leaves, root = LEAVES[:size], root_of(LEAVES[:size])
    for index in range(size):
        proof = inclusion_proof(index, leaves)
        assert proof == audit_path(index, leaves)
        proved = [place for place in range(size) if verify_inclusion(leaves[index], place, size, proof, root)]
        assert proved == [index]


@pytest.mark.parametrize("new", range(1, LEAVES_MAX + 1))
def test_every_consistency_proof(new: int) -> None:
    """From each smaller size the ranges are SUBPROOF of the RFC, and they prove that size and root only."""
    leaves, new_root = LEAVES[:new], root_of(LEAVES[:new])
    for old in range(1, new + 1):
        old_root = root_of(LEAVES[:old])
        proof = consistency_proof(old, leaves)
        assert proof == sub_proof(old, leaves, whole=True)
        assert verify_consistency(old, new, old_root, new_root, proof)
        assert not verify_consistency(old, new, leaf(LEAVES_MAX), new_root, proof)
        assert not verify_consistency(old, new, old_root, leaf(LEAVES_MAX), proof)
        assert not verify_consistency(old, new, old_root, new_root, [*proof, new_root])
        assert not (proof and verify_consistency(old, new, old_root, new_root, proof[:-1]))


@pytest.mark.parametrize("index, size", [(0, 2), (4, 5), (5, 8), (6, 7), (12, 13)])
def test_a_flipped_bit_breaks_an_inclusion_proof(index: int, size: int) -> None:
    """Flip any bit of the leaf, of the root or of the proof: it proves nothing."""
    leaves = LEAVES[:size]
    proof, root = inclusion_proof(index, leaves), root_of(leaves)
    assert verify_inclusion(leaves[index], index, size, proof, root)
    assert not any(verify_inclusion(bad, index, size, proof, root) for bad in flips(leaves[index]))
    assert not any(verify_inclusion(leaves[index], index, size, proof, bad) for bad in flips(root))
    for step, node in enumerate(proof):
        for bad in flips(node):
            forged = [*proof[:step], bad, *proof[step + 1 :]]
            assert not verify_inclusion(leaves[index], index, size, forged, root)


@pytest.mark.parametrize("old, new", [(1, 2), (4, 8), (6, 8), (7, 13), (8, 9)])
def test_a_flipped_bit_breaks_a_consistency_proof(old: int, new: int) -> None:
    """Flip any bit of either root or of the proof: it proves nothing."""
    proof, roots = consistency_proof(old, LEAVES[:new]), (root_of(LEAVES[:old]), root_of(LEAVES[:new]))
    assert verify_consistency(old, new, *roots, proof)
    assert not any(verify_consistency(old, new, bad, roots[1], proof) for bad in flips(roots[0]))
    assert not any(verify_consistency(old, new, roots[0], bad, proof) for bad in flips(roots[1]))
    for step, node in enumerate(proof):
        for bad in flips(node):
            assert not verify_consistency(old, new, *roots, [*proof[:step], bad, *proof[step + 1 :]])


def test_proofs_of_a_wrong_shape_are_refused() -> None:
    """Too long, too short, out of range or of no size: an answer and no exception."""
    root, proof = root_of(LEAVES[:5]), inclusion_proof(1, LEAVES[:5])
    assert verify_inclusion(LEAVES[1], 1, 5, proof, root)
    assert not verify_inclusion(LEAVES[1], 1, 5, proof[:-1], root)
    assert not verify_inclusion(LEAVES[1], 1, 5, [*proof, root], root)
    assert not verify_inclusion(LEAVES[1], -1, 5, proof, root)
    assert not verify_inclusion(LEAVES[1], 5, 5, proof, root)
    assert not verify_inclusion(LEAVES[1], 0, 0, [], EMPTY_ROOT)
    assert not verify_consistency(5, 4, root, root, [])
    assert not verify_consistency(-1, 4, root, root, [])
    assert not verify_consistency(3, 5, root_of(LEAVES[:3]), root, [])


def test_a_proof_of_another_size_is_refused() -> None:
    """Hashes alone would add up: but at the right edge a proof must be as long as its size asks."""
    two, three, four, seven, eight = (root_of(LEAVES[:size]) for size in (2, 3, 4, 7, 8))
    assert not verify_inclusion(LEAVES[7], 1, 2, inclusion_proof(7, LEAVES[:8]), eight)
    assert not verify_inclusion(LEAVES[1], 7, 8, inclusion_proof(1, LEAVES[:2]), two)
    assert not verify_inclusion(LEAVES[1], -1, 2, [LEAVES[0]], two)
    assert not verify_consistency(3, 4, seven, eight, consistency_proof(7, LEAVES[:8]))
    assert not verify_consistency(7, 8, three, four, consistency_proof(3, LEAVES[:4]))
    assert not verify_consistency(2, 1, two, two, [])
    assert not verify_consistency(-1, 1, two, two, [])


def test_bytes_cannot_move_between_siblings() -> None:
    """A child one byte short and its sibling one byte long hash alike, so only whole hashes are looked at."""
    left, right = LEAVES[:2]
    short, long = left[:-1], left[-1:] + right
    assert hash_node(short, long) == hash_node(left, right)
    assert not verify_inclusion(short, 0, 2, [long], hash_node(left, right))
    assert not verify_consistency(1, 2, short, hash_node(left, right), [long])


def test_every_tree_begins_with_the_empty_one() -> None:
    """From size 0 nothing has to be shown but right roots, and a tree that did not grow keeps its root."""
    root = root_of(LEAVES[:3])
    assert consistency_ranges(0, 3) == consistency_ranges(3, 3) == consistency_ranges(0, 0) == []
    assert verify_consistency(0, 3, EMPTY_ROOT, root, [])
    assert verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert verify_consistency(3, 3, root, root, [])
    assert not verify_consistency(0, 3, root, root, [])
    assert not verify_consistency(0, 0, EMPTY_ROOT, root, [])
    assert not verify_consistency(0, 0, root, root, [])
    assert not verify_consistency(0, 3, EMPTY_ROOT, root, [root])
    assert not verify_consistency(3, 3, root, EMPTY_ROOT, [])
    assert not verify_consistency(3, 3, root, root, [root])


@pytest.mark.parametrize("height", range(5))
def test_grafting_gives_what_extending_gives(height: int) -> None:
    """A tree of whole subtrees, with another of at most that size beside it, is the tree of all their leaves."""
    whole = 1 << height
    for size in range(0, LEAVES_MAX - whole, whole):
        tree = Frontier().extend(LEAVES[:size])
        for more in range(whole + 1):
            beside = Frontier().extend(LEAVES[size : size + more])
            assert tree.graft(beside) == Frontier().extend(LEAVES[: size + more])


@pytest.mark.parametrize("size, more", [(1, 2), (3, 2), (2, 3), (4, 5), (6, 4)])
def test_what_does_not_fit_is_not_grafted(size: int, more: int) -> None:
    """Leaves that would not make subtrees of the whole are refused: their frontier says nothing of it."""
    with pytest.raises(ValueError, match=f"^{more} leaves do not fit beside {size}$"):
        Frontier().extend(LEAVES[:size]).graft(Frontier().extend(LEAVES[:more]))
