"""Whole columns of amounts as exact minor units; a text that could mean two amounts is refused in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from recon.arrays import Ints, Mask
from recon.bounds import LARGEST_AMOUNT
from recon.columnar import np, npt, pa, pc
from recon.money import Currencies
from recon.tabular.signs import plain
from recon.tabular.table import mask_of

_DIGITS = len(str(LARGEST_AMOUNT)) - 1  # that many digits are never too large
_LONGEST = 200  # characters; Python itself refuses to read endless numbers
_NUMERIC = re.compile(r"[+-]?[0-9.][0-9.,'\s]*", re.ASCII)
_BLANKS = " \u00a0\u2009\u202f"
_TYPED = r"^[+-]?(?P<whole>[0-9]+)(?:\.(?P<decimals>[0-9]*))?$"
DECIMAL_MARKS = (".", ",")
THOUSANDS_MARKS = (",", ".", " ", "'", "")


@dataclass(frozen=True, slots=True)
class Marks:
    """How a source writes amounts as text; `is_settled`: its configuration, at `place`, says so.

    No `thousands`: digits stand in one piece. A blank stands for every kind of blank.
    """

    decimal: str = "."
    thousands: str = ","
    place: str = ""
    is_settled: bool = False

    @classmethod
    def of(cls, place: str, decimal: str | None, thousands: str | None) -> Marks:
        """What the keys `decimal` and `thousands` at `place` say; where one is absent it is not the other's mark."""
        is_settled = decimal is not None or thousands is not None
        if decimal is None:
            decimal = "," if thousands == "." else "."
        if thousands is None:
            thousands = "." if decimal == "," else ","
        return cls(decimal, thousands, place, is_settled)

    @property
    def pattern(self) -> str:
        """Digits, or groups of three of them, and decimals, as RE2 and `re` read it."""
        blanks = f"[{_BLANKS}]" if self.thousands == " " else re.escape(self.thousands)
        grouped = f"|[1-9][0-9]{{0,2}}(?:{blanks}[0-9]{{3}})+" if self.thousands else ""
        return (
            rf"^[+-]?(?P<whole>[0-9]+{grouped})"
            rf"(?:{re.escape(self.decimal)}(?P<decimals>[0-9]*))?$"
        )

    @property
    def example(self) -> str:
        """A number as it is written, without and with thousands."""
        plain = f"1234{self.decimal}50"
        return f"{plain} or 1{self.thousands}234{self.decimal}50" if self.thousands else plain

    @property
    def advice(self) -> str:
        """Which keys to set where amounts are written otherwise."""
        words = f"; if that is how it writes amounts, set decimal and thousands of [{self.place}]"
        return words if self.place else ""


def amounts(
    texts: pa.Array,
    codes: pa.Array,
    unit: Literal["major", "minor"],
    currencies: Currencies,
    marks: Marks = Marks(),
    typed: Mask | None = None,
) -> tuple[npt.NDArray[np.int64], dict[int, str]]:
    """Minor units of a whole column (0 where refused), and by position why a text was refused.

    `codes` has the currency of each text, null where it is not known; such a text is not looked at, nor is an empty
    one. `typed` says which texts were numbers before: they have a point and no thousands, and any zeros behind. Of
    text, more decimals than the currency has are taken for zeros only where the whole column has as many, and three
    only where they cannot be thousands.
    """
    column = _Column(texts, codes, marks, typed, currencies)
    values = np.zeros(len(texts), dtype=np.int64)
    refused = column.odd | dict(column.no_numbers(pc.is_valid(codes)))
    exponents = {
        code: currencies.exponent(code) if unit == "major" else 0 for code in pc.unique(codes).drop_null().to_pylist()
    }
    for exponent in sorted(set(exponents.values())):
        among = [code for code, decimals in exponents.items() if decimals == exponent]
        at = np.flatnonzero(mask_of(pc.is_in(codes, pa.array(among, pa.string()))) & column.number)
        units, reasons = column.units(at, exponent, codes, unit)
        values[at] = units
        refused = reasons | refused
    if column.odd:
        values[list(column.odd)] = 0
    return values, refused


class _Column:
    """Texts taken apart into whole part and decimals; null where a text is no number."""

    def __init__(
        self, texts: pa.Array, codes: pa.Array, marks: Marks, typed: Mask | None, currencies: Currencies
    ) -> None:
        self.texts = texts  # as they stand in the file
        self.plain = texts
        self.currencies = currencies
        self.marks = marks
        self.typed = np.zeros(len(texts), dtype=bool) if typed is None else typed
        self.odd: dict[int, str] = {}
        parts = self._parts()
        readable = mask_of(pc.and_(pc.is_valid(codes), pc.not_equal(texts, "")))
        readable &= mask_of(pc.less_equal(pc.utf8_length(texts), _LONGEST))
        odd = np.flatnonzero(~mask_of(pc.is_valid(pc.struct_field(parts, "whole"))) & readable & ~self.typed)
        if len(odd):
            self.plain, self.odd = plain(texts, codes, odd)
            parts = self._parts()
        self.whole, self.decimals = (pc.struct_field(parts, name) for name in ("whole", "decimals"))
        self.number = mask_of(pc.is_valid(self.whole))
        self.digits: Ints = pc.fill_null(pc.binary_length(self.decimals), 0).to_numpy(zero_copy_only=False)
        self.even, self.two_ways = self._evenness()

    def _parts(self) -> pa.Array:
        parts = pc.extract_regex(self.plain, self.marks.pattern)
        if not self.typed.any():
            return parts
        as_number = pc.extract_regex(self.plain, _TYPED)
        return as_number if self.typed.all() else pc.if_else(pa.array(self.typed), as_number, parts)

    def _evenness(self) -> tuple[bool, bool]:
        """Whether all numbers that are text have as many decimals, and whether these could be thousands as well."""
        counted = self.number & ~self.typed & ~mask_of(pc.equal(self.plain, "0"))
        lengths = np.unique(self.digits[counted])
        if len(lengths) != 1:
            return len(lengths) == 0, False
        if lengths[0] != 3 or self.marks.is_settled:
            return True, False
        whole = self.whole.filter(pa.array(counted))
        proof = pc.or_(pc.greater(pc.binary_length(whole), 3), pc.starts_with(whole, "0"))
        return True, not pc.any(proof).as_py()

    def no_numbers(self, wanted: pa.Array) -> Iterator[tuple[int, str]]:
        """Why those of the wanted texts are refused that are no numbers."""
        wrong = ~self.number & mask_of(wanted) & mask_of(pc.not_equal(self.texts, ""))
        for at in np.flatnonzero(wrong).tolist():
            text = self.texts[at].as_py()
            if len(text) > _LONGEST:
                yield at, _too_long(text)
                continue
            advice = self.marks.advice if _NUMERIC.fullmatch(text) else ""
            yield at, f'amount "{text}" is not a number like {self.marks.example}{advice}'

    def units(
        self, at: Ints, exponent: int, codes: pa.Array, unit: str
    ) -> tuple[npt.NDArray[np.int64], dict[int, str]]:
        """Minor units of the numbers at some positions, whose currencies have as many decimals."""
        whole = _at(self.whole, at)
        decimals = _at(self.decimals, at)
        if pc.any(pc.greater(pc.binary_length(whole), 3)).as_py():
            for mark in _BLANKS if self.marks.thousands == " " else self.marks.thousands:
                whole = pc.replace_substring(whole, mark, "")
        refused = (
            {} if (self.digits[at] <= exponent).all() else self._superfluous(at, decimals, exponent, codes, unit)
        )
        text = whole
        if exponent:
            kept = pc.ascii_rpad(pc.utf8_slice_codeunits(decimals, 0, exponent), exponent, "0")
            text = pc.binary_join_element_wise(whole, kept, "")
        long = mask_of(pc.greater(pc.binary_length(text), _DIGITS))
        short = pc.if_else(pa.array(long), "0", text) if long.any() else text
        values = pc.cast(short, pa.int64()).to_numpy(zero_copy_only=False).copy()
        for place in np.flatnonzero(long).tolist():
            row = int(at[place])
            reason = self._long(values, place, text[place].as_py(), row, codes[row].as_py())
            if reason:
                refused.setdefault(row, reason)
        values[mask_of(pc.starts_with(_at(self.plain, at), "-"))] *= -1
        if refused:
            values[np.isin(at, list(refused))] = 0
        return values, refused

    def _long(self, values: npt.NDArray[np.int64], place: int, digits: str, row: int, code: str) -> str:
        """Puts in the value of a long number; why not, where it cannot be one."""
        original = self.texts[row].as_py()
        if len(original) > _LONGEST:
            return _too_long(original)
        value = int(digits)
        if value > LARGEST_AMOUNT:
            return self.currencies.too_large(original, code)
        values[place] = value
        return ""

    def _superfluous(self, at: Ints, decimals: pa.Array, exponent: int, codes: pa.Array, unit: str) -> dict[int, str]:
        """Why those are refused that have more decimals than there are, unless they are zeros that mean nothing."""
        rest = pc.utf8_rtrim(pc.utf8_slice_codeunits(decimals, exponent, None), "0")
        allowed = self.typed[at] | (self.even and not self.two_ways)
        wrong = (self.digits[at] > exponent) & (mask_of(pc.not_equal(rest, "")) | ~allowed)
        refused = {}
        for place in np.flatnonzero(wrong).tolist():
            row = int(at[place])
            text = self.texts[row].as_py()
            code = codes[row].as_py()
            more = f"has more decimals than {code} ({exponent})"
            if unit == "minor":
                more = "has decimals, but minor units are whole"
            advice = self.marks.advice if self.digits[row] == 3 and not self.typed[row] else ""
            if rest[place].as_py() == "" and self.two_ways and self.marks.place:
                mark = self.marks.decimal
                place_words = self.marks.place
                more = "could be thousands as well as decimals"
                advice = f': set decimal = "{mark}" or thousands = "{mark}" in [{place_words}]'
            refused[row] = f'amount "{text}" {more}{advice}'
        return refused


def _too_long(text: str) -> str:
    return f'amount "{text}" is too long for one'


def _at(texts: pa.Array, at: Ints) -> pa.Array:
    return texts if len(at) == len(texts) else texts.take(pa.array(at))
