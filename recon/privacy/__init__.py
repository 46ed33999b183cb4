"""Keeps personal data out: keyed hashes of customers, masked texts, what is provably no person's."""

from recon.privacy.ids import hidden_id, keyed_hash
from recon.privacy.patterns import MASKED, is_address_or_card, mask, redact
from recon.privacy.words import is_harmless, masked_prose, shown_cell

RULES = 3  # raised when a text is masked otherwise than before: what is stored is then masked once more

__all__ = [
    "MASKED",
    "RULES",
    "hidden_id",
    "is_address_or_card",
    "is_harmless",
    "keyed_hash",
    "mask",
    "masked_prose",
    "redact",
    "shown_cell",
]
