"""Keyed hashes: of customers, and of ids that are a card number or an e-mail address."""

import hmac

from recon.privacy.patterns import is_address_or_card, redact


def keyed_hash(value: str, key: bytes) -> str:
    """HMAC-SHA256 of a customer field, case and outer spaces aside: equal people have equal hashes, 32 hex digits."""
    return hmac.digest(key, value.strip().casefold().encode(), "sha256").hex()[:32]


def hidden_id(value: str, key: bytes | None) -> str | None:
    """An id as it may be kept: whole, but a card number or an e-mail address as its keyed hash, null without a key.

    One that stands among other words is masked. Shop and charge are asked alike, so ids that were equal stay equal.
    """
    if not is_address_or_card(value):
        return redact(value) if "@" in value or " " in value else value
    return None if key is None else keyed_hash(value, key)
