"""From what the days' charges took to the sales that the ledger booked on them: the second half of a bridge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from recon import columns as c
from recon.arrays import Ints, Mask
from recon.calendars import days_window
from recon.columnar import np
from recon.model import Account, Books, Proof, Window
from recon.settlement.gaps import BEFORE_GO_LIVE, Gap, Reasons, proof_of
from recon.settlement.ledger import Ledger
from recon.settlement.movements import of_sales

CHARGES_TO_SALES = "charges_to_sales"
LATER = "charges of these days that Omise credits on other days"
EARLIER = "charges of other days that Omise credited in these"
TO_ANOTHER = "charges that Omise credits in another currency"
CONVERTED = "charges in other currencies, as Omise converted them"
VOIDED = "voided charges: Omise credits them and takes them back as voids"
UNSAID = "charges of which Omise credits another sum, and does not say what was captured"


def charges_to_sales(
    books: Books, ledger: Ledger, account: Account, days: tuple[date, date], pays: Mask, reasons: Reasons
) -> tuple[Proof, ...]:
    """What the charges made in the days took, in the account's currency, against the waterfall's sales of the days.

    `pays` says of every charge of the books whether it took money and kept it. Nothing where neither side has any.
    """
    charges = books.charges
    window = days_window(*days, account.zone)
    made = c.created_in(charges, account.name, window)
    in_currency = c.equals(charges, c.CURRENCY, account.currency)
    taken = np.where(made & pays & in_currency, c.captured_amounts(charges), 0)
    sold = _sold(books, ledger, account, window)
    if not taken.any() and not sold.any():
        return ()
    booked_in = _booked_in(books, ledger, window)
    gaps = _gaps(books, ledger, taken, sold, made, booked_in, account, reasons)
    return (proof_of(CHARGES_TO_SALES, account.currency, int(taken.sum()), int(sold.sum()), gaps),)


def _sold(books: Books, ledger: Ledger, account: Account, window: Window) -> Ints:
    """Per charge what the ledger booked of it as a sale in the window, in the account's currency."""
    rows = books.transactions
    at = np.flatnonzero(c.created_in(rows, account.name, window) & c.equals(rows, c.CURRENCY, account.currency))
    sold = ledger.origin_at[at[of_sales(books, ledger, at)]]
    amounts = books.charges[c.FUNDING_AMOUNT].to_numpy(dtype=np.int64)
    return c.sums_at(sold, len(amounts), amounts[sold])


def _booked_in(books: Books, ledger: Ledger, window: Window) -> Ints:
    """Per charge whether its own transaction lies in a window: 1, outside of it: 0, or there is none: -1."""
    result = np.full(len(books.charges), -1, dtype=np.int64)
    has = ledger.charge_at >= 0
    inside = c.within(books.transactions[c.CREATED_AT], window)
    result[has] = inside[ledger.charge_at[has]]
    return result


def _gaps(
    books: Books,
    ledger: Ledger,
    taken: Ints,
    sold: Ints,
    made: Mask,
    booked_in: Ints,
    account: Account,
    reasons: Reasons,
) -> Iterator[Gap]:
    charges = books.charges
    differing = np.flatnonzero(taken != sold)
    chosen = charges[[c.CHARGE_ID, c.CURRENCY, c.FUNDING_CURRENCY]].iloc[differing]
    unsaid = charges[c.CAPTURED_AMOUNT].iloc[differing].isna().tolist()
    early = c.before_go_live(charges[c.CREATED_AT].iloc[differing], account).tolist()
    words = chosen.itertuples(index=False, name=None)
    for place, (charge_id, paid_in, credited_in), is_early, is_unsaid in zip(
        differing.tolist(), words, early, unsaid, strict=True
    ):
        if taken[place] and not sold[place]:
            if credited_in != account.currency:
                why = TO_ANOTHER
            elif booked_in[place] == 0:
                why = LATER
            elif said := _said_of(charge_id, books, int(ledger.charge_at[place]), reasons):
                why = said
            else:
                why = BEFORE_GO_LIVE if is_early else reasons.waits.get(charge_id, "")
        elif paid_in != account.currency:
            why = CONVERTED
        elif taken[place]:  # what was captured is what is credited: nothing explains another sum
            why = UNSAID if is_unsaid else ""
        else:
            why = VOIDED if made[place] else EARLIER
        yield why, charge_id, int(sold[place] - taken[place])


def _said_of(charge_id: str, books: Books, own: int, reasons: Reasons) -> str:
    """What a break says of a charge, or of its own transaction; empty where none does."""
    said = reasons.booked.get(charge_id, "")
    return said or (reasons.booked.get(books.transactions[c.TRANSACTION_ID].iloc[own], "") if own >= 0 else "")
