"""What is open by what it means for cash: breaks and their amounts by exposure and currency, never added across."""

from __future__ import annotations

from dataclasses import dataclass

from recon import columns as c
from recon.columnar import pd
from recon.model import Exposure
from recon.result.changes import open_breaks


@dataclass(frozen=True, slots=True)
class ExposureTotal:
    """Open breaks of one exposure and currency (null: those without one), and what they put at risk, minor units."""

    exposure: Exposure
    currency: str | None
    count: int
    amount: int


def by_exposure(breaks: pd.DataFrame) -> list[ExposureTotal]:
    """Of a frame shaped `columns.BREAKS`, in the order of Exposure and of currencies, those without one last."""
    still_open = open_breaks(breaks)
    amounts: dict[tuple[str, str | None], list[int]] = {}
    names = [c.EXPOSURE, c.CURRENCY, c.AMOUNT_AT_RISK]
    for exposure, currency, amount in still_open[names].itertuples(index=False, name=None):
        kind = (exposure, currency if isinstance(currency, str) else None)
        amounts.setdefault(kind, []).append(0 if pd.isna(amount) else int(amount))
    totals = [ExposureTotal(Exposure(kind[0]), kind[1], len(of), sum(of)) for kind, of in amounts.items()]
    rank = list(Exposure).index
    return sorted(totals, key=lambda total: (rank(total.exposure), total.currency is None, total.currency or ""))
