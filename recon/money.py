"""Money is an integer of minor units and a currency."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

from recon.bounds import LARGEST_AMOUNT

# ISO 4217 exponents of what Omise charges in, and of what the shop's files may name beside it.
# Omise: JPY has no decimals and every other currency it charges in has two (docs.omise.co/currency-and-amount);
# KRW and VND are no Omise currencies, ISO gives them none.
EXPONENTS: Mapping[str, int] = MappingProxyType(
    {
        "AUD": 2,
        "CAD": 2,
        "CHF": 2,
        "CNY": 2,
        "DKK": 2,
        "EUR": 2,
        "GBP": 2,
        "HKD": 2,
        "IDR": 2,
        "INR": 2,
        "JPY": 0,
        "KRW": 0,
        "MYR": 2,
        "NOK": 2,
        "NZD": 2,
        "PHP": 2,
        "SEK": 2,
        "SGD": 2,
        "THB": 2,
        "TWD": 2,
        "USD": 2,
        "VND": 0,
    }
)

_LONGEST = 200  # characters of an amount
_PLAIN = re.compile(r"([+-]?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d*))?", re.ASCII)


class UnknownCurrency(ValueError):
    """A currency that no table has: its minor unit is not guessed."""


class BadAmount(ValueError):
    """A text that is no exact amount of its currency."""


@dataclass(frozen=True, slots=True)
class Money:
    """`amount` minor units of `currency`."""

    amount: int
    currency: str


@dataclass(frozen=True)
class Currencies:
    """The table of exponents, with the configuration's overrides on top."""

    overrides: Mapping[str, int] = field(default_factory=dict)

    def exponent(self, currency: str) -> int:
        """Decimals of a currency, by upper-case ISO code; raises UnknownCurrency."""
        exponent = self.overrides.get(currency, EXPONENTS.get(currency))
        if exponent is None:
            raise UnknownCurrency(f'currency "{currency}" is not known')
        return exponent

    def knows(self, currency: str) -> bool:
        """Whether the table has the currency."""
        return currency in self.overrides or currency in EXPONENTS

    def decimals(self, currency: str) -> int:
        """Decimals of a currency; none where it is not known."""
        return self.exponent(currency) if self.knows(currency) else 0

    def parse_major(self, text: str, currency: str) -> int:
        """Minor units of a text in major units ("1,234.50" THB -> 123450); exact, or BadAmount."""
        exponent = self.exponent(currency)
        sign, whole, decimals = _split(text)
        if decimals[exponent:].strip("0"):
            raise BadAmount(f'amount "{text}" has more decimals than {currency} ({exponent})')
        return self._signed(sign, whole + decimals[:exponent].ljust(exponent, "0"), text, currency)

    def too_large(self, text: str, currency: str) -> str:
        """Why an amount is none that is larger than one may be."""
        return f'amount "{text}" is too large: one is at most {self.words(LARGEST_AMOUNT, currency)}'

    def _signed(self, sign: str, digits: str, text: str, currency: str) -> int:
        units = int(digits)
        if units > LARGEST_AMOUNT:
            raise BadAmount(self.too_large(text, currency))
        return -units if sign == "-" else units

    def rate(self, money: Money, other: Money) -> str | None:
        """How many major units of the other currency one of the first came to, exact to six decimals, half to even.

        Null where a currency is not known or nothing was exchanged.
        """
        if money.amount <= 0:
            return None
        try:
            shift = self.exponent(money.currency) - self.exponent(other.currency)
        except UnknownCurrency:
            return None
        millionths = round(Fraction(other.amount, money.amount) * Fraction(10) ** (shift + 6))
        return f"{millionths // 1_000_000}.{millionths % 1_000_000:06d}"

    def show(self, amount: int, currency: str) -> str:
        """ "1,234.50" for 123450 THB; an unknown currency shows its minor units and says so."""
        try:
            exponent = self.exponent(currency)
        except UnknownCurrency:
            return f"{amount:,} (minor units)"
        whole, part = divmod(abs(amount), 10**exponent)
        text = f"{whole:,}.{part:0{exponent}d}" if exponent else f"{whole:,}"
        return f"-{text}" if amount < 0 else text

    def words(self, amount: int, currency: str) -> str:
        """The currency and what `show` says: "THB 1,234.50"."""
        return f"{currency} {self.show(amount, currency)}"


@dataclass(frozen=True)
class Tolerance:
    """By how much amounts may differ: minor units, and parts per million of the order, per currency; default none."""

    absolute: Mapping[str, int] = field(default_factory=dict)
    relative_ppm: Mapping[str, int] = field(default_factory=dict)

    def slack(self, expected: int, currency: str) -> int:
        """The largest difference that still counts as equal, minor units of `currency`."""
        relative = abs(expected) * self.relative_ppm.get(currency, 0) // 1_000_000
        return max(self.absolute.get(currency, 0), relative)

    def allows(self, expected: int, actual: int, currency: str) -> bool:
        """Whether `actual` is close enough to `expected`, both minor units of `currency`."""
        return abs(actual - expected) <= self.slack(expected, currency)


def _split(text: str) -> tuple[str, str, str]:
    if len(text) > _LONGEST:  # Python refuses to read endless numbers
        raise BadAmount(f"an amount of {len(text):,} characters is none")
    match = _PLAIN.fullmatch(text.strip())
    if match is None:
        raise BadAmount(f'amount "{text}" is not a number like 1234.50 or 1,234.50')
    sign, whole, decimals = match.groups()
    return sign, whole.replace(",", ""), decimals or ""
