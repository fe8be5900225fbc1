"""A Merkle tree as in RFC 9162, section 2: roots, inclusion proofs and consistency proofs.

A tree is a list of leaves (bytes). Its nodes are SHA-256 hashes: a leaf hashes as ``00 || leaf``, an
inner node as ``01 || left || right``. The functions that make a root or a proof trust their input
and raise `ValueError` where it makes no sense. Those that verify trust nothing: whatever is
malformed is simply ``False``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of one leaf (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node from those of its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over `leaves`, in their order.

    >>> root([]).hex()[:16], root([b""]).hex()[:16]
    ('e3b0c44298fc1c14', '6e340b9cffb37a98')
    """
    return root_of_hashes([leaf_hash(leaf) for leaf in leaves])


def root_of_hashes(hashes: Sequence[bytes]) -> bytes:
    """The root of the tree whose leaves have these hashes.

    Level by level: pairs are joined and an odd last node moves up as it is, which is the split at
    the largest power of two that the RFC asks for.
    """
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        pairs = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(level) - len(level) % 2 :]
    return level[0]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes that lead from leaf `index` up to the root (RFC 9162, 2.1.3.1)."""
    return inclusion_proof_of_hashes([leaf_hash(leaf) for leaf in leaves], index)


def inclusion_proof_of_hashes(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """As `inclusion_proof`, from the hashes of the leaves."""
    if not 0 <= index < len(hashes):
        raise ValueError(f"A tree of {len(hashes)} leaves has no leaf {index}.")
    proof = []
    level = list(hashes)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            proof.append(level[sibling])
        pairs = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(level) - len(level) % 2 :]
        index //= 2
    return proof


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """The hashes that show the first `old_size` leaves are still the first (RFC 9162, 2.1.4.1)."""
    return consistency_proof_of_hashes([leaf_hash(leaf) for leaf in leaves], old_size)


def consistency_proof_of_hashes(hashes: Sequence[bytes], old_size: int) -> list[bytes]:
    """As `consistency_proof`, from the hashes of the leaves."""
    if not 0 < old_size <= len(hashes):
        raise ValueError(f"A tree of {len(hashes)} leaves was never a tree of {old_size}.")
    proof: list[bytes] = []
    whole = True  # whether the part looked at is a tree the verifier already knows the root of
    low, high = 0, len(hashes)
    size = old_size
    while size != high - low:
        split = _largest_power_of_two_below(high - low)
        if size <= split:
            proof.append(root_of_hashes(hashes[low + split : high]))
            high = low + split
        else:
            proof.append(root_of_hashes(hashes[low : low + split]))
            low, size, whole = low + split, size - split, False
    if not whole:
        proof.append(root_of_hashes(hashes[low:high]))
    return proof[::-1]


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf stands at `index` in the tree of `size` leaves (RFC 9162, 2.1.3.2)."""
    if not (_counts(index, size) and _hashes(proof) and _hashes([leaf_hash, root]) and index < size):
        return False
    position, last, node = index, size - 1, leaf_hash
    for step in proof:
        if last == 0:
            return False
        if position % 2 == 1 or position == last:
            node = node_hash(step, node)
            while position % 2 == 0 and position != 0:
                position, last = position // 2, last // 2
        else:
            node = node_hash(node, step)
        position, last = position // 2, last // 2
    return last == 0 and node == root


def verify_consistency(  # noqa: C901  the steps of the RFC, in its order
    old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Whether the tree of `new_size` begins with the tree of `old_size` (RFC 9162, 2.1.4.2).

    Nothing is proven from the empty tree (``old_size`` 0), as the published vectors have it: it would
    begin any tree at all.
    """
    if not (_counts(old_size, new_size) and _hashes(proof) and 0 < old_size <= new_size):
        return False
    if not (isinstance(old_root, bytes) and isinstance(new_root, bytes)):
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    position, last = old_size - 1, new_size - 1
    while position % 2 == 1:
        position, last = position // 2, last // 2
    old_node = new_node = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if position % 2 == 1 or position == last:
            old_node, new_node = node_hash(step, old_node), node_hash(step, new_node)
            while position % 2 == 0 and position != 0:
                position, last = position // 2, last // 2
        else:
            new_node = node_hash(new_node, step)
        position, last = position // 2, last // 2
    return last == 0 and old_node == old_root and new_node == new_root


def grown(peaks: Sequence[bytes], size: int, hashes: Sequence[bytes]) -> list[bytes]:
    """The peaks of a tree of `size` leaves after leaves with these hashes were appended.

    Peaks are the roots of the perfect subtrees that make up the tree, the largest first: all one
    needs to keep of the old leaves to append new ones.
    """
    stack = list(peaks)
    for leaves_before, new in enumerate(hashes, start=size):
        node, perfect = new, leaves_before
        while perfect % 2 == 1:
            node, perfect = node_hash(stack.pop(), node), perfect // 2
        stack.append(node)
    return stack


def root_of_peaks(peaks: Sequence[bytes]) -> bytes:
    """The root of the tree that has these peaks."""
    if not peaks:
        return EMPTY_ROOT
    node = peaks[-1]
    for peak in reversed(peaks[:-1]):
        node = node_hash(peak, node)
    return node


def _largest_power_of_two_below(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def _counts(*numbers: object) -> bool:
    return all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in numbers)


def _hashes(values: object) -> bool:
    return isinstance(values, list | tuple) and all(
        isinstance(value, bytes) and len(value) == HASH_BYTES for value in values
    )
