"""Personal data: what is masked, and what must survive."""

import pytest

from recon.privacy import keyed_hash, redact


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
    assert keyed_hash(" Somchai@Example.com", b"k") == keyed_hash("somchai@example.com ", b"k")
    assert keyed_hash("somchai@example.com", b"k") != keyed_hash("somchai@example.com", b"other")
    assert "somchai" not in keyed_hash("somchai@example.com", b"k")
