"""Keeps personal data out: keyed hashes of customers, masked texts, what is provably no person's."""

from recon.privacy.ids import hidden_id
from recon.privacy.keys import HASH, SHORTEST_KEY, HashKey, key_id
from recon.privacy.patterns import MASKED, is_address_or_card, mask, redact
from recon.privacy.words import is_harmless, masked_payment, masked_prose, shown_cell

RULES = 4  # raised when a text is masked otherwise than before: what is stored is then masked once more

__all__ = [
    "HASH",
    "MASKED",
    "RULES",
    "SHORTEST_KEY",
    "HashKey",
    "hidden_id",
    "is_address_or_card",
    "is_harmless",
    "key_id",
    "mask",
    "masked_payment",
    "masked_prose",
    "redact",
    "shown_cell",
]
