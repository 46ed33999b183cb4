"""Amounts and dates of MT940: checked, and the amounts rewritten as SWIFT has them, so that none is read in part.

SWIFT's decimal mark is a comma that must be there; banks also write a point, or both of them. References and numbers
that are longer than SWIFT allows are taken as they stand.
"""

import re
from datetime import date
from functools import partial
from typing import NamedTuple

from recon.bank.source import BadLine
from recon.bank.texts import shown
from recon.tabular.date_forms import looks_buddhist, looks_short_buddhist

_LONGEST = 15  # characters of an amount
# A tag's text up to its amount, the amount, and what may come after it: else a library would read on from its middle.
_UP_TO_AMOUNT = r"^(?P<head>:61:(?P<day>\d{6})(?P<entry>\d{4}|[ ]{4})?R?[DC][A-Z]?[\n ]?)(?P<amount>[\d.,]+)"
_LINE = re.compile(
    _UP_TO_AMOUNT + r"(?=[A-Z]|//|[^\S\n]*(?:\n|\Z))",
    re.MULTILINE | re.ASCII | re.IGNORECASE,
)
_REFERENCES = re.compile(
    _UP_TO_AMOUNT + r"(?P<type>[A-Z][A-Z0-9 ]{3})?(?P<own>(?:(?!//)[^\n])*)(?://(?P<bank>[^\n]*))?$",
    re.MULTILINE | re.ASCII | re.IGNORECASE,
)
_NUMBER = re.compile(r"^:28C?:(?P<number>[^\n]*)", re.MULTILINE)
_UNUSED = re.compile(r"^(?P<tag>:2[01]:)[^\n]*", re.MULTILINE)  # tags that tell nothing of the lines
_BALANCE = re.compile(
    r"^(?P<head>:6[0245][FM]?:[DC](?P<day>\d{6})(?P<currency>[A-Z]{3}))(?P<amount>[\d.,]+)(?=[^\S\n]*(?:\n|\Z))",
    re.MULTILINE | re.ASCII | re.IGNORECASE,
)
_TAGS = ((re.compile(r"^:61:", re.MULTILINE), _LINE), (re.compile(r"^:6[0245][FM]?:", re.MULTILINE), _BALANCE))
_ONE_MARK = re.compile(r"(?P<whole>\d*)(?P<mark>[.,])(?P<decimals>\d*)", re.ASCII)
_TWO_MARKS = re.compile(
    r"(?P<whole>[1-9]\d{0,2}(?:\.\d{3})+),(?P<decimals>\d*)|(?P<other>[1-9]\d{0,2}(?:,\d{3})+)\.(?P<rest>\d*)",
    re.ASCII,
)


class Checked(NamedTuple):
    """A statement that a library can read, and what was taken out of it: its number, each line's own references."""

    block: str
    number: str
    references: list[tuple[str, str]]  # the account owner's, the bank's


def checked(row: int, block: str, currency: str, decimals: int) -> Checked:
    """A statement that begins at a row of its file, every amount as SWIFT writes it.

    Raises BadLine, with the row, for an amount or a date that cannot be so.
    """
    for tag, form in _TAGS:
        bad = next((match for match in tag.finditer(block) if not form.match(block, match.start())), None)
        if bad:
            raise BadLine(f"line {_line(row, bad)}: this {bad.group()} is not as MT940 has it")
        block = form.sub(partial(_rewritten, row, currency, decimals), block)
    number = _NUMBER.search(block)
    references = [(match["own"].strip(), (match["bank"] or "").strip()) for match in _REFERENCES.finditer(block)]
    block = _UNUSED.sub(r"\g<tag>1", _NUMBER.sub(":28C:1", block))
    block = _REFERENCES.sub(lambda match: match["head"] + match["amount"] + (match["type"] or ""), block)
    return Checked(block, number["number"].strip() if number else "", references)


def _line(row: int, match: re.Match[str]) -> int:
    return row + match.string.count("\n", 0, match.start())


def _rewritten(row: int, currency: str, decimals: int, match: re.Match[str]) -> str:
    try:
        _check_days(match["day"], match.groupdict().get("entry") or "")
        return match["head"] + swift_amount(match["amount"], currency, decimals)
    except BadLine as error:
        raise BadLine(f"line {_line(row, match)}: {error}") from None


def swift_amount(text: str, currency: str, decimals: int) -> str:
    """Digits, a comma, and as many decimals as the currency has at most; raises BadLine, in words.

    A single mark is the decimal mark, of two kinds the last one. Three decimals where the currency has fewer could be
    thousands; without a mark nobody knows whether there are decimals.
    """
    one_mark = _ONE_MARK.fullmatch(text)
    two_marks = _TWO_MARKS.fullmatch(text)
    if one_mark and (one_mark["whole"] or one_mark["decimals"]):
        whole = one_mark["whole"] or "0"
        part = one_mark["decimals"]
    elif two_marks:
        whole = two_marks["whole"] or two_marks["other"]
        part = two_marks["decimals"] if two_marks["whole"] else two_marks["rest"]
    elif text.isdecimal() and (not decimals or not text.strip("0")):
        whole = text
        part = ""
    elif text.isdecimal():
        raise BadLine(f'amount "{shown(text)}" has no decimal mark, which MT940 must have')
    else:
        raise BadLine(f'amount "{shown(text)}" is not a number like 12960,94')
    if len(part) > decimals and (part[decimals:].strip("0") or len(part) == 3):
        raise BadLine(f'amount "{shown(text)}" has more decimals than {currency} ({decimals})')
    amount = f"{re.sub('[.,]', '', whole).lstrip('0') or '0'},{part[:decimals]}"
    if len(amount) > _LONGEST:
        raise BadLine(f'amount "{shown(text)}" is longer than MT940 allows')
    return amount


def _check_days(day: str, entry: str) -> None:
    """Refuses days that do not exist: the library makes the last of February of the 30th."""
    year = 2000 + int(day[:2])
    if looks_short_buddhist(int(day[:2])):
        raise BadLine(looks_buddhist(day, year + 500))
    month = int(day[2:4])
    number = int(day[4:])
    if not _exists(year, month, number):
        raise BadLine(f'date "{day}" does not exist')
    if entry.strip() and not any(
        _exists(near, int(entry[:2]), int(entry[2:])) for near in (year - 1, year, year + 1)
    ):
        raise BadLine(f'date "{entry}" does not exist')


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
