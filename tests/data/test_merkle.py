"""The Merkle tree: against the RFC's definition, and against published proof vectors."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import merkle
from tests.shared_data import shared

if TYPE_CHECKING:
    from pathlib import Path

leaves_of_a_tree = st.lists(st.binary(max_size=8), min_size=1, max_size=40)


def root_as_the_rfc_writes_it(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return merkle.EMPTY_ROOT
    if len(leaves) == 1:
        return merkle.leaf_hash(leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(
        root_as_the_rfc_writes_it(leaves[:split]), root_as_the_rfc_writes_it(leaves[split:])
    )


@given(leaves_of_a_tree)
def test_the_root_is_the_one_the_rfc_defines(leaves):
    assert merkle.root(leaves) == root_as_the_rfc_writes_it(leaves)


@given(leaves_of_a_tree, st.data())
def test_every_leaf_has_a_proof_and_no_other_leaf_passes_with_it(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, size = merkle.root(leaves), len(leaves)
    proof = merkle.inclusion_proof(leaves, index)
    assert merkle.verify_inclusion(merkle.leaf_hash(leaves[index]), index, size, proof, root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"never a leaf"), index, size, proof, root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(leaves[index]), index, size, [*proof, root], root)


@given(leaves_of_a_tree, st.data())
def test_a_tree_that_grew_is_consistent_and_one_that_was_changed_is_not(leaves, data):
    old_size = data.draw(st.integers(1, len(leaves)))
    old_root, new_root = merkle.root(leaves[:old_size]), merkle.root(leaves)
    proof = merkle.consistency_proof(leaves, old_size)
    assert merkle.verify_consistency(old_size, len(leaves), proof, old_root, new_root)
    rewritten = merkle.root([b"never a leaf", *leaves[1:]])
    assert not merkle.verify_consistency(old_size, len(leaves), proof, old_root, rewritten)


@given(st.lists(leaves_of_a_tree, max_size=5))
def test_a_tree_grown_in_pieces_from_its_peaks_has_the_root_of_the_whole(pieces):
    peaks, size = [], 0
    for piece in pieces:
        peaks = merkle.grown(peaks, size, [merkle.leaf_hash(leaf) for leaf in piece])
        size += len(piece)
    assert merkle.root_of_peaks(peaks) == merkle.root([leaf for piece in pieces for leaf in piece])


@pytest.mark.parametrize("proof", [None, "proof", [None], [b"short"], [1], {}])
def test_a_malformed_proof_is_refused_without_an_exception(proof):
    root = merkle.root([b"a", b"b"])
    assert merkle.verify_inclusion(merkle.leaf_hash(b"a"), 0, 2, proof, root) is False
    assert merkle.verify_consistency(1, 2, proof, merkle.root([b"a"]), root) is False


@pytest.mark.parametrize("count", [-1, 1.0, "1", None, True])
def test_a_malformed_count_is_refused_without_an_exception(count):
    root = merkle.root([b"a"])
    assert merkle.verify_inclusion(merkle.leaf_hash(b"a"), count, 1, [], root) is False
    assert merkle.verify_inclusion(merkle.leaf_hash(b"a"), 0, count, [], root) is False
    assert merkle.verify_consistency(count, 1, [], root, root) is False


def test_a_proof_of_a_leaf_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match="has no leaf 2"):
        merkle.inclusion_proof([b"a", b"b"], 2)
    with pytest.raises(ValueError, match="was never a tree of 3"):
        merkle.consistency_proof([b"a", b"b"], 3)


def decoded(vector: Path) -> dict:
    fields = json.loads(vector.read_text())
    for name in ("root", "root1", "root2", "leafHash"):
        if name in fields:
            fields[name] = base64.b64decode(fields[name] or "")
    fields["proof"] = [base64.b64decode(step) for step in fields["proof"] or []]
    return fields


def test_inclusion_agrees_with_every_published_vector():
    vectors = [decoded(file) for file in sorted(shared("reference/merkle/inclusion").rglob("*.json"))]
    wrong = [
        vector["desc"]
        for vector in vectors
        if merkle.verify_inclusion(
            vector["leafHash"], vector["leafIdx"], vector["treeSize"], vector["proof"], vector["root"]
        )
        is vector["wantErr"]
    ]
    assert len(vectors) > 50
    assert wrong == []


def test_consistency_agrees_with_every_published_vector():
    vectors = [decoded(file) for file in sorted(shared("reference/merkle/consistency").rglob("*.json"))]
    wrong = [
        vector["desc"]
        for vector in vectors
        if merkle.verify_consistency(
            vector["size1"], vector["size2"], vector["proof"], vector["root1"], vector["root2"]
        )
        is vector["wantErr"]
    ]
    assert len(vectors) > 50
    assert wrong == []
