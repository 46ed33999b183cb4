"""Keeps personal data out: keyed hashes of customer fields, redacted text."""

import hmac
import re

_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
# Card numbers, in one piece or grouped, begin with 22 to 27, 3, 4, 5 or 6 (ISO/IEC 7812); order ids that are a date,
# a moment or a counter begin otherwise and are never taken for one.
_CARD = re.compile(
    r"(?<!\d)(?=[3-6]|2[2-7])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}[ -]\d{6}[ -]\d{4,5})(?!\d)", re.ASCII
)
_KEY = re.compile(r"\b[sp]key_[a-z0-9_]+", re.IGNORECASE)


def keyed_hash(value: str, key: bytes) -> str:
    """HMAC-SHA256 of a customer field, case and outer spaces aside: equal people have equal hashes, 32 hex digits."""
    return hmac.digest(key, value.strip().casefold().encode(), "sha256").hex()[:32]


def redact(text: str) -> str:
    """The text with e-mail addresses, card numbers (Luhn) and Omise keys masked; everything else stays."""
    text = _KEY.sub("[key]", _EMAIL.sub("[e-mail]", text))
    return _CARD.sub(lambda found: "[card number]" if _luhn(found.group()) else found.group(), text)


def _luhn(text: str) -> bool:
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
