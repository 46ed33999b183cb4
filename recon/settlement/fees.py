"""What a charge should cost, from the rates on it and from the contract, in whole columns; raises no break.

fee = half-up(base x rate) + flat, VAT = half-up(fee x VAT rate); the base is the captured amount in the funding
currency. Derived from 35 recorded charges, which all come out to the unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from recon import columns as c
from recon.arrays import Ints, Mask, Positions
from recon.columnar import np, pd
from recon.settings import ContractRate

_PERCENT = 100
_SAFE = 2**62  # products below this are exact in int64


@dataclass(frozen=True)
class ExpectedFees:
    """Per charge (positions of the frame) what it should cost, minor units of the funding currency.

    `has_fee` says where a rate is known at all; where it is not, the other arrays hold what was charged.
    """

    fee: Ints
    vat: Ints
    has_fee: Mask
    has_vat: Mask
    wrong_fee: Mask
    wrong_vat: Mask

    @property
    def wrong(self) -> Mask:
        """Per charge whether its fee or its VAT is another one."""
        return self.wrong_fee | self.wrong_vat

    def of(self, places: Positions) -> ExpectedFees:
        """What the charges at some places should cost."""
        return ExpectedFees(*(getattr(self, part.name)[places] for part in fields(self)))


def half_up(value: Fraction) -> int:
    """The nearest whole number of a value that is not negative, a half going up (5,000 at 3.65 % is 183)."""
    return int((2 * value.numerator + value.denominator) // (2 * value.denominator))


def by_own_rates(charges: pd.DataFrame) -> ExpectedFees:
    """Each charge against the rates that it carries itself (`transaction_fees`)."""
    kinds, kind_of = c.distinct_rows(charges, [c.FEE_RATE, c.FEE_FLAT, c.VAT_RATE])
    rates = [(_percent(rate), _plain(flat or "0"), _percent(vat)) for rate, flat, vat in kinds]
    return _expected(charges, rates, kind_of)


def by_contract(charges: pd.DataFrame, contract_of: Callable[[str, str], Sequence[ContractRate]]) -> ExpectedFees:
    """Each charge against the contract of its account and method: of its brand before any brand, the latest one.

    `contract_of` gives the rates of an account and method. A rate holds from its day on, in the account's days:
    `columns.PAID_AT` decides, and each rate says its first moment.
    """
    names = [c.ACCOUNT, c.METHOD, c.CARD_BRAND]
    kinds, kind_of = c.distinct_rows(charges, names)
    chosen = np.full(len(charges), -1, dtype=np.intp)
    rates: list[tuple[Fraction | None, Fraction | None, Fraction | None]] = []
    paid = c.paid_at(charges)
    for kind, (account, method, brand) in enumerate(kinds):
        for rate in _least_certain_first(contract_of(account, method or ""), brand):
            mine = (kind_of == kind) & (paid >= rate.since).to_numpy(dtype=bool)
            chosen[mine] = len(rates)
            rates.append((rate.rate / _PERCENT, Fraction(rate.flat), rate.vat / _PERCENT))
    return _expected(charges, rates, chosen)


def _least_certain_first(rates: Sequence[ContractRate], brand: str | None) -> list[ContractRate]:
    """So that a later one may take its place: any brand before the charge's own, older before newer."""
    fitting = [rate for rate in rates if not rate.brand or rate.brand.casefold() == (brand or "").casefold()]
    return sorted(fitting, key=lambda rate: (bool(rate.brand), rate.since))


def _expected(
    charges: pd.DataFrame, rates: Sequence[tuple[Fraction | None, Fraction | None, Fraction | None]], kind_of: Ints
) -> ExpectedFees:
    base, fee, vat = (charges[name].to_numpy(dtype=np.int64) for name in (c.FUNDING_AMOUNT, c.FEE, c.FEE_VAT))
    due_fee = fee.copy()
    due_vat = vat.copy()
    has_fee = np.zeros(len(charges), dtype=bool)
    has_vat = np.zeros(len(charges), dtype=bool)
    order = np.argsort(kind_of, kind="stable")
    ends = np.searchsorted(kind_of[order], np.arange(len(rates)), side="right")
    starts = np.searchsorted(kind_of[order], np.arange(len(rates)), side="left")
    for (rate, flat, vat_rate), start, end in zip(rates, starts, ends, strict=True):
        at = order[start:end]
        if rate is not None and flat is not None:
            due_fee[at] = _with_flat(_times(base[at], rate), flat, fee[at])
            has_fee[at] = True
        if vat_rate is not None:
            due_vat[at] = _times(fee[at], vat_rate)
            has_vat[at] = True
    wrong_fee = has_fee & (due_fee != fee)
    # Whether VAT is taken on the rounded fee is not proven: a unit more or less says nothing.
    wrong_vat = has_vat & (np.abs(due_vat - vat) > 1)
    return ExpectedFees(due_fee, due_vat, has_fee, has_vat, wrong_fee, wrong_vat)


def _with_flat(by_rate: Ints, flat: Fraction, charged: Ints) -> Ints:
    """Plus the flat part. Whether Omise writes it in minor or major units is not proven: the one that fits counts."""
    whole = by_rate + half_up(flat)
    major = by_rate + half_up(flat * 100)
    return np.where(major == charged, major, whole)


def _times(amounts: Ints, rate: Fraction) -> Ints:
    """Amount x rate, a half going up; exact, in Python's numbers where int64 has no room."""
    if not len(amounts):
        return amounts
    top = rate.numerator
    bottom = rate.denominator
    if int(np.abs(amounts).max()) * top * 2 + bottom < _SAFE:
        return (2 * amounts * top + bottom) // (2 * bottom)
    return np.array([half_up(amount * rate) for amount in amounts.tolist()], dtype=np.int64)


def _percent(text: str | None) -> Fraction | None:
    number = _plain(text)
    return None if number is None else number / _PERCENT


def _plain(text: str | None) -> Fraction | None:
    """A decimal number as Omise writes it; null where it is none, or negative."""
    try:
        number = Decimal(text or "")
    except InvalidOperation:
        return None
    return Fraction(number) if number.is_finite() and number >= 0 else None
