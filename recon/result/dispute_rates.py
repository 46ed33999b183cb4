"""Disputes of an account by calendar month, as a rate of its successful charges, against Omise's limits."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources

from recon import columns as c
from recon.calendars import months_to_date
from recon.columnar import pd
from recon.model import Account, Books, Window, nearest_hundredths

BELOW = "below"
NO_CHARGES = "no charges"


@dataclass(frozen=True, slots=True)
class Limit:
    """What an account reaches above a rate of disputes, or with so many of them in a month."""

    word: str
    means: str
    rate: Fraction
    disputes: int | None

    def is_reached(self, disputes: int, charges: int) -> bool:
        """Whether so many disputes of so many successful charges do; without charges their number alone decides."""
        too_many = self.disputes is not None and disputes >= self.disputes
        return too_many or (charges > 0 and Fraction(disputes, charges) > self.rate)


@cache
def limits() -> tuple[Limit, ...]:
    """The limits of dispute_limits.toml, the most serious last."""
    text = resources.files("recon.result").joinpath("dispute_limits.toml").read_text(encoding="utf-8")
    return tuple(
        Limit(row["word"], row["means"], Fraction(row["percent"][0]) / 100, row.get("disputes", [None])[0])
        for row in tomllib.loads(text)["limit"]
    )


def standing(disputes: int, charges: int) -> str:
    """The most serious limit that a month's disputes reach, in a word."""
    reached = [limit.word for limit in limits() if limit.is_reached(disputes, charges)]
    if reached:
        return reached[-1]
    return BELOW if charges else NO_CHARGES


def dispute_rates(books: Books, account: Account, window: Window) -> pd.DataFrame:
    """Shaped `DISPUTE_RATES`: each month that the window touches, from its first day, if it has disputes."""
    return c.DISPUTE_RATES.from_rows(_rates(books, account, window))


def _rates(books: Books, account: Account, window: Window) -> Iterator[tuple[str, int, int, int | None, str]]:
    for last_day, month in months_to_date(window, account.zone).items():
        disputes = int(c.created_in(books.disputes, account.name, month).sum())
        if not disputes:
            continue
        charges = books.successes.get((account.name, month))
        if charges is None:
            charges = int((c.created_in(books.charges, account.name, month) & c.successful(books.charges)).sum())
        rate = nearest_hundredths(disputes, charges) if charges else None
        yield last_day.isoformat(), disputes, charges, rate, standing(disputes, charges)
