"""Whole numbers as addresses and forms bring them."""

PAGES = 1_000_000  # as many as a list is asked for
_DIGITS = 18  # as many as every column of the store takes


def whole_number(text: str, most: int = 10**_DIGITS) -> int | None:
    """The number that a text of digits says, `most` where it says more; null where it says none."""
    return min(int(text[:_DIGITS]), most) if text.isascii() and text.isdecimal() else None
