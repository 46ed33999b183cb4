"""Ids that are a card number or an e-mail address, as they may be kept."""

from recon.privacy.keys import HashKey
from recon.privacy.patterns import is_address_or_card, redact


def hidden_id(value: str, key: HashKey | None) -> str | None:
    """An id as it may be kept: whole, but a card number or an e-mail address as its keyed hash, null without a key.

    One that stands among other words is masked. Shop and charge are asked alike, so ids that were equal stay equal.
    """
    if not is_address_or_card(value):
        return redact(value) if "@" in value or " " in value else value
    return None if key is None else key.hidden(value)
