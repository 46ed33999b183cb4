"""Raw objects, packed and unpacked."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.store.versions.packing import pack, unpack


@given(st.sampled_from(["charge", "refund", "a kind of next year"]), st.binary())
def test_what_is_packed_comes_back(kind: str, raw: bytes) -> None:
    assert unpack(pack(kind, raw)) == raw


def test_what_was_packed_without_a_dictionary_is_read_too() -> None:
    assert unpack(zlib.compress(b"{}" * 100, 1)) == b"{}" * 100


def test_another_dictionary_is_refused_in_words() -> None:
    other = zlib.compressobj(zdict=b"another")
    with pytest.raises(ValueError, match="dictionary"):
        unpack(other.compress(b"{}") + other.flush())


def test_the_dictionaries_are_frozen() -> None:
    assert [pack(kind, b"")[2:6].hex() for kind in ("charge", "refund")] == ["5a4bc870", "34a2b6ff"]
