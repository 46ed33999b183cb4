"""Masks what must be in no log, alert or message: secrets, credentials, personal data."""

import re
from functools import lru_cache
from urllib.parse import unquote

from recon.privacy import redact

MASK = "[secret]"
_LONGEST = 15_000  # characters of a line
_SHORTEST = 8  # characters: a shorter text would mask words
_PASSWORD = re.compile(r"(://[^\s:/@]*):[^\s/@]+@")
_BASIC = re.compile(r"\b(Basic|Bearer) +[\w+/=.~-]{8,}", re.IGNORECASE)
_HEADER = re.compile(r"(\bauthorization\b['\"]?\s*[:=]\s*['\"]?)(?!(?:Basic|Bearer)\b)[^\s'\",}]+", re.IGNORECASE)
_PIECES = re.compile(r"[\s/:@?&=#,]+")
_secrets: set[str] = set()


def keep_secret(text: str) -> None:
    """From now on mask this text, and of a URL also the parts that look like tokens, wherever they appear."""
    parts = {part for word in text.split() for part in (word, *_parts(word))}
    _secrets.update(form for part in parts for form in (part, unquote(part)) if len(form) >= _SHORTEST)


def masked(text: str) -> str:
    """The text without secrets, credentials, e-mail addresses and card numbers; what stands in it stays readable."""
    pattern = _pattern(frozenset(_secrets))
    if pattern is not None:
        text = pattern.sub(MASK, text)
    text = _HEADER.sub(r"\1[…]", _BASIC.sub(r"\1 […]", _PASSWORD.sub(r"\1:[…]@", text)))
    return redact(text)


def masked_for_logs(text: str) -> str:
    """As `masked`; of an account's number only the last four digits stay, too; what is too long ends at a blank."""
    from recon.bank.texts import masked as without_accounts  # late: every command loads this module

    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST].rpartition(' ')[0]} … ({len(text)} characters)"
    return without_accounts(masked(text))


@lru_cache(maxsize=1)
def _pattern(secrets: frozenset[str]) -> re.Pattern[str] | None:
    longest_first = sorted(secrets, key=lambda secret: (-len(secret), secret))
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _parts(url: str) -> list[str]:
    """Of a database's URL the password alone: names of hosts and databases are no secrets."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return []
    if scheme.partition("+")[0] in ("sqlite", "postgresql", "mysql", "mssql", "oracle"):
        return [rest.rpartition("@")[0].partition(":")[2]]
    return [piece for piece in _PIECES.split(rest) if _is_token(piece)]


def _is_token(piece: str) -> bool:
    digit = any(character.isdigit() for character in piece)
    return digit and "." not in piece and any(character.isalpha() for character in piece)
