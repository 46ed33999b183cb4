"""Personal data: what is masked, and what must survive."""

import pytest

from recon.privacy import HashKey, key_id, redact


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("paid by somchai@example.com today", "paid by [e-mail] today"),
        ("card 4242 4242 4242 4242", "card [card number]"),
        ("4242-4242-4242-4242", "[card number]"),
        ("16 4242424242424242", "16 [card number]"),
        ("amex 3782 822463 10005", "amex [card number]"),
        ("key skey_test_5abc and pkey_9", "key [key] and [key]"),
    ],
)
def test_personal_data_and_secrets_are_masked(text: str, masked: str) -> None:
    assert redact(text) == masked


@pytest.mark.parametrize(
    "text",
    ["Order TH-000123", "20261124000123457", "1732435200000", "0000000000000000", "4242424242424241", "000000016"],
)
def test_order_ids_and_what_only_looks_long_survive(text: str) -> None:
    assert redact(text) == text


def test_equal_people_have_equal_hashes_and_other_keys_other_ones() -> None:
    key, other = HashKey((b"k",)), HashKey((b"other",))
    assert key.hash(" Somchai@Example.com") == key.hash("somchai@example.com ")
    assert key.hash("somchai@example.com") != other.hash("somchai@example.com")
    assert "somchai" not in key.hash("somchai@example.com")


def test_a_hash_names_its_key_and_goes_on_to_a_new_one_without_the_value() -> None:
    keys = [HashKey(keys) for keys in ((b"1",), (b"1", b"2"), (b"1", b"2", b"3"))]
    hashes = [key.hash("somchai@example.com") for key in keys]
    assert [hash.partition("_")[0] for hash in hashes] == [key_id(b"1"), key_id(b"2"), key_id(b"3")]
    assert {keys[2].renewed(hash) for hash in hashes} == {hashes[2]}
    assert keys[2].renewed(hashes[0].partition("_")[2]) == hashes[2]  # of before hashes had names
    assert HashKey((b"2", b"3")).renewed(hashes[0]) is None
    assert {key.hidden("somchai@example.com") for key in keys} == {f"{key_id(b'1')}-{hashes[0][9:]}"}
